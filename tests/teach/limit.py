"""A limit for code that does not come back: an endless loop in the student's files gets a message."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 15.0  # for one check
PATIENT = 120.0  # until even a slow machine is given up, with none of the student's code running
LONG = 60.0  # for one that starts a server, a browser or another Python


@contextmanager
def limit(seconds: float, told: Callable[[str], None], is_students: Callable[[str], bool]) -> Iterator[None]:
    """Run the body; if it takes longer, `told(where)` is called from another thread and the process ends, code 1.

    Python cannot stop a thread that loops, so ending the process is the only way. `where` is `file:line`, or "".
    """

    began, done = time.monotonic(), threading.Event()

    def watch() -> None:
        while not done.wait(seconds):
            place = running_in(is_students)
            if place or time.monotonic() - began > PATIENT:  # a slow machine alone is no endless loop
                told(place)
                sys.stdout.flush()
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def running_in(is_students: Callable[[str], bool]) -> str:
    """Return `file:line` of the student's code that some thread is running at this moment; "" if none is."""
    for frame in sys._current_frames().values():
        if place := students_frame(frame, is_students):
            return place
    return ""


def students_frame(frame: FrameType | None, is_students: Callable[[str], bool]) -> str:
    while frame is not None:
        if is_students(frame.f_code.co_filename):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
