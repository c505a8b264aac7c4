"""Records the scene of a lesson: the stage's code in a folder of its own, behind the tap, and people who visit it."""

import copy
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from .. import process
from ..harness.migrate import MIGRATE
from ..harness.project import own_environ
from ..harness.server import free_port, last_words, listens
from ..harness.tab import NoFrame
from ..harness.ws_client import connect, status_of
from . import child
from .events import letters, title
from .mermaid import draw
from .people import PATIENCE, Person, RecordedTab
from .scenes import SCENES

SECRET = re.compile(r"session-[0-9a-f]{20,}")  # a group of one login: another one each time
PASSWORD = "for the recording only"  # of a superuser in a folder that is thrown away


def record(number: int, place: Path, environ: dict[str, str] | None = None) -> str:
    """Play the scene of lesson `number` with the code of its stage in `place`; return the diagram.

    `environ` has what the website needs from the environment besides ours, such as CHANNEL_REDIS_URL.
    Raises whatever the scene meets: AssertionError or OSError where the code does not do what the scene expects.
    """
    with World(number, place, alone=number == 2, environ=environ) as world:  # there, no route leads to the consumer yet
        SCENES[number](world)
        return world.drawn()


class World:
    """A server of the stage's code, those who visit it, and what was heard of them."""

    def __init__(self, number: int, place: Path, alone: bool = False, environ: dict[str, str] | None = None) -> None:
        self.number, self.place, self.alone, self.port = number, place, alone, free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.events: list[dict] = []
        self.more = threading.Condition()
        self.names = {"django": "Django", "http": "the browser", "elsewhere": "another process"}
        self.routers, self.without = False, frozenset()
        self.whose: dict[str, str] = {}  # of consumers
        self.first = 0  # the number of the first event that is drawn
        self.tabs = 0
        self.environ = {**own_environ(), "DJANGO_SETTINGS_MODULE": "mywebsite.settings", **(environ or {})}

    def __enter__(self) -> "World":
        self.stack = ExitStack()
        try:
            self.begin_server()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def begin_server(self) -> None:
        run = [sys.executable, "-c", MIGRATE]
        process.run(run, cwd=self.place, env=self.environ, check=True)
        server = self.process(self.port)
        stream = urllib.request.urlopen(f"http://{self.address}/__wire__/events", timeout=PATIENCE)
        reader = threading.Thread(target=self.read, args=(stream,))
        reader.start()
        self.stack.callback(stream.close)
        self.stack.callback(reader.join)
        self.stack.callback(server.kill)  # first of all: it ends the stream

    def process(self, port: int) -> subprocess.Popen:
        """Start a server process, and wait until it listens. Raises AssertionError with its last words."""
        words = ["127.0.0.1", str(port), "", "alone" if self.alone else ""]
        command = [sys.executable, "-m", child.__name__, *words]
        log = self.place / f"server-{port}.log"
        with log.open("wb") as file:
            streams = {"stdin": subprocess.PIPE, "stdout": file, "stderr": file}
            server = self.stack.enter_context(process.start(command, cwd=self.place, env=self.environ, **streams))
        self.stack.callback(server.kill)
        there = listens(server, port)
        said = log.read_text(encoding="utf-8", errors="replace")
        assert there and child.NOT_LOADED not in said, (
            f"stage {self.number}: the server did not start, or not as it should. It says:\n{last_words(said)}\n"
            f"Is this green? make test STAGE={self.number}"
        )
        return server

    def beside(self) -> "World":
        """Start a second process of the same website, and return what visits that one. It is not recorded."""
        other = copy.copy(self)
        other.port = free_port()
        other.address, other.names, other.whose = f"127.0.0.1:{other.port}", {}, {}
        other.process(other.port)
        return other

    def manage(self, *words: str) -> None:
        """Run a command of manage.py."""
        command = [sys.executable, "manage.py", *words]
        process.run(command, cwd=self.place, env=self.environ, check=True, stdout=subprocess.DEVNULL)

    def read(self, stream) -> None:
        try:
            for line in stream:
                if line.startswith(b"data: ["):
                    with self.more:
                        self.events += json.loads(line.removeprefix(b"data: "))
                        self.more.notify_all()
        except OSError:
            return  # the server has ended

    def until(self, wanted) -> None:
        """Wait until some event is as wanted."""
        with self.more:
            done = self.more.wait_for(lambda: any(map(wanted, self.events)), PATIENCE)
        assert done, f"stage {self.number}: what the scene waits for did not happen; last: {self.events[-3:]}"

    def begin(self) -> None:
        """What was so far is not drawn."""
        self.first = self.settled() + 1

    def settled(self) -> int:
        """Return the number of the last event, when all that was done has come to this end of the stream."""
        mark = f"/mark-{len(self.events)}"
        self.get(f"/__wire__{mark}")
        self.until(lambda event: event["label"] == f"mark {mark}")
        return max(event["number"] for event in self.events)

    def get(self, path: str) -> None:
        try:
            urllib.request.urlopen(f"http://{self.address}{path}", timeout=PATIENCE).close()
        except urllib.error.HTTPError as error:
            error.close()

    def visit(self, path: str) -> None:
        self.get(path)

    def tab(self, whose: str, path: str, cookies: str = "") -> RecordedTab:
        """Open a tab and wait for the greeting."""
        letter = letters(self.tabs)
        one = RecordedTab(self, path, cookies, letter)
        self.tabs += 1
        page = f"{whose} page" if whose else "the tab"
        if page in self.names.values():  # she has come back
            page, whose = f"{whose} new page", f"{whose} new"
        self.names[f"browser:{letter}"], self.whose[f"consumer:{letter}"] = page, whose
        one.hears("connection_established")
        return one

    @property
    def origin(self) -> str:
        return f"http://{self.address}"

    def fault(self, message: str) -> NoFrame:
        """Return an error for what a tab has met."""
        return NoFrame(f"stage {self.number}: {message}")

    def refused(self, path: str) -> None:
        """Ask for a socket that is not there."""
        letter = letters(self.tabs)
        self.tabs += 1
        self.names[f"browser:{letter}"] = "the tab" if self.number == 1 else "another tab"
        status = status_of(lambda: connect(f"ws://{self.address}{path}"))
        assert status != 101, f"stage {self.number}: {path} was not refused"
        self.until(lambda event: event["source"] == f"consumer:{letter}" and event["label"] == "ends")

    def person(self, name: str, room: str) -> Person:
        return Person(self, name, room)

    def teacher(self) -> Person:
        """Somebody of the staff, who has logged in."""
        self.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
        self.manage("createsuperuser", "--noinput", "--username", "teacher", "--email", "t@example.org")
        one = Person(self, "", "")
        one.visitor.get("/admin/login/")
        one.visitor.post_to("/admin/login/?next=/", {"username": "teacher", "password": PASSWORD})
        return one

    def drawn(self) -> str:
        """Return the diagram of what was heard since `begin`."""
        self.settled()
        shown = [event for event in self.events if event["number"] >= self.first and "mark" not in event["extra"]]
        for event in self.events:
            if router := event["extra"].get("router"):
                self.names[f"router:{router}"] = router
            if "name" in event["extra"]:
                kind, whose = event["extra"]["name"].partition(" ")[0], self.whose.get(event["source"], "")
                self.names[event["source"]] = f"{whose} {kind}".strip()
        participants = {name for event in shown for name in (event["source"], event["target"])}
        usual = {name: SECRET.sub("session-...", title(name)).replace("Group", "group") for name in participants}
        return draw(shown, {**usual, **self.names}, self.routers, self.without)

    def draw_routers(self) -> None:
        """Draw the routers of Channels, too."""
        self.routers = True

    def leave_out(self, *kinds: str) -> None:
        """Do not draw events of these types on the channel layer, nor what comes of them."""
        self.without = frozenset(kinds)
