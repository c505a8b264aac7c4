"""Many people in one process, each with a connection to a real server. They are asyncio, so that 500 fit into a thread.

async with Person(server.address, "kitchen") as ada:
    await ada.say("hello")
    await ada.until(lambda: ada.texts == ["hello"], "Ada has not heard herself.")
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 30.0  # seconds until what has not come counts as lost


class Person:
    """What a page does that asks for what it has missed, and no more than that.

    `heard` is what was said in the room, in order: {text: when it came}. `asked` is how often something was missing.
    """

    def __init__(self, address: str, room: str) -> None:
        self.url, self.origin = f"ws://{address}/ws/{room}/", f"http://{address}"
        self.heard: dict[str, float] = {}
        self.twice: list[str] = []
        self.seen: int | None = None  # the number of the last message; None before the first history
        self.asked = 0
        self.asked_after = -1
        self.changed = asyncio.Event()

    async def __aenter__(self) -> "Person":
        self.socket = await connect(
            self.url, origin=self.origin, proxy=None, compression=None, open_timeout=PATIENCE, close_timeout=1
        )
        self.reader = asyncio.create_task(self.read())
        await self.until(lambda: self.seen is not None, "Somebody came into the room, and got no history.")
        return self

    async def __aexit__(self, *_) -> None:
        await self.socket.close()
        await self.reader

    async def read(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self.socket:
                frame = json.loads(text)
                if frame["type"] == "history":
                    for one in frame["messages"]:
                        self.take(one)
                    self.seen = self.seen or 0
                elif frame["type"] == "chat" and self.seen is not None:
                    if frame["seq"] > self.seen + 1:
                        await self.ask()
                    else:
                        self.take(frame)
                self.changed.set()
        self.changed.set()

    def take(self, message: dict) -> None:
        if self.seen is None or message["seq"] > self.seen:
            self.seen = message["seq"]
            if message["message"] in self.heard:
                self.twice.append(message["message"])
            self.heard[message["message"]] = time.monotonic()

    async def ask(self) -> None:
        """Ask once for what came after the last one seen."""
        if self.asked_after != self.seen:
            self.asked_after = self.seen
            self.asked += 1
            await self.socket.send(json.dumps({"since": self.seen}))

    async def say(self, text: str) -> None:
        await self.socket.send(json.dumps({"message": text}))

    async def until(self, condition: Callable[[], bool], story: str, seconds: float = PATIENCE) -> None:
        """Wait until it is so; AssertionError when patience runs out."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    closed = self.socket.close_code
                    assert closed is None, f"{story} The connection was closed with code {closed}."
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"{story} Waited for {seconds:.0f} s.") from None
