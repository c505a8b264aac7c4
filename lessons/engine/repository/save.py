"""The student's work is saved, before any command moves to another lesson or stage.

The order is what makes it safe: a commit of everything that is there, then a branch that names it, and only then does
git touch a file. Killed at any moment, the work is in the work tree or on a branch, or both.
"""

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from ..content.disk import marker
from ..content.lesson import Lesson
from ..content.stages import MARKER, Files, is_app_path
from ..errors import CourseError
from ..paths import ROOT
from . import databases
from .git import Git, GitError
from .recovery import recorded_move, undo_unfinished_move
from .tags import TRAILER, course_commit

UNFINISHED = {
    "MERGE_HEAD": "a merge (finish it, or: git merge --abort)",
    "rebase-merge": "a rebase (finish it, or: git rebase --abort)",
    "rebase-apply": "a rebase (finish it, or: git rebase --abort)",
    "CHERRY_PICK_HEAD": "a cherry-pick (finish it, or: git cherry-pick --abort)",
    "REVERT_HEAD": "a revert (finish it, or: git revert --abort)",
    "index.lock": "another git command, or one that was killed (if none is running, delete .git/index.lock)",
}


def lesson_of_number(command: str, n: str, lessons: list[Lesson]) -> Lesson:
    """Return the lesson of number `n`, typed behind a command such as `start N`. Raises CourseError with the list."""
    if not (n.isascii() and n.isdecimal()) or int(n) >= len(lessons):
        table = "\n".join(f"  make {command}={lesson.number}   {lesson.title}" for lesson in lessons)
        raise CourseError(f"{command.split()[0]}: which lesson?\n{table}")
    return lessons[int(n)]


def repository() -> Git:
    git = Git(ROOT)
    if not git.is_repository():
        git.run("--version")  # says so itself, if git is missing
        if (ROOT / ".git").exists():
            git.run("log", "-1")  # says itself what is wrong, such as a folder that belongs to another user
        raise CourseError(
            "This folder is no git repository of its own. Get the course with git clone, not as a ZIP file."
        )
    return git


def refuse_if_unfinished(git: Git) -> None:
    paths = git.run("rev-parse", *(word for name in UNFINISHED for word in ("--git-path", name))).split("\n")
    for path, what in zip(paths, UNFINISHED.values(), strict=True):
        if (ROOT / path).exists():
            raise CourseError(f"Git is in the middle of {what}. Nothing was moved.")
    if git.run("ls-files", "--unmerged"):
        raise CourseError("Some files have conflicts that are not solved (see: git status). Nothing was moved.")
    if branch_commit(git, "work"):
        raise CourseError(
            "A branch is named work, and git then allows none named work/... Rename it: git branch -m work mine\n"
            "Nothing was moved."
        )


def branch_commit(git: Git, branch: str) -> str:
    """Return the commit of a branch; "" if there is no such branch."""
    return git.run("rev-parse", "-q", "--verify", f"refs/heads/{branch}^{{commit}}", ok=(0, 1))


def stage_commit(git: Git, tag: str) -> str:
    """Return the commit of a stage's tag. Raises CourseError if there is no such tag."""
    try:
        return git.run("rev-parse", "-q", "--verify", f"refs/tags/{tag}^{{commit}}")
    except GitError:
        raise CourseError(f"There is no tag {tag}. Make the tags on main: git switch main, then make stages.") from None


def first_commit(git: Git, lesson: Lesson) -> str:
    """Write the commit with which a lesson begins: the stage before, with the marker moved on."""
    stage = stage_commit(git, f"stage-{max(lesson.number - 1, 0):02}")
    files: Files = {MARKER: f"{lesson.number}\n"}
    if lesson.number == 0:  # nothing is there yet: no app files
        paths = git.run("ls-tree", "-r", "-z", "--name-only", stage).split("\0")
        files |= {path: None for path in paths if is_app_path(path)}
    message = f"Begin lesson {lesson.number}: {lesson.title}\n\n{TRAILER}: {course_commit(git, stage) or stage}\n"
    return commit(git, git.write_tree(stage, files), [stage] if lesson.number else [], message)


def commit(git: Git, tree: str, parents: list[str], message: str) -> str:
    """Write a commit object, also where git has no identity to put into it; return its hash."""
    name = git.run("config", "user.name", ok=(0, 1)) or "Student"
    mail = git.run("config", "user.email", ok=(0, 1)) or "student@localhost"
    who = re.sub(r"[<>\n]", "", f"{name}\0{mail}").replace("\0", " <") + f"> {int(time.time())} +0000"
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {who}", f"committer {who}"]
    return git.write("commit", "\n".join(lines) + f"\n\n{message}")


