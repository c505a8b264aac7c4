"""`make next`: on to the next lesson, once this one is green."""

import os
import sys

from ..content.disk import lessons_on_disk, marker
from ..errors import CourseError
from ..process import run_in_foreground
from ..repository import databases
from ..repository.save import refuse_if_unfinished, repository
from ..repository.tags import course_commit
from .drill import DRILL
from .start import start
from .work import current_branch


def next_lesson() -> int:
    """`make next`: begin the next lesson if this one is green; else say what is missing, and move nothing."""
    git, lessons, number = repository(), lessons_on_disk(), marker()
    if not course_commit(git, "HEAD"):
        raise CourseError(
            "next: you are on main, which is the end of the course. Begin with: make start N=0\n"
            "Or go back to what you have begun, which make work lists."
        )
    if current_branch(git).startswith(DRILL):
        raise CourseError("next: this is a drill. Another one: make drill. Back to your lessons: make work")
    refuse_if_unfinished(git)
    if number + 1 < len(lessons):
        databases.refuse_if_in_use(git, lessons[number + 1].branch)
    if run_in_foreground([sys.executable, "-m", "lessons", "test"], dict(os.environ)):
        onward = f"\nTo go on all the same: make start N={number + 1}" if number + 1 < len(lessons) else ""
        raise CourseError(f"Lesson {number} is not finished: above is what is missing. Nothing was moved.{onward}")
    if number + 1 < len(lessons):
        start(str(number + 1))
    return 0
