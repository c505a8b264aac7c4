"""Runs of the checks, one at a time, each in a process of its own that the next save displaces.

Where the system can fork, a warm process has Django, Channels and pytest imported, never anything of the student's, and
forks each run. It is begun before anything else, for a fork wants a process with a single thread. Elsewhere each run is
a new Python. A run leads a group of processes and has a temporary folder. Both end with it: when the next run comes, or
when the process that began it ends, for whatever reason.
"""

import importlib.util
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait

import pytest

from ..harness import forked
from ..harness.forks import end_after, kill_group, lead_a_group, warm_up
from ..paths import ROOT


def begin(options: list[str]) -> "Forked | Spawned":
    """Return what has `run(changed)` and `close()`; a run is one of pytest, with these options."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # of another project of the student's, perhaps
    fork = hasattr(os, "fork") and not os.environ.get("COURSE_NO_FORK")
    return Forked(options) if fork else Spawned(options)


class Run:
    """The run of now, if there is one: the process that leads its group, and its folder, the last of `folders`."""

    leader = 0

    def __init__(self) -> None:
        self.folders: list[str] = []

    def make_way(self, changed: list[str]) -> None:
        """End the run before, and prepare the next."""
        self.end()
        self.folders.append(tempfile.mkdtemp(prefix="course-watch-"))
        for path in changed:
            if path.endswith(".py"):  # saved twice in a second, with the same length: Python would not notice
                with suppress(OSError):
                    os.unlink(importlib.util.cache_from_source(str(ROOT / path)))
        files = f"{len(changed)} files" if changed[1:] else "".join(changed)
        what = files or "Every save is answered from now on. Ctrl-C stops."
        clear = "\033[2J\033[H" if sys.stdout.isatty() else ""
        print(f"{clear}{time.strftime('%H:%M:%S')}  {what}\n", flush=True)

    def end(self) -> None:
        if self.leader:
            kill_group(self.leader)
            self.reap()
            self.leader = 0
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        self.folders = [folder for folder in self.folders if os.path.exists(folder)]

    def end_for_good(self) -> None:
        """End the run, and wait a moment for a browser: it dies with its driver, but not in the same moment."""
        end = time.monotonic() + 2
        self.end()
        while self.folders and time.monotonic() < end:
            time.sleep(0.02)
            self.end()

    def reap(self) -> None:
        with suppress(ChildProcessError):
            os.waitpid(self.leader, 0)


class Forked:
    """The warm process, as the one that watches sees it."""

    def __init__(self, options: list[str]) -> None:
        orders, self.orders = multiprocessing.Pipe(duplex=False)
        warm = multiprocessing.get_context("fork").Process(target=keep_warm, args=(orders, self.orders, options))
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the orders, and not by Ctrl-C
        warm.start()
        signal.signal(signal.SIGINT, before)
        orders.close()
        self.join = warm.join

    def run(self, changed: list[str]) -> None:
        self.orders.send(changed)

    def close(self) -> None:
        self.orders.close()
        self.join()


def keep_warm(orders: Connection, other_end: Connection, options: list[str]) -> None:
    """What the warm process does, and each process that it forks."""
    other_end.close()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    code = pytest.main(options, plugins=[Warm(orders)])
    sys.stdout.flush()
    os._exit(code)  # a consumer that loops for ever would keep its thread, and so the process, alive


class Warm(Run):
    """A plugin that forks where pytest knows its options and tests/conftest.py, and nothing of the student's yet."""

    def __init__(self, orders: Connection) -> None:
        super().__init__()
        self.orders = orders
        self.pulse, self.alive = os.pipe()  # `alive` is never written to: it closes when this process is no more

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # before the hook of tests/conftest.py, which reads the settings
    def pytest_cmdline_main(self) -> Iterator[None]:
        warm_up()
        try:
            self.stay()
        except (EOFError, BrokenPipeError):  # no more orders, or nobody who reads the answers
            self.end_for_good()
            os._exit(0)
        return (yield)

    def stay(self) -> None:
        """Fork a run for each order, until there are no more (EOFError). It returns in the children only."""
        while True:
            if not wait([self.orders], timeout=1 if self.leader else None):
                self.look_after()
                continue
            changed = self.orders.recv()
            while self.orders.poll():
                changed += self.orders.recv()
            self.make_way(changed)
            self.leader = os.fork()
            if not self.leader:
                return self.settle()

    def look_after(self) -> None:
        """Clear away a run that has come to its end."""
        pid, status = os.waitpid(self.leader, os.WNOHANG)
        if pid:
            self.end()
            if os.WIFSIGNALED(status):
                print(f"\nThe checks came to no end: signal {os.WTERMSIG(status)} stopped them.", flush=True)

    def settle(self) -> None:
        """Make the child that is to run the checks independent of all others but one: the warm process has to live."""
        from ..harness import import_check

        self.orders.close()
        os.close(self.alive)
        lead_a_group(self.folders[-1])
        forked.begin()
        import_check.fork()
        end_after(lambda: os.read(self.pulse, 1), self.folders[-1])


class Spawned(Run):
    """Each run is a new Python, as Windows knows it."""

    def __init__(self, options: list[str]) -> None:
        super().__init__()
        self.options = options
        os.system("")  # lets an old console of Windows clear itself

    def run(self, changed: list[str]) -> None:
        self.make_way(changed)
        spawn = multiprocessing.get_context("spawn")
        self.process = spawn.Process(target=run_spawned, args=(self.options, self.folders[-1]))
        self.process.start()
        self.leader = self.process.pid

    def reap(self) -> None:
        self.process.join()

    def close(self) -> None:
        self.end_for_good()


def run_spawned(options: list[str], folder: str) -> None:
    lead_a_group(folder)
    end_after(multiprocessing.parent_process().join, folder)
    pytest.main(options)
    sys.stdout.flush()
    kill_group(os.getpid())