def save(git: Git, lessons: list[Lesson]) -> str:
    """Commit everything that is there to a branch and stand on it; return the branch, "" if nothing was new.

    A work branch just grows. From a stage's tag the branch is that lesson's; from main it is work/from-main, so that
    `make start` still begins lesson 5 where lesson 4 ends. What was staged and then changed again is kept too.
    """
    undo_unfinished_move(git)
    head = git.run("rev-parse", "HEAD")
    branch = git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)).removeprefix("refs/heads/")
    new, lasting = snapshot(git, head), ("refs/heads", "refs/tags", "refs/remotes")
    if new == head and (branch or git.run("for-each-ref", "--contains", head, *lasting)):
        return ""  # but a commit upon a tag, on no branch yet, would be gone in some weeks
    stage = "" if branch else databases.branch_or_stage(git)
    if stage and course_commit(git, head):
        branch = unused_name(git, lessons[min(marker(), len(lessons) - 1)].branch)
    elif not branch.startswith("work/"):
        branch = unused_name(git, f"work/from-{branch or 'main'}")
    git.run("update-ref", "-m", "make start: save", f"refs/heads/{branch}", new, branch_commit(git, branch))
    git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    git.run("read-tree", "HEAD")  # the index only: it now says what the commit says
    if stage:
        databases.rename(stage, branch)
    return branch


def snapshot(git: Git, head: str) -> str:
    """Return a commit upon `head` that holds the whole work tree; `head` itself if there is nothing new."""
    tree = git.run("rev-parse", f"{head}^{{tree}}")
    staged = git.run("write-tree")
    with git.spare_index() as index:
        git.run("read-tree", staged, index=index)  # not a copy: that would know, or believe, which files are unchanged
        try:
            git.run("add", "--all", index=index)
        except GitError as error:
            raise CourseError(
                f"{error}\nSo not all of your work can be saved, and nothing was moved."
                " Clear this up, then run the same command again."
            ) from None
        everything = git.run("write-tree", index=index)
    for new, what in ((staged, "what was staged"), (everything, "the work so far")):
        if new not in (tree, everything if what == "what was staged" else ""):
            head, tree = commit(git, new, [head], f"Save {what}\n"), new
    return head


def unused_name(git: Git, branch: str) -> str:
    """Return the branch's name, or with -2, -3 ... behind it, so that it is nobody's yet."""
    names = (branch if number == 1 else f"{branch}-{number}" for number in range(1, 1000))
    return next(name for name in names if not branch_commit(git, name))


def set_branch_aside(git: Git, branch: str) -> str:
    """Rename a branch, so that a new one can take its name; return its new name, "" if there was no such branch.

    The new name comes first and the old one goes last: no commit is without a name in between.
    """
    old = branch_commit(git, branch)
    if not old:
        return ""
    kept = unused_name(git, branch)
    git.run("update-ref", f"refs/heads/{kept}", old, "")
    databases.rename(branch, kept)
    if git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)) == f"refs/heads/{branch}":
        git.run("symbolic-ref", "HEAD", f"refs/heads/{kept}")
    git.run("update-ref", "-d", f"refs/heads/{branch}", old)
    return kept


def switch(git: Git, branch: str, to: str = "") -> None:
    """Check the branch out, or set it to the commit `to`, too.

    Everything is saved; an ignored file in the way makes git refuse, not overwrite.
    """
    try:
        with databases.moving_to(git, branch):
            with recorded_move(git, to or branch):
                git.run("checkout", "-q", "--no-overwrite-ignore", *(["-B", branch, to] if to else [branch]), "--")
            remove_stale_caches()
    except GitError as error:
        raise CourseError(
            f"{error}\nYour work is safe where it is. Clear this up, then run the same command again."
        ) from None
    if left := git.run("diff", "--name-only", "--ignore-submodules", "HEAD"):  # git says nothing of those
        print(f"These files could not be changed. Does another program hold them?\n{left}")
        print("Your work is saved on the branch you come from. Close that program, then: git restore .")


def remove_stale_caches() -> None:
    """Remove Python's caches of files that are gone, and empty folders: either would keep `chat` a package."""
    tops = [ROOT / top for top in ("mywebsite", "chat") if not (ROOT / top).is_symlink()]  # a link leads elsewhere
    for folder in [Path(path) for top in tops for path, _, _ in os.walk(top, topdown=False)]:
        for compiled in folder.glob("*.pyc") if folder.name == "__pycache__" else []:
            if not (folder.parent / f"{compiled.name.split('.')[0]}.py").exists():
                compiled.unlink(missing_ok=True)
        with suppress(OSError):  # it is not empty
            folder.rmdir()
