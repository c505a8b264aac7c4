"""Which migrations of the chat a database has, and whether the code of a branch or stage has the same."""

import ast
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..content.stages import is_app_path
from ..paths import ROOT
from .git import Git, GitError
from .sqlite_file import applied


def has_same_migrations(git: Git, database: Path, ref: str) -> bool:
    """Tell whether the database of a branch or stage has the migrations that are here, no others, by the same code."""
    paths, tree = applied(database), migrations_of(git, ref) or {}
    for path in paths or []:
        theirs = git.output("cat-file", "blob", tree[path]) if path in tree else None
        if theirs is not None and without_comments(theirs) != without_comments(read(ROOT / path)):
            return False
    return paths is not None and not unknown(database)


def unknown(database: Path, is_known: Callable[[str], bool] = lambda path: (ROOT / path).exists()) -> list[str]:
    """Return the migrations of the chat that a database has and the code has not; those of Django are always there."""
    return [path for path in applied(database) or [] if is_app_path(path) and not is_known(path)]


def migrations_of(git: Git, ref: str) -> dict[str, str] | None:
    """Return the files of a branch's or stage's migrations, with their blobs; None if there is no such branch."""
    try:
        lines = git.run("ls-tree", "-r", "-z", f"{ref}^{{commit}}").split("\0") if ref else []
    except GitError:
        return None
    entries = (line.split("\t", 1) for line in lines if "/migrations/" in line)
    return {path: head.split()[2] for head, path in entries}


def without_comments(code: bytes) -> str | bytes:
    """Return what Python makes of a file, without its comments; the file itself if it is no Python."""
    try:
        return ast.dump(ast.parse(code))
    except (SyntaxError, ValueError):
        return code


def read(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""
