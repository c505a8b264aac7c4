"""`make work`: the student's map, with the way back to all that is saved."""

from ..content.disk import lessons_on_disk
from ..content.lesson import Lesson
from ..errors import CourseError
from ..repository import databases
from ..repository.git import Git
from ..repository.save import refuse_if_unfinished, repository, save, switch


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
    databases.refuse_if_in_use(git, branch)
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
