"""One who never reads, and one who floods: the others do not wait a second for anything. With the limits as they are."""

import asyncio
import json
import subprocess
import sys
import time
from contextlib import AsyncExitStack, suppress

from tests.load.people import Person
from tests.load.wire import frame, shake_hands

PEOPLE, EVERY, SECONDS = 10, 0.5, 10.0  # so many say something so often, for so long
LIMIT = 1.0  # seconds until everyone has heard what one of them said
ROOM = "kitchen"


def test_one_who_never_reads_does_not_slow_the_others(start):
    server = start()
    with shake_hands(server.address, f"/ws/{ROOM}/", buffer=4096) as silent:

        async def bother() -> None:
            """Ask for everything, again and again, as often as is allowed, and read nothing of it."""
            for turn in range(10**6):
                with suppress(BlockingIOError):
                    silent.sendall(frame(json.dumps({"since": 0}).encode()))
                await asyncio.sleep(0.01 if turn < 90 else 0.2)

        asyncio.run(talk_beside(server, bother))


def test_one_who_floods_does_not_slow_the_others(start):
    server = start()
    command = [sys.executable, "-m", "tests.load.flood", server.address, ROOM, str(SECONDS)]

    async def bother() -> None:
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        out, _ = await process.communicate()
        print(f"the server hung up {out.decode().strip()} times on the one who floods", flush=True)

    asyncio.run(talk_beside(server, bother))


async def talk_beside(server, bother) -> None:
    async with AsyncExitStack() as stack:
        everyone = [await stack.enter_async_context(Person(server.address, ROOM)) for _ in range(PEOPLE)]
        calm = await talk(everyone, SECONDS / 2, "calm")
        trouble = asyncio.create_task(bother())
        bothered = await talk(everyone, SECONDS, "bothered")
        trouble.cancel()
        print(
            f"until all have heard: {calm:.3f} s at most when it is calm, {bothered:.3f} s beside that one", flush=True
        )
        import psutil

        print(psutil.Process(server.process.pid).memory_info().rss / 1e6)
        assert bothered < LIMIT


async def talk(everyone: list[Person], seconds: float, mark: str) -> float:
    """Let everyone say something now and then; return how long the slowest message took until all had it."""
    said: dict[str, float] = {}
    rounds = int(seconds / EVERY)

    async def one_talks(number: int) -> None:
        await asyncio.sleep(EVERY * number / len(everyone))
        for turn in range(rounds):
            text = f"{mark}, {number}, {turn}"
            said[text] = time.monotonic()
            await everyone[number].say(text)
            await asyncio.sleep(EVERY)

    await asyncio.gather(*(one_talks(number) for number in range(len(everyone))))
    slowest = 0.0
    for number, one in enumerate(everyone):
        await one.until(lambda one=one: said.keys() <= one.heard, f"Person {number} has not heard everything.")
        slowest = max([slowest, *(one.heard[text] - when for text, when in said.items())])
    return slowest
