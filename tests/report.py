"""What a person reads after `make test`: a line for each check, and for each one that fails the few lines that help.

The words of a failure come from tests/explain; pytest's own report, with tracebacks, is there with V=1.
"""

import json
import os
import sys
import time
from collections.abc import Iterator

import pytest

from lessons.engine.harness import patience, project
from tests import progress
from tests.explain.explain import explain, forget_failure, in_words, last_line

EXCEPTIONS = pytest.StashKey[dict]()
WAITS = "waits for the above"
WORDS = {"passed": ("ok", "32"), "failed": ("FAIL", "31"), "skipped": ("NOT CHECKED", "33"), "waits": ("waits", "2")}


class NeverEnds(AssertionError):
    """The student's code has not come back; `place` is the file and line that it is in."""

    def __init__(self, place: str) -> None:
        super().__init__("This has not come to an end, and is stopped now: your code still runs.")
        file, _, line = place.rpartition(":")
        self.place = (project.relative(file), int(line)) if place else ("", 0)


def settings_never_end(place: str) -> None:
    """Say that reading the settings does not come to an end; the process is ended after that."""
    explanation = explain("the settings can be read", 0, NeverEnds(place), None)
    say("Stage 0: the settings cannot be read")
    for line in explanation.lines():
        say(f"        {line}")


