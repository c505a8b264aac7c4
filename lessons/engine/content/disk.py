"""What is on disk: the lessons' bytes and the student's files."""

from pathlib import Path

from ..errors import CourseError
from ..paths import ROOT
from .lesson import APP, Lesson
from .stages import MARKER, Files, read_lessons

MACHINE_MADE = {"__pycache__", ".DS_Store"}


def lessons_on_disk(root: Path = ROOT) -> list[Lesson]:
    """Read the lessons of the work tree. Raises LessonError or CourseError."""
    paths = [path for folder in (root / "lessons").glob("[0-9]*") for path in [folder, *folder.rglob("*")]]
    files = {
        path.relative_to(root).as_posix(): path for path in paths if path.is_file() or path.parent.name == "lessons"
    }
    return read_lessons({name: path.read_bytes() if path.is_file() else b"" for name, path in files.items()})


def app_on_disk(root: Path = ROOT) -> Files:
    """Return the student's files of the work tree, as text; what is not UTF-8 is marked by replacement characters."""
    found: Files = {}
    for top in APP:
        path = root / top
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and not MACHINE_MADE & set(file.parts):
                found[file.relative_to(root).as_posix()] = file.read_bytes().decode("utf-8", "replace")
    return found


def put(root: Path, files: Files) -> None:
    """Write files below `root`, with `\\n` as line end on every system."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def marker(root: Path = ROOT) -> int:
    """Return the stage that the work tree is at."""
    try:
        return int((root / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CourseError(
            f"{MARKER}:1: this file should hold the number of the stage, such as 4, and nothing else."
        ) from None
