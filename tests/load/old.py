"""The promise of lesson 8, measured: python -m tests.load 500

Twenty senders say so many messages each, and the server is killed five times on the way (by SIGKILL).
Then every sender, and a reader, must have every message once, and all of them in the same order.
"""

import subprocess
import sys
import time
from contextlib import ExitStack

from tests.faithful import Faithful
from tests.server import Server

SENDERS, KILLS = 20, 5
LIMIT = 120.0  # seconds for each part of the way
BEAT = 2.0


class LoneServer(Server):
    """A server with an empty database of its own, made without the checks' one. Everybody may be fast (lesson 10)."""

    def environ(self) -> dict[str, str]:
        return {**super().environ(), "CHAT_BURST": "1000000"}

    def make_database(self) -> None:
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=self.place, check=True)


def run(each: int) -> int:
    """Let each sender say so many messages; return 1 if the promise is broken."""
    total, kills = SENDERS * each, 0
    with LoneServer() as server, ExitStack() as stack:
        everyone = [stack.enter_context(Faithful(server.address, "load", beat=BEAT)) for _ in range(SENDERS + 1)]
        for one in everyone:
            one.wait(lambda one=one: one.seen is not None, "A tab has got no history.", LIMIT)
        began = time.perf_counter()
        for number in range(each):
            for sender, one in enumerate(everyone[:SENDERS]):
                one.say(f"{sender} {number}")
        for kills in range(1, KILLS + 1):
            wait_until_all_have(everyone, total * kills // (KILLS + 1))
            server.kill()
            server.start()
            print(f"killed {kills} times, {everyone[0].seen} of {total} messages written", flush=True)
        wait_until_all_have(everyone, total)
        seconds = time.perf_counter() - began
    wrong = list(faults(everyone, each))
    print("\n".join(wrong) or f"{total} messages, the server killed {kills} times: 0 lost, 0 twice, all in order.")
    asked, came_back = (sum(getattr(one, what) for one in everyone) for what in ("questions", "connections"))
    print(f"{seconds:.1f} s; {came_back - len(everyone)} times a tab came back, {asked} times one asked for a gap.")
    return 1 if wrong else 0


def wait_until_all_have(everyone: list[Faithful], number: int) -> None:
    for one in everyone:
        one.wait(lambda one=one: len(one.messages) >= number, f"One has not got its {number} messages.", LIMIT)


def faults(everyone: list[Faithful], each: int):
    """Yield what is lost, twice, or out of order."""
    due = {f"{sender} {number}" for sender in range(SENDERS) for number in range(each)}
    stories = [one.texts for one in everyone]
    for number, texts in enumerate(stories):
        if lost := due - set(texts):
            yield f"Tab {number} has lost {len(lost)} messages: {sorted(lost)[:3]}"
        if len(set(texts)) != len(texts):
            yield f"Tab {number} has {len(texts) - len(set(texts))} messages twice."
        if texts != stories[0]:
            yield f"Tab {number} has another order than tab 0."
    for sender in range(SENDERS):
        own = [text for text in stories[-1] if text.startswith(f"{sender} ")]
        if own != [f"{sender} {number}" for number in range(each)]:
            yield f"The messages of sender {sender} are not in the order in which they were said."


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1])))
