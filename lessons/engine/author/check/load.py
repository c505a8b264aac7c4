"""What the finished chat bears: tests/load, run in a folder with the last stage's files. They take minutes."""

import subprocess
import sys
from pathlib import Path

from ...paths import ROOT
from ...process import start

TIMED = (Path("tests/load/test_neighbours.py"),)  # they measure time, so nothing may run beside them
PYTEST = [sys.executable, "-m", "pytest", "--full", "--all", "-q", "-s", "--color=no"]


def load_tests() -> list[Path]:
    """Return the files of tests, from the top of the course."""
    return [path.relative_to(ROOT) for path in sorted((ROOT / "tests" / "load").glob("test_*.py"))]


def run_load(test: Path, place: Path) -> list[str]:
    """Run a file of tests in `place`, and show what it prints on the way; return its output if it failed."""
    lines: list[str] = []
    with start(
        [*PYTEST, test.as_posix()], cwd=place, stdout=-1, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as child:
        for line in child.stdout:
            lines.append(line)
            told = line.strip(".FE \n")
            if told and not any(line.startswith("=") for line in lines):  # below that line is pytest's report
                print(f"        {told}", flush=True)
    return ["".join(lines)] if child.returncode else []
