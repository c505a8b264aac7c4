"""How long a check waits for what may never come: not long. But on a busy machine once more, and longer.

    frame = patience.wait(lambda seconds: next_frame(seconds), 2.0)

What has not come after two seconds on a quiet machine does not come, and the student should know soon. On a busy one
it may be late, for no fault of the student's.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

LONGER = 5.0  # times as long, the second time,
ENOUGH = 25.0  # seconds, but no longer than that: who has waited for so long has waited long enough
SAMPLE = 0.1  # seconds of work that measure the machine
FULL = 0.85  # of a processor: who gets less has to share it
CROWD = 1.5  # programs that want to run, for each processor
BUSY = "(This machine is busy: a check waited longer than usual.)"

Found = TypeVar("Found")
longer = 0  # how often a second, longer time was needed


def wait(look: Callable[[float], Found], seconds: float) -> Found:
    """Return what `look(seconds)` finds. If that is nothing, and the machine is busy, look once more and longer."""
    global longer
    found = look(seconds)
    if found or seconds >= ENOUGH or not is_busy():
        return found
    longer += 1
    return look(at_most(seconds))


def at_most(seconds: float) -> float:
    """Return how many seconds to wait on a busy machine, where these are enough on a quiet one."""
    return max(seconds, min(seconds * LONGER, ENOUGH))


def is_busy() -> bool:
    """Tell whether others want this machine, too: by its load, or because work takes longer than it should."""
    return is_crowded() or share() < FULL


def is_crowded() -> bool:
    """Tell whether more programs want to run than there are processors, on average over the last minute."""
    with suppress(AttributeError, OSError):  # Windows does not know
        return os.getloadavg()[0] > CROWD * (os.cpu_count() or 1)
    return False


def share() -> float:
    """Return how much of a processor this process gets; below 1 when it has to wait for its turn.

    Another thread of ours may work meanwhile, as an endless loop of the student's does: it counts as well.
    """
    began, worked = time.monotonic(), time.process_time()
    while (passed := time.monotonic() - began) < SAMPLE:
        pass
    return (time.process_time() - worked) / passed
