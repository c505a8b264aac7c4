"""What a person reads after `make test`: a line for each check, and for each one that fails the few lines that help.

The checks run in the order of tests/plan.py, perhaps in two processes; the report is in the order of the lessons. Only
the first cause is told at once. The words of a failure come from tests/explain; pytest's own report, with tracebacks,
is there with V=1.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lessons.engine.harness import patience, project
from tests import progress
from tests.explain.explain import Explanation, explanation_of, forget_failure, is_assertion, keep, last_line
from tests.plan import Check, Plan

EXCEPTIONS = pytest.StashKey[dict]()
WAITS = "waits for the above"
WORDS = {"passed": ("ok", "32"), "failed": ("FAIL", "31"), "skipped": ("NOT CHECKED", "33"), "waits": ("waits", "2")}


class NeverEnds(AssertionError):
    """The student's code has not come back; `place` is the file and line that it is in."""

    def __init__(self, place: str) -> None:
        super().__init__("This has not come to an end, and is stopped now: your code still runs.")
        file, _, line = place.rpartition(":")
        self.place = (project.relative(file), int(line)) if place else ("", 0)


@dataclass(frozen=True)
class Outcome:
    """What one check did: passed, failed, skipped, or waits. A failure is explained; `detail` is for `make check`."""

    check: Check
    outcome: str
    reason: str = ""  # why it was skipped
    explanation: Explanation | None = None
    detail: str = ""


def failure(check: Check, stage: int, exception: BaseException, told: bool = True) -> Outcome:
    """Return the outcome of a check that has failed; `told` in words, or by an exception that just broke it."""
    explanation = explanation_of(check.name, stage, exception, check.asked)
    return Outcome(check, "failed", "", explanation, "" if told else f"broke: {last_line(exception)}")


def settings_never_end(place: str) -> list[str]:
    """Return what to say when reading the settings does not come to an end; the process is ended after that."""
    explanation = explanation_of("the settings can be read", 0, NeverEnds(place), {})
    keep(explanation)
    return ["Stage 0: the settings cannot be read", *(f"        {line}" for line in explanation.lines())]


