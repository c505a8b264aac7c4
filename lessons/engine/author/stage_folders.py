"""Folders with the code of a stage, as it would be in a clone of the course."""

import shutil
from pathlib import Path

from ..content.disk import lessons_on_disk, put
from ..content.stages import MARKER, Files, is_app_path, make_stages
from ..paths import ROOT
from ..repository.git import Git


class StageFolders:
    """The course as it is in the work tree, and the folders into which it is laid out for the jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lessons = lessons_on_disk()
        self.stages = make_stages(self.lessons)
        listed = Git(ROOT).run("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        needed = [path for path in listed if path and not is_app_path(path)]
        self.base = [path for path in needed if (ROOT / path).is_file()]

    def lay_out(self, name: str, files: Files, stage: int) -> Path:
        """Make a folder with the course's files, these files of the student's, and the marker."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)  # of a first try
        copy_course(self.base, place)
        put(place, {**files, MARKER: f"{stage}\n"})
        return place


def copy_course(paths: list[str], place: Path) -> None:
    """Copy these files of the course into a folder."""
    for path in paths:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, place / path)
