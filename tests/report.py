"""What a person reads after `make test`: a line for each check, and for each one that fails the few lines that help.

`explain` is the place where a failure becomes words; pytest's own report, with tracebacks, is there with V=1.
"""

import json
import linecache
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator

import pytest

from tests import project

EXCEPTIONS = pytest.StashKey[dict]()
WAITS = "waits until the settings can be read"
WORDS = {"passed": ("ok", "32"), "failed": ("FAIL", "31"), "skipped": ("NOT CHECKED", "33"), "waits": ("waits", "2")}


class Report:
    """Stands in for pytest's terminal reporter."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._tw = config.get_terminal_writer()  # pytest asks its reporter for it, to explain an assertion
        self.counts = dict.fromkeys(WORDS, 0)
        self.stage: int | None = None
        self.began = time.perf_counter()
        self.color = sys.stdout.isatty()
        self.items: dict[str, pytest.Item] = {}
        self.told: set[tuple[str, ...]] = set()  # what has been explained once

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = {item.nodeid: item for item in session.items}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            say(report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One line for a check that passed or waits; a failure is told at once, in words."""
        if report.passed and report.when != "call":
            return
        item, exception = self.items[report.nodeid], self.config.stash[EXCEPTIONS].get((report.nodeid, report.when))
        outcome = "waits" if str(exception) == WAITS else report.outcome
        self.counts[outcome] += 1
        self.title(item.stage)
        word, color = WORDS[outcome]
        word = f"\033[{color}m{word:<6}\033[0m" if self.color else f"{word:<6}"
        say(f"  {word}{sentence(item)}")
        if outcome == "skipped":
            say(f"        {exception}")
        if outcome == "failed":
            for line in self.explain_once(exception, item.get_closest_marker("check")):
                say(f"        {line}")

    def explain_once(self, exception: BaseException, check: pytest.Mark | None) -> list[str]:
        """Explain a failure; the same story a second time only as a reference to the first."""
        lines = list(explain(exception, check))
        story = tuple(line for line in lines if not line.startswith(("Hint: ", "Read again: ")))
        if story in self.told:
            return ["As above."]
        self.told.add(story)
        return lines

    def title(self, stage: int) -> None:
        if stage != self.stage:
            self.stage = stage
            say(f"Stage {stage}: {lesson_title(stage)}", flush=True)

    def pytest_keyboard_interrupt(self) -> None:
        say("Stopped.")

    def pytest_sessionfinish(self) -> None:
        passed, skipped = self.counts["passed"], self.counts["skipped"]
        failed = self.counts["failed"] + self.counts["waits"]
        seconds = time.perf_counter() - self.began
        say(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
        say(f"({seconds:.1f} s, checks of the stages up to {self.config.stage})")
        if passed and not failed:
            say(what_next(self.config.stage))


class Results:
    """Writes what each check did to a file, for `make check`."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.results, self.items = config, {}, {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = {item.nodeid: item for item in session.items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        item = self.items[report.nodeid]
        check, guards = item.get_closest_marker("check"), item.get_closest_marker("guards")
        exception = self.config.stash[EXCEPTIONS].get((report.nodeid, report.when))
        told = report.when == "call" and (in_words(exception) or exception is project.problem)
        self.results[report.nodeid] = {
            "outcome": report.outcome if told or not report.failed else f"broke: {last_line(exception)}",
            "guards": guards.args[0] if guards else "",
            **(check.kwargs if check else {}),
        }

    def pytest_sessionfinish(self) -> None:
        with open(self.config.getoption("--results"), "w", encoding="utf-8") as file:
            json.dump(self.results, file)


def say(line: str, flush: bool = False) -> None:
    """Print; when nobody reads any more (`make test | head`), go on in silence and clean up as always."""
    try:
        print(line, flush=flush)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - stays open until the end


def sentence(item: pytest.Item) -> str:
    """Turn test_the_lobby_answers[a list] into "the lobby answers: a list"."""
    name, _, case = item.name.removeprefix("test_").partition("[")
    return name.replace("_", " ") + (f": {case.removesuffix(']')}" if case else "")


def lesson_title(stage: int) -> str:
    """Return the title that stands in the first line of the lesson; "" where there is no such lesson."""
    for path in project.ROOT.glob(f"lessons/{stage:02}-*/README.md"):
        with path.open(encoding="utf-8") as file:
            return file.readline().partition(": ")[2].strip()
    return ""


def what_next(stage: int) -> str:
    following = lesson_title(stage + 1)
    if not following:
        return "All green. That is the last lesson so far."
    return f"All green. Next is Lesson {stage + 1}: {following}. Begin it with: make start N={stage + 1}"


def explain(exception: BaseException, check: pytest.Mark | None) -> Iterator[str]:
    """Say of a failed check what happened, where in the student's files, a hint, and what to read again."""
    yield from what_happened(exception)
    if place := students_place(exception):
        yield place
    yield from getattr(exception, "__notes__", [])
    if check:
        yield f"Hint: {check.kwargs['hint']}"
        folder = next(project.ROOT.glob(f"lessons/{check.kwargs['lesson']}-*"))
        yield f'Read again: lessons/{folder.name}/README.md, "{check.kwargs["section"]}"'


def what_happened(exception: BaseException) -> Iterator[str]:
    text = re.split(r"\n(?=assert )", str(exception))[0]  # pytest adds the values of the assertion: not for a beginner
    if in_words(exception) and text:
        yield from text.splitlines()
    else:
        yield last_line(exception)
    for cause in chain(exception):
        if cause is not exception:
            yield last_line(cause)


def in_words(exception: BaseException | None) -> bool:
    """Tell whether a check said itself what is wrong, and did not just break."""
    return isinstance(exception, AssertionError | pytest.fail.Exception)


def last_line(exception: BaseException) -> str:
    return traceback.format_exception_only(exception)[-1].strip()


def chain(exception: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and the causes that it was explicitly raised from."""
    while exception is not None:
        yield exception
        exception = exception.__cause__


def students_place(exception: BaseException) -> str:
    """Return `file:line: the line` of the student's file that was running when it happened; "" if none was."""
    place = ""
    for error in chain(exception):
        for frame in traceback.extract_tb(error.__traceback__):
            if project.is_students(frame.filename):
                place = show(frame.filename, frame.lineno)
        if isinstance(error, SyntaxError) and project.is_students(error.filename or ""):
            place = show(error.filename, error.lineno or 1)
    return place


def show(file: str, line: int) -> str:
    relative = project.Path(file).resolve().relative_to(project.ROOT).as_posix()
    return f"{relative}:{line}: {linecache.getline(file, line).strip()}"
