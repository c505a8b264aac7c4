"""The student's map: on to the next lesson, a look at a finished stage, and the way back to all that is saved."""

import os
import sys

from ..content.disk import lessons_on_disk, marker
from ..content.lesson import Lesson
from ..errors import CourseError
from ..process import run_in_foreground
from ..repository import databases
from ..repository.git import Git
from ..repository.save import refuse_if_unfinished, repository, save, stage_commit, switch, the_lesson
from ..repository.tags import course_commit
from .start import start

DRILL = "work/drill-"


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
        databases.ready(git, lessons[number + 1].branch)
    if run_in_foreground([sys.executable, "-m", "lessons", "test"], dict(os.environ)):
        onward = f"\nTo go on all the same: make start N={number + 1}" if number + 1 < len(lessons) else ""
        raise CourseError(f"Lesson {number} is not finished: above is what is missing. Nothing was moved.{onward}")
    if number + 1 < len(lessons):
        start(str(number + 1))
    return 0


def show(n: str) -> None:
    """`make show N=4`: save what is there, then look at the finished stage 4."""
    git, lessons = repository(), lessons_on_disk()
    lesson = the_lesson("show N", n, lessons)
    refuse_if_unfinished(git)
    databases.ready(git, lesson.tag)
    finished = stage_commit(git, lesson.tag)
    if saved := save(git, lessons):
        print(f"Your work is saved on the branch {saved}.")
    back = way_back(current_branch(git), lessons)
    switch(git, finished)
    print(f"This is the finished stage {lesson.number}: {lesson.title}. Run it, read it, try things out.")
    print(f"Back to where you were: {back}")


def work(to: str) -> None:
    """`make work`: list the branches with saved work, newest first; `TO=` a branch saves, then goes back to it."""
    git, lessons = repository(), lessons_on_disk()
    branches = saved_branches(git)
    if to:
        return go_back(git, lessons, f"work/{to.removeprefix('work/')}", list(branches))
    here, have_database = current_branch(git), databases.owners()
    if not branches:
        print("Nothing is saved so far: no lesson has been begun. Begin with: make start N=0")
    for branch, when in branches.items():
        print(
            f"{branch:<28} last saved {when}{', with a database' if branch in have_database else ''}"
            f"{', you are here' if branch == here else ''}"
        )
        if branch != here:
            print(f"    back to it: {way_back(branch, lessons)}")
    if unsaved := git.run("status", "--porcelain", "-z", "--no-renames").count("\0"):
        print(f"Changed here and not saved yet: {unsaved}. Every move saves first.")
    if branches:
        example = here if here in branches else next(iter(branches))
        print(f"Every save is kept. See them all: git log -p {example}")
        print(f"A file as it was before the last one: git show {example}~:chat/consumers.py")


def go_back(git: Git, lessons: list[Lesson], branch: str, branches: list[str]) -> None:
    if branch not in branches:
        raise CourseError(f"work: there is no branch {branch}. Yours are: {', '.join(branches) or 'none so far'}")
    refuse_if_unfinished(git)
    databases.ready(git, branch)
    if saved := save(git, lessons):
        print(f"Your work is saved on the branch {saved}.")
    switch(git, branch)
    print(f"You are on the branch {branch}, where you left it.")


def current_branch(git: Git) -> str:
    """Return the name of the branch; "" where HEAD is detached, as on a stage's tag."""
    return git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)).removeprefix("refs/heads/")


def saved_branches(git: Git) -> dict[str, str]:
    """Return each work branch with the time of its last save in words, the newest first."""
    form = "--format=%(refname:lstrip=2)%00%(committerdate:relative)"
    lines = git.run("for-each-ref", "--sort=-committerdate", form, "refs/heads/work").splitlines()
    return dict(line.split("\0") for line in lines)


def way_back(branch: str, lessons: list[Lesson]) -> str:
    """Return the command that leads to a branch of the student's, or to main."""
    if not branch:
        return "make work lists your branches"
    if not branch.startswith("work/"):
        return f"git switch {branch}"
    numbers = {lesson.branch: lesson.number for lesson in lessons}
    return f"make start N={numbers[branch]}" if branch in numbers else f"make work TO={branch.removeprefix('work/')}"
