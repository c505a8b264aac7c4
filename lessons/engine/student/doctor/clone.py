"""The clone: its Python and packages, its git, and its files as git left them."""

import os
import platform
import re
import sys
from contextlib import suppress
from pathlib import Path

from ...content.disk import marker
from ...errors import CourseError
from ...paths import VENV
from ...repository.git import Git, GitError
from ...repository.save import refuse_if_unfinished
from ...repository.tags import count_lessons, course_commit, lessons_of, read_tags, write_stages
from ..environment.packages import pins
from ..environment.place import moved
from ..environment.stamps import reason_noted, requirements, wrong
from ..setup import inside_course
from .finding import CURE, NOTE, OK, Finding

OLDEST_GIT = (2, 22)  # the first whose log reads a trailer's value alone, as tags.py does


def python() -> Finding:
    what = f"Python {platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}"
    if not inside_course():
        return Finding(CURE, f"{what}, and not the course's own in .venv", "Run: deactivate. Then: make setup")
    if moved(VENV):
        return Finding(CURE, f"{what}; the scripts in .venv lead to another folder", "Run: make setup")
    if (active := os.environ.get("VIRTUAL_ENV")) and Path(active).resolve() != VENV.resolve():
        cure = "Run: deactivate. Then step into .venv, as make setup says."
        return Finding(CURE, f"{what}, in .venv; but this terminal has stepped into {active}", cure)
    if sys.version_info >= (3, 14):
        return Finding(NOTE, f"{what}, in .venv: newer than 3.13, the newest that the course is sure of")
    return Finding(OK, f"{what}, the course's own in .venv")


def packages(extra: str) -> Finding:
    """Compare what is installed with the lock, file by file."""
    file = requirements(extra)
    ill, wanted = wrong(extra, deep=True), pins(file.read_text(encoding="utf-8"))
    own = wanted.keys() - pins(requirements("core").read_text(encoding="utf-8")).keys() or wanted.keys()
    if extra != "core" and all(ill.get(name, ("", "there"))[1] == "" for name in own):
        return Finding(NOTE, f"{file.name}: not installed, and optional. To try again: make setup")
    if ill:
        words = [f"{name} {there or 'missing'} (not {pin})" for name, (pin, there) in ill.items()]
        why = f". The last try failed: {said}" if (said := reason_noted(extra)) else ""
        return Finding(
            CURE, f"{file.name}: {', '.join(words[:5])}{' ...' if words[5:] else ''}{why}", "Run: make setup"
        )
    known = ("django", "channels", "daphne", "playwright", "channels-redis")
    main = [f"{name} {wanted[name]}" for name in known if name in wanted]
    return Finding(OK, f"{file.name}: {len(wanted)} packages as they should be ({', '.join(main)})")


def git_itself(git: Git) -> Finding:
    """Git is there, new enough, and the course is a repository of its own."""
    version = git.run("--version")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_GIT:
        cure = "Get 2.22 or newer from https://git-scm.com/downloads"
        return Finding(CURE, f"{version} is too old for the stage tags", cure)
    if git.is_repository():
        return Finding(OK, f"{version}, and the course is a repository")
    if (git.root / ".git").exists():
        git.run("rev-parse", "--show-toplevel", "HEAD")  # says itself what is wrong
    cure = "Get the course with git clone, not as a ZIP file. Copy what you have typed into the clone."
    return Finding(CURE, f"{version}, but this folder is no repository of its own", cure)


def branch(git: Git) -> Finding:
    """Say where HEAD is; on the branch of a lesson, the stage marker has to be that lesson's."""
    name = git.run("symbolic-ref", "-q", "--short", "HEAD", ok=(0, 1))
    what = f"branch {name or '(none)'}, at {git.run('describe', '--tags', '--always', '--match=stage-*')}"
    if course := course_commit(git, "HEAD"):
        what += f", of the course at {course[:9]}"
    number = re.match(r"work/(\d\d)-", name)
    if number and int(number[1]) != marker(git.root):
        cure = f"Write {int(number[1])} into lessons/STAGE, and nothing else."
        return Finding(CURE, f"{what}; but lessons/STAGE says {marker(git.root)}", cure)
    return Finding(OK, what)


def work(git: Git) -> Finding:
    """Count what is not committed; no merge, rebase or lock may stand in the way of saving it."""
    try:
        refuse_if_unfinished(git)
    except CourseError as error:
        return Finding(CURE, "your work cannot be saved now:", str(error).removesuffix(" Nothing was moved."))
    changes = git.run("--no-optional-locks", "status", "--porcelain", "-z", "--no-renames", "-uall")
    if count := changes.count("\0"):
        return Finding(NOTE, f"changed or new, and not committed: {count}. make start commits that before it moves.")
    return Finding(OK, "your work is committed, all of it")


def tags(git: Git) -> Finding:
    """The stage tags are there, of this course, and those of this very commit are what its lessons make."""
    head = git.run("rev-parse", "HEAD")
    base, found = course_commit(git, head) or head, read_tags(git)
    missing = {f"stage-{number:02}" for number in range(count_lessons(git, head))} - set(found)
    others = {course for course, _ in found.values()} - {base}
    ours = {course for course in others if git.is_ancestor(course, base) or git.is_ancestor(base, course)} | {base}
    wrong = {tag for tag, (course, _) in found.items() if course not in ours}
    with suppress(GitError):  # a clone of a stage alone lacks the course's own commit
        lessons = lessons_of(git, base)
        made = {lesson.tag: own for lesson, own in zip(lessons, write_stages(git, base, lessons), strict=True)}
        wrong |= {tag for tag, (course, own) in found.items() if course == base and own != made.get(tag)}
    if missing or wrong:
        what = f"stage tags missing, moved or not of this course: {', '.join(sorted(missing | wrong))}"
        delete = f"git tag -d {' '.join(sorted(wrong))}, then " if wrong else ""
        return Finding(CURE, what, f"{delete}git switch main, then make stages")
    return Finding(OK, f"{len(found)} stage tags, all of this course and where they belong")


def line_ends(root: Path, autocrlf: str) -> Finding:
    """The course's own files have \\n, as in the repository; Windows' ends in a student's file do no harm."""
    files = [name for name in ("lessons/STAGE", "Makefile", "requirements.txt", "manage.py") if (root / name).exists()]
    windows = [name for name in files if b"\r\n" in (root / name).read_bytes()]
    setting = f"core.autocrlf is {autocrlf or 'not set'}"
    if own := [name for name in windows if name != "manage.py"]:
        cure = f"git config core.autocrlf false, then git restore {' '.join(own)} (or save them with LF in your editor)"
        return Finding(CURE, f"line ends were turned into Windows' in {', '.join(own)} ({setting})", cure)
    if windows:
        return Finding(NOTE, f"manage.py has Windows' line ends; Python does not mind ({setting})")
    return Finding(OK, f"line ends are as they should be ({setting})")


def folder(path: str) -> Finding:
    what = f"the folder is {path}"
    if cloud := re.search("OneDrive|Dropbox|iCloud|Google ?Drive", path, re.IGNORECASE):
        return Finding(NOTE, f"{what}: {cloud[0]} may hold files while git works; a folder outside of it is calmer")
    if " " in path or not path.isascii():
        return Finding(NOTE, f"{what}, with a space in it, or a letter beyond a to z: that is fine")
    return Finding(OK, what)
