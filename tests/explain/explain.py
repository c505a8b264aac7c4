"""From a failed check to an explanation: what was tried, what happened, where, why, a hint, and what to read again."""

import json
import linecache
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

import pytest

from lessons.engine.harness import project, step_log
from lessons.engine.harness.failure import chain, last_line, place_in_student_code, quote_line
from tests.explain import rules, source
from tests.explain.find import all_findings

LAST_FAILURE = project.ROOT / ".course" / "last-failure.json"
STEPS = 6  # of what a check did that are told, the last ones
OF_DJANGO = ("admin/", "registration/")  # templates that come with it
LABELS = ("tried", "happened", "where", "why", "hint", "read")


@dataclass
class Explanation:
    """What a student is told. `file` and `line` say where; line 0 means the file as a whole."""

    check: str
    stage: int
    tried: str
    happened: str
    file: str
    line: int
    why: str
    hint: str
    read: str

    @property
    def where(self) -> str:
        return quote_line(self.file, self.line)

    def lines(self) -> Iterator[str]:
        """Yield the lines to print, each part with its label in front."""
        for label in LABELS:
            first, *more = str(getattr(self, label)).splitlines() or [""]
            if first:
                yield f"{label.capitalize() + ':':<10}{first}"
                yield from (" " * 10 + line for line in more)


def keep(explanation: Explanation) -> None:
    """Keep an explanation for `make hint` and `make answer`."""
    with suppress(OSError):  # a folder that cannot be written to is no reason to say nothing
        LAST_FAILURE.parent.mkdir(exist_ok=True)
        LAST_FAILURE.write_text(json.dumps(asdict(explanation), indent=1), encoding="utf-8")


def forget_failure() -> None:
    with suppress(OSError):
        LAST_FAILURE.unlink()


def explanation_of(name: str, stage: int, exception: BaseException, asked: dict) -> Explanation:
    """Explain a failure. `asked` is what the mark of the check says: its lesson, its hint, where to look.

    `stage` is the one that the student is at: what is looked for in the source goes up to it.
    """
    happened = list(dict.fromkeys(what_happened(exception)))  # each line once
    everything = "\n".join([*happened, *getattr(exception, "__notes__", [])])[:5000]
    file, line = place_in_student_code(exception)
    rule = rules.apply(everything)
    finding = None if syntax_error(exception) else first_finding(stage, rule.file if rule and rule.over else file)
    why, hint = "", asked.get("hint", "")
    if rule:
        why, hint = rule.why, rule.hint
    if file and not rule and linecache.getline(str(project.ROOT / file), line).strip().startswith("raise "):
        why = "Your own code says no here, by an exception, and nobody catches it."
        hint = "Who has called this, and where does the answer for such a case belong?"
    if meant := misspelt_attribute(everything):
        hint = f"Is it {meant}?"
    if rule and rule.over and finding and finding.file != rule.file:
        finding = None
    if finding and (not line or (rule and rule.over) or (finding.file, finding.line) == (file, line)):
        file, line, why, hint = finding.file, finding.line, finding.why, finding.hint
    elif rule and rule.file and (rule.over or not line) and not syntax_error(exception):
        file, line = find_line(f"{rule.file}:{rule.word}")
    if template := missing_template(everything):
        file, line = template, 0
    if not file:
        file, line = find_line(asked.get("look", ""))
    return Explanation(
        check=name,
        stage=stage,
        tried=tried(asked),
        happened="\n".join(happened + list(getattr(exception, "__notes__", []))),
        file=file,
        line=line,
        why=why,
        hint=hint,
        read=section(asked, stage, file, line),
    )


def misspelt_attribute(text: str) -> str:
    """Return the method of a consumer that somebody must have meant who wrote an attribute that is not there."""
    found = re.search(r"has no attribute '(\w+)'", text)
    return source.nearest(found[1], source.METHODS | source.LAYER) if found else ""


def first_finding(stage: int, file: str) -> source.Finding | None:
    """Return what the source shows, rather in the file where it broke than in another."""
    found = all_findings(project.ROOT, stage)
    return next((one for one in found if one.file == file), found[0] if found else None)


def tried(asked: dict) -> str:
    """Say what the check did, in the words of somebody who looks over its shoulder."""
    lines = ["...", *step_log.lines[1 - STEPS :]] if len(step_log.lines) > STEPS else step_log.lines
    return "; ".join(lines) or asked.get("tried", "")


def missing_template(text: str) -> str:
    """Return the path of a template that was asked for and is nowhere; "" if it lies somewhere else than was said."""
    found = re.search(r"TemplateDoesNotExist: (\S+)", text)
    name = found[1].rpartition("/")[2] if found else ""
    there = name and any(project.is_students(str(path)) for path in project.ROOT.glob(f"**/templates/**/{name}"))
    return f"templates/{found[1]}" if found and not there and not found[1].startswith(OF_DJANGO) else ""


def section(asked: dict, stage: int, file: str, line: int) -> str:
    """Return what to read again: the check's own section, or the one that has the student write the line at fault.

    A check of lesson 1 may fail for what was typed in lesson 5, the lesson that the student has open.
    """
    if not asked:
        return ""
    own, heading = int(asked["lesson"]), asked["section"]
    rows = (project.ROOT / file).read_text(encoding="utf-8", errors="replace").splitlines() if line else []
    row = rows[line - 1].strip() if line and line <= len(rows) else ""
    for number in range(stage, own - 1, -1):
        for title, text in sections(number).items():
            here = f"**`{file}`**" in text
            typed = number > own and len(row) > 8 and row in text
            made = number > own and f"**`{file}`**\n```" in text and f"**`{file}`**\n```diff" not in text
            elsewhere = number == own and f"**`{file}`**" not in sections(own)[heading]
            if here and (typed or made or elsewhere):
                return reference(number, title)
    return reference(own, heading)


def sections(number: int) -> dict[str, str]:
    """Return the sections of a lesson, `{heading: text}`."""
    path = next(project.ROOT.glob(f"lessons/{number:02}-*/README.md"), None)
    parts = re.split(r"^## (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE) if path else [""]
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def reference(number: int, heading: str) -> str:
    folder = next(project.ROOT.glob(f"lessons/{number:02}-*"))
    return f'lessons/{folder.name}/README.md, "{heading}"'


def find_line(where: str) -> tuple[str, int]:
    """Return file and line of `file:word`: the first line that has the word; if none, that has it in other capitals."""
    file, _, word = where.partition(":")
    path = project.ROOT / file
    if not word or not path.is_file():
        return file, 0
    rows = path.read_text(encoding="utf-8", errors="replace").splitlines()
    exact = next((number for number, row in enumerate(rows, 1) if word in row), 0)
    return file, exact or next((number for number, row in enumerate(rows, 1) if word.lower() in row.lower()), 0)


def what_happened(exception: BaseException) -> Iterator[str]:
    text = re.split(r"\n(?=assert )", str(exception))[0]  # pytest adds the values of the assertion: not for a beginner
    if is_assertion(exception) and text:
        yield from text.splitlines()
    else:
        yield last_line(exception)
    for cause in chain(exception):
        if cause is not exception:
            yield last_line(cause)


def is_assertion(exception: BaseException | None) -> bool:
    """Tell whether a check said itself what is wrong, and did not just break."""
    return isinstance(exception, AssertionError | pytest.fail.Exception)


def syntax_error(exception: BaseException) -> bool:
    return any(isinstance(error, SyntaxError) for error in chain(exception))
