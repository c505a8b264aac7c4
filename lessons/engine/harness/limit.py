"""A limit for code that does not come back: an endless loop in the student's files gets a message."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from . import patience

SECONDS = 15.0  # for one check
PATIENT = 120.0  # until even a slow machine is given up, with none of the student's code running
TICK = 0.2  # between two looks at the clock
PAUSE = 2.0  # between two looks at a check whose time is over
STAYS = 0.5  # seconds in the same call, until that counts as not coming back
SLOW = 3  # times as long it may take on a busy machine
LONG = 60.0  # for one that starts a server, a browser or another Python


@dataclass(eq=False)
class Limited:
    """What runs under a limit; at the time `due` somebody looks after it."""

    seconds: float
    told: Callable[[str], None]
    is_students: Callable[[str], bool]
    began: float
    worked: float  # the seconds of a processor that this process had had by then
    due: float


running: list[Limited] = []
watchdog: threading.Thread | None = None  # one for all, as a thread for each check would take a good part of its time


@contextmanager
def limit(seconds: float, told: Callable[[str], None], is_students: Callable[[str], bool]) -> Iterator[None]:
    """Run the body; if it takes longer, `told(where)` is called from another thread and the process ends, code 1.

    Python cannot stop a thread that loops, so ending the process is the only way. `where` is `file:line`, or "".
    """
    global watchdog
    if not watchdog:
        watchdog = threading.Thread(target=watch, daemon=True)
        watchdog.start()
    now = time.monotonic()
    body = Limited(seconds, told, is_students, now, time.process_time(), now + seconds)
    running.append(body)
    try:
        yield
    finally:
        running.remove(body)


def watch() -> None:
    while True:
        time.sleep(TICK)
        for body in list(running):
            now = time.monotonic()
            if now < body.due or body not in running:
                continue
            body.due = now + PAUSE
            little = time.process_time() - body.worked < body.seconds / 2  # a loop takes all that it can get
            if little and now - body.began < SLOW * body.seconds and patience.is_busy():
                continue
            place = still_running_in(body.is_students)
            if place or now - body.began > PATIENT:  # a slow machine alone is no endless loop
                body.told(place)
                sys.stdout.flush()
                os._exit(1)


def still_running_in(is_students: Callable[[str], bool]) -> str:
    """Return `file:line` of the student's code that some thread is running, and has not left for a while; or "".

    What is there in one moment may be a query that is just being answered: the call has to stay the same.
    """
    calls, end = running_in(is_students), time.monotonic() + STAYS
    while calls and time.monotonic() < end:
        time.sleep(STAYS / 10)
        now = running_in(is_students)
        calls = {call: now[call] for call in calls if call in now}
    return next(iter(calls.values()), "")


def running_in(is_students: Callable[[str], bool]) -> dict[FrameType, str]:
    """Return each call by which a thread has come to the student's code, with the `file:line` where it is now.

    A thread that the student's own code has started may run for ever: it is a heart that beats.
    """
    found = {}
    for frame in sys._current_frames().values():
        students = list(students_frames(frame, is_students))
        if students and not is_students(target_of(frame)):
            found[students[-1]] = f"{students[0].f_code.co_filename}:{students[0].f_lineno}"
    return found


def target_of(frame: FrameType) -> str:
    """Return the file with the function that a thread was started with."""
    file = ""
    while frame is not None:
        file = file if frame.f_code.co_filename == threading.__file__ else frame.f_code.co_filename
        frame = frame.f_back
    return file


def students_frames(frame: FrameType | None, is_students: Callable[[str], bool]) -> Iterator[FrameType]:
    """Yield the calls of the student's code, the innermost first."""
    while frame is not None:
        if is_students(frame.f_code.co_filename):
            yield frame
        frame = frame.f_back
