"""Whether `make test` explains each mistake of the catalogue as its entry wants it, and each check has an entry."""

import json
from pathlib import Path

from ...content.mistakes import Mistake

LONGEST = 14  # lines of an explanation


def wrong_with_explanation(mistake: Mistake, place: Path, results: dict, output: str) -> list[str]:
    """Say what is wrong with what `make test` said about a mistake that was made in `place`."""
    try:
        said = json.loads((place / ".course" / "last-failure.json").read_text(encoding="utf-8"))
    except OSError:
        return ["nothing failed: the mistake is not noticed", output]
    first = next((name for name, result in results.items() if result["outcome"] not in ("passed", "waits")), "")
    problems = []
    if first.partition("::")[2].partition("[")[0] != mistake.check:
        problems.append(f"the first to fail was {first or 'none'}, not {mistake.check}")
    if said["file"] != mistake.file:
        problems.append(f"it names {said['file'] or 'no file'}, not {mistake.file}")
    if mistake.line and mistake.line not in line_of(place, said):
        problems.append(f"it shows line {said['line']}: {line_of(place, said)!r}, not the one with {mistake.line!r}")
    spoken = "\n".join(str(value) for value in said.values())
    problems += [f"it does not say {words!r}" for words in mistake.says if words not in spoken]
    if "Traceback" in output or "INTERNALERROR" in output:
        problems.append("there is a traceback in the output")
    if len(spoken.splitlines()) > LONGEST + len(said):
        problems.append("the explanation is too long")
    return [*problems, output] if problems else []


def line_of(place: Path, said: dict) -> str:
    if not said["line"]:
        return ""
    rows = (place / said["file"]).read_text(encoding="utf-8", errors="replace").splitlines()
    return rows[said["line"] - 1].strip() if said["line"] <= len(rows) else ""


def checks_without_mistake(mistakes: list[Mistake], checks: set[str]) -> list[str]:
    """Every check of every stage is turned red, at its own assertion, by at least one mistake."""
    missing = sorted(checks - {mistake.check for mistake in mistakes})
    return [f"no mistake in tests/mistakes turns {name} red" for name in missing]
