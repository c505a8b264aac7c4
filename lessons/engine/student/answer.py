"""`make answer`: the whole file's difference to the finished stage, for the failure that `make test` told last."""

import sys

from ..errors import CourseError
from .hint import difference, last_failure


def answer(yes: str) -> int:
    """Show the difference between the student's file and the finished stage's, after asking."""
    failure = last_failure()
    lines = list(difference(failure["file"]))
    if not lines:
        print(f"{failure['file'] or 'This file'} is as the finished stage has it. The fault is elsewhere.")
        return 1
    if not yes and not agreed():
        print("Good. make hint says a little more, and not everything.")
        return 0
    print(f"From your {failure['file']} to the finished one (- goes, + comes):")
    print("\n".join(lines))
    return 0


def agreed() -> bool:
    if not sys.stdin.isatty():
        raise CourseError("answer: this shows the solution. If that is what you want: make answer YES=1")
    return input("This shows the solution. Go on? [y/N] ").strip().lower() in ("y", "yes")
