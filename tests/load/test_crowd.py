"""500 people in one room, each with a name of their own: whatever one says, all of them hear."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from tests.load.people import Person, cookies_of_a_guest

CROWD = 500
AT_ONCE = 20  # of them come in at the same time
LIMIT = 10.0  # seconds from a word to the last one who hears it; 0.3 measured


def test_500_sockets_and_one_broadcast_all_receive(start):
    server = start()
    with ThreadPoolExecutor(4) as pool:
        cookies = [""] * CROWD
    asyncio.run(broadcast(server.address, cookies))


async def broadcast(address: str, cookies: list[str]) -> None:
    async with AsyncExitStack() as stack:
        crowd: list[Person] = []
        began = time.monotonic()
        for first in range(0, CROWD, AT_ONCE):
            some = [Person(address, "crowd", one) for one in cookies[first : first + AT_ONCE]]
            crowd += await asyncio.gather(*(stack.enter_async_context(one) for one in some))
            if first % 100 == 0:
                print(f"{len(crowd)} of {CROWD} are in, after {time.monotonic() - began:.1f} s", flush=True)
        print(f"{len(crowd)} of {CROWD} are in, after {time.monotonic() - began:.1f} s", flush=True)
        for number, text in enumerate(("hello, all of you", "and once more"), 1):
            said = time.monotonic()
            await crowd[number].say(text)
            for one in crowd:
                await one.until(lambda one=one, number=number: len(one.chats) >= number, f"{text!r} did not come.")
            slowest = max(one.chats[-1][0] for one in crowd) - said
            print(f"the {number}. message was with all {CROWD} after {slowest:.2f} s", flush=True)
        assert all(one.texts == ["hello, all of you", "and once more"] for one in crowd)
        print([len(one.people) for one in crowd][::50])
