"""The race: this chat, that of lesson 10, the two of Channels' tutorial and a bare one, all in one run and in turn.

Deliveries per second: some tabs speak at once, and the clock runs until everyone has everything. The chats of the
course write each message down besides, which the others do not.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from ... import process
from ...content.disk import app_on_disk, lessons_on_disk, put
from ...content.stages import make_stages
from ...errors import CourseError
from ...harness.project import own_environ
from ...harness.server import end, free_port, last_words, listens
from ...paths import ROOT
from .crowd import SPEAKERS

HERE = Path(__file__).parent
PYTHON = sys.executable
BEFORE = 10  # the last stage that sends everything through the thread
ROUNDS = {50: 25, 200: 15, 500: 7}  # {tabs: rounds}
BARE, SYNC, ASYNC, OLD, OURS = (
    "a bare websockets server",
    "the tutorial, synchronous",
    "the tutorial, async",
    f"the chat of lesson {BEFORE}",
    "this chat",
)
LIMITS = {OLD: 3.0, SYNC: 3.0, ASYNC: 1.5}  # so many times as fast, at MIDDLE
FEW, MIDDLE, MANY = ROUNDS
KEEPS = 0.7  # of the deliveries per second with FEW, with MANY

Rates = dict[str, dict[int, float]]  # {name: {tabs: deliveries per second}}


def race(sizes: list[int]) -> Rates:
    """Measure all of them in rooms of these sizes. Raises CourseError where something cannot be measured."""
    rates: Rates = {name: {} for name in (BARE, SYNC, ASYNC, OLD, OURS)}
    with tempfile.TemporaryDirectory(prefix="course-race-", dir=memory(), ignore_cleanup_errors=True) as folder:
        chats = {OURS: website(Path(folder) / "ours", app_on_disk())}
        chats[OLD] = website(Path(folder) / "old", make_stages(lessons_on_disk())[BEFORE])
        for tabs in sizes:
            with ExitStack() as stack:
                doors = {name: stack.enter_context(Running(*how)).door for name, how in contenders(chats).items()}
                for name, seconds in crowd(tabs, ROUNDS.get(tabs, ROUNDS[MANY]), doors).items():
                    rates[name][tabs] = SPEAKERS * tabs / statistics.median(seconds[2:])
    return rates


def website(place: Path, files: dict[str, str]) -> Path:
    """Put a chat of the course here, with an empty database. Raises CourseError if there can be none."""
    put(place, files)
    migrate = [PYTHON, "manage.py", "migrate", "--verbosity", "0"]
    done = subprocess.run(migrate, cwd=place, env=quiet_environ(), stdout=-1, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise CourseError(f"bench: python manage.py migrate says:\n{said}\nIs this green? make test")
    return place


def contenders(chats: dict[str, Path]) -> dict[str, tuple[list[str], Path, str]]:
    """Return for each one how it is started (the port comes last), where, and the path of its socket."""
    daphne = [PYTHON, "-m", "daphne", "-v", "0", "-b", "127.0.0.1"]
    tutorial = [*daphne, "lessons.engine.author.bench.tutorial:application", "-p"]
    return {
        BARE: ([PYTHON, str(HERE / "bare.py")], HERE, "/"),
        SYNC: (tutorial, ROOT, "/ws/sync/room/"),
        ASYNC: (tutorial, ROOT, "/ws/async/room/"),
        **{name: ([*daphne, "mywebsite.asgi:application", "-p"], chats[name], "/ws/lobby/") for name in (OLD, OURS)},
    }


class Running:
    """A server in a process of its own, as long as it is entered."""

    def __init__(self, command: list[str], place: Path, path: str) -> None:
        self.port = free_port()
        self.command, self.place, self.door = [*command, str(self.port)], place, (self.port, path)

    def __enter__(self) -> "Running":
        """Start it. Raises CourseError if it does not start."""
        self.log = tempfile.TemporaryFile()
        self.process = process.start(
            self.command, cwd=self.place, env=quiet_environ(), stdin=-1, stdout=self.log, stderr=self.log
        )
        try:
            if not listens(self.process, self.port):
                raise CourseError(f"bench: this did not start: {' '.join(self.command)}\n{self.last_words()}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def last_words(self) -> str:
        self.log.seek(0)
        said = last_words(self.log.read().decode("utf-8", "replace"))
        return f"Its log ends:\n{said}\nTo find out more: make doctor, make test"

    def __exit__(self, *_) -> None:
        end(self.process)
        self.process.stdin.close()  # not before: the wire's server ends when nobody holds the other end
        self.log.close()


def quiet_environ() -> dict[str, str]:
    """Return the environment for a server: the usual settings, and no limit on how fast one may speak."""
    return {**own_environ(), "CHAT_BURST": "1000000"}


def crowd(tabs: int, rounds: int, doors: dict[str, tuple]) -> dict[str, list[float]]:
    """Run crowd.py as a process; return what it measured. Raises CourseError with the reason if it failed."""
    what = json.dumps({"tabs": tabs, "rounds": rounds, "doors": doors})
    command = [PYTHON, "-m", "lessons.engine.author.bench.crowd", what]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)
    if done.returncode:
        raise CourseError(f"bench: {done.stderr.decode('utf-8', 'replace').strip()}")
    return json.loads(done.stdout)


def table(rates: Rates) -> list[str]:
    """Return the lines in which a person reads it, a bar for each in the room of middle size."""
    sizes = list(next(iter(rates.values())))
    shown = MIDDLE if MIDDLE in sizes else sizes[-1]
    most = max(row[shown] for name, row in rates.items() if name != BARE)
    lines = [f"Deliveries per second, {SPEAKERS} tabs speaking at once. {machine()}", ""]
    lines.append(" " * 26 + "".join(f"{f'{tabs} tabs':>10}" for tabs in sizes))
    for name, row in rates.items():
        bar = "#" * round(30 * row[shown] / most) if name != BARE else ""
        lines.append(f"{name:26}" + "".join(f"{row[tabs]:10,.0f}" for tabs in sizes) + f"  {bar}".rstrip())
    return lines


def ratios(rates: Rates) -> list[tuple[str, float, float]]:
    """Return what is compared, as (sentence, ratio, limit)."""
    ours = rates[OURS]
    found = []
    if MIDDLE in ours:
        for name, limit in LIMITS.items():
            found.append((f"this chat to {name}, {MIDDLE} tabs", ours[MIDDLE] / rates[name][MIDDLE], limit))
        found.append((f"this chat to {BARE}, {MIDDLE} tabs", ours[MIDDLE] / rates[BARE][MIDDLE], 0.0))
    if FEW in ours and MANY in ours:
        found.append((f"this chat with {MANY} tabs to {FEW}", ours[MANY] / ours[FEW], KEEPS))
    return found


def machine() -> str:
    """Say on what this was measured."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors{load}."


def run(sizes: list[int]) -> tuple[Rates, bool]:
    """Measure and print; return the figures, and whether all limits are kept."""
    began = time.perf_counter()
    rates, kept = race(sizes), True
    print("\n".join(table(rates)), "", sep="\n")
    for what, ratio, limit in ratios(rates):
        bound = f"at least {limit:3.1f}" if limit else ""
        kept = kept and ratio >= limit
        print(f"{ratio:6.2f}  {bound:13}{'UNDER  ' if ratio < limit else ''}{what}")
    print(f"({time.perf_counter() - began:.0f} s)")
    return rates, kept


def memory() -> str | None:
    """Return a folder that is no disk, if there is one: how fast a disk writes is not what is measured."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
