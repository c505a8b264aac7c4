"""Your website in a process of its own: Daphne, on a free port of this machine; and a Redis. For notebooks 6 and 7.

    with Website(CHANNEL_REDIS_URL=url) as server:
        server.address

It uses the notebook's database, and not yours. What stands in the brackets goes into its environment. All of it ends
with the notebook.
"""

import contextlib
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import wake_django

from lessons.engine.process import start

HERE = Path(__file__).resolve().parent
PATIENCE = 60  # seconds: a slow disk, a virus scanner, a busy machine
DAPHNE = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()  # ends when the notebook does
import wake_django
from daphne.cli import CommandLineInterface
CommandLineInterface.entrypoint()
"""
OPTIONS = ["-b", "127.0.0.1", "-p", "0", "--websocket_connect_timeout", str(PATIENCE)]
LISTENS = re.compile(r"Listening on TCP address (\S+:\d+)")


class Website:
    """A running server. It ends with its `with`, with `stop`, or with the notebook."""

    def __init__(self, **environ: object) -> None:
        own = {wake_django.DATABASE: wake_django.database, **environ}
        allow_many_files()
        self.process = subprocess.Popen(
            [sys.executable, "-c", DAPHNE, *OPTIONS, "mywebsite.asgi:application"],
            cwd=HERE,
            env={**os.environ, **{name: str(value) for name, value in own.items()}},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self.lines = []
        self.found = queue.SimpleQueue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        """Read what the server says, so that it is never held up; note its address, or that there is none."""
        for line in self.process.stderr:
            self.lines.append(line)
            if listens := LISTENS.search(line):
                self.found.put(listens[1])
        self.found.put(None)

    def __enter__(self) -> "Website":
        try:
            self.address = self.found.get(timeout=PATIENCE)
        except queue.Empty:
            self.address = None
        if self.address is None:
            self.stop()
            raise RuntimeError("Your website did not start. It said:\n" + "".join(self.lines[-10:]))
        return self

    start = __enter__  # for a notebook, in which it lives from one cell to a later one

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.kill()  # it holds nothing that would have to be kept
        self.process.wait()


def start_redis() -> tuple[subprocess.Popen, str]:
    """Start Redis on a free port of this machine; return the process and its address. Where there is none, say so."""
    program, port = shutil.which("redis-server"), free_port()
    if program:
        print("A real Redis:", program)
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    elif find_spec("fakeredis") and find_spec("lupa"):
        print("There is no redis-server here. A stand-in takes its place: fakeredis, which is written in Python.")
        print("For the real one: sudo apt install redis-server (Debian, Ubuntu), brew install redis (macOS).")
        command = [sys.executable, "-m", "lessons.engine.harness.stand_in", str(port)]
    else:
        raise SystemExit("There is no redis-server here, and no stand-in. For the stand-in: make setup")
    quiet = subprocess.DEVNULL
    process = start(command, cwd=HERE.parent, stdout=quiet, stderr=quiet)  # it ends when the notebook does
    for _ in range(PATIENCE * 20):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process, f"redis://127.0.0.1:{port}/0"
        with contextlib.suppress(subprocess.TimeoutExpired):  # the wait is the pause between two tries
            process.wait(timeout=0.05)
            break
    raise RuntimeError("Redis did not start.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def allow_many_files() -> None:
    """Let this process and its servers have some thousand sockets open: some systems allow 256 unless asked."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
