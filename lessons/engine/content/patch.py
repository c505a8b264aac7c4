"""Apply a `diff` block to a file's text: strictly, each hunk in exactly one place. Pure."""

import difflib
from dataclasses import dataclass


class ChangeError(Exception):
    """`line` counts from 0 within the block."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Hunk:
    line: int  # of the block, counted from 0
    old: list[str]
    new: list[str]


def apply_change(text: str, change: str) -> str:
    """Return `text` with every hunk of `change` applied.

    A line of `change` begins with a space (context), `-` or `+`; an empty line is an empty context line; a line `@@`
    begins another hunk. Raises ChangeError when a hunk matches nowhere, twice, or above the one before it.
    """
    lines, result, done = text.removesuffix("\n").split("\n"), [], 0
    for hunk in read_hunks(change):
        start = find(lines, hunk)
        if start < done:
            raise ChangeError(hunk.line, "this hunk begins above the end of the one before it. Put them in order")
        result += lines[done:start] + hunk.new
        done = start + len(hunk.old)
    changed = "".join(line + "\n" for line in result + lines[done:])
    return changed if text.endswith("\n") else changed.removesuffix("\n")


def read_hunks(change: str) -> list[Hunk]:
    hunks = [Hunk(0, [], [])]
    for number, line in enumerate(change.removesuffix("\n").split("\n")):
        sign, rest = line[:1] or " ", line[1:]
        if line.rstrip() == "@@":
            hunks.append(Hunk(number + 1, [], []))
            continue
        if sign not in " +-":
            raise ChangeError(number, f"a line of a change begins with a space, - or +, not with {sign!r}")
        if sign in " -":
            hunks[-1].old.append(rest)
        if sign in " +":
            hunks[-1].new.append(rest)
    for hunk in hunks:
        if hunk.old == hunk.new:
            raise ChangeError(hunk.line, "this hunk changes nothing")
        if not any(line.strip() for line in hunk.old):
            raise ChangeError(hunk.line, "this hunk says nothing of where it belongs. Add a line of context")
    return hunks


def find(lines: list[str], hunk: Hunk) -> int:
    """Return the only place where the hunk's old lines stand in `lines`."""
    size = len(hunk.old)
    places = [i for i in range(len(lines) - size + 1) if lines[i : i + size] == hunk.old]
    if len(places) == 1:
        return places[0]
    if places:
        where = " and ".join(str(place + 1) for place in places)
        raise ChangeError(hunk.line, f"this hunk matches more than once, at lines {where}. Add context")
    raise ChangeError(hunk.line, f"this hunk does not match{nearest(lines, hunk)}")


def nearest(lines: list[str], hunk: Hunk) -> str:
    """Say which line of the hunk is not there, and what the file has that is most like it."""
    for wanted in hunk.old:
        if wanted not in lines:
            close = difflib.get_close_matches(wanted, lines, n=1, cutoff=0.5)
            like = f"; the nearest is line {lines.index(close[0]) + 1}: {close[0]!r}" if close else ""
            return f": there is no line {wanted!r}{like}"
    return ": each of its lines is there, but not one after the other"
