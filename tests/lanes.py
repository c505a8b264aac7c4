"""`make test`: the checks in two processes beside each other, and a third one in the middle that prints what they say.

One lane has what runs in its own process or starts servers, the other one has what needs the browser. Neither prints:
each hands its outcomes on, through a pipe, and hears what has failed in the other. The process in the middle has
nothing of the student's in it, so whatever becomes of a lane can be told. Where the system can fork, it has imported
what both need. Elsewhere each lane is a new Python.

A lane leads a group of processes and has a temporary folder; both end with it, or with the process in the middle.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait

import pytest

from lessons.engine.harness import forked, forks, import_check, patience
from tests.plan import IN_BROWSER, OF_THIS_LESSON, SERVERS_OF_THIS_LESSON, Check, Plan, phase, waits
from tests.report import InOrder, Outcome, Results, failure

QUICK, BROWSER, ALL = "quick", "browser", "all"
TICK = 0.2  # seconds between two looks whether a lane is alive
CLEARING_UP = 10.0  # seconds for a lane that has run all its checks
FAILED, INTERRUPTED = 1, 2  # pytest's exit codes


class Died(AssertionError):
    """The process of a check has ended in the middle of it."""

    def __init__(self, code: int) -> None:
        how = f"signal {-code} has stopped it" if code < 0 else f"exit code {code}"
        super().__init__(f"The process in which this check ran has ended ({how}).")


class Lane:
    """In a lane: stands in for a report, and is the plugin "lane" of pytest's."""

    def __init__(self, pipe: Connection, name: str) -> None:
        self.pipe, self.name, self.__name__ = pipe, name, "lane"
        self.may_run = name != BROWSER  # the browser comes up meanwhile, and waits for the quick checks of this lesson
        self.failed: list[Check] = []
        self.starts_servers = name != BROWSER

    def tell(self, message: tuple) -> None:
        """Send something to the middle. Where there is none any more, this process is about to be ended, too."""
        try:
            self.pipe.send(message)
        except OSError:
            threading.Event().wait()

    def has(self, check: Check) -> bool:
        return self.name == ALL or (check.kind == IN_BROWSER) == (self.name == BROWSER)

    def begin(self, plan: Plan) -> None:
        self.tell(("plan", plan))

    def starts(self, check: Check) -> None:
        self.tell(("starts", check))

    def take(self, outcome: Outcome) -> None:
        self.tell(("outcome", outcome))

    def say(self, line: str) -> None:
        self.tell(("say", line))

    def end(self, stopped: bool = False) -> None:
        self.tell(("end", patience.longer))

    def give_up(self, lines: list[str]) -> None:
        """Say something last, where there is no plan yet."""
        self.tell(("last words", lines))

    def has_begun(self, leader: int) -> None:
        """Name a process that is not in the lane's group, and has to end with it."""
        self.tell(("has begun", leader))

    def failed_elsewhere(self) -> list[Check]:
        """Return what has failed in the other lane since this was asked last."""
        while self.pipe.poll():
            self.hear()
        failed, self.failed = self.failed, []
        return failed

    def wait_for_its_turn(self) -> None:
        while not self.may_run:
            self.hear()

    def hear(self) -> None:
        try:
            word, check = self.pipe.recv()
        except (EOFError, OSError):
            threading.Event().wait()
        if word == "failed":
            self.failed.append(check)
        self.may_run |= word == "go"


