"""Commands are shown as this person types them: `make hint`, or `python -m lessons hint` on a system without make.

The course's own texts say `make`. What is printed goes through `as_typed` once, at the stream.
"""

import os
import re
import sys
from pathlib import PurePath
from typing import TextIO

TYPED = "COURSE_TYPED"  # the environment variable with which a command hands on to its children how it was called


def remember(names: list[str]) -> None:
    """Note how this command was called, for itself and its children, and print in that form from now on.

    `names` are the course's commands. GNU make sets MAKELEVEL for what it runs (its manual, "Variables/Recursion").
    """
    if TYPED not in os.environ:
        os.environ[TYPED] = "make" if "MAKELEVEL" in os.environ else f"{python_as_typed(sys.orig_argv[0])} -m lessons"
    if os.environ[TYPED] != "make":
        sys.stdout, sys.stderr = (Translated(stream, names) for stream in (sys.stdout, sys.stderr))


def python_as_typed(program: str) -> str:
    """Return the word for Python that can be typed again: systems often hand on a whole path in its place."""
    path = PurePath(program)
    return path.name.removesuffix(".exe") if path.is_absolute() else program or "python"


def as_typed(text: str, names: list[str]) -> str:
    """Return a text with each `make COMMAND` in it as this person types it."""
    return re.sub(rf"\bmake (?=(?:{'|'.join(names)})\b(?!=))", f"{os.environ[TYPED]} ", text)


class Translated:
    """A text stream that writes each text as `as_typed` returns it. In all else it is the stream it stands for."""

    def __init__(self, stream: TextIO, names: list[str]) -> None:
        self.stream, self.names = stream, names

    def write(self, text: str) -> int:
        self.stream.write(as_typed(text, self.names))
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)
