"""Many people come into a room, each with a name of their own. How long does it take, and how long is it deaf then?"""

import subprocess
import sys
import tempfile
from pathlib import Path

from ...content.disk import app_on_disk, lessons_on_disk
from ...content.stages import make_stages
from ...errors import CourseError
from .race import BEFORE, OLD, OURS, Running, contenders, crowd, machine, memory, quiet_environ, website

MAKE_SESSIONS = """
from django.contrib.sessions.backends.db import SessionStore
for number in range({}):
    session = SessionStore()
    session["name"] = f"Guest {{number}}"
    session.save()
    print(session.session_key)
"""


def run(people: int) -> None:
    """Measure the chat of lesson 10 and this one, and print it. Raises CourseError where it cannot be."""
    print(f"{people} people with {people} names come into a room. {machine()}\n")
    print(f"{'':26}{'all are in after':>20}{'and the next words take':>26}")
    with tempfile.TemporaryDirectory(prefix="course-joining-", dir=memory(), ignore_cleanup_errors=True) as folder:
        chats = {OLD: website(Path(folder) / "old", make_stages(lessons_on_disk())[BEFORE])}
        chats[OURS] = website(Path(folder) / "ours", app_on_disk())
        for name, place in chats.items():
            cookies = make_sessions(place, people)
            with Running(*contenders(chats)[name]) as server:
                joining, first = crowd(people, 0, {name: (*server.door, cookies)})[name]
            print(f"{name:26}{joining:18.1f} s{first:24.2f} s", flush=True)


def make_sessions(place: Path, number: int) -> list[str]:
    """Let so many people choose a name; return the cookies of their browsers. Raises CourseError."""
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", MAKE_SESSIONS.format(number)]
    done = subprocess.run(command, cwd=place, env=quiet_environ(), capture_output=True)
    if done.returncode:
        raise CourseError(f"bench: no sessions could be made:\n{done.stderr.decode('utf-8', 'replace')}")
    return [f"sessionid={key}" for key in done.stdout.decode().split()]
