"""Many tabs in one process, as cheap as can be: python -m lessons.engine.author.bench.crowd '{"tabs": 200, ...}'

`doors` maps a name to [port, path], or [port, path, a Cookie header for each tab]. In each room some tabs speak at
once, and the clock runs until every tab has every message. The rooms take turns. Prints `{name: [seconds of each
round]}`; the first two are those until all were in, and until the first words were heard.
"""

import asyncio
import json
import sys
import time

from ...harness.raw_frames import CLOSE, PING, PONG, TEXT, frame, read_frame, request

SPEAKERS = 5
AT_ONCE = 10  # tabs that are connecting
LIMIT = 120  # seconds, for whatever it is


class CountingTab(asyncio.Protocol):
    """One socket. It counts the frames in which the room's mark stands, and looks at nothing else.

    It is none of the harness's clients, for those cost more than most of what is measured: they read JSON, and keep it.
    """

    def __init__(self, room: "Room", cookie: str) -> None:
        self.room, self.cookie, self.rest, self.is_open = room, cookie, b"", False
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.write(request(f"127.0.0.1:{self.room.port}", self.room.path, self.cookie))

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        if not self.is_open:
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                self.rest = data
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.fail(f"a handshake was answered with {head.splitlines()[0].decode()}")
                return
            self.is_open, data = True, rest
            self.opened.set_result(None)
        at = 0
        while one := read_frame(data, at):
            opcode, payload, at = one
            if opcode == TEXT and self.room.mark in payload:
                self.room.heard()
            elif opcode == CLOSE:
                self.fail(f"a tab was hung up on with {int.from_bytes(payload[:2], 'big')}")
            elif opcode == PING:
                self.transport.write(frame(payload, PONG))
        self.rest = data[at:]

    def connection_lost(self, error) -> None:
        self.fail("a connection broke")

    def fail(self, why: str) -> None:
        for waiting in (self.opened, self.room.all_heard):
            if not waiting.done():
                waiting.set_exception(RuntimeError(f"{self.room.name}: {why}."))


class Room:
    def __init__(self, name: str, port: int, path: str, cookies: tuple[str, ...] = ()) -> None:
        self.name, self.port, self.path, self.cookies = name, port, path, cookies
        self.tabs: list[CountingTab] = []
        self.mark = b"\0"  # stands in no frame
        self.all_heard = asyncio.get_running_loop().create_future()

    async def fill(self, number: int) -> list[float]:
        """Let the tabs in; return the seconds until all are, and until they have heard the first words."""
        turn, began = asyncio.Semaphore(AT_ONCE), time.perf_counter()

        async def join(cookie: str) -> None:
            async with turn:
                loop = asyncio.get_running_loop()
                _, tab = await loop.create_connection(lambda: CountingTab(self, cookie), "127.0.0.1", self.port)
                await tab.opened
                self.tabs.append(tab)

        cookies = self.cookies or [""] * number
        await asyncio.wait_for(asyncio.gather(*(join(cookie) for cookie in cookies)), LIMIT)
        return [time.perf_counter() - began, await self.speak("first words")]

    async def speak(self, words: str) -> float:
        """Let some speak at once; return the seconds until all have heard all."""
        self.mark, self.missing = words.encode(), SPEAKERS * len(self.tabs)
        self.all_heard = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        for number, tab in enumerate(self.tabs[:: len(self.tabs) // SPEAKERS][:SPEAKERS]):
            tab.transport.write(frame(json.dumps({"message": f"{words} {number}"}).encode()))
        await asyncio.wait_for(self.all_heard, LIMIT)
        self.mark = b"\0"
        return time.perf_counter() - began

    def heard(self) -> None:
        self.missing -= 1
        if not self.missing:
            self.all_heard.set_result(None)


async def main(tabs: int, rounds: int, doors: dict[str, list]) -> dict[str, list[float]]:
    rooms = [Room(name, *door) for name, door in doors.items()]
    seconds = {room.name: await room.fill(tabs) for room in rooms}
    for number in range(rounds):
        for room in rooms:
            seconds[room.name].append(await room.speak(f"round {number:03}"))
    return seconds


if __name__ == "__main__":
    try:
        print(json.dumps(asyncio.run(main(**json.loads(sys.argv[1])))))
    except (RuntimeError, OSError, TimeoutError) as error:
        sys.exit(str(error) or "The tabs have waited too long for their messages.")
