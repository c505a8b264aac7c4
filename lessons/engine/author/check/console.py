"""The `console` blocks of a lesson, run for real in the code as it stands at that place of the text.

A line `$ ...` is a command, `> ...` is typed into it, and the rest must come out of it, in this order: each line as a
part of a line of the output, where `...` stands for anything. A server runs until its lines have come, and on until the
code changes or another one takes its port; its page is opened once, as the reader would. Redis runs on to the end, and
`export` holds to the end: both are in the reader's terminals, whatever the code.
"""

import re
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ... import process
from ...errors import CourseError, LessonError
from ...harness.project import own_environ
from ...harness.server import end, free_port
from ...harness.ws_client import connect
from ...typed import TYPED

ASKS = "python manage.py createsuperuser"  # for a password, at a terminal
SHOWN_ONLY = ("pip ", "django-admin ", "source ", "make setup", "make start", "git ", ASKS)
SCRIPT = re.compile(r"<script[^>]*\ssrc=[\"'](/[^\"']+)")
SETS = re.compile(r"^(?:[A-Z]\w*=\S* )+")  # NAME=value, before a command: for its environment alone
LIMIT = 180  # seconds for one command: make test takes its time where much else runs
HTTP, REDIS = "8000", "6379"  # where a server and Redis listen, if nobody says otherwise


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

    def __init__(self, file: str, folder: Path, before: "Terminal | None" = None) -> None:
        """`before` is the one in which the same reader has worked up to now, in another folder."""
        self.file, self.folder = file, folder
        self.ports: dict[str, int] = before.ports if before else defaultdict(free_port)  # {as it is written: as it is}
        self.exported: dict[str, str] = before.exported if before else {}
        self.redis: dict[str, subprocess.Popen] = before.redis if before else {}  # {port as it is written: process}
        self.servers: dict[str, subprocess.Popen] = {}

    def run(self, call: Call) -> None:
        """Do what the reader does. Raises LessonError where the output is another one than the lesson shows."""
        words = self.words(call)
        environ = (
            {**own_environ(), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", TYPED: "make"}
            | self.exported
            | {name: self.with_real_ports(value) for name, value in variables_of(call.command).items()}
        )
        is_redis = words[3:4] == ["redis"]
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self.exported[name] = self.with_real_ports(value)
            output = ""
        elif is_redis or "runserver" in words or words[3:4] == ["run"]:
            output = self.wait_for_server(call, self.serve(call, words, environ))
        else:
            typed = "".join(f"{row}\n" for row in call.typed).encode()
            done = process.run(
                words, cwd=self.folder, env=environ, input=typed, stdout=-1, stderr=subprocess.STDOUT, timeout=LIMIT
            )
            output = done.stdout.decode("utf-8", "replace")
        if absent := missing(call.expected, self.with_written_ports(output)):
            last = "\n".join("    " + row for row in self.with_written_ports(output).splitlines()[-12:])
            raise LessonError(
                self.file, absent[0], f"`{call.command}` did not print {absent[1]!r}. It printed:\n{last}"
            )

    def words(self, call: Call) -> list[str]:
        """Turn a reader's command into the one to run: this Python, and a port that is free here."""
        command = SETS.sub("", call.command)
        if f":{HTTP}/" in command:
            command = command.replace(f":{HTTP}/", f":{self.ports[HTTP]}/")
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise LessonError(self.file, call.line, f"`{call.command}` is no command: {error}.") from None
        if words[0] == "make":
            port = f"PORT={self.ports[port_of(words)]}" if words[1:2] in (["run"], ["tab"], ["redis"]) else ""
            words = [word for word in words if not word.startswith("PORT=")]
            return [sys.executable, "-m", "lessons", *words[1:], *([port] if port else [])]
        if words[0] == "python":
            port = [f"127.0.0.1:{self.ports[HTTP]}"] if words[-1] == "runserver" else []
            return [sys.executable, *words[1:], *port]
        if words[0] == "redis-cli":
            return ["redis-cli", "-p", str(self.ports[REDIS]), *words[1:]]
        if words[0] == "export":
            return words
        raise LessonError(
            self.file, call.line, f"make check cannot run {words[0]!r}. It knows python, make, redis-cli and export."
        )

    def with_written_ports(self, output: str) -> str:
        for written, real in self.ports.items():
            output = output.replace(f":{real}", f":{written}")
        return output

    def with_real_ports(self, text: str) -> str:
        return re.sub(r":(\d+)", lambda port: f":{self.ports[port[1]]}", text)

    def serve(self, call: Call, words: list[str], environ: dict[str, str]) -> str:
        """Start a server in place of the one that has its port; return the port as it is written."""
        running = self.redis if words[3:4] == ["redis"] else self.servers
        real = re.search(r"\d*$", words[-1])[0]
        port = next((written for written, number in self.ports.items() if str(number) == real), None)
        if port is None:
            raise LessonError(
                self.file, call.line, f"`{call.command}`: make check does not see its port. Write make run PORT=8001."
            )
        if port in running:
            end(running[port])
        with self.log(port).open("wb") as log:
            running[port] = process.start(words, cwd=self.folder, env=environ, stdout=log, stderr=log)
        return port

    def log(self, port: str) -> Path:
        return self.folder / f"console-{port}.log"

    def wait_for_server(self, call: Call, port: str) -> str:
        """Wait until the server at a port has printed what it must, or time is up; return what it printed."""
        end, visited = time.monotonic() + LIMIT, port in self.redis
        server = (self.redis if visited else self.servers)[port]
        while True:
            output = self.log(port).read_text(encoding="utf-8", errors="replace")
            done = missing(call.expected, self.with_written_ports(output)) is None
            if (visited and done) or time.monotonic() > end:
                return output
            if not visited:
                visited = self.visit(self.ports[port])
            with suppress(subprocess.TimeoutExpired):  # the wait is the pause between two looks
                server.wait(timeout=0.05)
                return self.log(port).read_text(encoding="utf-8", errors="replace")

    def visit(self, port: int) -> bool:
        """Load the page, and open the socket that its script would; tell whether anybody answered."""
        from websockets.exceptions import WebSocketException

        address = f"127.0.0.1:{port}"
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=10) as response:
                page = response.read().decode()
            for script in SCRIPT.findall(page):
                with urllib.request.urlopen(f"http://{address}{script}", timeout=10) as response:
                    page += response.read().decode()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        if "new WebSocket" in page:
            with suppress(WebSocketException, OSError), connect(f"ws://{address}/ws/lobby/") as tab:
                tab.recv(timeout=5)
        return True

    def stop(self) -> None:
        """Stop the servers, and leave Redis alone."""
        for server in self.servers.values():
            end(server)
        self.servers.clear()

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        for redis in self.redis.values():
            end(redis)


def port_of(words: list[str]) -> str:
    """Return the port of a make command, as it is written or by default."""
    default = REDIS if words[1] == "redis" else HTTP
    return next((word.removeprefix("PORT=") for word in words if word.startswith("PORT=")), default)


def variables_of(command: str) -> dict[str, str]:
    """Return what a command has its environment say: {"NAME": "value"} of NAME=value before it."""
    found = SETS.match(command)
    return dict(word.split("=", 1) for word in shlex.split(found[0])) if found else {}


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