class Running:
    """A lane, as the process in the middle sees it."""

    def __init__(self, name: str, options: list[str], pulse: tuple[int, int] | None) -> None:
        self.name = name
        self.pipe, other_end = multiprocessing.Pipe()
        self.folder = tempfile.mkdtemp(prefix="course-test-")
        self.check: Check | None = None  # the one that runs
        self.browser = 0  # the process that leads the group of a browser's
        self.ended = False  # all its checks have run
        self.code: int | None = None  # the exit code that it has told
        if pulse:
            sys.stdout.flush()
            self.pid = os.fork()
            if not self.pid:
                self.pipe.close()
                os.close(pulse[1])
                run_forked(other_end, name, options, self.folder, pulse[0])
        else:
            spawn = multiprocessing.get_context("spawn")
            self.process = spawn.Process(target=run_spawned, args=(other_end, name, options, self.folder))
            self.process.start()
            self.pid = self.process.pid
        other_end.close()
        self.forked = bool(pulse)
        self.status: int | None = None

    def exit_code(self) -> int | None:
        """Return how the process has ended; None as long as it has not."""
        if self.status is None and not self.forked:
            self.status = self.process.exitcode
        elif self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status

    def tell(self, word: str, check: Check | None = None) -> None:
        with suppress(OSError):  # it may just have ended
            self.pipe.send((word, check))

    def said(self) -> Iterator[tuple]:
        """Yield what it has said so far."""
        with suppress(EOFError, OSError):
            while self.pipe.poll():
                yield self.pipe.recv()

    def close(self) -> None:
        """End it, if it has not ended, and all that it has begun."""
        end = time.monotonic() + CLEARING_UP
        forks.kill_group(self.pid)
        if self.browser:
            forks.kill_group(self.browser)
        while (self.exit_code() is None or is_there(self.browser)) and time.monotonic() < end:
            time.sleep(0.001)
        self.pipe.close()
        while os.path.exists(self.folder) and time.monotonic() < end:
            shutil.rmtree(self.folder, ignore_errors=True)


def is_there(pid: int) -> bool:
    """Tell whether there is a process of this number. (Windows: it is waited for by taskkill.)"""
    if not pid or os.name == "nt":
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def run_forked(pipe: Connection, name: str, options: list[str], folder: str, pulse: int) -> None:
    code = FAILED
    try:
        forks.lead_a_group(folder)
        forked.begin()
        import_check.fork()
        forks.end_after(lambda: os.read(pulse, 1), folder)
        code = run_checks(pipe, name, options)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)  # at once: below is the middle's stack, and a consumer that loops would keep its thread alive


def run_spawned(pipe: Connection, name: str, options: list[str], folder: str) -> None:
    forks.lead_a_group(folder)
    forks.end_after(multiprocessing.parent_process().join, folder)
    os._exit(run_checks(pipe, name, options))


def run_checks(pipe: Connection, name: str, options: list[str]) -> int:
    lane = Lane(pipe, name)
    code = int(pytest.main(options, plugins=[lane]))
    sys.stdout.flush()
    lane.tell(("bye", code))
    return code


