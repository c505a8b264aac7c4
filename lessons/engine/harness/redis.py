"""A Redis server of the checks' own, on a free port, with nothing on disk: to be killed, stopped, emptied, filled.

    with Redis() as redis:
        redis.url, redis.kill(), redis.start(), redis.command("flushall")

Where there is no redis-server, a stand-in takes its place (stand_in.py), and each check that uses it says so. CI uses
it only on Windows, for which there is no Redis, and where a run plays a bare machine (machine.py).
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from .. import process
from ..paths import ROOT
from . import step_log
from .machine import needs_every_program
from .server import STARTUP, Server, end, free_port

GET_IT = (
    "To get it: sudo apt install redis-server (Debian, Ubuntu), brew install redis (macOS),"
    " on Windows as on Ubuntu, in WSL. Lesson 9, step 2."
)
STAND_IN = "There is no redis-server here. A stand-in takes its place: fakeredis, which is written in Python."
WITH_STAND_IN = f"This check used a stand-in for Redis (fakeredis). If you find no mistake, try a real Redis. {GET_IT}"


class NoRedis(Exception):
    """There is neither Redis nor a stand-in, or Python cannot speak to it. The text says how to get what is missing."""


def command(port: int) -> list[str]:
    """Return the command that starts Redis at a port of this machine, or its stand-in. Raises NoRedis."""
    if missing := [name for name in ("channels_redis", "redis") if not find_spec(name)]:
        raise NoRedis(f"There is no {missing[0]} in this Python. To get it: make setup")
    if program := shutil.which("redis-server"):
        quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
        return [program, "--port", str(port), "--bind", "127.0.0.1", *quiet]
    needs_real = needs_every_program() and os.name != "nt"
    if needs_real or not (find_spec("fakeredis") and find_spec("lupa")):
        raise NoRedis(f"There is no redis-server. {GET_IT}")
    return [sys.executable, "-m", "lessons.engine.harness.stand_in", str(port)]


def is_stand_in() -> bool:
    return command(0)[0] == sys.executable


class Redis:
    """A running Redis. Use it as a context manager, so that it always ends."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> "Redis":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(OSError):
            self.go_on()
        end(self.process)
        Server.processes.discard(self.process)

    def start(self) -> None:
        """Start it; after `kill` once more, on the same port, and with nothing in it. Raises NoRedis."""
        quiet = subprocess.DEVNULL
        self.process = process.start(command(self.port), cwd=ROOT, stdout=quiet, stderr=quiet)
        Server.processes.add(self.process)
        try:
            self.wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise

    def wait_until_it_answers(self) -> None:
        limit = time.monotonic() + STARTUP
        while not answers(self.port):
            with contextlib.suppress(subprocess.TimeoutExpired):  # the wait is the pause between two tries
                self.process.wait(timeout=0.02)
                raise NoRedis(f"{Path(self.process.args[0]).name} did not start: it ended at once.")
            if time.monotonic() > limit:
                raise NoRedis(f"Redis does not answer within {STARTUP:.0f} s.")

    def kill(self) -> None:
        """End it as a power cut would."""
        step_log.note("killed Redis")
        self.process.kill()
        self.process.wait()
        Server.processes.discard(self.process)

    def stop(self) -> None:
        """Let it stand still, its connections open: nobody gets an answer until `go_on`. Raises NoRedis on Windows."""
        if not hasattr(signal, "SIGSTOP"):
            raise NoRedis(
                "On this system no process can be made to stand still. Run this on Linux, on macOS or in WSL."
            )
        step_log.note("stopped Redis")
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if hasattr(signal, "SIGCONT"):
            self.process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> object:
        """Do what redis-cli does with these words."""
        from redis import Redis

        step_log.note(f"redis-cli {' '.join(words)}")
        with contextlib.closing(Redis(port=self.port)) as client:
            return client.execute_command(*words)


def answers(port: int) -> bool:
    """Tell whether something at this port of this machine answers PING as Redis does."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as wire:
        wire.sendall(b"*1\r\n$4\r\nPING\r\n")
        return wire.recv(100).startswith((b"+PONG", b"-NOAUTH"))
    return False
