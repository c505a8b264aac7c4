"""Frames, addresses and bytes that no page would send. hypothesis makes them up, the same ones in every run.

Each is answered: by a frame of the protocol, be it an error frame, or by a close with a code from chat/base.py. The
consumer never breaks, and whoever it does not hang up on is served as before.
"""

import json
import logging
import os
import random
import re
import string
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessons.engine.harness import project
from lessons.engine.harness.asgi_tab import AsgiTab
from lessons.engine.harness.raw_frames import BINARY, CLOSE, PING, TEXT, frame, read_frame, shake_hands
from tests.load.conftest import NO_LIMITS

EXAMPLES = int(os.environ.get("EXAMPLES", 500))  # of each kind; more of them: EXAMPLES=20000
KINDS = {"connection_established", "history", "chat", "private", "announcement", "people", "error"}
CODES = {4401, 4403, 4413, 4429}
PATIENCE = 30.0  # seconds
SIGNS = string.ascii_letters + string.digits + "-_"  # of which the address of a room is made
LEFT = "autobahn.exception.Disconnected: Attempt to send on a closed protocol"  # Daphne's word for: has just left
HUGE = 131_073  # characters: one more than a frame may have

fuzz = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

letters = st.text(st.characters(codec=None, categories=None), max_size=60)  # half characters, too
numbers = st.integers() | st.floats() | st.integers(-(10**400), 10**400) | st.sampled_from([2**31, 2**63])
scalars = st.none() | st.booleans() | numbers | letters
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(letters, inner, max_size=4)
)
texts = letters | st.integers(0, 3000).map("x".__mul__) | st.sampled_from(["\0", "\ud800", " ", "\u202e", "😀" * 500])
words = st.fixed_dictionaries(
    {},
    optional={
        "message": texts | anything,
        "since": numbers | anything,
        "to": st.sampled_from(["Guest", "", "Nobody"]) | texts | anything,
        "client_id": texts | anything,
        "type": anything,
    },
)
deep = st.integers(1, 60_000).map(lambda depth: "[" * depth) | st.integers(1, 20_000).map(lambda depth: '{"a":' * depth)
whispers = st.fixed_dictionaries({"message": texts, "to": st.sampled_from(["Guest", "Nobody"])})
sayings = st.fixed_dictionaries({"message": texts})
json_like = (words | sayings | whispers | anything).map(json.dumps)
frames = (
    json_like
    | letters
    | deep
    | st.binary(max_size=300)
    | json_like.map(str.encode)
    | st.integers(HUGE - 2, HUGE + 2).map(lambda size: "x" * size)
    | st.integers(1, 5000).map(lambda size: '{"since": ' + "9" * size + "}")
)

odd_bytes = [b"7", b"9" * 20, b"-", b"+", b".", b"&", b"=", b";", b"%", b"%00", b"%C2%B2", b"\xb2", b"\xff", b"since="]
queries = st.binary(max_size=40) | st.lists(st.sampled_from(odd_bytes), max_size=4).map(b"".join)


@pytest.fixture
def client(loop, database, monkeypatch):
    """Open tabs that may send as often as they like; a scope of bytes goes where no address of text leads."""
    from django.conf import settings as websites

    for name, value in NO_LIMITS.items():
        monkeypatch.setattr(websites, name, value)
    # hypothesis winds up Python's random numbers anew for each example, and mailboxes would get the same names
    monkeypatch.setattr("channels.layers.random", random.SystemRandom())
    logging.disable(logging.CRITICAL)
    opened = []

    def open_tab(address: str, **scope: object) -> AsgiTab:
        async def application(original, receive, send):
            await project.asgi_application()({**original, **scope}, receive, send)

        opened.append(AsgiTab(loop, application, address))
        return opened[-1].connect()

    yield open_tab
    for one in opened:
        one.abandon()
    logging.disable(logging.NOTSET)


