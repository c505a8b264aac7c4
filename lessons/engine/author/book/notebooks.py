"""The notebooks with their outputs: each is run, in a folder with the code of its own stage."""

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...content.disk import put
from ...content.notebook import notebook_stage
from ...content.stages import MARKER, Files
from ...errors import CourseError
from ...paths import ROOT

RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=60).execute()
nbformat.write(notebook, sys.argv[2])
"""


def run_notebooks(stages: list[Files]) -> dict[str, str]:
    """Return every notebook with its outputs, by its path; one whose stage is not made yet is left out.

    Raises CourseError for one that cannot be run.
    """
    paths = [path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if notebook_stage(path) < len(stages)]
    with ThreadPoolExecutor(4) as pool:  # they mostly wait
        done = list(pool.map(lambda path: run(path, stages[notebook_stage(path)], notebook_stage(path)), paths))
    return {path.relative_to(ROOT).as_posix(): text for path, text in zip(paths, done, strict=True)}


def run(path: Path, files: Files, stage: int) -> str:
    """Return a notebook with its outputs. Raises CourseError if it cannot be run."""
    with tempfile.TemporaryDirectory(prefix="course-notebook-", ignore_cleanup_errors=True) as name:
        place, target = Path(name) / "course", Path(name) / "done.ipynb"
        ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        for folder in ("notebooks", "lessons", "tests"):
            shutil.copytree(ROOT / folder, place / folder, ignore=ignore)
        put(place, {**files, MARKER: f"{stage}\n"})
        done = subprocess.run(
            [sys.executable, "-c", RUN, path.name, target], cwd=place / "notebooks", stdout=-1, stderr=subprocess.STDOUT
        )
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace").strip()
            raise CourseError(
                f"notebooks/{path.name}:1: cannot be run at stage {stage}.\n{said}\nTo run it by hand: make notebooks"
            )
        return target.read_text(encoding="utf-8")
