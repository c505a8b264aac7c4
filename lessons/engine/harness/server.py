"""The real thing: `python manage.py runserver`, as the student types it.

It runs in a temporary copy of the student's files, on a free port, so that a check never meets the student's own
database or server.
"""

import contextlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

from .. import process
from ..paths import ROOT
from . import forked, step_log
from .database import Database
from .project import COURSE, KEY, has_database, own_environ
from .tab import NoFrame
from .ws_client import ANSWER, NetworkTab, connect, status_of

STARTUP = 60.0  # seconds: a slow disk, a virus scanner, a busy machine


reserved: deque[socket.socket] = deque(maxlen=200)  # bound to the ports that were given out


class Server:
    """A running server. Use it as a context manager, so that it always stops."""

    processes: set[subprocess.Popen | forked.Fork] = set()  # all that run, for whoever has to end in a hurry
    anew = False  # a new Python, as the student starts it, where others may be forked
    database: Database  # each server begins with a copy of it

    def __init__(self, beside: "Server | None" = None, redis_url: str = "") -> None:
        """`beside` another one: a second process of the same website, with the same files and the same database."""
        self.beside, self.redis_url = beside, redis_url
        self.folder = (
            beside.folder
            if beside
            else tempfile.TemporaryDirectory(prefix="course-server-", ignore_cleanup_errors=True)
        )
        self.place = Path(self.folder.name)
        self.port = free_port()
        self.log_path = self.place / f"server-{self.port}.log"
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self):
        if not self.beside:
            self.copy_website()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def copy_website(self) -> None:
        for path in ROOT.iterdir():
            foreign = path.name in COURSE | {"node_modules"} or (path / "pyvenv.cfg").exists() or not path.exists()
            if path.is_dir() and not foreign and not path.name.startswith("."):
                shutil.copytree(path, self.place / path.name, symlinks=True)
            elif path.is_file() and not path.name.startswith("db.sqlite3"):  # .env has to be there
                shutil.copy2(path, self.place / path.name)
        self.make_database()

    def make_database(self) -> None:
        if has_database():
            self.database.copy_to(self.place)

    def start(self) -> None:
        """Start the process; after `kill` once more, on the same port and with the same database. Raises NoFrame."""
        with open(self.log_path, "ab") as log:
            program, *words = self.command()
            if self.anew or program != sys.executable:
                options = {"cwd": self.place, "env": self.environ(), "stdout": log, "stderr": log}
                self.process = process.start([program, *words], **options)
            else:
                self.process = forked.start(words, self.place, self.environ(), log)
        self.processes.add(self.process)
        self.wait_until_it_answers()

    @property
    def origin(self) -> str:
        """The origin of the pages that come from here."""
        return f"http://{self.address}"

    def command(self) -> list[str]:
        return [sys.executable, "manage.py", "runserver", self.address, "--noreload"]

    def environ(self) -> dict[str, str]:
        """Return the environment of the process, and of a command beside it; the Redis in it is that of the checks."""
        environ = {**own_environ(), "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "mywebsite.settings"}
        environ["DJANGO_SECRET_KEY"] = KEY  # as here: with another one the cookies of the users would be worth nothing
        return {**environ, "CHANNEL_REDIS_URL": self.redis_url} if self.redis_url else environ

    def manage(self, *words: str) -> subprocess.CompletedProcess:
        """Run a command of manage.py as a process of its own, with the server's files, database and Redis."""
        step_log.note(f"python manage.py {' '.join(words)}")
        return forked.run(["manage.py", *words], self.place, self.environ(), STARTUP)

    def kill(self) -> None:
        """End the process as a power cut would: not a word to anybody."""
        step_log.note("killed the server")
        self.process.kill()
        self.process.wait()
        self.processes.discard(self.process)

    def __exit__(self, *_) -> None:
        self.stop()

    def wait_until_it_answers(self) -> None:
        if not listens(self.process, self.port):
            raise self.fault(f"python {' '.join(self.command()[1:3])} did not start.")

    def stop(self) -> None:
        """End it at once: nothing in it has to be kept, and Daphne may take seconds to hear TERM."""
        self.process.kill()
        self.process.wait()
        self.processes.discard(self.process)
        if not self.beside:
            self.folder.cleanup()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def fault(self, message: str) -> NoFrame:
        """Return an error that says `message`, what the server's log says last, and where in the student's code."""
        log = self.log()
        errors = re.findall(r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Configured)\b.*$", log, re.MULTILINE)
        frames = re.findall(re.escape(str(self.place)) + r'[/\\](.+?)", line (\d+)', log)
        said = f"The server's log says: {errors[-1]}" if errors else f"The server's log ends:\n{last_words(log)}"
        error = NoFrame(f"{message}\n{said}")
        if frames:
            error.place = (frames[-1][0].replace("\\", "/"), int(frames[-1][1]))
        return error

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        step_log.note(f"asked the server for the page {path}")
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=ANSWER) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def tab(self, path: str = "/ws/lobby/", cookies: str = "") -> NetworkTab:
        return NetworkTab(self, path, cookies)

    def handshake(self, path: str, origin: str = "") -> int:
        """Return the HTTP status of a handshake, by a page of `origin` or of the server: 101 means it was accepted."""
        step_log.note(f"a {f'page of {origin}' if origin else 'tab'} asked the server for the socket {path}")
        url = f"ws://{self.address}{path}"
        return status_of(lambda: connect(url, origin=origin or self.origin, open_timeout=ANSWER))


class LoneServer(Server):
    """A server with an empty database of its own, made without the checks' one."""

    def make_database(self) -> None:
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        process.run(migrate, cwd=self.place, env=self.environ(), check=True)


def listens(server: subprocess.Popen, port: int) -> bool:
    """Wait until a process listens at a port of this machine; tell whether it does, before it ends or time is up."""
    limit = time.monotonic() + STARTUP
    while time.monotonic() < limit:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):  # the wait is the pause between two tries
            server.wait(timeout=0.02)
            break
    return False


def last_words(log: str) -> str:
    """Return the last lines of a log, for an error that tells what did not start."""
    lines = [line for line in log.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-3:]) or "  (it said nothing)"


def end(server: subprocess.Popen) -> None:
    """TERM, wait, KILL: Daphne may hang in a handler, and its exit code says nothing."""
    server.terminate()
    try:
        server.wait(timeout=3)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def free_port() -> int:
    """Return a port that is free, below those that systems lend to clients: a server may need it a second time.

    On a busy machine a server listens seconds later. Until then, and after, no other checks get this port, on Linux:
    there a server may listen beside a socket that is bound only, and this function may not bind.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", port))
            if sys.platform == "linux":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                reserved.append(probe)
                stack.pop_all()
            return port
