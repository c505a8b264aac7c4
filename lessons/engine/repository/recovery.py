"""A move that stopped half-way, killed or for want of space, is taken back before anything else is done.

Git changes the files first, then its index, then HEAD. Stopped among the files, it leaves some that are the other
lesson's already, and the next save would take the mixture for the student's work. So a note of the move is kept until
it is done, and every file that is just what the move made of it becomes again what it was. All of that is on a branch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..paths import ROOT
from .git import Git, GitError

NOTE = "course-move"
Sides = tuple[str, str]  # of one path: its blob before the move, and after it; "" is none


@contextmanager
def recorded_move(git: Git, target: str) -> Iterator[None]:
    """Keep a note of the move from HEAD to `target` until it is done, or git has refused it."""
    old, new = git.run("rev-parse", "HEAD", f"{target}^{{commit}}").split("\n")
    note = note_path(git)
    if not any(read(path) is not None for path, (before, _) in changes(git, old, new).items() if not before):
        note.write_text(f"{old} {new}\n")  # else git refuses: what is in the way is ignored, and no part of the move
    try:
        yield
    except GitError:
        with suppress(GitError, OSError):  # on a full disk, say: then the next command does it
            undo_unfinished_move(git)
        raise
    note.unlink(missing_ok=True)


def undo_unfinished_move(git: Git) -> None:
    """Take back a move that was not done, if there is a note of one, and say so. Killed, it can be called again."""
    note, changed = note_path(git), {}
    with suppress(OSError, ValueError, GitError):  # no note; half a note, from before the move; a commit that is gone
        old, new = note.read_text().split()
        changed = changes(git, old, new) if git.run("rev-parse", "HEAD") == old else {}
    half = [path for path, sides in changed.items() if is_partial(git, read(path), sides)]
    for path in half:
        (ROOT / path).unlink()
        with suppress(OSError):  # the first folder that is not empty
            os.removedirs((ROOT / path).parent)
    if missing := [path for path, (before, _) in changed.items() if before and can_be_created(path)]:
        with git.spare_index() as index:
            git.run("read-tree", old, index=index)
            data = "".join(f"{path}\0" for path in missing).encode("utf-8", "surrogateescape")
            git.run("checkout-index", "-z", "--stdin", data=data, index=index)
    if changed and git.run("write-tree") == git.run("rev-parse", f"{new}^{{tree}}"):
        git.run("read-tree", old)
    if half or missing:
        print("The last command was stopped while it changed your files. They are again as they were before.")
    note.unlink(missing_ok=True)


def note_path(git: Git) -> Path:
    return ROOT / git.run("rev-parse", "--git-path", NOTE)


def changes(git: Git, old: str, new: str) -> dict[str, Sides]:
    """Return the files and links in which two commits differ; a repository inside is no file."""
    words = git.run("diff-tree", "-r", "-z", "--no-renames", old, new).split("\0")
    found = {}
    for head, path in zip(words[::2], words[1::2], strict=False):
        old_mode, new_mode, before, after, _ = head[1:].split(" ")
        is_file = [mode.startswith("1") and mode != "160000" for mode in (old_mode, new_mode)]
        found[path] = (before if is_file[0] else "", after if is_file[1] else "")
    return found


def read(path: str) -> bytes | None:
    """Return what a file or link holds; None where there is none, none to read, or one that a link leads to."""
    place = ROOT / path
    if any((ROOT / above).is_symlink() for above in Path(path).parents):
        return None
    with suppress(OSError):
        return os.fsencode(os.readlink(place)) if place.is_symlink() else place.read_bytes()
    return None


def is_partial(git: Git, data: bytes | None, sides: Sides) -> bool:
    """Tell whether a file is what the move made of it, or a part of that, or of what taking it back makes."""
    if data is None:
        return False
    before, after = (git.output("cat-file", "blob", blob) if blob else None for blob in sides)
    return data != before and any(whole is not None and whole.startswith(data) for whole in (before, after))


def can_be_created(path: str) -> bool:
    """Tell whether nothing is there, and only folders above it."""
    above = [ROOT / each for each in Path(path).parents]
    folders = all(each.is_dir() and not each.is_symlink() for each in above if os.path.lexists(each))
    return folders and not os.path.lexists(ROOT / path)
