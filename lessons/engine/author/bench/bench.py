"""`make bench`: the figures that the course keeps, measured on this machine. A person reads them; no test does.

Each figure is the median of several runs, taken in turn, in a clone of the last commit with a stage's files.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ...content.disk import lessons_on_disk, put
from ...content.mistakes import catalogue
from ...content.stages import MARKER, make_stages
from ...errors import CourseError
from ...paths import ROOT
from ...repository.git import Git
from . import joining, plot, race, tapped, trace
from .crowd import SPEAKERS

RUNS = 7
GREEN = (4, 7)  # stages at whose end all checks are green
RED = {  # {mistake of the catalogue: what fails, floors until the first cause is on the screen}
    "S5-13": ("a check in this process", 3),
    "S4-00": ("a check with a server", 8),
    "S4-23": ("a check in the browser", 8),
}
LESSONS = [sys.executable, "-m", "lessons"]
FLOOR = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "floor"
import django
django.setup()
import channels.routing, channels.generic.websocket, daphne.apps, pytest
"""
FLOOR_SETTINGS = 'INSTALLED_APPS = ["daphne"]\nSECRET_KEY = "floor"\n'


PLOTS = ROOT / "lessons" / "11-faster-broadcast"
JOINING = 100  # people
OWN_PLOTS = ROOT / ".course"  # of a single race or trace, and of rooms of other sizes: the lesson's are left alone


def bench(only: str, tabs: str) -> int:
    """Measure everything, or one part; return 1 if something is beyond its limit.

    `tabs`: sizes of rooms, as in "50,200". Raises CourseError for other words, and where something cannot be measured.
    """
    sizes = sizes_of(tabs) if tabs else list(race.ROUNDS)
    match only:
        case "broadcast":
            return fan_out(sizes, OWN_PLOTS)
        case "joining":
            print()
            joining.run(sizes[0] if tabs else JOINING)
            return 0
        case "trace":
            return look_inside(OWN_PLOTS)
        case "commands":
            return commands()
        case "wire":
            print()
            tapped.run(sizes[0] if tabs else tapped.CLASS)
            return 0
        case "":
            return max(commands(), fan_out(sizes, OWN_PLOTS if tabs else PLOTS), look_inside(PLOTS))
    raise CourseError(f"bench: ONLY={only} is no part of it. The parts are: broadcast, commands, joining, trace, wire.")


def sizes_of(tabs: str) -> list[int]:
    """Return the sizes of rooms that somebody has typed. Raises CourseError."""
    words = tabs.split(",")
    if not all(word.isdecimal() and int(word) >= SPEAKERS for word in words):
        raise CourseError(
            f"bench: TABS={tabs} are no sizes of rooms. Type numbers from {SPEAKERS} on, as so many tabs speak at once,"
            " with commas between. Example: make bench ONLY=broadcast TABS=50,200"
        )
    return [int(word) for word in words]


def fan_out(sizes: list[int], plots: Path) -> int:
    """Let the chats race, and draw it where matplotlib is installed; return 1 if a limit is not kept."""
    print()
    rates, kept = race.run(sizes)
    if plot.has_matplotlib():
        plot.save_race(rates, plots / "race.svg")
        print(f"Drawn in {(plots / 'race.svg').relative_to(ROOT)}")
    return 0 if kept else 1


def look_inside(plots: Path) -> int:
    print()
    seen = trace.run()
    if plot.has_matplotlib():
        plot.save_trace(seen, plots / "trace.svg")
        print(f"\nDrawn in {(plots / 'trace.svg').relative_to(ROOT)}")
    return 0