class Middle:
    """Starts the lanes, hands on from one to the other what has failed, and prints a report in the lessons' order."""

    def __init__(self, options: list[str], lanes: int = 2) -> None:
        self.options, self.lanes = options, lanes
        self.browser_wanted = False
        self.report, self.results = InOrder(), None
        self.plan: Plan | None = None
        self.running: list[Running] = []
        self.open: set[int] = set()  # what the first lane has to run yet
        self.held: list[Outcome] = []  # of the browser, until the servers of this lesson have been asked
        self.failed: list[Check] = []
        self.over = False
        can_fork = hasattr(os, "fork") and not os.environ.get("COURSE_NO_FORK")
        self.pulse = os.pipe() if can_fork else None  # it closes when this process is no more

    def run(self) -> int:
        """Run everything; return pytest's exit code."""
        try:
            self.start(QUICK if self.lanes > 1 else ALL)
            while not self.over:
                wait([lane.pipe for lane in self.running if not lane.ended] or [], TICK)
                for lane in list(self.running):
                    self.look_at(lane)
            return self.code()
        except KeyboardInterrupt:
            self.report.end(stopped=True)
            return INTERRUPTED
        finally:
            for lane in self.running:
                lane.close()

    def start(self, name: str) -> None:
        self.running.append(Running(name, self.options, self.pulse))

    def look_at(self, lane: Running) -> None:
        dead = lane.exit_code() is not None  # looked at first: what it has said before is read below
        for word, what in lane.said():
            self.hear(lane, word, what)
        if dead and not lane.ended:
            self.died(lane)
        elif dead and lane.code is None:  # it has told of a check that does not end, and left
            self.finish()
        if all(one.ended for one in self.running):
            self.finish()

    def hear(self, lane: Running, word: str, what) -> None:
        match word:
            case "plan" if not self.plan:
                self.begin(what)
            case "starts":
                lane.check = what
                self.report.starts(what)
            case "outcome":
                lane.check = None
                self.take(lane, what)
            case "has begun":
                lane.browser = what
            case "say" if lane is self.running[0]:
                self.report.say(what)
            case "last words":
                lane.ended, lane.code = True, FAILED
                for line in what:
                    self.report.say(line, flush=True)
            case "end":
                lane.ended = True
                patience.longer += what
                if self.plan and lane is self.running[0]:
                    self.open.clear()
                    self.go_on()
            case "bye":
                lane.ended, lane.code, lane.browser = True, what, 0

    def begin(self, plan: Plan) -> None:
        self.plan = plan
        self.report.begin(plan)
        self.results = Results(plan.results) if plan.results else None
        alone = self.lanes == 1
        self.open = {check.number for check in plan.checks if alone or check.kind != IN_BROWSER}
        self.browser_wanted = len(self.open) < len(plan.checks)
        if processors() > 1:
            self.start_browser()
        self.go_on()

    def start_browser(self) -> None:
        if self.browser_wanted:
            self.browser_wanted = False
            self.start(BROWSER)

    def take(self, lane: Running, outcome: Outcome) -> None:
        self.open.discard(outcome.check.number)
        if lane.name == BROWSER:
            self.held.append(outcome)
        else:
            self.deliver(outcome)
        self.go_on()

    def go_on(self) -> None:
        """Let the browser begin after the quick checks of this lesson, and be heard after those with servers."""
        phases = [phase(check, self.plan.stage) for check in self.plan.checks if check.number in self.open]
        first = min(phases, default=SERVERS_OF_THIS_LESSON + 1)
        if first > OF_THIS_LESSON:
            self.start_browser()
            for lane in self.running[1:]:
                lane.tell("go")
        while self.held and first > SERVERS_OF_THIS_LESSON:
            self.deliver(self.held.pop(0))

    def deliver(self, outcome: Outcome) -> None:
        if outcome.outcome == "failed":
            if waits(outcome.check, self.failed, self.plan.stage) and not self.plan.everything:
                outcome = Outcome(outcome.check, "waits")  # it has run before it could be told not to
            else:
                self.failed.append(outcome.check)
                for lane in self.running:
                    lane.tell("failed", outcome.check)
        if self.results:
            self.results.take(outcome)
        self.report.take(outcome)

    def died(self, lane: Running) -> None:
        """A lane has ended before its time: somebody has called os._exit, or the system has stopped it."""
        code = lane.exit_code()
        if lane.check:
            self.open.clear()
            self.take(lane, failure(lane.check, self.plan.stage, Died(code)))
        else:
            self.report.say(str(Died(code)).replace("this check", "the checks"))
        self.failed = self.failed or [None]
        self.finish()

    def finish(self) -> None:
        """Print what is left to say. What has not run waits for what has failed."""
        if self.over:
            return
        self.over = True
        self.open.clear()
        if not self.plan:
            return
        self.go_on()
        for check in self.plan.checks if self.failed else []:
            if check.number not in self.report.outcomes:
                self.report.take(Outcome(check, "waits"))
        self.report.end()
        if self.results:
            self.results.write()
        end = time.monotonic() + CLEARING_UP
        while any(lane.exit_code() is None for lane in self.running) and time.monotonic() < end and not self.failed:
            wait([lane.pipe for lane in self.running], TICK)
            for lane in self.running:
                for word, what in lane.said():
                    self.hear(lane, word, what)

    def code(self) -> int:
        codes = [lane.code for lane in self.running if lane.code is not None]
        return FAILED if self.failed else max(codes, default=FAILED)


def processors() -> int:
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(options: list[str]) -> int:
    """Run the checks with these options of pytest's; return its exit code."""
    forks.warm_up(checks=False, but=("pdb", "playwright.sync_api"))  # which the browser's lane alone imports
    return Middle(options, int(os.environ.get("COURSE_LANES") or 2)).run()
