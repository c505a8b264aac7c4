"""One SQLite database as a file: who has it open, which migrations it has, how to move and how to copy it."""

import os
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

from ..errors import CourseError

SIDECARS = ("-journal", "-wal", "-shm")
PATIENCE = 5.0  # seconds to wait for a program that is writing


def is_database(path: Path) -> bool:
    """Tell whether a path is a file of SQLite's, and not a link, a folder or something else."""
    if path.is_symlink() or not path.is_file():
        return False
    with suppress(OSError), path.open("rb") as file:
        return file.read(16) in (b"", b"SQLite format 3\0")
    return False


def sidecars(path: Path) -> list[Path]:
    """Return the files that SQLite keeps beside a database, and that are there."""
    return [beside for suffix in SIDECARS if os.path.lexists(beside := path.with_name(path.name + suffix))]


def move(old: Path, new: Path) -> None:
    """Rename a database in one step. Raises CourseError, and moves nothing, where another program uses it."""
    refuse_if_used(old)
    if os.path.lexists(new):
        raise CourseError(f"{new.name} is there already. Rename it, then run the same command again.")
    try:
        old.rename(new)
    except PermissionError:  # as on Windows
        raise CourseError(used(old, open_by(old))) from None
    except OSError as error:
        raise CourseError(f"{old.name} cannot be moved: {error}") from None


def refuse_if_used(path: Path) -> None:
    """Raise CourseError if another program has the database open. After this it is one file, with nothing beside it.

    A program that has it open would go on writing into it under its new name, with its journal under the old one, which
    then spoils the next database of that name. Opening it here takes back what a killed program left half-written.
    """
    if programs := open_by(path):
        raise CourseError(used(path, programs))
    problem = ""
    try:
        with closing(connect(path, "rw")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.Error as error:
        problem = str(error)
    if "locked" in problem:
        raise CourseError(used(path, open_by(path)))
    left = sidecars(path)
    if problem and left:
        raise CourseError(f"{path.name} cannot be read ({problem}), and {left[0].name} may belong to it.")
    if any(beside.name.endswith("-wal") for beside in left):  # the last one to close it removes that
        raise CourseError(used(path, open_by(path)))
    try:
        os.rename(path, path)  # on Windows an error, if another program has it open; elsewhere nothing
    except PermissionError:
        raise CourseError(used(path, [])) from None


def used(path: Path, programs: list[str]) -> str:
    who = f" ({', '.join(programs)})" if programs else ""
    return (
        f"Another program is using {path.name}{who}. If it is your server, stop it with Ctrl-C in its window;"
        " close any other program that shows the database. Then run the same command again."
    )


def open_by(path: Path) -> list[str]:
    """Return the other processes that have a file open, such as "process 123, python": by Linux' /proc, or by lsof."""
    real, own = os.path.realpath(path), str(os.getpid())
    if os.path.isdir("/proc/self/fd"):
        found = [pid for pid in os.listdir("/proc") if pid.isdecimal() and pid != own and has_open(pid, real)]
    elif os.name == "nt":
        return []
    else:
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(["lsof", "-t", "--", real], capture_output=True, text=True, timeout=10)
            return [f"process {pid}" for pid in done.stdout.split() if pid != own]
        return []
    return [f"process {pid}, {name_of(pid)}" for pid in found]


def has_open(pid: str, real: str) -> bool:
    with suppress(OSError):  # it has ended, or belongs to another user
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(entry.path) == real:
                    return True
    return False


def name_of(pid: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return "which has ended"


def applied(path: Path) -> list[str] | None:
    """Return the files of the migrations that a database has, such as "chat/migrations/0001_initial.py".

    None if it cannot be read.
    """
    try:
        with closing(connect(path, "ro")) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'").fetchone():
                return []
            rows = database.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    except sqlite3.Error:
        return None
    return [f"{app}/migrations/{name}.py" for app, name in rows]


def copy(old: Path, new: Path) -> None:
    """Copy a database, as it is between two transactions. `new` appears when all of it is there."""
    half = old.with_name("half.copy")
    for path in [half, *sidecars(half)]:  # of a command that was killed
        path.unlink(missing_ok=True)
    try:
        with closing(connect(old, "ro")) as source, closing(sqlite3.connect(half)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise CourseError(f"{old.name} could not be copied: {error}") from None
    half.rename(new)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
