"""A database for each branch. db.sqlite3 at the top is that of the branch you are on; .course/databases has the others.

A file there has the name of its branch, or of the stage that you look at; `current` says whose the one at the top is.
Each step is one rename: killed between two, nothing is gone, and the next command puts the right one in place. A
database that belongs to none of them gets a name with ~ and a number. Nothing is ever deleted or overwritten.
"""

import ast
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from ..content.stages import MARKER, is_app_path
from ..errors import CourseError
from ..paths import ROOT
from .git import Git, GitError
from .sqlite_file import applied, copy, is_database, move, refuse_if_used, sidecars

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
            settle_in(git)


def ready(git: Git, target: str = "") -> None:
    """Look whether db.sqlite3 can be put away, before anything moves to `target`. Raises CourseError."""
    if not TOP.exists() or is_left_alone(git):
        return
    try:
        with lock():
            find_owner(git, place(git))
            if TOP.exists() and current() != target:
                refuse_if_used(TOP)
    except CourseError as error:
        raise CourseError(f"{error}\nNothing was moved.") from None


@contextmanager
def changed(git: Git, target: str) -> Iterator[None]:
    """Put db.sqlite3 away, let git move to a branch or commit, and bring the database of where we are then."""
    with lock():
        if TOP.exists() and not is_left_alone(git):
            find_owner(git, place(git))
            if TOP.exists() and current() != place(git, target):
                put_away(current())
        try:
            yield
        except BaseException:
            with suppress(CourseError, OSError):  # the next command does it
                settle_in(git)
            raise
        try:
            settle_in(git)
        except CourseError as error:
            raise CourseError(f"You are on {place(git)} now, but its database is not in place yet. {error}") from None


def renamed(old: str, new: str) -> None:
    """The branch or stage `old` is called `new` from now on: its database goes with it."""
    if old not in owners():
        return
    with lock():
        if stored(old).exists():
            keep_aside(new)
            move(stored(old), stored(new))
        if current() == old:
            write_current(new)


def forget(whose: str) -> None:
    """A new branch gets this name. The database of an old one is kept under another."""
    if whose not in owners():
        return
    with lock():
        keep_aside(whose)
        if TOP.exists() and current() == whose:
            put_away(f"{whose}~")


def begin_anew(git: Git) -> None:
    """Put the database aside, so that the next `migrate` makes a new one."""
    with lock():
        settle_in(git)
        if is_left_alone(git):
            raise CourseError("run: db.sqlite3 is under git, or is not a database file. So FRESH=1 leaves it alone.")
        if TOP.exists():
            print(f"Your database so far is kept: {put_away(f'{place(git)}~')}")
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


def settle_in(git: Git) -> None:
    """Put away what is not ours at the top, and bring what is."""
    here, told = place(git), ""
    if not is_left_alone(git):
        find_owner(git, here)
        came_from = current()
        if TOP.exists() and came_from != here:
            put_away(came_from)
        if not TOP.exists():
            write_current(here)
            told = arrive(git, here, came_from)
            if not told and came_from not in ("", here) and stored(came_from).exists():
                told = f"{here} has a database of its own, which is new. That of {came_from} is kept until you go back."
    write_current(here)
    if told:
        print(told)


def place(git: Git, target: str = "") -> str:
    """Return the name of where you are, or of a branch or commit: that of the branch, or of the stage."""
    head = git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1)) if not target else f"refs/heads/{target}"
    branch = head.removeprefix("refs/heads/")
    if branch and (not target or git.run("rev-parse", "-q", "--verify", head, ok=(0, 1))):
        return f"heads/{branch}" if STAGE.fullmatch(branch) else branch
    number = git.run("cat-file", "blob", f"{target or 'HEAD'}:{MARKER}", ok=(0, 128)).strip()
    return f"stage-{number:0>2}"


def is_left_alone(git: Git) -> bool:
    """Tell whether db.sqlite3 is a matter of the student's: under git, a link, a folder, or no database at all.

    An empty file, as SQLite makes one for whoever only looks, is none yet.
    """
    if TOP.is_file() and not TOP.is_symlink() and not TOP.stat().st_size and not sidecars(TOP):
        with suppress(OSError):
            TOP.unlink()
    return bool(os.path.lexists(TOP) and not is_database(TOP)) or bool(git.run("ls-files", "--", TOP.name))