def commands() -> int:
    """Print the seconds of each command beside its limit; return 1 if one is over it."""
    with tempfile.TemporaryDirectory(prefix="course-bench-", ignore_cleanup_errors=True) as folder:
        clone, floor = Path(folder) / "clone", Path(folder) / "floor"
        Git(ROOT).run("clone", "--quiet", str(ROOT), str(clone))
        put(floor, {"floor.py": FLOOR_SETTINGS})
        stage = Path(folder) / "stage"
        Git(ROOT).run("clone", "--quiet", str(ROOT), str(stage))
        put(stage, {**make_stages(lessons_on_disk())[3], MARKER: "3\n"})

        importing, test3 = in_turn(
            lambda: timed([sys.executable, "-c", FLOOR], floor),
            lambda: timed([*LESSONS, "test", "STAGE=3"], stage),
        )
        answer = save_to_verdict(stage)
        made = median(lambda: delete_tags(clone), lambda: timed([*LESSONS, "stages"], clone))
        unchanged = median(lambda: None, lambda: timed([*LESSONS, "stages"], clone))
        green = {number: few(lambda: timed([*LESSONS, "test"], stage)) for number in GREEN if lay_out(stage, number)}
        red = {id: few(lambda: to_first_cause(stage)) for id in RED if make_mistake(stage, id)}
        everything = few(lambda: timed([*LESSONS, "test"], ROOT))
    figures = [
        ("the floor: one process that imports Django, Channels, Daphne and pytest", importing, None),
        ("make test STAGE=3", test3, 2 * importing),
        *((f"make test, green, at the end of stage {number}", green[number], 12 * importing) for number in GREEN),
        ("make test, green, all stages", everything, 29 * importing),
        *((f"make test, red: {what}", red[id], floors * importing) for id, (what, floors) in RED.items()),
        ("make watch: from a save to the verdict, stage 3", answer, 0.3),
        ("make stages, all tags to make", made, 1.0),
        ("make stages, nothing changed", unchanged, 0.3),
    ]
    over = 0
    for name, seconds, limit in figures:
        bound = f"at most {limit:5.2f} s" if limit else ""
        over += bool(limit and seconds > limit)
        floors = f"{seconds / importing:5.1f} floors"
        print(f"{seconds:6.2f} s {floors}  {bound:18} {'OVER  ' if limit and seconds > limit else ''}{name}")
    return 1 if over else 0


def lay_out(folder: Path, number: int) -> bool:
    """Put the files of a stage in place of those that are there."""
    for name in ("chat", "mywebsite", "templates"):
        shutil.rmtree(folder / name)
    put(folder, {**make_stages(lessons_on_disk())[number], MARKER: f"{number}\n"})
    return True


def make_mistake(folder: Path, id: str) -> bool:
    """Put the files of a stage in place of those that are there, with a mistake of the catalogue in them."""
    mistake = next(mistake for mistake in catalogue() if mistake.id == id)
    base = mistake.stage if mistake.base is None else mistake.base
    lay_out(folder, base)
    put(folder, {**mistake.apply(make_stages(lessons_on_disk())[base]), MARKER: f"{mistake.stage}\n"})
    return True


def to_first_cause(folder: Path) -> float:
    """Return the seconds until `make test` has told what happened in the first check that fails; end it then."""
    began = time.perf_counter()
    with subprocess.Popen([*LESSONS, "test"], cwd=folder, stdout=subprocess.PIPE, encoding="utf-8") as test:
        if not any(line.strip().startswith("Happened:") for line in test.stdout):
            raise CourseError(f"bench: make test found nothing red in {folder}.")
        seconds = time.perf_counter() - began
        test.terminate()
    return seconds


def few(measure: Callable[[], float]) -> float:
    """Return the median of three runs: these take long."""
    return statistics.median(measure() for _ in range(3))


def timed(command: list[str], folder: Path) -> float:
    """Run a command that has to succeed; return its seconds."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def save_to_verdict(folder: Path) -> float:
    """Return the median of the seconds between a save in an editor and the last line of what `make watch` answers."""
    with subprocess.Popen([*LESSONS, "watch"], cwd=folder, stdout=subprocess.PIPE, text=True) as watch:

        def verdict() -> None:
            if not any(line.startswith("Stages done") for line in watch.stdout):
                raise CourseError("make watch has ended, or found something red in its own stage.")

        def save() -> float:
            began = time.perf_counter()
            consumers.write_text(code, encoding="utf-8", newline="\n")
            verdict()
            return time.perf_counter() - began

        consumers = folder / "chat" / "consumers.py"
        code = consumers.read_text(encoding="utf-8")
        try:
            verdict()
            return median(lambda: None, save)
        finally:
            watch.terminate()


def in_turn(*measures: Callable[[], float]) -> list[float]:
    """Return the median of each measure, with the runs of all of them in turn: what else the machine does hits all."""
    runs = [[measure() for measure in measures] for _ in range(RUNS)]
    return [statistics.median(column) for column in zip(*runs[1:], strict=True)]  # the first run writes the caches


def median(before: Callable[[], None], measure: Callable[[], float]) -> float:
    runs = []
    for _ in range(RUNS):
        before()
        runs.append(measure())
    return statistics.median(runs)


def delete_tags(clone: Path) -> None:
    git = Git(clone)
    for tag in git.run("tag", "-l", "stage-*").splitlines():
        git.run("tag", "-d", tag)
