"""Every command: its name, its words, and the module that does it. `make NAME` calls `python -m lessons NAME`.

Standard library only at import time: the first call of all runs before anything is installed.
"""

import difflib
import importlib
import os
import shutil
import sys
import traceback
from dataclasses import dataclass, field

from . import typed
from .errors import CourseError
from .paths import ROOT

FULL = "The disk is full. Nothing is lost: make room, then run the same command again."

WITHOUT_PIP = {"start", "show", "work", "update", "hint", "answer", "doctor", "stages"}
"""What works with any packages that were once installed, and does not wait until they are brought up to date."""


@dataclass(frozen=True)
class Command:
    """`module:function` is called with the words as keyword arguments; `words` maps each NAME to its default."""

    group: str
    target: str
    help: str
    words: dict[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()  # requirements files beyond the core that it needs


COMMANDS = {
    "run": Command(
        "For students",
        "student.run:run",
        "serve the chat; HOST=0.0.0.0 lets the room in",
        {"HOST": "127.0.0.1", "PORT": "8000", "WORKERS": "1", "FRESH": ""},
    ),
    "redis": Command(
        "For students",
        "student.redis:serve_redis",
        "start a Redis of your own, for lesson 9",
        {"PORT": "6379"},
    ),
    "test": Command(
        "For students",
        "student.test:test",
        "check your work; STAGE=4 up to another stage, V=1 in full",
        {"STAGE": "", "V": ""},
    ),
    "watch": Command(
        "For students", "student.watch:watch", "check your work at every save, until Ctrl-C", {"STAGE": ""}
    ),
    "tab": Command(
        "For students",
        "student.tab:open_tab",
        "open one browser tab in the terminal; NAME=Ada as Ada",
        {"WHERE": "ws/lobby/", "PORT": "8000", "NAME": "", "ORIGIN": ""},
    ),
    "wire": Command(
        "For students",
        "wire.run:wire",
        "serve the chat, and draw the wire at /__wire__/; TEXT=1 prints it",
        {"HOST": "127.0.0.1", "PORT": "8000", "TEXT": ""},
    ),
    "notebooks": Command(
        "For students",
        "student.notebooks:open_notebooks",
        "open the notebooks in your browser (JupyterLab), until Ctrl-C",
        {},
        ("notebooks", "jupyterlab"),
    ),
    "start": Command(
        "For students",
        "student.start:start",
        "save your work, then begin or take up lesson N: start N=4",
        {"N": "", "AGAIN": ""},
    ),
    "next": Command("For students", "student.next:next_lesson", "begin the next lesson, if this one is green"),
    "show": Command(
        "For students", "student.show:show", "save your work, then look at finished stage N: show N=4", {"N": ""}
    ),
    "work": Command("For students", "student.work:work", "list your saved work, and the way back to each", {"TO": ""}),
    "drill": Command(
        "For students",
        "student.drill:drill",
        "a fault to find in a finished stage; REVEAL=1 tells it",
        {"STAGE": "", "SEED": "", "REVEAL": ""},
    ),
    "update": Command("For students", "student.update:update", "get what is new in the course; your work stays yours"),
    "hint": Command("For students", "student.hint:hint", "the next, stronger hint for the check that failed"),
    "answer": Command(
        "For students", "student.answer:answer", "your file beside the finished one; YES=1 does not ask", {"YES": ""}
    ),
    "doctor": Command(
        "For students",
        "student.doctor:doctor",
        "what is right and wrong here, on one page for your teacher",
        {"PORT": "8000"},
    ),
    "setup": Command(
        "For teachers", "student.setup:report", "install everything into .venv (every command does it when needed)"
    ),
    "stages": Command("For teachers", "student.stages:stages", "make the stage tags, and list them"),
    "check": Command(
        "For authors",
        "author.check.check:check",
        "prove the whole course; ONLY=lint one part, FRESH=1 all anew",
        {"ONLY": "", "FRESH": ""},
        ("notebooks", "jupyterlab", "author", "book"),
    ),
    "write": Command(
        "For authors", "author.write:write", "write the last lesson's code to the top of the course", {"FORCE": ""}
    ),
    "pictures": Command(
        "For authors",
        "author.pictures.make:pictures",
        "draw and photograph what the lessons show; STAGE=4 one",
        {"STAGE": ""},
        ("author",),
    ),
    "book": Command(
        "For authors",
        "author.book.build:book",
        "the lessons and notebooks as a site; OPEN=1 shows it",
        {"OPEN": ""},
        ("notebooks", "book"),
    ),
    "bench": Command(
        "For authors",
        "author.bench.bench:bench",
        "measure what has a figure to keep; ONLY=broadcast one part of it",
        {"ONLY": "", "TABS": ""},
    ),
    "lock": Command("For authors", "student.setup:lock", "resolve the requirements*.in files anew (needs uv)"),
}


def main(args: list[str]) -> int:
    """Run one command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may lack a character. And each line goes out at once, into a pipe too, so that what we say,
        # what we complain about, and what a process says that we start, come in the order of time.
        stream.reconfigure(errors="replace", line_buffering=True)
    typed.remember(["help", *COMMANDS])
    os.chdir(ROOT)
    try:
        return dispatch(args)
    except BrokenPipeError:  # `make stages | head`: nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (CourseError, OSError) as error:
        full = is_full(str(error))
        if not full and isinstance(error, OSError):
            raise
        print(f"{error}\n{FULL}" if full else error, file=sys.stderr)
        return 1
    except ImportError as error:
        if not from_package(error):
            raise
        print(
            f"A package of the course is missing or damaged: {error}. To install it anew: make setup", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing is lost; the same command goes on where it can.", file=sys.stderr)
        return 130


def is_full(said: str) -> bool:
    """Tell whether a disk or a quota is full, by what somebody said of it or by how much is free."""
    words = ("No space left on device", "Out of diskspace", "Disk quota exceeded", "not enough space on the disk")
    return any(word in said for word in words) or shutil.disk_usage(ROOT).free < 2**16


def from_package(error: ImportError) -> bool:
    """Tell whether a package is missing or damaged, and no file of the course or of the student."""
    top, place = (error.name or "").partition(".")[0], traceback.extract_tb(error.__traceback__)[-1].filename
    ours = any(str(folder) in place for folder in (ROOT / "lessons", ROOT / "tests", sys.prefix))
    return ours and top not in ("lessons", "tests") and not any((ROOT / form).exists() for form in (top, f"{top}.py"))


def dispatch(args: list[str]) -> int:
    if not args or args[0] in ("help", "-h", "--help"):
        print(help_text())
        return 0
    name, words = args[0], args[1:]
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        raise CourseError(
            f"There is no command {name!r}. "
            + (f"Did you mean {close[0]!r}? " if close else "")
            + "make help lists all."
        )
    command = COMMANDS[name]
    values = read_words(name, command, words)
    from .student import setup

    setup.enter(command.extras, [name, *words], waits=name not in WITHOUT_PIP)
    if name != "stages":
        from .repository.git import Git
        from .repository.tags import ensure_tags

        try:
            for line in ensure_tags(Git(ROOT)):
                print(line)
        except ImportError:  # no package at all: the doctor says so
            if name != "doctor":
                raise
    module, function = command.target.split(":")
    return getattr(importlib.import_module(f"lessons.engine.{module}"), function)(**values) or 0


def read_words(name: str, command: Command, words: list[str]) -> dict[str, str]:
    """Turn `["STAGE=4"]` into `{"stage": "4"}`, defaults filled in. Raises CourseError for a word it does not know."""
    values = dict(command.words)
    for word in words:
        key, equals, value = word.partition("=")
        if key == "PYTHON":  # make's own: which Python to begin with
            continue
        if not equals or key.upper() not in values:
            known = ", ".join(f"{key}=" for key in command.words) or "none"
            raise CourseError(
                f"{name}: {word!r} is not one of its words ({known}). Example: make {name} {example(name)}"
            )
        values[key.upper()] = value
    return {key.lower(): value for key, value in values.items()}


def example(name: str) -> str:
    return {"start": "N=4", "test": "STAGE=4", "watch": "STAGE=4", "run": "PORT=8001", "tab": "WHERE=ws/lobby/"}.get(
        name, ""
    )


def help_text() -> str:
    lines = ["make COMMAND, or on a system without make: python -m lessons COMMAND"]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines += ["", group]
        lines += [f"  {name:11}{command.help}" for name, command in COMMANDS.items() if command.group == group]
    return "\n".join(lines)