class Report:
    """Prints outcomes as they come, which is the order of the lessons: see `InOrder` for any other."""

    shows_progress = True

    def __init__(self) -> None:
        self.plan = Plan(0, [])
        self.counts = dict.fromkeys(WORDS, 0)
        self.stages: dict[int, list[str]] = {}  # the outcomes of each stage's checks so far
        self.titled: set[int] = set()
        self.waiting: set[tuple[int, str]] = set()
        self.told: Check | None = None  # the failure that was explained last
        self.began = time.perf_counter()
        self.color = sys.stdout.isatty()
        self.progress = progress.Progress(self.color and self.shows_progress)

    def begin(self, plan: Plan) -> None:
        self.plan = plan
        self.progress.begin(len(plan.checks), sum(check.slow for check in plan.checks))

    def starts(self, check: Check) -> None:
        """A check begins."""
        self.progress.draw(self.done(), check.stage)

    def done(self) -> int:
        """Return how many checks have come to their end."""
        return sum(self.counts.values())

    def take(self, outcome: Outcome) -> None:
        """A check has come to its end."""
        self.close_stages(before=outcome.check.stage)
        self.count(outcome)
        self.tell(outcome)

    def count(self, outcome: Outcome) -> None:
        self.counts[outcome.outcome] += 1
        self.stages.setdefault(outcome.check.stage, []).append(outcome.outcome)

    def tell(self, outcome: Outcome) -> None:
        check = outcome.check
        if outcome.outcome == "waits":
            self.wait(check)
        elif outcome.outcome != "passed" or check.stage == self.plan.stage:
            self.line(check.stage, outcome.outcome, check.name)
        if outcome.outcome == "skipped":
            self.say(f"        {outcome.reason}")
        if outcome.outcome == "failed":
            self.failure(outcome)

    def failure(self, outcome: Outcome) -> None:
        """Tell the first failure in full; of the others only that they are."""
        if self.told and not self.plan.everything:
            self.say("        (Another one. Mend the first, then look at this.)")
            return
        self.explain(outcome)

    def explain(self, outcome: Outcome) -> None:
        self.told = outcome.check
        keep(outcome.explanation)
        for line in outcome.explanation.lines():
            self.say(f"        {line}", flush=True)

    def wait(self, check: Check) -> None:
        """List a check that has to wait, once for all its cases."""
        name = check.name.partition(": ")[0]
        if check.stage == min(self.stages, key=lambda stage: "failed" not in self.stages[stage]):
            if (check.stage, name) not in self.waiting:
                self.line(check.stage, "waits", name)
            self.waiting.add((check.stage, name))

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

    def end(self, stopped: bool = False) -> None:
        """All is over, or somebody has `stopped` it."""
        self.close_stages(before=self.plan.stage + 1)
        self.say(f"\n{self.score()}")
        if stopped:
            self.say(f"Stopped by Ctrl-C after {sum(self.counts.values())} of {len(self.plan.checks)} checks.", True)
            return
        self.say(f"({time.perf_counter() - self.began:.1f} s) {self.map()}")
        if len(self.plan.checks) == self.counts["passed"]:
            self.progress.remember()
        for line in self.what_now():
            self.say(line, flush=True)

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
            if not self.plan.selected:
                yield what_next(self.plan.stage, chosen=self.plan.chosen)
        elif self.counts["failed"]:
            yield "Stuck? make hint says more. With tracebacks: make test V=1"

    def say(self, line: str, flush: bool = False) -> None:
        say(line, flush)

    def map(self) -> str:
        """Where the student is: the stages done, this one, those to come."""
        return self.draw(self.stages)

    def draw(self, stages: dict[int, list[str]]) -> str:
        done = [stage for stage, outcomes in sorted(stages.items()) if {"passed", "skipped"} >= set(outcomes)]
        here = f"here: {self.plan.stage}" if len(done) < len(stages) else ""
        to_come = range(self.plan.stage + 1, number_of_lessons())
        parts = [("done:", done), (here, []), ("to come:", list(to_come))]
        texts = [" ".join([name, *map(str, stages)]) for name, stages in parts if stages or (name and name == here)]
        return "Stages " + " | ".join(texts)


