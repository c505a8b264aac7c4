"""Folders with the course, each with a warm process: a run of the checks there is a child that this process forks.

It has Django, Channels, pytest and the checks imported, and nothing of the student's. So a run saves the time of the
imports, and meets nothing of the run before. Where the system cannot fork, each run is a new Python.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from ...content.disk import put
from ...content.stages import Files
from ...harness import forked, import_check
from ...harness.forks import end_after, kill_group, lead_a_group, warm_up
from ..stage_folders import copy_course

CAN_FORK = hasattr(os, "fork") and not os.environ.get("COURSE_NO_FORK")
OF_THE_COURSE = {"lessons", "tests"}  # where bytecode may stay from run to run


class WarmPlaces:
    """The folders: lent to one run at a time, and made anew for it. `base` are the course's own files."""

    def __init__(self, folder: Path, base: list[str]) -> None:
        self.folder, self.base = folder, base
        self.all: list[Warm] = []
        self.spare: list[Warm] = []

    @contextmanager
    def lend(self, files: Files) -> Iterator["Warm"]:
        """Lend a warm process whose folder has the course's files and these: they may replace some of the course's."""
        warm = self.spare.pop() if self.spare else self.begin()
        clean(warm.place, self.base)
        put(warm.place, files)
        yield warm
        copy_course([path for path in self.base if path in files], warm.place)
        self.spare.append(warm)  # not if something went wrong: who knows what has become of it

    def begin(self) -> "Warm":
        place = Path(tempfile.mkdtemp(prefix="warm-", dir=self.folder))
        copy_course(self.base, place)
        self.all.append(Warm(place) if CAN_FORK else Cold(place))
        return self.all[-1]

    def close(self) -> None:
        for warm in self.all:
            warm.close()


def clean(place: Path, base: list[str]) -> None:
    """Remove all that the course has not brought: the student's files, and what a run has left behind."""
    keep = {place / path for path in base}
    for folder, folders, files in os.walk(place, topdown=False):
        here = Path(folder)
        for path in [here / name for name in files]:
            if path not in keep and not (
                here.name == "__pycache__" and here.relative_to(place).parts[0] in OF_THE_COURSE
            ):
                path.unlink()
        for path in [here / name for name in folders]:
            if path.is_symlink():
                path.unlink()
            elif not any(path.iterdir()):
                path.rmdir()


class Cold:
    """A folder in which each run is a new Python."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def run(self, **options: object) -> tuple[dict, str]:
        """Run the checks as `make test` does; return what each did, and the output.

        The options are pytest's, by the names that they have in `config.option`.
        """
        with tempfile.TemporaryDirectory(prefix="course-run-", ignore_cleanup_errors=True) as folder:
            results = Path(folder) / "results.json"
            output = self.run_in(folder, {**options, "results": results.as_posix()})
            return json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}, output.strip()

    def run_in(self, folder: str, options: dict[str, object]) -> str:
        given = {f"--{name.replace('_', '-')}": value for name, value in options.items() if value}
        words = " ".join(name if value is True else f"{name}={value}" for name, value in given.items())
        done = subprocess.run(
            [sys.executable, "-m", "lessons", "test"],
            cwd=self.place,
            env={**os.environ, "PYTEST_ADDOPTS": words},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout.decode("utf-8", "replace")

    def close(self) -> None:
        pass


class Warm(Cold):
    """A folder with a warm process, seen from outside."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self.orders, end = multiprocessing.Pipe()
        environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=place,
            env=environ,
            stdin=end.fileno(),
            stdout=self.output,
            stderr=self.output,
        )
        end.close()

    def run_in(self, folder: str, options: dict[str, object]) -> str:
        self.orders.send((folder, options))
        self.orders.recv()
        self.output.seek(0)
        return self.output.read().decode("utf-8", "replace")

    def close(self) -> None:
        self.orders.close()
        self.process.wait()
        self.output.close()


class Forks:
    """A plugin that forks where pytest knows its options and tests/conftest.py, and nothing of the student's yet."""

    def __init__(self) -> None:
        self.orders = Connection(os.dup(0))  # pytest puts a stream of its own into that place
        self.pulse, self.alive = os.pipe()  # `alive` is never written to: it closes when this process is no more

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # before the hook of tests/conftest.py, which reads the settings
    def pytest_cmdline_main(self, config: pytest.Config) -> Iterator[None]:
        warm_up()
        while True:
            try:
                folder, options = self.orders.recv()
            except EOFError:
                os._exit(0)
            os.lseek(1, 0, os.SEEK_SET)
            os.ftruncate(1, 0)
            child = os.fork()
            if not child:
                self.settle(config, folder, options)
                return (yield)
            try:
                os.waitpid(child, 0)
            finally:
                kill_group(child)  # and whatever it has started
            self.orders.send("done")

    def settle(self, config: pytest.Config, folder: str, options: dict[str, object]) -> None:
        """Make the child ready to run the checks."""
        self.orders.close()
        os.close(self.alive)
        vars(config.option).update(options)
        lead_a_group(folder)
        forked.begin()
        import_check.fork()
        end_after(lambda: os.read(self.pulse, 1), folder)


def main() -> None:
    """Be the warm process, or one of its children."""
    sys.path.insert(0, os.getcwd())
    code = pytest.main([], plugins=[Forks()])
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
