"""The recorded diagrams: between a marker and the end of the block below it, a lesson has what `record` says."""

import re

MARKER = "<!-- Recorded from the code of this stage, by: make pictures -->"
BLOCK = re.compile(rf"({re.escape(MARKER)}\n+```mermaid\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)


def has_diagram(lesson: str) -> bool:
    return MARKER in lesson


def diagram_of(lesson: str) -> str:
    """Return the diagram in a lesson's text, "" if it has none."""
    found = BLOCK.search(lesson)
    return found[2] if found else ""


def with_diagram(lesson: str, diagram: str) -> str:
    """Return a lesson's text with another diagram."""
    return BLOCK.sub(lambda found: found[1] + diagram + found[3], lesson, count=1)
