"""A client of a real server that needs no thread of its own: 500 of them fit into one, by asyncio.

async with AsyncClient(server.address, "kitchen") as ada:
    await ada.say("hello")
    await ada.until(lambda: "hello" in ada.heard, "Ada has not heard herself.")
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from .room_log import RoomLog
from .ws_client import options

PATIENCE = 30.0  # seconds until what has not come counts as lost


class AsyncClient(RoomLog):
    """What a page does that asks for what it has missed, and no more than that.

    `heard` is what was said in the room, in order: {text: when it came}; `twice` is what came again.
    """

    def __init__(self, address: str, room: str) -> None:
        super().__init__()
        self.url = f"ws://{address}/ws/{room}/"
        self.heard: dict[str, float] = {}
        self.twice: list[str] = []
        self.changed = asyncio.Event()

    async def __aenter__(self) -> "AsyncClient":
        how = options(self.url, compression=None, open_timeout=PATIENCE, close_timeout=1)
        self.socket = await connect(self.url, **how)
        self.reader = asyncio.create_task(self.read())
        await self.until(lambda: self.seen is not None, "Somebody came into the room, and got no history.")
        return self

    async def __aexit__(self, *_) -> None:
        await self.socket.close()
        await self.reader

    async def read(self) -> None:
        with suppress(ConnectionClosed):
            async for text in self.socket:
                if self.misses(json.loads(text)):
                    self.asked = self.seen
                    await self.socket.send(json.dumps({"since": self.seen}))
                self.changed.set()
        self.changed.set()

    def keep(self, message: dict) -> None:
        super().keep(message)
        if message["message"] in self.heard:
            self.twice.append(message["message"])
        self.heard[message["message"]] = time.monotonic()

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
