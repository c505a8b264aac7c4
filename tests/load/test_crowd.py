"""500 sockets in one room: whatever one says, all of them hear, once and in order.

They come without a cookie, so all are called "Guest". With 500 names the list of names is what costs: each who comes
sends it to everybody.
"""

import asyncio
import time
from contextlib import AsyncExitStack

from lessons.engine.harness.async_client import AsyncClient

CROWD = 500
AT_ONCE = 20  # of them come in at the same time
SLOWEST = 10.0  # seconds from a word to the last one who hears it
WORDS = ["hello, all of you", "and once more"]


def test_500_sockets_and_one_broadcast_all_receive(start):
    asyncio.run(broadcast(start().address))


async def broadcast(address: str) -> None:
    async with AsyncExitStack() as stack:
        crowd: list[AsyncClient] = []
        began = time.monotonic()
        while len(crowd) < CROWD:
            some = [AsyncClient(address, "crowd") for _ in range(AT_ONCE)]
            crowd += await asyncio.gather(*(stack.enter_async_context(one) for one in some))
            if len(crowd) % 100 == 0:
                print(f"{len(crowd)} of {CROWD} are in after {time.monotonic() - began:.1f} s", flush=True)
        for number, text in enumerate(WORDS, 1):
            said = time.monotonic()
            await crowd[number].say(text)
            for place, one in enumerate(crowd):
                await one.until(
                    lambda one=one, number=number: len(one.heard) >= number, f"Number {place} has not heard."
                )
            slowest = max(one.heard[text] for one in crowd) - said
            print(f"message {number} was with all {CROWD} after {slowest:.2f} s", flush=True)
            assert slowest < SLOWEST
        for place, one in enumerate(crowd):
            assert list(one.heard) == WORDS, f"Number {place} has heard {list(one.heard)}."
            assert not one.questions + len(one.twice), f"Number {place} has missed something, or heard it twice."
