"""The promise of lesson 9, measured: python -m tests.faults

Two server processes, one Redis, a tab at each. Redis is killed, stopped, emptied, and out of memory, and each time both
tabs say something in the middle of it. Then a server process is killed. How long until everything is right again?
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from lessons.engine.harness.redis import Redis
from lessons.engine.harness.resilient_client import ResilientClient
from lessons.engine.harness.server import LoneServer, Server
from lessons.engine.harness.visitor import OverNetwork, Visitor

STOPPED = 12.0  # seconds
FULL = 3.0
BEAT = 10.0  # as the page's
AT_ONCE = 5.0  # seconds: less than until a tab asks by itself
LIMIT = 60.0


def killed(redis: Redis, meanwhile: Callable[[], None]) -> None:
    """Redis is killed, and started again with nothing in it"""
    redis.kill()
    meanwhile()
    redis.start()


def stopped(redis: Redis, meanwhile: Callable[[], None]) -> None:
    """Redis does not answer for 12 s"""
    redis.stop()
    try:
        meanwhile()
        time.sleep(STOPPED)
    finally:
        redis.go_on()


def flushed(redis: Redis, meanwhile: Callable[[], None]) -> None:
    """Redis forgets everything"""
    redis.command("flushall")
    meanwhile()


def full(redis: Redis, meanwhile: Callable[[], None]) -> None:
    """Redis is out of memory for 3 s"""
    redis.command("config", "set", "maxmemory", "1")
    try:
        meanwhile()
        time.sleep(FULL)
    finally:
        redis.command("config", "set", "maxmemory", "0")


FAULTS = [killed, stopped, flushed, full]


class ServerPair:
    """Ada at one server process and Ben at the other one, in one room. Whatever they say, both have to have it."""

    def __init__(self, stack: ExitStack, first: Server, second: Server, room: str) -> None:
        self.ada, self.ben = (
            stack.enter_context(ResilientClient(one.address, room, beat=BEAT)) for one in (first, second)
        )
        self.due: list[str] = []
        for one in (self.ada, self.ben):
            one.wait(lambda one=one: one.seen is not None, "A tab has got no history.", LIMIT)

    def say(self, what: str) -> None:
        for name, one in (("Ada", self.ada), ("Ben", self.ben)):
            self.due.append(f"{name}, {what}")
            one.say(self.due[-1])

    def heal(self) -> float:
        """Wait until both have everything; return the seconds it took."""
        began = time.perf_counter()
        for one in (self.ada, self.ben):
            one.wait(lambda one=one: len(one.texts) >= len(self.due), "Something is still missing.", LIMIT)
        return time.perf_counter() - began

    def faults(self) -> Iterator[str]:
        """Yield what is lost, twice, or out of order."""
        if lost := set(self.due) - set(self.ada.texts):
            yield f"lost: {sorted(lost)}"
        if len(self.ada.texts) != len(set(self.ada.texts)):
            yield f"twice: {self.ada.texts}"
        if self.ada.texts != self.ben.texts:
            yield f"Ada has {self.ada.texts}, and Ben {self.ben.texts}"

    def suffer(self, redis: Redis, fault: Callable) -> float:
        """Let it happen, with something said before, meanwhile and after; return the seconds until all is right."""
        self.hear_at_once(f"before: {fault.__name__}")
        fault(redis, lambda: self.say(f"while: {fault.__name__}"))
        self.say(f"after: {fault.__name__}")
        seconds = self.heal()
        self.hear_at_once(f"well again: {fault.__name__}")
        return seconds

    def hear_at_once(self, what: str) -> None:
        """Say something twice: the first time somebody may just be asking by himself, and be told therefore."""
        for turn in ("once", "twice"):
            self.say(f"{what}, {turn}")
            seconds = self.heal()
            assert seconds < AT_ONCE, (
                f"Both said something ({what}), and it took {seconds:.0f} s until the other one heard it."
            )


@contextmanager
def two_servers(redis: Redis) -> Iterator[tuple[Server, Server]]:
    with LoneServer(redis_url=redis.url) as first, LoneServer(beside=first, redis_url=redis.url) as second:
        yield first, second


def forgotten(stack: ExitStack, first: Server, second: Server) -> float:
    """Kill the second process; return the seconds until those at the first see that its people are gone."""
    visitor = Visitor(OverNetwork(second.address))
    visitor.choose("Cleo", "people")
    ada = stack.enter_context(ResilientClient(first.address, "people", beat=BEAT))
    stack.enter_context(ResilientClient(second.address, "people", cookies=visitor.cookies))
    ada.wait(lambda: ada.people == ["Cleo", "Guest"], "Ada does not see who is here.", LIMIT)
    second.kill()
    began = time.perf_counter()
    ada.wait(lambda: ada.people == ["Guest"], "Cleo is still on the list.", LIMIT)
    return time.perf_counter() - began


def run() -> int:
    """Play all faults, and print the seconds; return 1 if anything was lost."""
    with Redis() as redis, two_servers(redis) as servers, ExitStack() as stack:
        two = ServerPair(stack, *servers, "faults")
        for fault in FAULTS:
            print(f"{two.suffer(redis, fault):5.1f} s  {fault.__doc__}", flush=True)
        print(f"{forgotten(stack, *servers):5.1f} s  A server process is killed, and its people are off the list")
    wrong = list(two.faults())
    print("\n".join(wrong) or f"{len(two.due)} messages were said: 0 lost, 0 twice, all in one order.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(run())
