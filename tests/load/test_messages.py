"""20 people say 500 messages each: all have them all, once and in the same order, even if the server is killed."""

import asyncio
import time
from contextlib import AsyncExitStack, ExitStack

from lessons.engine.harness.async_client import AsyncClient
from lessons.engine.harness.resilient_client import ResilientClient
from tests.load.conftest import NO_LIMITS

SENDERS, EACH, KILLS = 20, 500, 5
TOTAL = SENDERS * EACH
PATIENCE = 120.0  # seconds for each part of the way
BEAT = 2.0


def test_20_senders_and_500_messages_each_are_all_delivered(start):
    """By the broadcast alone: nobody asks for anything again."""
    asyncio.run(deliver(start(**NO_LIMITS).address))


async def deliver(address: str) -> None:
    async with AsyncExitStack() as stack:
        everyone = [await stack.enter_async_context(AsyncClient(address, "delivery")) for _ in range(SENDERS)]
        began = time.monotonic()
        await asyncio.gather(*(talk(one, number) for number, one in enumerate(everyone)))
        for number, one in enumerate(everyone):
            await one.until(lambda one=one: len(one.heard) >= TOTAL, f"{number} has {len(one.heard)} of {TOTAL}.")
        seconds = time.monotonic() - began
    judge([[*one.heard, *one.twice] for one in everyone])
    asked = sum(one.questions for one in everyone)
    assert not asked, f"{asked} times somebody missed something and had to ask for it."
    print(
        f"{TOTAL} messages to {SENDERS} people in {seconds:.0f} s, {TOTAL * SENDERS / seconds:,.0f} deliveries a second"
    )


async def talk(one: AsyncClient, sender: int) -> None:
    """Say the next message when the last one has come back, as somebody does who waits for an answer."""
    for number in range(EACH):
        text = f"{sender} {number}"
        await one.say(text)
        await one.until(lambda text=text: text in one.heard, f"{text!r} has not come back.")
        if number % 100 == 99 and sender == 0:
            print(f"{number + 1} of {EACH} from sender 0", flush=True)


def test_20_senders_and_500_messages_each_with_the_server_killed_five_times(start):
    """By SIGKILL. Their pages come back, ask for what they missed, and send again what has not come back."""
    server = start(**NO_LIMITS)
    with ExitStack() as stack:
        everyone = [
            stack.enter_context(ResilientClient(server.address, "killed", beat=BEAT)) for _ in range(SENDERS + 1)
        ]
        for one in everyone:
            one.wait(lambda one=one: one.seen is not None, "A tab has got no history.", PATIENCE)
        began = time.monotonic()
        for number in range(EACH):
            for sender, one in enumerate(everyone[:SENDERS]):
                one.say(f"{sender} {number}")
        for kills in range(1, KILLS + 1):
            wait_until_all_have(everyone, TOTAL * kills // (KILLS + 1))
            server.kill()
            server.start()
            print(f"killed {kills} times, {everyone[0].seen} of {TOTAL} messages written", flush=True)
        wait_until_all_have(everyone, TOTAL)
        seconds = time.monotonic() - began
    judge([one.texts for one in everyone])
    asked, came_back = (sum(getattr(one, what) for one in everyone) for what in ("questions", "connections"))
    print(f"{seconds:.0f} s; {came_back - len(everyone)} times a tab came back, {asked} times one asked for a gap")
    assert came_back >= KILLS * len(everyone), "The server was killed, and some tabs have not noticed."


def wait_until_all_have(everyone: list[ResilientClient], number: int) -> None:
    for one in everyone:
        one.wait(lambda one=one: len(one.messages) >= number, f"One has not got its {number} messages.", PATIENCE)


def judge(stories: list[list[str]]) -> None:
    """Compare what each has heard with what was said: nothing lost, nothing twice, and the same order for all."""
    due = {f"{sender} {number}" for sender in range(SENDERS) for number in range(EACH)}
    for who, texts in enumerate(stories):
        twice = len(texts) - len(set(texts))
        assert not twice, f"Tab {who} has {twice} messages twice."
        lost = sorted(due - set(texts))
        assert not lost, f"Tab {who} has lost {len(lost)} messages: {lost[:3]}"
        assert texts == stories[0], f"Tab {who} has another order than tab 0."
    for sender in range(SENDERS):
        own = [text for text in stories[0] if text.startswith(f"{sender} ")]
        assert own == [f"{sender} {number}" for number in range(EACH)], f"Sender {sender}'s messages are not in order."
