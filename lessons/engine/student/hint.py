"""`make hint`: more help with the failure that `make test` told last.

`make test` leaves its explanation in .course/last-failure.json. Each `make hint` says a little more than the last,
and the last one shows the change.
"""

import difflib
import json
from collections.abc import Iterator

from ..content.disk import lessons_on_disk, marker
from ..content.stages import make_stages
from ..errors import CourseError
from ..paths import ROOT

LAST = ROOT / ".course" / "last-failure.json"
ASKED = ROOT / ".course" / "hints-given.json"


def hint() -> int:
    """Print the next hint, and all that came before it."""
    failure = last_failure()
    given = asked(failure) + 1
    every = list(hints(failure))
    print(f"For the check: {failure['check']}")
    for number, text in enumerate(every[:given], 1):
        print(f"Hint {number}: {text}")
    if given < len(every):
        print("(There is another one: make hint)")
    else:
        print("(That was the last one. The whole answer: make answer)")
    ASKED.write_text(json.dumps({"failure": failure, "given": min(given, len(every))}), encoding="utf-8")
    return 0


def last_failure() -> dict:
    try:
        return json.loads(LAST.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CourseError("There is no failed check that I know of. Run: make test") from None


def asked(failure: dict) -> int:
    """Return how many hints have been given for this very failure."""
    try:
        known = json.loads(ASKED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    same = ("check", "happened", "file", "line")
    return known["given"] if all(known["failure"].get(key) == failure[key] for key in same) else 0


def hints(failure: dict) -> Iterator[str]:
    """Yield the hints from weak to strong: a question, the file, the line, the change."""
    yield failure["hint"] or "Read the section again that the check names."
    if failure["file"]:
        yield f"Look into {failure['file']}."
    if failure["line"]:
        rows = (ROOT / failure["file"]).read_text(encoding="utf-8", errors="replace").splitlines()
        row = rows[failure["line"] - 1].strip() if failure["line"] <= len(rows) else ""
        yield f"It is in or near line {failure['line']}: {row}\n        {failure['why']}".rstrip()
    if failure["file"] and (lines := list(nearest_hunk(failure["file"], failure["line"]))):
        yield "The finished stage has it like this (- is yours, + is the lesson's):\n" + "\n".join(lines)


def difference(file: str) -> Iterator[str]:
    """Yield the lines of the change from the student's file to the finished stage's."""
    finished = make_stages(lessons_on_disk())[marker()].get(file)
    if finished is None:
        return
    path = ROOT / file
    mine = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    yield from difflib.unified_diff(mine.splitlines(), finished.splitlines(), "yours", "finished", n=2, lineterm="")


def nearest_hunk(file: str, line: int) -> Iterator[str]:
    """Yield the part of the change that is nearest to a line of the student's file."""
    hunks: list[list[str]] = []
    for row in list(difference(file))[2:]:
        if row.startswith("@@"):
            hunks.append([])
        hunks[-1].append(row)
    if hunks:
        yield from min(hunks, key=lambda hunk: abs(first_line(hunk[0]) - line))[1:]


def first_line(header: str) -> int:
    """Return the first line of a hunk in the old file, out of its header `@@ -12,7 +12,9 @@`."""
    return int(header.split()[1].lstrip("-").split(",")[0])
