"""What `make check` asks of the course's texts: the top, the lessons' form, links, notebooks without outputs."""

import json
import re
from pathlib import Path

from ...content.disk import app_on_disk, marker
from ...content.lesson import Lesson
from ...content.mistakes import with_table
from ...content.stages import MARKER, Files
from ...paths import ROOT

SECTIONS = (
    "What you will see",
    "Predict",
    "See it fail",
    "Check",
    "How it works",
    "In your own project",
    "Questions",
    "If it does not work",
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def top(last: Files, number: int) -> list[str]:
    """The student's files at the top of the course are the last stage's, to the byte."""
    now = app_on_disk()
    problems = [f"{path}:1: is not what the lessons make" for path in sorted(last) if now.get(path) != last[path]]
    problems += [f"{path}:1: no lesson makes this file" for path in sorted(set(now) - set(last))]
    if marker() != number:
        problems.append(f"{MARKER}:1: should be {number}, the last stage")
    return [*problems, "To write them anew: make write"] if problems else []


def lessons(all_lessons: list[Lesson]) -> list[str]:
    """Every lesson has its sections, three questions with folded answers, a diagram, and a box for the teacher."""
    problems = []
    for lesson in all_lessons:
        text = (ROOT / lesson.file).read_text(encoding="utf-8")
        headings = headings_of(text)
        problems += [f"{lesson.file}:1: has no section '{name}'" for name in SECTIONS if name not in headings]
        if text.count("<summary>Answer</summary>") != 3:
            problems.append(f"{lesson.file}:1: should have three questions with folded answers")
        if "<summary>For the teacher</summary>" not in text:
            problems.append(f"{lesson.file}:1: has no folded box for the teacher")
        if with_table(text, lesson.number) != text:
            problems.append(f"{lesson.file}:1: 'If it does not work' is not as tests/mistakes has it. Run: make write")
        if not any(block.kind == "mermaid" for block in lesson.blocks):
            problems.append(f"{lesson.file}:1: has no diagram of who speaks to whom")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("lessons/*/*.md"), *ROOT.glob("tests/**/*.md")]:
        problems += dead_links(path)
    return problems


def headings_of(text: str) -> list[str]:
    return [line.lstrip("#").strip() for line in text.splitlines() if line.startswith("## ")]


def dead_links(path: Path) -> list[str]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for target in LINK.findall(line):
            if not (path.parent / target).exists():
                found.append(f"{path.relative_to(ROOT).as_posix()}:{number}: the link {target} leads nowhere")
    return found


def sections(results: dict, all_lessons: list[Lesson]) -> list[str]:
    """Every check has a hint, and names a section of a lesson that is there."""
    problems = []
    for name, result in results.items():
        if not result.get("hint"):
            problems.append(f"{name}: has no hint")
            continue
        lesson = all_lessons[int(result["lesson"])]
        if result["section"] not in headings_of((ROOT / lesson.file).read_text(encoding="utf-8")):
            problems.append(f"{name}: {lesson.file} has no section {result['section']!r}")
    return problems


def notebook(path: Path) -> list[str]:
    """Notebooks are committed without outputs, and have two or three exercises, each with a cell that checks it."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    problems = []
    if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
        problems.append("is saved with outputs. Clear them (Edit, Clear Outputs of All Cells).")
    found = [cell["id"] for cell in cells if cell["id"].startswith(("exercise-", "check-"))]
    if found not in ([f"{kind}-{n}" for n in range(1, last + 1) for kind in ("exercise", "check")] for last in (2, 3)):
        problems.append("should have the cells exercise-1, check-1, exercise-2, check-2 ..., two or three of each")
    return [f"notebooks/{path.name}:1: {problem}" for problem in problems]
