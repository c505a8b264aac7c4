"""A client that loses nothing, because it does what the page of lesson 8 does.

    with ResilientClient(server.address, "kitchen") as ada:
        ada.say("hello")
        ada.wait(lambda: "hello" in ada.texts)

It comes back by itself, with ?since=. It sends again, under the same client_id, what has not come back. It asks when a
number is too high. Each has a thread of its own, so that many can be in a room at once, and outlive many servers.
"""

import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from . import patience, step_log
from .room_log import RoomLog
from .tab import NoFrame
from .ws_client import connect

PATIENCE = 30.0  # seconds: a server may have to start in between
WINDOW = 5  # messages on their way at once; the others wait
PAUSE = 0.2  # seconds until it tries to connect again, and up to as much again


class ResilientClient(RoomLog):
    """`waiting` is what it has said and not seen again. `connections` is how often it has connected.

    `beat` makes it ask by itself after so many seconds of silence: the last message of all may be dropped, too.
    """

    def __init__(self, address: str, room: str, cookies: str = "", beat: float | None = None) -> None:
        super().__init__()
        self.url, self.room, self.cookies, self.beat = f"ws://{address}/ws/{room}/", room, cookies, beat
        self.errors: list[dict] = []
        self.people: list[str] = []
        self.connections = 0
        self.waiting: dict[str, dict] = {}  # {client_id: frame}
        self.numbers = itertools.count(1)
        self.mark = f"{random.getrandbits(64):x}"
        self.socket = None  # while there is a connection
        self.leaving = False
        self.window = WINDOW
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.thread = threading.Thread(target=self.live, daemon=True)

    def __enter__(self) -> "ResilientClient":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.leaving = True
        with self.lock, suppress(Exception):
            self.socket.close()
        self.thread.join(5)

    @property
    def texts(self) -> list[str]:
        with self.lock:
            return [message["message"] for message in self.messages]

    def say(self, text: str) -> str:
        """Say something, now or as soon as there is a connection; return its client_id."""
        with self.lock:
            client_id = f"{self.mark}-{next(self.numbers)}"
            self.waiting[client_id] = {"message": text, "client_id": client_id}
            self.push()
        return client_id

    def wait(self, condition: Callable[[], bool], what: str = "", seconds: float = PATIENCE) -> None:
        """Wait until it is so; raise NoFrame when patience runs out."""
        with self.changed:
            if not patience.wait(lambda longest: self.changed.wait_for(condition, longest), seconds):
                raise NoFrame(f"{what}\n{self.story()}".strip())

    def story(self) -> str:
        last = step_log.shortened(self.texts[-3:]) if self.messages else "nothing"
        return f"A tab in the room {self.room}, which connected {self.connections} times, heard at last: {last}"

    def live(self) -> None:
        """Connect, listen, and begin anew when the connection ends, for whatever reason."""
        while not self.leaving:
            query = "" if self.seen is None else f"?since={self.seen}"
            with suppress(Exception), self.connect(query) as socket:
                self.listen(socket)
            with self.lock:
                self.socket = None
            time.sleep(PAUSE * (1 + random.random()))

    def connect(self, query: str):
        """Return a connection to enter."""
        return connect(self.url + query, cookies=self.cookies, close_timeout=1)

    def listen(self, socket) -> None:
        with self.changed:
            self.socket, self.asked, self.sent = socket, None, set()
            self.connections += 1
            self.changed.notify_all()
        while not self.leaving:
            try:
                frame = json.loads(socket.recv(self.beat))
            except TimeoutError:
                self.ask()
                continue
            with self.changed:
                self.take(frame)
                self.push()
                self.changed.notify_all()

    def take(self, frame: dict) -> None:
        if self.misses(frame):
            self.ask()
        match frame["type"]:
            case "people":
                self.people = frame["names"]
            case "error" if frame.get("again"):
                self.hold_on()
            case "error":
                self.errors.append(frame)
                self.waiting.pop(frame.get("client_id"), None)

    def hold_on(self) -> None:
        """The server says that we are too fast (lesson 10): from now on one at a time, and this one a little later."""
        self.window = 1
        timer = threading.Timer(PAUSE, self.once_more)
        timer.daemon = True
        timer.start()

    def once_more(self) -> None:
        with self.lock:
            self.sent = set()
            self.push()

    def keep(self, message: dict) -> None:
        super().keep(message)
        self.waiting.pop(message.get("client_id"), None)

    def ask(self) -> None:
        """Ask for all that came after the last one seen."""
        with self.lock:
            if self.socket and self.seen is not None:
                self.asked = self.seen
                self.socket.send(json.dumps({"since": self.seen}))

    def push(self) -> None:
        """Send the first few of those that wait, unless this connection has carried them already."""
        if not self.socket or self.seen is None:
            return
        with suppress(Exception):  # the connection is gone: the next one will carry them
            for client_id in list(itertools.islice(self.waiting, self.window)):
                if client_id not in self.sent:
                    self.socket.send(json.dumps(self.waiting[client_id]))
                    self.sent.add(client_id)
