"""`make wire`: what it hears at each stage, what led to what, and that it survives what students do to it."""

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import closing, contextmanager

import pytest

from lessons.engine.author.pictures import diagrams
from lessons.engine.content.disk import lessons_on_disk, put
from lessons.engine.content.stages import MARKER, make_stages
from lessons.engine.errors import CourseError
from lessons.engine.harness.browser import NoBrowser, open_browser
from lessons.engine.harness.project import own_environ
from lessons.engine.harness.server import STARTUP, free_port
from lessons.engine.harness.ws_client import connect
from lessons.engine.wire.events import LONGEST, Event, as_payload, letters, sentence
from lessons.engine.wire.layer_tap import LayerTap
from lessons.engine.wire.mermaid import draw, shortened
from lessons.engine.wire.recorder import KEPT, Recorder
from lessons.engine.wire.run import wire
from lessons.engine.wire.server import is_local, position

from .toy import ROOT

PATIENCE = STARTUP  # seconds: three times Python, and a migration
COMMAND = "from lessons.engine.wire.run import wire; wire('127.0.0.1', '{port}', '1')"
FLOOD = """
        for _ in range(102):
            event = {"type": "chat.message", "message": "x"}
            async_to_sync(self.channel_layer.group_send)("lobby", event)
"""
HELLO = json.dumps({"message": "hello"})


