"""`make update`: what is new in the course, from where it was cloned. Only main and the tags move.

The student's branch takes it in with `make start`, which this calls for the branch one is on.
"""

from ..content.disk import lessons_on_disk
from ..errors import CourseError
from ..repository.git import Git, GitError
from ..repository.save import branch_commit, refuse_if_unfinished, repository, switch
from ..repository.tags import ensure_tags, read_tags
from .start import start

MAIN = "main"
NEW = 10  # so many subjects of new commits are shown


def update() -> None:
    """Fetch the course, move main and the tags forward, then take up the lesson one is at."""
    git = repository()
    refuse_if_unfinished(git)
    branch = git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)).removeprefix("refs/heads/")
    if branch == MAIN and git.run("status", "--porcelain"):
        raise CourseError(
            "You stand on main and have changed files here. Begin or take up a lesson first, which saves them:"
            " make start N=0, say. Then make update."
        )
    old, new = branch_commit(git, MAIN), fetch(git)
    if old and not git.is_ancestor(old, new):
        raise CourseError(
            "Your main has commits of its own, which make update leaves alone. To keep them under another name and"
            f" follow the course again:\n  git branch -m main my-main\n  git tag -d {' '.join(read_tags(git))}\n"
            "  make update"
        )
    if old == new:
        print("The course has nothing new.")
    else:
        move_main(git, branch, old, new)
    for line in ensure_tags(git, f"refs/heads/{MAIN}"):
        print(line)
    begun = [lesson for lesson in lessons_on_disk() if branch_commit(git, lesson.branch)]
    for lesson in begun:
        if lesson.branch == branch:
            start(f"{lesson.number}")
        elif old != new:
            print(f"Your branch {lesson.branch} takes it in with: make start N={lesson.number}")


def fetch(git: Git) -> str:
    """Get the course from where it was cloned; return the commit of its main there."""
    remotes = git.run("remote").split()
    remote = git.run("config", f"branch.{MAIN}.remote", ok=(0, 1)) or "origin"
    if remote not in remotes:
        raise CourseError(
            f"This copy does not know where the course comes from: it has no remote {remote} (see: git remote -v).\n"
            f"Set it: git remote add {remote} ADDRESS"
        )
    try:
        git.run("fetch", "-q", "--no-tags", remote)
        return git.run("rev-parse", "-q", "--verify", f"refs/remotes/{remote}/{MAIN}^{{commit}}")
    except GitError as error:
        raise CourseError(f"{error}\nNothing was changed. Is there a network? Then try again: make update") from None


def move_main(git: Git, branch: str, old: str, new: str) -> None:
    """Move main forward; its files too, if one stands on it."""
    if branch == MAIN:
        switch(git, MAIN, new)
    else:
        git.run("update-ref", "-m", "make update", f"refs/heads/{MAIN}", new, old)
    subjects = git.run("log", "--no-merges", "--format=  %s", *([f"{old}..{new}"] if old else ["-1", new])).splitlines()
    print("New in the course:")
    print("\n".join(subjects[:NEW] + ([f"  and {len(subjects) - NEW} more"] if len(subjects) > NEW else [])))
