"""The channel layers compared: python -m tests.layers

Two server processes, one room with tabs at both, and each layer in turn. Does a tab hear the other process? How fast?
And what is left of a tab's membership when Redis forgets everything, or is killed and started again?
"""

import re
import statistics
import sys
import time
from contextlib import ExitStack, suppress

from lessons.engine.harness.redis import Redis
from lessons.engine.harness.server import LoneServer, Server

LAYERS = {
    "in memory": "",
    "core": "channels_redis.core.RedisChannelLayer",
    "pub/sub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
TABS = 20  # at each process
MESSAGES = 50  # in a burst
BACKEND = re.compile(r"channels_redis\.\w+\.\w+")
PATIENCE = 3.0  # seconds until what has not come counts as lost


class Chosen(LoneServer):
    """A server whose settings name this layer for the case that there is a Redis."""

    def __init__(self, layer: str, **options) -> None:
        super().__init__(**options)
        self.layer = layer

    def copy_website(self) -> None:
        super().copy_website()
        settings = self.place / "mywebsite" / "settings.py"
        settings.write_text(BACKEND.sub(self.layer or r"\g<0>", settings.read_text(encoding="utf-8")), encoding="utf-8")


def measure(layer: str, redis: Redis) -> dict[str, str]:
    """Return one column of the table."""
    url = redis.url if layer else ""
    with ExitStack() as stack:
        first = stack.enter_context(Chosen(layer, redis_url=url))
        second = stack.enter_context(Chosen(layer, beside=first, redis_url=url))
        ada, ben = (enter(stack, one) for one in (first, second))
        column = {}
        column["heard by the other process, one after the other"] = f"{heard_singly(ada, ben)} of {MESSAGES}"
        if not layer:
            return column
        column["until the other process has one message, median"] = f"{1000 * delay(ada, ben):.1f} ms"
        redis.command("flushall")
        column["after FLUSHALL: heard"] = f"{heard_singly(ada, ben, 5)} of 5"
        for one in (ada, ben):  # who asks, joins again
            one.send({"since": 10**6})
            one.receive("history")
        room = [ada, ben, *(enter(stack, one) for one in (first, second) for _ in range(TABS - 1))]
        due, seconds, got = burst(ada, room)
        column[f"{MESSAGES} at once to {len(room)} tabs: heard"] = f"{got} of {due}"
        column[f"{MESSAGES} at once to {len(room)} tabs: a second"] = f"{got / seconds:.0f}"
        redis.kill()
        redis.start()
        left, limit = room, time.monotonic() + PATIENCE
        while left and time.monotonic() < limit:  # each look waits a little for the server to close the connection
            left = [one for one in left if is_open(one)]
        column["Redis killed and started again: still connected"] = f"{len(left)} of {len(room)}"
        column["and of those still in the group"] = f"{still_in_the_group(left)} of {len(left)}"
        return column


def enter(stack: ExitStack, server: Server):
    one = stack.enter_context(server.tab("/ws/room/"))
    one.receive("history")
    return one


def still_in_the_group(tabs: list) -> int:
    """Let one of them say something; return how many hear it."""
    if tabs:
        tabs[0].send({"message": "who is here?"})
    return sum(hears(one, "who is here?", 0.5) for one in tabs)


def heard_singly(ada, ben, number: int = MESSAGES) -> int:
    """Let Ada say something, and wait for it at Ben's, a number of times; return how many came."""
    return sum(arrives(ada, ben) is not None for _ in range(number))


def delay(ada, ben) -> float:
    return statistics.median(arrives(ada, ben) for _ in range(MESSAGES))


def arrives(ada, ben) -> float | None:
    """Return the seconds until Ben hears what Ada says; None if he does not."""
    text = f"word {time.perf_counter_ns()}"
    began = time.perf_counter()
    ada.send({"message": text})
    return time.perf_counter() - began if hears(ben, text, 0.3 if arrives.misses > 2 else PATIENCE) else miss()


arrives.misses = 0


def miss() -> None:
    arrives.misses += 1


def hears(one, text: str, patience: float) -> bool:
    one.patience = patience
    with suppress(AssertionError):
        while True:
            if one.receive("chat")["message"] == text:
                return True
    return False


def burst(ada, room) -> tuple[int, float, int]:
    """Let Ada say many things at once; return how many frames were due, the seconds they took, and how many came."""
    came, last = 0, 0.0
    began = time.perf_counter()
    for number in range(MESSAGES):
        ada.send({"message": f"burst {number}"})
    for one in room:
        one.patience = PATIENCE
        with suppress(AssertionError):
            for _ in range(MESSAGES):
                while not one.receive("chat")["message"].startswith("burst"):
                    pass
                came, last = came + 1, time.perf_counter()
    return MESSAGES * len(room), last - began, came


def is_open(one) -> bool:
    with suppress(Exception):
        one.patience = 0.05
        one.receive("chat")
    return one.socket.close_code is None


def main() -> int:
    columns = {}
    with Redis() as redis:
        for name, layer in LAYERS.items():
            arrives.misses = 0
            columns[name] = measure(layer, redis)
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    print(f"{'':58}" + "".join(f"{name:>14}" for name in columns))
    for row in rows:
        print(f"{row:58}" + "".join(f"{column.get(row, ''):>14}" for column in columns.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
