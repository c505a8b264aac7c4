"""Frames, addresses and bytes that no page would send. hypothesis makes them up, the same ones in every run.

Each is answered: by a frame of the protocol, an error frame among them, or by a close with a code from chat/base.py. The
consumer never breaks, and whoever it does not hang up on is served as before.
"""

import json
import logging
import os
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import project
from tests.load.conftest import NO_LIMITS
from tests.load.wire import BINARY, CLOSE, PING, TEXT, frame, shake_hands
from tests.tab import Tab

EXAMPLES = int(os.environ.get("EXAMPLES", 500))  # of each kind; more of them: EXAMPLES=20000
KINDS = {"connection_established", "history", "chat", "private", "announcement", "people", "error"}
CODES = {4401, 4403, 4413, 4429}
HUGE = 131_073  # characters: one more than a frame may have

fuzz = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

letters = st.text(st.characters(codec=None, categories=None), max_size=60)  # half characters, too
numbers = st.integers() | st.floats() | st.integers(-(10**400), 10**400) | st.sampled_from([2**31, 2**63, 10**5000])
scalars = st.none() | st.booleans() | numbers | letters
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(letters, inner, max_size=4))
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
json_like = (words | anything).map(lambda value: json.dumps(value))
frames = (
    json_like
    | letters
    | deep
    | st.binary(max_size=300)
    | json_like.map(lambda text: text.encode())
    | st.integers(HUGE - 2, HUGE + 2).map(lambda size: "x" * size)
    | st.integers(1, 5000).map(lambda size: '{"message": "a", "since": ' + "9" * size + "}")
)


@pytest.fixture
def client(loop, database, monkeypatch):
    """Return a function that opens a tab, without a limit to how much it may send."""
    from django.conf import settings as websites

    for name, value in NO_LIMITS.items():
        monkeypatch.setattr(websites, name, value)
    logging.disable(logging.CRITICAL)
    opened = []

    def open_tab(path: str) -> Tab:
        opened.append(Tab(loop, project.asgi_application(), path))
        return opened[-1].connect()

    yield open_tab
    for one in opened:
        one.abandon()
    logging.disable(logging.NOTSET)


def test_any_frame_is_answered_or_ends_in_a_close_with_a_code(client):
    tabs = [client("/ws/fuzz/")]
    outcomes: dict[str, int] = {}

    @fuzz
    @given(st.lists(frames, min_size=1, max_size=3))
    def send(some):
        for one in some:
            tabs[0].send(one)
            how = outcome(tabs[0])
            outcomes[how] = outcomes.get(how, 0) + 1
            if how.startswith("close"):
                assert len(one) >= HUGE, f"{one!r:.200} ended in {how}."
                tabs[0] = client("/ws/fuzz/")

    send()
    print(f"{sum(outcomes.values())} frames: {outcomes}", flush=True)
    assert outcomes.keys() == {"chat", "private", "history", "error", "close 4413"}, "Is there a kind that no frame gets?"


def outcome(tab: Tab) -> str:
    """Read until the answer; then see that the consumer is at home. Return the kind of the answer."""
    kinds = []
    while not kinds or kinds[-1] in ("connection_established", "people"):
        event = tab.next_event()
        if event["type"] == "websocket.close":
            assert event.get("code") in CODES, f"It closed with {event}."
            return f"close {event['code']}"
        kinds.append(json.loads(event["text"])["type"])
        assert kinds[-1] in KINDS
    assert not tab.task.done()
    return kinds[-1]


def test_any_question_mark_and_what_follows_is_borne(client):
    @fuzz
    @given(st.binary(max_size=40) | numbers.map(str).map(str.encode) | st.text(string.printable).map(str.encode))
    def ask(query):
        one = client("/ws/fuzz/")
        one.close()
        one = Tab(one.loop, QueryOf(query), "/ws/fuzz/").connect()
        assert one.accepted
        assert one.receive("history")["messages"] == []
        one.close()

    ask()


class QueryOf:
    """The application, with this query in the scope: bytes as they stand in the address."""

    def __init__(self, query: bytes) -> None:
        self.query = query

    async def __call__(self, scope, receive, send) -> None:
        await project.asgi_application()({**scope, "query_string": b"since=" + self.query}, receive, send)


def test_any_address_leads_into_a_room_or_is_refused(client, loop):
    @fuzz
    @given(letters | st.text(string.ascii_letters + string.digits + "-_/%.?#", max_size=60) | st.integers(45, 55).map("a".__mul__))
    def knock(room):
        one = Tab(loop, PathOf(f"/ws/{room}/"), "/ws/")
        one.connect()
        is_room = 0 < len(room) <= 50 and set(room) <= set(string.ascii_letters + string.digits + "-_")
        assert one.accepted == is_room, f"The room {room!r} was {'let in' if one.accepted else 'refused'}."
        one.close()

    knock()


class PathOf:
    """The application, with this path in the scope: what Daphne makes of the bytes in the address."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def __call__(self, scope, receive, send) -> None:
        await project.asgi_application()({**scope, "path": self.path}, receive, send)


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
    assert "Traceback" not in server.log(), server.last_words()


wires = (
    st.binary(max_size=200)
    | st.builds(frame, st.binary(max_size=200), st.integers(0, 15), st.booleans())
    | st.builds(frame, json_like.map(lambda text: text.encode()), st.sampled_from([TEXT, BINARY, PING]))
    | st.builds(frame, st.sampled_from([b"\xff\xfe", b"\xed\xa0\x80", b'{"message": "\xc3"}']), st.just(TEXT))
)


def closing_code(wire) -> int | None:
    """Read all frames up to the close, and return its code; None if the connection ends without one."""
    while True:
        head = read(wire, 2)
        if len(head) < 2:
            return None
        size = head[1] & 127
        if size > 125:
            size = int.from_bytes(read(wire, 2 if size == 126 else 8), "big")
        payload = read(wire, size)
        if head[0] & 15 == CLOSE:
            return int.from_bytes(payload[:2], "big") if payload else 1005


def read(wire, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := wire.recv(size - len(data))):
        data += more
    return data