def test_any_frame_is_answered_or_ends_in_a_close_with_a_code(client):
    outcomes: Counter[str] = Counter()

    @fuzz
    @given(st.lists(frames, min_size=1, max_size=3))
    def send(some):
        tab = client("/ws/fuzz/")
        after(tab, None)
        for one in some:
            outcomes[how := after(tab, one)] += 1
            if how.startswith("close"):
                assert len(one) >= HUGE, f"{one!r:.200} ended in {how}."
                break
        tab.close()

    send()
    print(f"{outcomes.total()} frames: {dict(outcomes)}", flush=True)
    assert outcomes.keys() == {"chat", "private", "history", "error", "close 4413"}, (
        "Is there a kind that no frame gets?"
    )


def after(tab: AsgiTab, frame: object) -> str:
    """Send a frame, then one whose answer is known: so the consumer is still there. Return what came in between."""
    kinds = []
    if frame is not None:
        tab.send(frame)
    tab.send({"message": "", "client_id": "and then"})
    while True:
        event = tab.next_event(seconds=PATIENCE)
        if event["type"] == "websocket.close":
            assert event.get("code") in CODES, f"It closed with {event}."
            return f"close {event['code']}"
        answer = json.loads(event["text"])
        if answer.get("client_id") == "and then" and answer["type"] == "error":
            break
        kinds.append(answer["type"])
    answers = [kind for kind in kinds if kind != "people"]  # which may come at any time
    assert frame is None or answers and len(set(answers)) == 1, f"{frame!r:.200} was answered by {answers}."
    assert set(kinds) <= KINDS
    return answers[0]


def test_any_question_mark_and_what_follows_is_borne(client):
    @fuzz
    @given(queries)
    def ask(query):
        one = client("/ws/fuzz/", query_string=b"since=" + query)
        assert one.accepted, f"?since={query!r} was refused."
        assert one.receive("history")["messages"] == []
        one.close()

    ask()


def test_any_address_leads_into_a_room_or_is_refused(client):
    @fuzz
    @given(letters | st.text(SIGNS + "/%.?#", max_size=60) | st.integers(45, 55).map("a".__mul__))
    def knock(room):
        one = client("/ws/", path=f"/ws/{room}/")
        is_room = 0 < len(room) <= 50 and set(room) <= set(SIGNS)
        assert one.accepted == is_room, f"The room {room!r} was {'let in' if one.accepted else 'refused'}."
        one.close()

    knock()


def test_raw_bytes_on_the_wire_end_in_a_close_and_harm_nobody(start):
    server = start(CHAT_BURST=10**6)
    with server.tab("/ws/wire/") as ada:
        ada.receive("history")

        @settings(fuzz, max_examples=min(EXAMPLES, 100))
        @given(st.lists(wires, min_size=1, max_size=3))
        def write(pieces):
            with shake_hands(server.address, "/ws/wire/") as wire:
                try:
                    wire.sendall(b"".join([*pieces, frame((1000).to_bytes(2, "big"), CLOSE)]))
                    code = closing_code(wire)
                except ConnectionError:
                    code = None
            assert code in {None, 1000, 1002, 1007, 1009, *CODES}, f"{pieces!r:.200} ended in a close with {code}."
            ada.send({"message": "still here"})
            while ada.receive("chat")["message"] != "still here":
                pass

        write()
    errors = set(re.findall(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Disconnected): .*$", server.log(), re.MULTILINE))
    assert errors <= {LEFT}, f"The server's log says: {errors - {LEFT}}"


wires = (
    st.binary(max_size=200)
    | st.builds(frame, st.binary(max_size=200), st.integers(0, 15), st.booleans())
    | st.builds(frame, json_like.map(str.encode), st.sampled_from([TEXT, BINARY, PING]))
    | st.builds(frame, st.sampled_from([b"\xff\xfe", b"\xed\xa0\x80", b'{"message": "\xc3"}']), st.just(TEXT))
)


def closing_code(wire) -> int | None:
    """Read all frames up to the close, and return its code; None if the connection ends without one."""
    data = b""
    while True:
        while one := read_frame(data, 0):
            opcode, payload, end = one
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else 1005
            data = data[end:]
        if not (more := wire.recv(1 << 16)):
            return None
        data += more
