"""What each job of `make check` depends on, as one hash: with the hash with which it has passed it need not run again.

A hash covers rather too much than too little. Each covers Python, all that is installed, the engine, and what the
checks share. The prose of a lesson counts only for the jobs that read it.
"""

import hashlib
import os
import platform
import re
import shutil
import sys
from importlib.metadata import distributions
from pathlib import Path

from .content_checks import headings_of

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "nginx", "redis-server", "openssl", "curl", "git")
TOLD = ("EXAMPLES", "COURSE_NO_FORK", "PYTEST_ADDOPTS")  # by the environment
NOT_FOR_ALL = re.compile(
    r"lessons/(\d|pictures\.toml)|tests/(engine/|load/|mistakes/|variants/|stages/test_)|notebooks/|\.|\w+\.md$|LICENSE"
)
"""Files that not every job depends on. A file of which nothing is known is for all."""


class Inputs:
    """The course's files, without the student's, and what is around them."""

    def __init__(self, root: Path, paths: list[str]) -> None:
        self.root = root
        self.all = {path: hashlib.sha256((root / path).read_bytes()).hexdigest() for path in sorted(paths)}
        for_all = {path: found for path, found in self.all.items() if not NOT_FOR_ALL.match(path)}
        self.common = digest(for_all, surroundings())

    def hash(self, *things: object) -> str:
        """Return the hash of a job that depends on these things, and on what all depend on."""
        return digest(self.common, *things)

    def below(self, *starts: str) -> dict[str, str]:
        """Return the files whose paths begin like one of these, each with its hash."""
        return {path: found for path, found in self.all.items() if path.startswith(starts)}

    def checks(self, stage: int) -> list[object]:
        """Return what the checks up to a stage depend on, but for the student's files: of a lesson the headings."""
        lessons = [path for path in self.all if re.match(r"lessons/\d", path)]
        texts = [(self.root / path).read_text(encoding="utf-8") for path in lessons if path.endswith("README.md")]
        brought = {path: self.all[path] for path in lessons if not path.endswith((".md", ".png", ".svg"))}
        files = self.below(*(f"tests/stages/test_stage_{number:02}" for number in range(stage + 1)))
        return [files, lessons, [headings_of(text) for text in texts], brought]


def digest(*things: object) -> str:
    return hashlib.sha256(repr(things).encode()).hexdigest()


def surroundings() -> list[object]:
    """Return what a job finds on this machine: Python, libraries, programs, what the environment tells it."""
    libraries = sorted(f"{one.name} {one.version}" for one in distributions())
    places = [place for place in map(shutil.which, PROGRAMS) if place]
    programs = [(place, os.stat(place).st_size, os.stat(place).st_mtime) for place in places]
    return [sys.version, platform.platform(), libraries, programs, [os.environ.get(name) for name in TOLD]]
