"""A database for each branch. db.sqlite3 at the top is that of the branch you are on; .course/databases has the others.

A file there has the name of its branch, or of the stage that you look at; `current` says whose the one at the top is.
Each step is one rename: killed between two, nothing is gone, and the next command puts the right one in place. A
database that belongs to none of them gets a name with ~ and a number. Nothing is ever deleted or overwritten.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from ..content.stages import MARKER
from ..errors import CourseError
from ..paths import ROOT
from .git import Git
from .migrations import has_same_migrations, migrations_of, unknown
from .sqlite_file import copy, is_database, move, refuse_if_used, sidecars

TOP = ROOT / "db.sqlite3"
STORE = ROOT / ".course" / "databases"
CURRENT = STORE / "current"
EARLIER = "earlier"  # the name of a database of which nobody knows whose it was
STAGE = re.compile(r"stage-\d\d")


def sync(git: Git) -> None:
    """Let db.sqlite3 be the database of where you are, also after a `git switch` by hand.

    Raises CourseError if another program uses the one that is there.
    """
    if git.is_repository():
        with lock():
            swap_in(git)


def refuse_if_in_use(git: Git, target: str = "") -> None:
    """Look whether db.sqlite3 can be put away, before anything moves to `target`. Raises CourseError."""
    if not TOP.exists() or is_students_own(git):
        return
    try:
        with lock():
            settle_owner(git, branch_or_stage(git))
            if TOP.exists() and current() != target:
                refuse_if_used(TOP)
    except CourseError as error:
        raise CourseError(f"{error}\nNothing was moved.") from None


@contextmanager
def moving_to(git: Git, target: str) -> Iterator[None]:
    """Put db.sqlite3 away, let git move to a branch or commit, and bring the database of where we are then."""
    with lock():
        if TOP.exists() and not is_students_own(git):
            settle_owner(git, branch_or_stage(git))
            if TOP.exists() and current() != branch_or_stage(git, target):
                store(current())
        try:
            yield
        except BaseException:
            with suppress(CourseError, OSError):  # the next command does it
                swap_in(git)
            raise
        try:
            swap_in(git)
        except CourseError as error:
            raise CourseError(
                f"You are on {branch_or_stage(git)} now, but its database is not in place yet. {error}"
            ) from None


def rename(old: str, new: str) -> None:
    """The branch or stage `old` is called `new` from now on: its database goes with it."""
    if old not in owners():
        return
    with lock():
        if stored_path(old).exists():
            rename_stored(new)
            move(stored_path(old), stored_path(new))
        if current() == old:
            write_current(new)


def release_name(whose: str) -> None:
    """A new branch gets this name. The database of an old one is kept under another."""
    if whose not in owners():
        return
    with lock():
        rename_stored(whose)
        if TOP.exists() and current() == whose:
            store(f"{whose}~")


def start_fresh(git: Git) -> None:
    """Put the database aside, so that the next `migrate` makes a new one."""
    with lock():
        swap_in(git)
        if is_students_own(git):
            raise CourseError("run: db.sqlite3 is under git, or is not a database file. So FRESH=1 leaves it alone.")
        if TOP.exists():
            print(f"Your database so far is kept: {store(f'{branch_or_stage(git)}~')}")
            print("To use it again, stop the server and copy it to db.sqlite3.")


def owners() -> set[str]:
    """Return the branches and stages that have a database."""
    names = (path.stem.replace("+", "/") for path in STORE.glob("*.sqlite3"))
    waiting = {unquote(name, errors="surrogateescape") for name in names}
    return waiting | ({current()} if TOP.exists() else set())


def current() -> str:
    """Return whose database is at the top; "" if that is not known."""
    with suppress(OSError, ValueError):
        return CURRENT.read_text(encoding="utf-8", errors="surrogateescape").strip()
    return ""


# How it is done, by who holds the lock


@contextmanager
def lock() -> Iterator[None]:
    """Let one command at a time move databases. The system frees the lock of a killed one."""
    try:
        STORE.mkdir(parents=True, exist_ok=True)
        if not (STORE / ".gitignore").exists():
            (STORE / ".gitignore").write_text("*\n", encoding="utf-8")  # whatever a student's own says
        file = sqlite3.connect(STORE / "lock", timeout=20, isolation_level=None)
        file.execute("BEGIN EXCLUSIVE")
    except (OSError, sqlite3.Error) as error:
        raise CourseError(f".course/databases/lock: {error}. Is another command of the course still at work?") from None
    with closing(file):
        yield


def swap_in(git: Git) -> None:
    """Put away what is not ours at the top, and bring what is."""
    here, told = branch_or_stage(git), ""
    if not is_students_own(git):
        settle_owner(git, here)
        came_from = current()
        if TOP.exists() and came_from != here:
            store(came_from)
        if not TOP.exists():
            write_current(here)
            told = restore_or_copy(git, here, came_from)
            if not told and came_from not in ("", here) and stored_path(came_from).exists():
                told = f"{here} has a database of its own, which is new. That of {came_from} is kept until you go back."
    write_current(here)
    if told:
        print(told)


def branch_or_stage(git: Git, target: str = "") -> str:
    """Return the name of where you are, or of a branch or commit: that of the branch, or of the stage."""
    head = git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)) if not target else f"refs/heads/{target}"
    branch = head.removeprefix("refs/heads/")
    if branch and (not target or git.run("rev-parse", "-q", "--verify", head, ok=(0, 1))):
        return f"heads/{branch}" if STAGE.fullmatch(branch) else branch
    number = git.run("cat-file", "blob", f"{target or 'HEAD'}:{MARKER}", ok=(0, 128)).strip()
    return f"stage-{number:0>2}"


def is_students_own(git: Git) -> bool:
    """Tell whether db.sqlite3 is a matter of the student's: under git, a link, a folder, or no database at all.

    An empty file, as SQLite makes one for whoever only looks, is none yet.
    """
    if TOP.is_file() and not TOP.is_symlink() and not TOP.stat().st_size and not sidecars(TOP):
        with suppress(OSError):
            TOP.unlink()
    return bool(os.path.lexists(TOP) and not is_database(TOP)) or bool(git.run("ls-files", "--", TOP.name))


def settle_owner(git: Git, here: str) -> None:
    """See to it that `current` says whose the database at the top is; one that nobody misses is kept aside."""
    whose, waits = current(), stored_path(here).exists()
    if not TOP.exists() or (whose == here and not waits):
        return
    if whose == here:  # a command was killed, and then somebody made a new one
        print(f"A new database was made while that of {here} was put away. It is kept: {store(f'{here}~')}")
    elif not whose:  # from before there was a database for each branch
        if not waits and not unknown(TOP):
            write_current(here)
        else:
            print(f"The database that was here has migrations of another stage. It is kept: {store(f'{EARLIER}~')}")
    elif not unknown(TOP) and ((tree := migrations_of(git, ref_of(whose))) is None or unknown(TOP, tree.__contains__)):
        if waits:
            print(f"The database of {whose} was migrated here, and is kept: {store(f'{whose}~')}")
        else:  # its branch has another name now; or `migrate` was called by hand after `git switch`
            write_current(here)
            print(f"db.sqlite3, so far the database of {whose}, is that of {here} now.")


def store(whose: str) -> str:
    """Move db.sqlite3 to where it waits; return the name it has there. One that ends with ~ gets a number."""
    place = stored_path(whose)
    if whose.endswith("~") or place.exists():
        place = unused_path(whose.removesuffix("~"))
    move(TOP, place)
    return place.relative_to(ROOT).as_posix()


def rename_stored(whose: str) -> None:
    """Give the database of a branch that is no more another name."""
    if stored_path(whose).exists():
        move(stored_path(whose), unused_path(whose))


def restore_or_copy(git: Git, here: str, came_from: str) -> str:
    """Bring the database of `here`, or a copy of one that fits; return what to tell."""
    for beside in sidecars(TOP):  # of a database that is gone: it would spoil this one
        beside.rename(unused_path(beside.name))
    if stored_path(here).exists():
        move(stored_path(here), TOP)
        return f"db.sqlite3 is the database of {here} again."
    there = [whose for whose in sources(here, came_from) if stored_path(whose).exists()]
    for whose in there:
        if has_same_migrations(git, stored_path(whose), ref_of(whose)):
            copy(stored_path(whose), TOP)
            return f"{here} begins with a copy of the database of {whose}: your users and messages are in it."
    if there:
        return f"{here} begins with a new database. That of {there[0]} has other migrations; it is kept."
    return ""


def sources(here: str, came_from: str) -> list[str]:
    """Return whose database a new one may begin with: the lesson's before; on your own branch the one you come from."""
    earlier = [f"{EARLIER}~{number}" for number in range(9, 0, -1)]
    lessons = [f"work/{path.name}" for path in sorted((ROOT / "lessons").glob("[0-9][0-9]-*"))]
    if here in lessons:
        return [*lessons[: lessons.index(here)][-1:], *earlier]
    if here.startswith("work/from-"):
        origin = here.removeprefix("work/from-")
        return [origin, re.sub(r"-\d+$", "", origin)]
    if STAGE.fullmatch(here) or here.startswith("work/drill-"):
        return []
    return earlier if here == "main" else [came_from, *earlier]


def ref_of(whose: str) -> str:
    """Return git's whole name of a branch or stage; "" for a database that belongs to none."""
    if "~" in whose:
        return ""
    return f"refs/tags/{whose}" if STAGE.fullmatch(whose) else f"refs/heads/{whose.removeprefix('heads/')}"


def stored_path(whose: str) -> Path:
    """Return the place where a database waits: work+08-history.sqlite3 for work/08-history."""
    name = quote(whose.encode("utf-8", "surrogateescape"), safe="").replace("%2F", "+")
    return STORE / f"{name}.sqlite3"


def unused_path(whose: str) -> Path:
    return next(place for number in range(1, 1000) if not (place := stored_path(f"{whose}~{number}")).exists())


def write_current(whose: str) -> None:
    """Note whose the database at the top is: all of it, or nothing."""
    if current() == whose:
        return
    new = CURRENT.with_name("current.new")
    try:
        with new.open("w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{whose}\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, CURRENT)
    except OSError as error:
        raise CourseError(f".course/databases/current cannot be written: {error}") from None