class Report:
    """Stands in for pytest's terminal reporter: green stages in a line each, the first failure in full."""

    shows_progress = True

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._tw = config.get_terminal_writer()  # pytest asks its reporter for it, to explain an assertion
        self.counts = dict.fromkeys(WORDS, 0)
        self.stages: dict[int, list[str]] = {}  # the outcomes of each stage's checks so far
        self.titled: set[int] = set()
        self.waiting: set[tuple[int, str]] = set()
        self.began = time.perf_counter()
        self.color = sys.stdout.isatty()
        self.progress = progress.Progress(self.color and self.shows_progress)
        self.items: dict[str, pytest.Item] = {}
        self.stopped = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = {item.nodeid: item for item in session.items}
        self.progress.begin(len(self.items), sum(map(is_slow, session.items)))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.progress.draw(sum(self.counts.values()), self.items[nodeid].stage)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.say(report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.passed and report.when != "call":
            return
        item, exception = self.items[report.nodeid], self.config.stash[EXCEPTIONS].get((report.nodeid, report.when))
        outcome = "waits" if str(exception) == WAITS else report.outcome
        self.close_stages(before=item.stage)
        self.counts[outcome] += 1
        self.stages.setdefault(item.stage, []).append(outcome)
        if outcome == "waits":
            self.wait(item)
        elif outcome != "passed" or item.stage == self.config.stage:
            self.line(item.stage, outcome, sentence(item))
        if outcome == "skipped":
            self.say(f"        {exception}")
        if outcome == "failed":
            self.failure(item, exception)

    def failure(self, item: pytest.Item, exception: BaseException) -> None:
        """Tell the first failure in full; of the others only that they are."""
        if self.counts["failed"] > 1 and not self.config.getoption("--all"):
            self.say("        (Another one. Mend the first, then look at this.)")
            return
        for line in explain(sentence(item), self.config.stage, exception, item.get_closest_marker("check")).lines():
            self.say(f"        {line}")

    def wait(self, item: pytest.Item) -> None:
        """List a check that has to wait, once for all its cases."""
        name = sentence(item).partition(": ")[0]
        if item.stage == min(self.stages, key=lambda stage: "failed" not in self.stages[stage]):
            if (item.stage, name) not in self.waiting:
                self.line(item.stage, "waits", name)
            self.waiting.add((item.stage, name))

    def line(self, stage: int, outcome: str, text: str) -> None:
        if stage not in self.titled:
            self.titled.add(stage)
            self.say(f"Stage {stage}: {lesson_title(stage)}")
            if passed := self.stages.get(stage, [])[:-1].count("passed"):
                self.say(f"  {self.word('passed')}{passed} checks")
        self.say(f"  {self.word(outcome)}{text}", flush=True)

    def word(self, outcome: str) -> str:
        word, color = WORDS[outcome]
        padded = f"{word + ' ':<6}"
        return f"\033[{color}m{padded}\033[0m" if self.color else padded

    def close_stages(self, before: int) -> None:
        """Print the line of every earlier stage that had nothing to tell."""
        for stage, outcomes in self.stages.items():
            if stage < before and stage not in self.titled:
                self.titled.add(stage)
                what = "checks wait for the above" if "waits" in outcomes else "checks"
                word = self.word("waits" if "waits" in outcomes else "passed")
                self.say(f"Stage {stage}: {lesson_title(stage)}\n  {word}{len(outcomes)} {what}", flush=True)

    def pytest_keyboard_interrupt(self) -> None:
        self.stopped = True

    def pytest_sessionfinish(self) -> None:
        self.close_stages(before=self.config.stage + 1)
        self.say(f"\n{self.score()}")
        if self.stopped:
            self.say(f"Stopped by Ctrl-C after {sum(self.counts.values())} of {len(self.items)} checks.")
            return
        self.say(f"({time.perf_counter() - self.began:.1f} s) {self.map()}")
        if len(self.items) == self.counts["passed"]:
            self.progress.remember()
        for line in self.what_now():
            self.say(line)

    def score(self) -> str:
        passed, failed, skipped, waiting = (self.counts[word] for word in ("passed", "failed", "skipped", "waits"))
        return (f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
            + (f", {waiting} wait" if waiting else ""))  # fmt: skip

    def what_now(self) -> Iterator[str]:
        """Yield what the student can do now."""
        if patience.longer:
            yield patience.BUSY
        if self.counts["passed"] and not self.counts["failed"]:
            forget_failure()
            if self.counts["skipped"]:
                yield f"{self.counts['skipped']} were NOT CHECKED: look by hand, as said above."
            if not self.config.option.keyword:
                yield what_next(self.config.stage, chosen=self.config.getoption("--stage") is not None)
        elif self.counts["failed"]:
            yield "Stuck? make hint says more. With tracebacks: make test V=1"

    def say(self, line: str, flush: bool = False) -> None:
        say(line, flush)

    def map(self) -> str:
        """Where the student is: the stages done, this one, those to come."""
        return self.draw(self.stages)

    def draw(self, stages: dict[int, list[str]]) -> str:
        done = [stage for stage, outcomes in stages.items() if {"passed", "skipped"} >= set(outcomes)]
        here = f"here: {self.config.stage}" if len(done) < len(stages) else ""
        to_come = range(self.config.stage + 1, number_of_lessons())
        parts = [("done:", done), (here, []), ("to come:", list(to_come))]
        texts = [" ".join([name, *map(str, stages)]) for name, stages in parts if stages or (name and name == here)]
        return "Stages " + " | ".join(texts)


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
            "outcome": self.outcome(report, exception, told),
            "guards": guards.args[0] if guards else "",
            **(check.kwargs if check else {}),
        }

    def outcome(self, report: pytest.TestReport, exception: BaseException | None, told: bool) -> str:
        """Tell a failure in words from a check that just broke, and from one that waits."""
        if not report.failed:
            return report.outcome
        return "waits" if str(exception) == WAITS else "failed" if told else f"broke: {last_line(exception)}"

    def pytest_sessionfinish(self) -> None:
        with open(self.config.getoption("--results"), "w", encoding="utf-8") as file:
            json.dump(self.results, file)


def say(line: str, flush: bool = False) -> None:
    """Print; when nobody reads any more (`make test | head`), go on in silence and clean up as always."""
    try:
        progress.clear()
        print(line, flush=flush)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - stays open until the end


def is_slow(item: pytest.Item) -> bool:
    """Tell whether a check starts a server or a browser."""
    return bool({"server", "redis", "browser"} & set(item.fixturenames))


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


def number_of_lessons() -> int:
    return len(list(project.ROOT.glob("lessons/[0-9][0-9]-*")))


def what_next(stage: int, chosen: bool) -> str:
    """Name the next step; after a stage that was chosen by STAGE=, `make next` would not go on from there."""
    if project.is_drill():
        return "All green: the fault is mended. Compare: make drill REVEAL=1. Another one: make drill"
    following = lesson_title(stage + 1)
    if not following:
        return "All green. That is the last lesson so far."
    command = f"make start N={stage + 1}" if chosen else "make next"
    return f"All green. Next is Lesson {stage + 1}: {following}. Begin it with: {command}"