class Wire:
    """`make wire TEXT=1` in a folder with the code of a stage; `events` are those that the page got so far."""

    def __init__(self, place) -> None:
        self.place, self.port = place, free_port()
        self.events: list[dict] = []
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND.format(port=self.port)],
            cwd=place,
            env={**own_environ(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self.lines: list[str] = []
        self.more = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        for line in self.process.stdout:
            with self.more:
                self.lines.append(line)
                self.more.notify_all()

    def until(self, text: str, times: int = 1) -> str:
        """Wait until it has printed this text so many times, and return all that it has printed."""
        with self.more:
            done = self.more.wait_for(lambda: "".join(self.lines).count(text) >= times, PATIENCE)
        said = "".join(self.lines)
        assert done, f"{text!r} did not come {times} times, but:\n{said}"
        return said

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask for a page; return its status and its text."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    @contextmanager
    def watching(self):
        """Open the stream of events, as the page does; yield a function that reads it up to an event of a label."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/__wire__/events", timeout=PATIENCE) as stream:

            def until(label: str, times: int = 1) -> list[dict]:
                while sum(event["label"] == label for event in self.events) < times:
                    line = stream.readline().decode()
                    assert line, f"the stream has ended before {label}"
                    if line.startswith("data: ["):
                        self.events += json.loads(line.removeprefix("data: "))
                return self.events

            yield until

    def tab(self, path: str = "/ws/lobby/"):
        return connect(f"ws://127.0.0.1:{self.port}{path}")

    def close(self) -> None:
        self.process.terminate()  # as a terminal does that is closed
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def stages():
    return make_stages(lessons_on_disk())


@pytest.fixture
def stage(stages, tmp_path):
    """Lay out the code of a stage in a folder, with the engine beside it."""

    def lay_out(number: int, **changed: str):
        for name in ("lessons", "tests"):
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        put(tmp_path, {**stages[number], MARKER: f"{number}\n", **changed})
        return tmp_path

    return lay_out


@pytest.fixture
def on_the_wire():
    with contextmanager(lambda: (yield))():
        running = []

        def begin(place) -> Wire:
            running.append(Wire(place))
            running[-1].until("Listening.")
            return running[-1]

        yield begin
        for one in running:
            one.close()


def labels(events: list[dict], *kinds: str) -> list[str]:
    return [event["label"] for event in events if event["kind"] in kinds]


def story(events: list[dict], last: dict) -> list[str]:
    """Return the labels of all that led to an event, the first cause first."""
    by_number = {event["number"]: event for event in events}
    found = []
    while last:
        found.insert(0, last["label"])
        last = by_number.get(last["cause"])
    return found


def test_a_message_is_followed_from_the_key_stroke_to_every_screen(stage, on_the_wire):
    wire = on_the_wire(stage(5))
    with wire.watching() as until, wire.tab() as ada, wire.tab() as ben:
        ada.recv(), ben.recv()
        ada.send(HELLO)
        assert json.loads(ada.recv()) == json.loads(ben.recv()) == {"type": "chat", "message": "hello"}
        until("websocket.send", 4)
        events = until("chat_message()", 2)
    sent = [event for event in events if event["label"] == "websocket.send" and '"chat"' in event["payload"]]
    assert {event["target"] for event in sent} == {"browser:A", "browser:B"}
    path = ["websocket.receive", "receive()", "group_send", "chat.message", "chat_message()", "websocket.send"]
    assert [story(events, event) for event in sent] == [path, path]


def test_the_handler_s_thread_and_the_group_s_mailboxes_are_told(stage, on_the_wire):
    wire = on_the_wire(stage(5))
    with wire.watching() as until, wire.tab() as ada, wire.tab() as ben:
        ada.recv(), ben.recv()
        events = until("group_add", 2)
        threads = {event["thread"] for event in events if event["kind"] == "handler"}
        groups = [event["extra"]["mailboxes"] for event in events if event["kind"] == "group"]
        names = [event["extra"]["name"] for event in events if "name" in event["extra"]]
        boxes = [event["payload"] for event in events if event["label"] == "its mailbox"]
    assert len(threads) == 1 and threads.pop().startswith("ThreadPoolExecutor")
    assert groups == [boxes[:1], boxes]
    assert names == ["ChatConsumer A", "ChatConsumer B"]
    assert 'Group "lobby"' in wire.until("group_discard", 2)


def test_the_page_draws_it_and_is_worked_by_keys(stage, on_the_wire):
    wire = on_the_wire(stage(5))
    try:
        with open_browser() as browser:
            page = browser.new_page()
            errors = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.set_default_timeout(PATIENCE * 1000)
            page.goto(f"http://127.0.0.1:{wire.port}/__wire__/")
            with wire.tab() as ada, wire.tab() as ben:
                ada.recv(), ben.recv()
                ada.send(HELLO)
                page.get_by_role("button", name="to Tab B: websocket.send", exact=False).nth(1).wait_for()
                rows = page.locator(".row:visible")
                every = rows.count()
                page.get_by_role("button", name="websocket.receive").click()
                page.get_by_role("button", name="Follow").click()
                assert rows.count() < every
                assert page.locator("#chosen pre").inner_text() == '{\n  "message": "hello"\n}'
                page.locator("[aria-current]").focus()
                for _ in range(5):
                    page.keyboard.press("ArrowDown")
                assert page.evaluate("document.activeElement.innerText").startswith("ChatConsumer")
                assert page.locator("#groups dt").inner_text() == "lobby (2)"
                page.get_by_role("button", name="Pause").click()
                ben.send(HELLO)
                # Nine events wait, and more where a handler took so long that this is told, too.
                page.get_by_role("button", name=re.compile(r"Go on \((9|\d\d+)\)")).wait_for()
                shown = page.locator(".row").count()
                page.get_by_role("button", name="Step").click()
                assert page.locator(".row").count() == shown + 1
                page.get_by_role("button", name="Go on").click()
                page.get_by_role("button", name="Clear").click()
                assert rows.count() == 0
            assert errors == []
    except NoBrowser:
        pytest.skip("NOT CHECKED: no browser was found")


def test_before_there_is_a_socket_it_shows_http_and_says_what_will_come(stage, on_the_wire):
    wire = on_the_wire(stage(0))
    assert wire.get("/")[0] == 200
    with wire.watching() as until:
        assert labels(until("HTTP 200"), "http") == ["GET /", "HTTP 200"]
    said = wire.until("HTTP 200")
    assert "a Daphne of its own" in said and "Browser, HTTP -> Django: GET /" in said


def test_an_exception_is_shown_with_its_line_and_the_server_lives_on(stage, on_the_wire, stages):
    consumers = stages[5]["chat/consumers.py"].replace("json.loads(text_data)", "json.loads(text)")
    wire = on_the_wire(stage(5, **{"chat/consumers.py": consumers}))
    with wire.watching() as until, wire.tab() as ada:
        ada.recv()
        ada.send(HELLO)
        label = "NameError: name 'text' is not defined"
        error = next(event for event in until(label) if event["label"] == label)
        assert "chat/consumers.py" in error["payload"] and "json.loads(text)" in error["payload"]
        with wire.tab() as ben:
            assert "connection_established" in ben.recv()


def test_code_that_cannot_be_loaded_is_named_and_the_next_save_heals_it(stage, on_the_wire, stages):
    place = stage(5, **{"chat/consumers.py": "class ("})
    wire = on_the_wire(place)
    assert "SyntaxError" in wire.until("chat/consumers.py:1")
    status, text = wire.get("/")
    assert (status, wire.get("/__wire__/")[0]) == (503, 200) and "SyntaxError" in text
    put(place, {"chat/consumers.py": stages[5]["chat/consumers.py"]})
    wire.until("Listening.", 2)
    with wire.tab() as ada:
        assert "connection_established" in ada.recv()


def test_a_slow_handler_and_a_full_mailbox_are_told(stage, on_the_wire, stages):
    consumers = (
        stages[5]["chat/consumers.py"]
        .replace("def chat_message(self, event):", "def chat_message(self, event):\n        time.sleep(0.2)")
        .replace("import json", "import json\nimport time")
        .replace("        self.accept()\n", f"        self.accept()\n{FLOOD}")
    )
    wire = on_the_wire(stage(5, **{"chat/consumers.py": consumers}))
    with wire.watching() as until, wire.tab():
        assert labels(until("mailbox full: dropped"), "error")
        wire.until("that took 0.2")


def test_whoever_asks_under_another_name_gets_nothing(stage, on_the_wire):
    wire = on_the_wire(stage(0))
    assert wire.get("/__wire__/", Host="chat.example.org")[0] == 403
    assert wire.get("/__wire__/secret")[0] == 404
    assert 'id="rows"' in wire.get("/__wire__/")[1]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_a_public_address_is_refused(host):
    with pytest.raises(CourseError, match="this machine alone"):
        wire(host, "8000", "")


def test_without_debug_it_refuses(stage, stages):
    settings = stages[5]["mywebsite/settings.py"].replace("DEBUG = True", "DEBUG = False")
    place = stage(5, **{"mywebsite/settings.py": settings})
    command = [sys.executable, "-c", COMMAND.format(port=free_port())]
    done = subprocess.run(command, cwd=place, capture_output=True, encoding="utf-8", timeout=PATIENCE)
    assert "DEBUG = False" in done.stderr and "Listening" not in done.stdout


def test_a_port_that_is_taken_is_named():
    import socket

    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(CourseError, match="is not free"):
            wire("127.0.0.1", str(other.getsockname()[1]), "")


def test_tabs_are_called_a_to_z_and_then_aa():
    assert [letters(number) for number in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_cookies_keep_their_secrets_and_payloads_have_an_end():
    assert as_payload({"cookie": "sessionid=abc123; theme=dark"}) == '{"cookie": "sessionid=...; theme=dark"}'
    assert len(as_payload("x" * 3 * LONGEST)) < LONGEST + 60
    assert as_payload({"bytes": b"\xff", "odd": {1}}) == '{"bytes": "\ufffd", "odd": "{1}"}'


def test_an_event_is_one_line_of_text():
    event = Event(1, 1.5, "frame", "browser:A", "consumer:A", "websocket.receive", '{"message": "hi"}')
    said = sentence(event, {"consumer:A": "ChatConsumer A"})
    assert said == '   1.500  Tab A -> ChatConsumer A: websocket.receive {"message": "hi"}'


def test_only_so_many_events_are_kept_and_a_page_gets_what_it_has_not_seen():
    recorder = Recorder()
    for number in range(KEPT + 10):
        recorder.record("note", "django", "django", str(number))
    assert len(recorder.after(0)) == KEPT
    assert [event.label for event in recorder.after(KEPT + 8)] == [str(KEPT + 8), str(KEPT + 9)]
    assert recorder.after(KEPT + 10) == []


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1:8000", True), ("localhost", True), ("[::1]:8000", True), ("[::1]", True), ("evil.example:80", False)],
)
def test_the_page_is_for_names_of_this_machine(host, local):
    assert is_local({"headers": [(b"host", host.encode())]}) is local


def test_a_page_that_comes_back_says_what_it_has_seen_of_this_run():
    assert [position(last, "ab") for last in (b"ab 17", b"cd 17", b"", b"ab x")] == [17, 0, 0, 0]


def event(number: int, kind: str, source: str, target: str, label: str, cause: int | None = None, **more) -> dict:
    return Event(number, 0.0, kind, source, target, label, cause=cause, **more).as_dict()


def test_a_diagram_is_in_the_order_of_causes_whatever_came_first():
    def recorded(first: str, second: str) -> list[dict]:
        boxes = [event(3, "letter", "group:g", first, "chat.message", 2), event(4, "letter", "group:g", second, "", 2)]
        boxes[1]["label"] = "chat.message"
        return [
            event(1, "frame", "browser:A", "consumer:A", "websocket.receive", payload='{"message": "a;b #1"}'),
            event(2, "post", "consumer:A", "group:g", "group_send", 1, payload='{"type": "chat.message"}'),
            *boxes,
            event(5, "note", "consumer:A", "consumer:A", "that took 0.30 s", 1, extra={"took": 0.3}),
            event(6, "handler", second, second, "chat_message()", 4),
            event(7, "handler", first, first, "chat_message()", 3),
        ]

    one, other = recorded("consumer:A", "consumer:B"), recorded("consumer:B", "consumer:A")
    names = {"browser:A": "Ada's page", "consumer:A": "Ada", "consumer:B": "Ben", "group:g": "the group"}
    assert draw(one, names) == draw(other, names)
    assert (
        draw(one, names)
        == """sequenceDiagram
    participant A as Ada's page
    participant A2 as Ada
    participant TG as the group
    participant B as Ben
    A->>A2: {"message": "a#59;b #35;1"}
    A2->>TG: group_send {"type": "chat.message"}
    TG->>A2: chat.message
    Note over A2: chat_message()
    TG->>B: chat.message
    Note over B: chat_message()
"""
    )
    left_out = draw(one, names, without=frozenset({"chat.message"}))
    assert left_out.endswith('A->>A2: {"message": "a#59;b #35;1"}\n')


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("hello", "hello"),
        ("x" * 100, "x" * 60 + " ..."),
        ('{"type": "chat", "name": "Ada"}', '{"type": "chat", "name": "Ada"}'),
        ('{"type": "chat", "message": "%s"}' % ("x" * 80), '{"type": "chat", ...}'),
        ('{"type": "history", "messages": [%s]}' % ("1," * 40 + "1"), '{"type": "history", "messages": [...]}'),
        ("", ""),
    ],
)
def test_a_payload_is_shortened_to_what_matters(payload, said):
    assert shortened(payload) == said


def test_a_diagram_is_put_behind_its_marker_and_nowhere_else():
    block = "```mermaid\nold\n```\n"
    lesson = f"# L\n\n{block}\n{diagrams.MARKER}\n{block}\nEnd\n"
    assert diagrams.diagram_of(lesson) == "old\n"
    assert diagrams.with_diagram(lesson, "new\n") == f"# L\n\n{block}\n{diagrams.MARKER}\n```mermaid\nnew\n```\n\nEnd\n"
    assert not diagrams.has_diagram(f"# L\n\n{block}")


def test_the_same_letter_twice_comes_from_two_posts():
    layer_tap = LayerTap(Recorder(), {})
    letter = {"type": "chat.message"}
    for number in (1, 2):
        layer_tap.origins["box"].append((as_payload(letter), number, "group:lobby"))
    assert [layer_tap.origin("box", letter)[0] for _ in range(3)] == [1, 2, None]