class InOrder(Report):
    """Takes outcomes in whatever order they come, and prints them in the order of the lessons.

    A failure is told at once, unless one of an earlier lesson has been. The rest has time until the end then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[int, Outcome] = {}
        self.explained: set[int] = set()
        self.printed = 0  # checks of the plan, from its beginning on

    def take(self, outcome: Outcome) -> None:
        self.outcomes[outcome.check.number] = outcome
        if outcome.outcome == "failed" and (not self.told or outcome.check.stage < self.told.stage):
            self.tell_at_once(outcome)
        elif not self.told:
            self.print_stages()

    def tell_at_once(self, outcome: Outcome) -> None:
        check = outcome.check
        self.explained.add(check.number)
        if self.told:
            self.say(f"\nStage {check.stage} is red, too, and comes before stage {self.told.stage}. Begin here:")
        self.say(f"Stage {check.stage}: {lesson_title(check.stage)}")
        self.say(f"  {self.word('failed')}{check.name}")
        self.explain(outcome)

    def print_stages(self) -> None:
        """Print the stages that are complete, as far as all before them are."""
        checks = self.plan.checks
        while self.printed < len(checks):
            stage = checks[self.printed].stage
            block = [check for check in checks if check.stage == stage]
            if not all(check.number in self.outcomes for check in block):
                return
            self.print_block(block)

    def print_block(self, block: list[Check]) -> None:
        self.printed += len(block)
        for check in block:
            if outcome := self.outcomes.get(check.number):
                super().take(outcome)
        self.close_stages(before=block[0].stage + 1)

    def failure(self, outcome: Outcome) -> None:
        if outcome.check.number in self.explained:
            self.say("        (This one is told above.)")
        else:
            super().failure(outcome)

    def end(self, stopped: bool = False) -> None:
        if self.explained:
            self.say("")
        quiet: list[Check] = []
        for stage in dict.fromkeys(check.stage for check in self.plan.checks[self.printed :]):
            block = [check for check in self.plan.checks if check.stage == stage]
            if self.told and self.is_quiet(block):
                quiet += block
                continue
            self.sum_up(quiet)
            quiet = []
            self.print_block(block)
        self.sum_up(quiet)
        super().end(stopped)

    def is_quiet(self, block: list[Check]) -> bool:
        """Tell whether nothing is to be said of the checks of one stage, beside one of another that has failed."""
        words = {self.outcomes[check.number].outcome for check in block if check.number in self.outcomes}
        return words <= {"passed", "waits"} and block[0].stage != self.told.stage

    def sum_up(self, quiet: list[Check]) -> None:
        """Tell of several stages in two lines: what has failed should not be pushed out of sight."""
        outcomes = [self.outcomes[check.number] for check in quiet if check.number in self.outcomes]
        for outcome in outcomes:
            self.count(outcome)
            self.titled.add(outcome.check.stage)
        if outcomes:
            first, last = outcomes[0].check.stage, outcomes[-1].check.stage
            self.say(f"Stages {first} to {last}" if first < last else f"Stage {first}: {lesson_title(first)}")
        for word, what in (("passed", "checks"), ("waits", "checks wait for what has failed")):
            if number := [outcome.outcome for outcome in outcomes].count(word):
                self.say(f"  {self.word(word)}{number} {what}")

    def done(self) -> int:
        return len(self.outcomes)


class Hooks:
    """Stands in for pytest's terminal reporter: hands on to a report what pytest tells."""

    def __init__(self, config: pytest.Config, report: Report) -> None:
        self.config, self.report = config, report
        self._tw = config.get_terminal_writer()  # pytest asks its reporter for it, to explain an assertion
        self.stopped = False

    def pytest_collection_finish(self) -> None:
        self.report.begin(self.config.plan)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.report.say(report.longreprtext)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.report.starts(self.config.checks[nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if outcome := outcome_of(report, self.config):
            self.report.take(outcome)

    def pytest_keyboard_interrupt(self) -> None:
        self.stopped = True

    def pytest_sessionfinish(self) -> None:
        self.report.end(self.stopped)


def outcome_of(report: pytest.TestReport, config: pytest.Config) -> Outcome | None:
    """Return what a check did; None where there is nothing to tell: it was prepared, or cleared away."""
    if report.passed and report.when != "call":
        return None
    check, exception = config.checks[report.nodeid], config.stash[EXCEPTIONS].get((report.nodeid, report.when))
    if str(exception) == WAITS:
        return Outcome(check, "waits")
    if report.failed:
        told = report.when == "call" and (is_assertion(exception) or exception is project.problem)
        return failure(check, config.stage, exception, told)
    return Outcome(check, report.outcome, str(exception or ""))


class Results:
    """Collects what each check did, and writes it to a file for `make check`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.outcomes: dict[int, Outcome] = {}

    def take(self, outcome: Outcome) -> None:
        self.outcomes[outcome.check.number] = outcome

    def write(self) -> None:
        results = {}
        for _, one in sorted(self.outcomes.items()):
            detail = {"outcome": one.detail or one.outcome, "guards": one.check.guards}
            results[one.check.nodeid] = detail | one.check.asked
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(results, file)


class WriteResults:
    """A plugin for that, where all checks run in this process."""

    def __init__(self, config: pytest.Config, path: str) -> None:
        self.config, self.results = config, Results(path)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if outcome := outcome_of(report, self.config):
            self.results.take(outcome)

    def pytest_sessionfinish(self) -> None:
        self.results.write()


def say(line: str, flush: bool = False) -> None:
    """Print; when nobody reads any more (`make test | head`), go on in silence and clean up as always."""
    try:
        progress.clear()
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
