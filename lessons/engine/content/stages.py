"""From lessons to stages: which files the student has after each one. Pure, over `{path: text}`."""

import re
from collections.abc import Iterator

from ..errors import CourseError, LessonError
from .lesson import APP, Block, Lesson, parse
from .patch import ChangeError, apply_change

MARKER = "lessons/STAGE"
"""The file that says which stage this is: one number. `make test` runs the checks up to it."""

Files = dict[str, str]


def read_lessons(files: dict[str, bytes]) -> list[Lesson]:
    """Return the lessons in order, from `{"lessons/NN-slug/README.md": bytes}`; other paths are passed over.

    Raises LessonError for a fault in a lesson, CourseError where the numbers have a gap or stand twice.
    """
    lessons: list[Lesson] = []
    for file in sorted(files):
        folder = file.split("/")[1] if file.startswith("lessons/") else ""
        if not folder[:1].isdigit():
            continue
        if not re.fullmatch(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*", folder):
            raise CourseError(f"lessons/{folder}: name the folder with two digits and a slug, like 03-routing.")
        if f"lessons/{folder}/README.md" not in files:
            raise CourseError(f"lessons/{folder}: there is no README.md here. Write one, or remove the folder.")
        if file != f"lessons/{folder}/README.md":
            continue
        lesson = parse(file, files[file])
        if lesson.number != len(lessons):
            twice = lessons and lessons[-1].number == lesson.number
            why = f"has the number of {lessons[-1].file}" if twice else f"comes where lesson {len(lessons)} should"
            raise LessonError(file, 1, f"this lesson {why}. Number the folders 00, 01, 02 ... without a gap.")
        lessons.append(lesson)
    if not lessons:
        raise CourseError("lessons/: there is no lesson here, no folder like 00-django-project with a README.md.")
    return lessons


def make_stages(lessons: list[Lesson]) -> list[Files]:
    """Return the student's files after each lesson."""
    stages, files = [], {}
    for lesson in lessons:
        for _, after in walk(lesson, files):
            files = after
        stages.append(files)
    return stages


def walk(lesson: Lesson, files: Files) -> Iterator[tuple[Block, Files]]:
    """Yield each block of a lesson with the files as they stand after it; `files` is where the lesson begins."""
    for block in lesson.blocks:
        files = apply_block(lesson, block, files)
        yield block, files


def apply_block(lesson: Lesson, block: Block, files: Files) -> Files:
    if block.kind not in ("file", "change"):
        return files
    path, old = block.path, files.get(block.path)
    if block.kind == "file":
        check_place(lesson, block, files)
        new = block.text
    elif old is None:
        raise LessonError(lesson.file, block.line, f"this changes {path}, which no block has made yet.")
    else:
        try:
            new = apply_change(old, block.text)
        except ChangeError as error:
            before = f"as it stands after {block_before(lesson, block)}"
            raise LessonError(
                lesson.file,
                block.line + error.line,
                f"{error} ({path} {before}). Correct the block, then run: make check",
            ) from None
    if new == old:
        raise LessonError(lesson.file, block.line, f"this block changes nothing: {path} reads like that already.")
    return {**files, path: new}


def block_before(lesson: Lesson, block: Block) -> str:
    """Say which state a change is made upon: an earlier block of this lesson, or the stage before."""
    earlier = [b for b in lesson.blocks if b.path == block.path and b.line < block.line]
    return f"line {earlier[-1].line}" if earlier else f"stage {lesson.number - 1:02}"


def check_place(lesson: Lesson, block: Block, files: Files) -> None:
    """A path cannot be a file and a folder at once, nor, for Windows and macOS, differ from another by case alone."""
    path = block.path.lower() + "/"
    for other in files:
        there = other.lower() + "/"
        if other != block.path and (path.startswith(there) or there.startswith(path)):
            raise LessonError(lesson.file, block.line, f"{block.path} cannot be made: {other} is there already.")


def is_app_path(path: str) -> bool:
    """Tell whether a path of the repository is one of the student's files."""
    return path.split("/")[0] in APP
