"""The console blocks of a lesson, run from its beginning to its end."""

import shutil
from collections.abc import Callable
from pathlib import Path

from ...content.lesson import Lesson
from ...content.stages import Files, apply_block
from ...errors import CourseError
from .console import Terminal, read_calls, run_calls


def run_blocks(lesson: Lesson, files: Files, lay_out: Callable[[str, Files, int], Path]) -> tuple[list[str], list[str]]:
    """Run each block in the code as it stands there: `files`, changed by the blocks above it.

    Return what is wrong, and a line for each command that says whether it was run.
    """
    problems: list[str] = []
    done: list[str] = []
    terminal = before = None  # before: the one in which the reader's last commands ran
    try:
        for index, block in enumerate(lesson.blocks):
            if block.kind in ("file", "change"):
                if terminal:
                    terminal.stop()
                    before = terminal
                made = before.folder / block.path if before and block.path not in files else None
                if made and made.is_file() and made.read_text(encoding="utf-8") != block.text:
                    problems.append(
                        f"{lesson.file}:{block.line}: {block.path} is not as the command above has made it."
                        " Write into the block what the command makes."
                    )
                files = apply_block(lesson, block, files)
                terminal = None
            if block.kind == "console":
                if terminal is None:
                    folder = lay_out(f"console-{lesson.number}-{index}", files, lesson.number)
                    terminal = Terminal(lesson.file, folder, before)
                    if before and (before.folder / "db.sqlite3").exists():  # it stays when the code changes
                        shutil.copy2(before.folder / "db.sqlite3", terminal.folder)
                try:
                    done += run_calls(terminal, read_calls(lesson.file, block.text, block.line))
                except CourseError as error:
                    problems.append(str(error))
    finally:
        if last := terminal or before:
            last.close()
    return problems, done