def find_owner(git: Git, here: str) -> None:
    """See to it that `current` says whose the database at the top is; one that nobody misses is kept aside."""
    whose, waits = current(), stored(here).exists()
    if not TOP.exists() or (whose == here and not waits):
        return
    if whose == here:  # a command was killed, and then somebody made a new one
        print(f"A new database was made while that of {here} was put away. It is kept: {put_away(f'{here}~')}")
    elif not whose:  # from before there was a database for each branch
        if not waits and not unknown(TOP):
            write_current(here)
        else:
            print(f"The database that was here has migrations of another stage. It is kept: {put_away(f'{EARLIER}~')}")
    elif not unknown(TOP) and ((tree := migrations_of(git, whose)) is None or unknown(TOP, tree.__contains__)):
        if waits:
            print(f"The database of {whose} was migrated here, and is kept: {put_away(f'{whose}~')}")
        else:  # its branch has another name now; or `migrate` was called by hand after `git switch`
            write_current(here)
            print(f"db.sqlite3, so far the database of {whose}, is that of {here} now.")


def put_away(whose: str) -> str:
    """Move db.sqlite3 to where it waits; return the name it has there. One that ends with ~ gets a number."""
    place = stored(whose)
    if whose.endswith("~") or place.exists():
        place = free_place(whose.removesuffix("~"))
    move(TOP, place)
    return place.relative_to(ROOT).as_posix()


def keep_aside(whose: str) -> None:
    """Give the database of a branch that is no more another name."""
    if stored(whose).exists():
        move(stored(whose), free_place(whose))


def arrive(git: Git, here: str, came_from: str) -> str:
    """Bring the database of `here`, or a copy of one that fits; return what to tell."""
    for beside in sidecars(TOP):  # of a database that is gone: it would spoil this one
        beside.rename(free_place(beside.name))
    if stored(here).exists():
        move(stored(here), TOP)
        return f"db.sqlite3 is the database of {here} again."
    there = [whose for whose in sources(here, came_from) if stored(whose).exists()]
    for whose in there:
        if fits(git, whose):
            copy(stored(whose), TOP)
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


def fits(git: Git, whose: str) -> bool:
    """Tell whether a database has the migrations that are here, and no others, and made by the same code."""
    paths, tree = applied(stored(whose)), migrations_of(git, whose) or {}
    for path in paths or []:
        if path in tree and meaning(git.output("cat-file", "blob", tree[path])) != meaning(read(ROOT / path)):
            return False
    return paths is not None and not unknown(stored(whose))


def unknown(database: Path, is_known: Callable[[str], bool] = lambda path: (ROOT / path).exists()) -> list[str]:
    """Return the migrations of the chat that a database has and the code has not; those of Django are always there."""
    return [path for path in applied(database) or [] if is_app_path(path) and not is_known(path)]


def migrations_of(git: Git, whose: str) -> dict[str, str] | None:
    """Return the files of a branch's or stage's migrations, with their blobs; None if there is no such branch."""
    name = f"refs/tags/{whose}" if STAGE.fullmatch(whose) else f"refs/heads/{whose.removeprefix('heads/')}"
    try:
        lines = [] if "~" in whose else git.run("ls-tree", "-r", "-z", f"{name}^{{commit}}").split("\0")
    except GitError:
        return None
    entries = (line.split("\t", 1) for line in lines if "/migrations/" in line)
    return {path: head.split()[2] for head, path in entries}


def meaning(code: bytes) -> str | bytes:
    """Return what Python makes of a file, without its comments; the file itself if it is no Python."""
    try:
        return ast.dump(ast.parse(code))
    except (SyntaxError, ValueError):
        return code


def read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def stored(whose: str) -> Path:
    """Return the place where a database waits: work+08-history.sqlite3 for work/08-history."""
    name = quote(whose.encode("utf-8", "surrogateescape"), safe="").replace("%2F", "+")
    return STORE / f"{name}.sqlite3"


def free_place(whose: str) -> Path:
    return next(place for number in range(1, 1000) if not (place := stored(f"{whose}~{number}")).exists())


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
