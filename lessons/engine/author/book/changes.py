"""For each stage a page with what changed since the one before: pure, from files to Markdown."""

import difflib

from ...content.lesson import Lesson
from ...content.stages import Files


def changes_page(lesson: Lesson, before: Files, after: Files, lesson_page: str) -> str:
    """Return the page with the diff from the stage before, file by file; `lesson_page` is where the lesson stands."""
    diffs = {path: diff(before.get(path), after.get(path)) for path in sorted(before | after)}
    diffs = {path: lines for path, lines in diffs.items() if before.get(path) != after.get(path)}
    added = sum(line.startswith("+") for lines in diffs.values() for line in lines)
    removed = sum(line.startswith("-") for lines in diffs.values() for line in lines)
    what = f"{count(len(diffs), 'file')}, {count(added, 'line')} more, {count(removed, 'line')} fewer"
    same = f"`git diff stage-{lesson.number - 1:02} {lesson.tag}`" if lesson.number else f"`git show {lesson.tag}`"
    page = [
        f"# Stage {lesson.number}: what changed",
        f"What [lesson {lesson.number}, {lesson.title}]({lesson_page}), has you type, all of it: {what}."
        f" In the course, {same} shows it too.",
    ]
    for path, lines in diffs.items():
        news = " (new)" if path not in before else " (gone)" if path not in after else ""
        page.append(f"## `{path}`{news}")
        page.append(fenced("diff", lines) if lines else "An empty file.")
    return "\n\n".join(page) + "\n"


def diff(before: str | None, after: str | None) -> list[str]:
    """Return the hunks of the change; the path stands above them, so the two lines that name it are left out."""
    old, new = (before or "").splitlines(), (after or "").splitlines()
    return list(difflib.unified_diff(old, new, lineterm=""))[2:]


def fenced(info: str, lines: list[str]) -> str:
    """Return a fenced block, with a fence longer than any in it."""
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    return "\n".join([fence + info, *lines, fence])


def count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
