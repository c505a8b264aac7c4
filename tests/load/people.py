"""Many people in one process, each with a connection to a real server. They are asyncio, so that 500 fit into a thread.

async with Person(server.address, "kitchen") as ada:
    await ada.say("hello")
    await ada.until(lambda: ada.texts == ["hello"], "Ada has not heard herself.")
"""

import asyncio
import json
import time
from collections.abc import Callable

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 30.0  # seconds until what has not come counts as lost


class Person:
    """`chats` is what was said in the room: (when it came, frame). `errors` and `closed` are what the server refused."""

    def __init__(self, address: str, room: str, cookies: str = "") -> None:
        self.url, self.origin = f"ws://{address}/ws/{room}/", f"http://{address}"
        self.headers = {"Cookie": cookies} if cookies else None
        self.chats: list[tuple[float, dict]] = []
        self.heard: set[str] = set()
        self.errors: list[dict] = []
        self.people: list[str] = []
        self.is_in = False  # the greeting has come, and the first history
        self.closed: int | None = None  # the code with which the connection was closed
        self.changed = asyncio.Event()

    async def __aenter__(self) -> "Person":
        self.socket = await connect(
            self.url, origin=self.origin, additional_headers=self.headers, proxy=None, compression=None,
            open_timeout=PATIENCE, close_timeout=1, ping_interval=None,
        )  # fmt: skip
        self.reader = asyncio.create_task(self.read())
        await self.until(lambda: self.is_in, "Somebody came into the room, and got no history.")
        return self

    async def __aexit__(self, *_) -> None:
        await self.socket.close()
        await self.reader

    async def read(self) -> None:
        try:
            async for text in self.socket:
                self.take(json.loads(text), time.monotonic())
                self.changed.set()
        except ConnectionClosed:
            pass
        self.closed = self.socket.close_code
        self.changed.set()

    def take(self, frame: dict, now: float) -> None:
        match frame["type"]:
            case "chat":
                self.chats.append((now, frame))
                self.heard.add(frame["message"])
            case "people":
                self.people = frame["names"]
            case "error":
                self.errors.append(frame)
            case "history":
                self.is_in = True

    @property
    def texts(self) -> list[str]:
        return [frame["message"] for _, frame in self.chats]

    async def say(self, text: str) -> None:
        await self.socket.send(json.dumps({"message": text}))

    async def until(self, condition: Callable[[], bool], story: str, seconds: float = PATIENCE) -> None:
        """Wait until it is so; AssertionError when patience runs out."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    assert self.closed is None, f"{story} The connection was closed with code {self.closed}."
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"{story} Waited for {seconds:.0f} s.") from None
