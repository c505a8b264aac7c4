"""What shows in a terminal that the checks are at work: how long they may take, and a line that is drawn anew.

    37 of 149 checks, 12 s, stage 4

Into a pipe nothing of this is written.
"""

import json
import sys
import time
from contextlib import suppress

from lessons.engine.harness import project

TIMES = project.ROOT / ".course" / "seconds.json"  # {how many checks: seconds that they took the last time}
MANY = 20  # checks with a server or a browser, from which on it is a matter of minutes

drawn = False


class Progress:
    """The line of one run; it began when this was made."""

    def __init__(self, terminal: bool) -> None:
        self.terminal, self.began = terminal, time.monotonic()
        self.number = 0  # of checks that will run

    def begin(self, number: int, slow: int) -> None:
        """Say how long it may take to run so many checks, `slow` of them with a server or a browser."""
        self.number = number
        if not self.terminal or number < 2:
            return
        seconds = last_time().get(str(number))
        first = "The first time, this may take one to three minutes." if slow > MANY else "This may take a minute."
        print(f"{number} checks. {f'The last time they took {seconds} s.' if seconds else first}", flush=True)

    def draw(self, done: int, stage: int) -> None:
        """Show how far it is. The next line that is printed takes the place of this one."""
        global drawn
        if self.terminal and self.number > 1:
            clear()
            seconds = time.monotonic() - self.began
            print(f"{done} of {self.number} checks, {seconds:.0f} s, stage {stage}", end="", flush=True)
            drawn = True

    def remember(self) -> None:
        """Keep how long it took, for the next time."""
        with suppress(OSError):  # a folder that cannot be written to is no reason to say nothing
            TIMES.parent.mkdir(exist_ok=True)
            times = {**last_time(), str(self.number): round(time.monotonic() - self.began)}
            TIMES.write_text(json.dumps(times), encoding="utf-8")


def last_time() -> dict[str, int]:
    with suppress(OSError, ValueError):
        return json.loads(TIMES.read_text(encoding="utf-8"))
    return {}


def clear() -> None:
    """Take the line away, if there is one."""
    global drawn
    if drawn:
        drawn = False
        sys.stdout.write("\r\033[K")
