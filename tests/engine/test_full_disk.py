"""`make start` on a disk that fills up at any moment: nothing is gone, and with room the same call works."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from lessons.engine import cli

from .test_databases import all_said, at_top, say
from .test_save import ALL_OF_MINE, MINE, READ_ONLY, git_that
from .toy import Course, copy_of


@contextmanager
def small_disk(place: Path, size: str = "6m"):
    """Put a small disk into a folder."""
    place.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"").decode() or error
        pytest.skip(f"NOT CHECKED: to mount a small disk one has to be root on Linux. {said}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_fills_up_at_any_moment_costs_nothing(begun, tmp_path):
    """Every moment is one before a call of git that writes. Lesson 2 holds a file too big for what git frees first."""
    with small_disk(tmp_path / "probe"):
        pass
    begun.start(2)
    begun.put({"big.bin": os.urandom(300_000)})
    begun.start(1)
    say(begun, "mine")
    say(begun, "m" * 200_000)  # lesson 2 begins with a copy of this
    begun.put(MINE)
    begun.git("add", "chat/a.py")
    begun.put({"chat/a.py": b"changed after it was staged\n"})
    copy_of(begun, tmp_path / "whole").start(2, PATH=git_that(tmp_path, f'echo "$1" >> "{tmp_path}/calls"'))
    calls = (tmp_path / "calls").read_text().split()
    moments = [number for number, call in enumerate(calls, 1) if call not in READ_ONLY]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(partial(fill_at, begun, tmp_path), moments))
    assert sum("Your work is safe where it is." in each for each in said) == 1  # in the midst of the move
    assert len(said) > 9


def fill_at(begun: Course, folder: Path, number: int) -> str:
    """Fill the disk when `make start` calls git for that time, look for the work, make room and go on."""
    with small_disk(folder / f"disk-{number}") as disk:
        course, mine = copy_of(begun, disk / "course"), begun.files()
        own, filler, room = folder / f"git-{number}", disk / "filler", {"TMPDIR": str(disk / "tmp")}
        own.mkdir()
        (disk / "tmp").mkdir()
        fill = f"dd if=/dev/zero of='{filler}' bs=4k 2> '{own}/dd'"
        counted = f'printf x >> "{own}/n"; read -r n < "{own}/n"; [ ${{#n}} -ne {number} ] || {fill}'
        done = course.make("start", "N=2", PATH=git_that(own, counted), **room)
        in_index = course.git("cat-file", "blob", ":chat/a.py").encode() + b"\n"
        assert {data for _, data in course.files().values()} | course.kept() | {in_index} >= ALL_OF_MINE
        assert (done.returncode, done.stdout.endswith(cli.FULL + "\n")) == (1, True), done.stdout
        assert "mine" in all_said(course)
        filler.unlink()
        course.start(2, **room)
        assert course.kept() >= ALL_OF_MINE
        course.start(1, **room)
        assert (course.files(), at_top(course)[0]) == (mine, "mine")
        course.git("fsck", "--no-dangling")
        return done.stdout


@pytest.mark.parametrize(
    ("said", "full"),
    [
        ("git add: fatal: sha1 file '.git/index.lock' write error. Out of diskspace", True),
        ("[Errno 28] No space left on device", True),
        ("[Errno 122] Disk quota exceeded: '.git/course-move'", True),
        ("There is no tag stage-01.", False),
    ],
)
def test_a_full_disk_is_known_by_what_is_said_of_it(said, full):
    assert cli.is_full(said) is full
