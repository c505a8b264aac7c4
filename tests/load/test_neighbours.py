"""One who never reads, one who floods, with the limits as they are: the others wait a second longer at most.

The same people talk in calm times first, and the two are compared. Each test measures once: `make check` lets nothing
else run beside this.
"""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from lessons.engine.harness.async_client import AsyncClient
from lessons.engine.harness.raw_frames import PATIENCE, frame, shake_hands
from lessons.engine.harness.server import Server

PEOPLE, EVERY, SECONDS = 10, 0.5, 10.0  # so many say something so often, for so long
LONGER = 1.0  # seconds until everyone has heard what one of them said, compared to calm times
MEMORY = 150.0  # MB that one of them may cost the server
UNREAD = 100_000  # bytes that wait for the one who never reads, at least
ROOM = "kitchen"
LETTER = "😀" * 500  # 6,000 bytes in a frame


def test_one_who_never_reads_does_not_slow_the_others(start):
    """And all that it asks for costs no memory without end: Daphne keeps what somebody does not read."""

    server = start()
    asyncio.run(fill(server.address))
    with shake_hands(server.address, f"/ws/{ROOM}/", buffer=4096) as silent:
        silent.setblocking(False)

        async def ask() -> None:
            """Ask for everything, again and again, as often as is allowed."""
            unsent = b""
            for turn in range(10**6):
                unsent = unsent or frame(json.dumps({"since": 0}).encode())
                with suppress(BlockingIOError):
                    unsent = unsent[silent.send(unsent) :]
                await asyncio.sleep(0.01 if turn < 90 else 0.2)

        longer, more = asyncio.run(talk_beside(server, ask))
        goodbye = f"WebSocket DISCONNECT /ws/{ROOM}/ [127.0.0.1:{silent.getsockname()[1]}]"
        assert goodbye not in server.log(), "The server has closed the connection of the one who never reads."
        waiting = unread(silent)
    assert waiting >= UNREAD, f"Only {waiting} bytes waited to be read: was that one silent to the end?"
    judge(longer, more)


def test_one_who_floods_does_not_slow_the_others(start):
    server = start()
    command = [sys.executable, "-m", "tests.load.flood", server.address, ROOM, str(SECONDS)]

    async def flood() -> None:
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        out, _ = await process.communicate()
        times = int(out or 0)
        print(f"the server hung up {times} times on the one who floods", flush=True)
        assert times, "Nobody was hung up on: was that a flood?"

    judge(*asyncio.run(talk_beside(server, flood)))


def judge(longer: float, more: float) -> None:
    assert more < MEMORY, f"The server's memory has grown by {more:.0f} MB."
    assert longer < LONGER, f"The others had to wait too long: {longer:.1f} s longer."


def unread(wire: socket.socket) -> int:
    """Read what waits, up to so much; return how many bytes that was."""
    wire.settimeout(PATIENCE)
    size = 0
    with suppress(ConnectionError, TimeoutError):
        while size < UNREAD and (more := wire.recv(UNREAD)):
            size += len(more)
    return size


async def fill(address: str) -> None:
    """Let 450 long letters be in the room."""
    for _ in range(5):
        async with AsyncClient(address, ROOM) as one:
            for number in range(90):
                await one.say(f"{number:3}{LETTER[3:]}")
            await one.until(lambda one=one: len(one.heard) >= 90, "The letters have not come back.")


async def talk_beside(server: Server, trouble: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return how many seconds longer people wait beside the trouble, and how many MB the server has grown."""
    async with AsyncExitStack() as stack:
        everyone = [await stack.enter_async_context(AsyncClient(server.address, ROOM)) for _ in range(PEOPLE)]
        calm, before = await talk(everyone, SECONDS / 2, "calm"), memory(server)
        task = asyncio.create_task(trouble())
        beside, after = await talk(everyone, SECONDS, "beside"), memory(server)
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    print(f"all have heard after {calm:.2f} s at most when it is calm, {beside:.2f} s beside that one", flush=True)
    print(f"the server's memory: {before:.0f} MB, then {after:.0f} MB", flush=True)
    return beside - calm, after - before


async def talk(everyone: list[AsyncClient], seconds: float, mark: str) -> float:
    """Let everyone say something now and then; return how long the slowest message took until all had it."""
    said: dict[str, float] = {}

    async def one_talks(number: int) -> None:
        await asyncio.sleep(EVERY * number / len(everyone))
        for turn in range(int(seconds / EVERY)):
            text = f"{mark}, {number}, {turn}"
            said[text] = time.monotonic()
            await everyone[number].say(text)
            await asyncio.sleep(EVERY)

    await asyncio.gather(*(one_talks(number) for number in range(len(everyone))))
    for number, one in enumerate(everyone):
        await one.until(lambda one=one: said.keys() <= one.heard.keys(), f"Person {number} has not heard everything.")
    return max(one.heard[text] - when for one in everyone for text, when in said.items())


def memory(server: Server) -> float:
    """Return how much memory the server's process has, in MB; 0 where the system does not tell it like Linux."""
    status = Path(f"/proc/{server.process.pid}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return sum(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS:"))
