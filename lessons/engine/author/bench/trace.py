"""The trace: one message from inside, in the chat of lesson 10 and in this one. Which thread does what, and when?"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ...content.disk import app_on_disk, lessons_on_disk
from ...content.stages import make_stages
from ...errors import CourseError
from .race import BEFORE, HERE, OLD, OURS, memory, quiet_environ, website

TABS = 8

Trace = dict[str, list]


def trace() -> dict[str, Trace]:
    """Return what inside.py says of both chats. Raises CourseError where they cannot be run."""
    with tempfile.TemporaryDirectory(prefix="course-trace-", dir=memory(), ignore_cleanup_errors=True) as folder:
        stages = {OLD: make_stages(lessons_on_disk())[BEFORE], OURS: app_on_disk()}
        places = {
            name: website(Path(folder) / str(number), files) for number, (name, files) in enumerate(stages.items())
        }
        return {name: look_inside(place) for name, place in places.items()}


def look_inside(place: Path) -> Trace:
    """Return what inside.py says of the chat in a folder. Raises CourseError if it cannot be run."""
    command = [sys.executable, str(HERE / "inside.py"), str(TABS)]
    done = subprocess.run(command, cwd=place, env=quiet_environ(), capture_output=True, timeout=60)
    if done.returncode:
        raise CourseError(f"bench: the chat cannot be looked into:\n{done.stderr.decode('utf-8', 'replace')}")
    return json.loads(done.stdout)


def story(name: str, seen: Trace) -> list[str]:
    """Return the lines in which a person reads it: a column for each thread."""
    rows = [(began, thread, f"{what} ({end - began:.1f} ms)") for thread, began, end, what in seen["trips"]]
    rows += [(when, thread, f"frame to tab {tab}") for thread, when, tab in seen["frames"]]
    threads = ["MainThread", *sorted({thread for _, thread, _ in rows} - {"MainThread"})]
    lines = [f"{name}: a message to {TABS} tabs takes {trips(seen)}"]
    lines.append("      ms  " + "".join(f"{thread:26}" for thread in threads).rstrip())
    for when, thread, what in sorted(rows):
        lines.append(f"{when:8.2f}  {' ' * 26 * threads.index(thread)}{what}")
    return lines


def trips(seen: Trace) -> str:
    """Return how often a thread was sent for, in words."""
    number = len(seen["trips"])
    return f"{number} trip{'s'[: number != 1]} to a thread"


def run() -> dict[str, Trace]:
    seen = trace()
    print("\n\n".join("\n".join(story(name, one)) for name, one in seen.items()))
    return seen
