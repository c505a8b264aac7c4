"""Variants, other correct solutions in `tests/variants/`: which files each has when it is laid over its stage."""

from pathlib import Path

from ...content.disk import MACHINE_MADE
from ...content.patch import ChangeError, apply_change
from ...content.stages import Files
from ...errors import CourseError
from ...paths import ROOT

CHANGE = ".diff"
BASE = "--- "  # begins the first line of a change to another file than the stage's


def variants() -> list[Path]:
    """Return the folder of each variant."""
    return sorted(path for path in (ROOT / "tests" / "variants").glob("[0-9]*") if path.is_dir())


def files_of(variant: Path, stage: Files, root: Path = ROOT) -> Files:
    """Return the student's files of a variant: its own, and those of the stage. Raises CourseError.

    A file `NAME.diff` changes the stage's file NAME, or the one below `root` that its first line names: `--- PATH`.
    A package takes the place of the module of its name.
    """
    own: Files = {}
    for file in sorted(variant.rglob("*")):
        if file.is_file() and not MACHINE_MADE & set(file.parts):
            path, text = file.relative_to(variant).as_posix(), read(file)
            if file.suffix == CHANGE:
                path = path.removesuffix(CHANGE)
                text = changed(root, file, text, stage.get(path))
            own[path] = text
    modules = {path.removesuffix("/__init__.py") + ".py" for path in own if path.endswith("/__init__.py")}
    return {path: text for path, text in {**stage, **own}.items() if path not in modules}


def changed(root: Path, file: Path, change: str, of_stage: str | None) -> str:
    """Return what a change makes of its base. Raises CourseError where it does not match."""
    name, base, whose, above = file.relative_to(root).as_posix(), of_stage, "the stage's file", 0
    if change.startswith(BASE):
        first, _, change = change.partition("\n")
        whose, above = first.removeprefix(BASE), 1
        base = read(root / whose) if (root / whose).is_file() else None
    if base is None:
        raise CourseError(f"{name}:1: this changes {whose}, which does not exist. Write the whole file instead.")
    try:
        return apply_change(base, change)
    except ChangeError as error:
        line = above + error.line + 1
        raise CourseError(f"{name}:{line}: {error} ({whose}). Correct it, or write the whole file instead.") from None


def read(file: Path) -> str:
    """Return a file's text with its line ends as they are."""
    return file.read_bytes().decode("utf-8")
