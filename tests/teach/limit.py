"""A limit for code that does not come back: an endless loop in the student's files gets a message."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SECONDS = 15.0  # for one check
PATIENT = 120.0  # until even a slow machine is given up, with none of the student's code running
TICK = 0.2  # between two looks at the clock
LONG = 60.0  # for one that starts a server, a browser or another Python


@dataclass(eq=False)
class Body:
    """What runs under a limit; at the time `due` somebody looks after it."""

    seconds: float
    told: Callable[[str], None]
    is_students: Callable[[str], bool]
    began: float
    due: float


bodies: list[Body] = []
watchman: threading.Thread | None = None  # one for all, as a thread for each check would take a good part of its time


@contextmanager
def limit(seconds: float, told: Callable[[str], None], is_students: Callable[[str], bool]) -> Iterator[None]:
    """Run the body; if it takes longer, `told(where)` is called from another thread and the process ends, code 1.

    Python cannot stop a thread that loops, so ending the process is the only way. `where` is `file:line`, or "".
    """
    global watchman
    if not watchman:
        watchman = threading.Thread(target=watch, daemon=True)
        watchman.start()
    now = time.monotonic()
    body = Body(seconds, told, is_students, now, now + seconds)
    bodies.append(body)
    try:
        yield
    finally:
        bodies.remove(body)


def watch() -> None:
    while True:
        time.sleep(TICK)
        for body in list(bodies):
            now = time.monotonic()
            if now < body.due or body not in bodies:
                continue
            body.due = now + body.seconds
            place = running_in(body.is_students)
            if place or now - body.began > PATIENT:  # a slow machine alone is no endless loop
                body.told(place)
                sys.stdout.flush()
                os._exit(1)


def running_in(is_students: Callable[[str], bool]) -> str:
    """Return `file:line` of the student's code that some thread is running at this moment; "" if none is.

    A thread that the student's own code has started may run for ever: it is a heart that beats.
    """
    for frame in sys._current_frames().values():
        if not is_students(target_of(frame)) and (place := students_frame(frame, is_students)):
            return place
    return ""


def target_of(frame: FrameType) -> str:
    """Return the file with the function that a thread was started with."""
    file = ""
    while frame is not None:
        file = file if frame.f_code.co_filename == threading.__file__ else frame.f_code.co_filename
        frame = frame.f_back
    return file


def students_frame(frame: FrameType | None, is_students: Callable[[str], bool]) -> str:
    while frame is not None:
        if is_students(frame.f_code.co_filename):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
