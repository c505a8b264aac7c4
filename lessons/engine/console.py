"""The `console` blocks of a lesson, run for real in the code as it stands at that place of the text.

A line `$ ...` is a command, `> ...` is typed into it, and the rest must come out of it, in this order: each line as a
part of a line of the output, where `...` stands for anything. A server runs until its lines have come, and on until the
code changes; its page is opened once, as the reader would.
"""

import os
import re
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.server import end, free_port

from .errors import CourseError, LessonError

ASKS = "python manage.py createsuperuser"  # for a password, at a terminal
SHOWN_ONLY = ("pip ", "django-admin ", "source ", "make setup", "make start", "git ", ASKS)
LIMIT = 60  # seconds for one command


@dataclass
class Call:
    """One command of a block, with what is typed into it and what it must print."""

    line: int
    command: str
    typed: list[str] = field(default_factory=list)
    expected: list[tuple[int, str]] = field(default_factory=list)  # (line of the lesson, text)


def read_calls(file: str, text: str, line: int) -> list[Call]:
    """Read a console block. Raises LessonError for output before the first command."""
    calls: list[Call] = []
    for number, row in enumerate(text.splitlines(), line):
        if row.startswith("$ ") and row[2:].strip():
            calls.append(Call(number, row[2:]))
        elif not calls:
            raise LessonError(file, number, "a console block begins with a command: a line '$ ...'.")
        else:
            if row.startswith("> "):
                calls[-1].typed.append(row[2:])
            if row.strip() not in ("", "..."):
                calls[-1].expected.append((number, row.rstrip()))
    return calls


def missing(expected: list[tuple[int, str]], output: str) -> tuple[int, str] | None:
    """Return the first expected line that does not come in its turn; None if all do."""
    rows = iter(output.splitlines())
    for number, text in expected:
        pattern = re.compile(".*".join(re.escape(part) for part in text.split("...")))
        if not any(pattern.search(row) for row in rows):
            return number, text
    return None


class Terminal:
    """A folder with the student's files, where a reader types the commands of a lesson."""

    def __init__(self, file: str, folder: Path) -> None:
        self.file, self.folder = file, folder
        self.port = free_port()
        self.server: subprocess.Popen | None = None
        self.log = folder / "console.log"

    def run(self, call: Call) -> None:
        """Do what the reader does. Raises LessonError where the output is another one than the lesson shows."""
        words = self.words(call)
        environ = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
        environ.pop("DJANGO_SETTINGS_MODULE", None)
        if "runserver" in words or words[3:4] == ["run"]:
            self.stop()
            with self.log.open("wb") as log:
                self.server = subprocess.Popen(words, cwd=self.folder, env=environ, stdout=log, stderr=log)
            output = self.wait_for_server(call)
        else:
            typed = "".join(f"{row}\n" for row in call.typed).encode()
            done = subprocess.run(
                words, cwd=self.folder, env=environ, input=typed, stdout=-1, stderr=subprocess.STDOUT, timeout=LIMIT
            )
            output = done.stdout.decode("utf-8", "replace")
        if absent := missing(call.expected, self.as_written(output)):
            last = "\n".join("    " + row for row in self.as_written(output).splitlines()[-12:])
            raise LessonError(
                self.file, absent[0], f"`{call.command}` did not print {absent[1]!r}. It printed:\n{last}"
            )

    def words(self, call: Call) -> list[str]:
        """Turn a reader's command into the one to run: this Python, and a port that is free here."""
        try:
            words = shlex.split(call.command)
        except ValueError as error:
            raise LessonError(self.file, call.line, f"`{call.command}` is no command: {error}.") from None
        if words[0] == "make":
            port = [f"PORT={self.port}"] if words[1:2] in (["run"], ["tab"]) else []
            return [sys.executable, "-m", "lessons", *words[1:], *port]
        if words[0] == "python":
            return [sys.executable, *words[1:], *([f"127.0.0.1:{self.port}"] if words[-1] == "runserver" else [])]
        raise LessonError(self.file, call.line, f"make check cannot run {words[0]!r}. It knows python and make.")

    def as_written(self, output: str) -> str:
        return output.replace(f":{self.port}", ":8000")

    def wait_for_server(self, call: Call) -> str:
        """Wait until the server has printed what it must, or time is up; return what it printed."""
        end, visited = time.monotonic() + LIMIT, False
        while True:
            output = self.log.read_text(encoding="utf-8", errors="replace")
            done = missing(call.expected, self.as_written(output)) is None
            if (visited and done) or time.monotonic() > end:
                return output
            if not visited:
                visited = self.visit()
            with suppress(subprocess.TimeoutExpired):  # the wait is the pause between two looks
                self.server.wait(timeout=0.05)
                return self.log.read_text(encoding="utf-8", errors="replace")

    def visit(self) -> bool:
        """Load the page, and open the socket that its script would; tell whether anybody answered."""
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        address = f"127.0.0.1:{self.port}"
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=10) as response:
                page = response.read().decode()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        if "new WebSocket" in page:
            socket_url, origin = f"ws://{address}/ws/lobby/", f"http://{address}"
            with suppress(WebSocketException, OSError), connect(socket_url, origin=origin, proxy=None) as tab:
                tab.recv(timeout=5)
        return True

    def stop(self) -> None:
        if self.server and self.server.poll() is None:
            end(self.server)
        self.server = None


def is_shown_only(command: str) -> bool:
    """Tell whether a command is only shown: it would install something, or leave the folder's git."""
    return command.startswith(SHOWN_ONLY)


def run_calls(terminal: Terminal, calls: list[Call]) -> Iterator[str]:
    """Run the calls of a block; yield a line for each that says whether it was run."""
    for call in calls:
        if is_shown_only(call.command):
            yield f"shown  {call.command}"
            continue
        try:
            terminal.run(call)
        except subprocess.TimeoutExpired:
            raise LessonError(terminal.file, call.line, f"`{call.command}` did not end within {LIMIT} s.") from None
        except OSError as error:
            raise CourseError(f"{terminal.file}:{call.line}: `{call.command}`: {error}") from None
        yield f"run    {call.command}"
