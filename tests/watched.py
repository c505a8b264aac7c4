"""What `make watch` does otherwise than `make test`: the order of the checks, and a report with the map at its bottom.

Quick checks come first, those of earlier stages among them: they name the cause. A check that starts a server or a
browser comes last, only for the stage that the student is at, and only while nothing has failed.
"""

import shutil
import time
from collections import Counter
from collections.abc import Iterator

from tests.plan import STARTS_PROCESSES, Check
from tests.report import Report, forget_failure, say


def is_slow(fixtures: list[str]) -> bool:
    return bool((STARTS_PROCESSES | {"browser"}) & set(fixtures))


def quick_first(items: list, stage: int) -> list:
    """Return the checks to run, in their order: those that are slow and of an earlier stage are left to `make test`."""
    chosen = [item for item in items if not is_slow(item.fixturenames) or item.stage == stage]
    return sorted(chosen, key=lambda item: is_slow(item.fixturenames))


class Watched(Report):
    """A report in two parts, a verdict below each. In a terminal the map is always the last line."""

    halfway = False
    shows_progress = False  # the map has its place

    def starts(self, check: Check) -> None:
        """Give the verdict of the quick checks before the first slow one, unless that has to wait anyway."""
        if check.slow and not self.halfway:
            self.halfway = True
            self.close_stages(before=self.plan.stage)
            if not self.counts["failed"]:
                slow = sum(check.slow for check in self.plan.checks)
                self.verdict(f"{slow} more start a server or a browser:")

    def end(self, stopped: bool = False) -> None:
        self.close_stages(before=self.plan.stage + 1)
        self.verdict(*self.what_now())

    def verdict(self, *lines: str) -> None:
        self.say(f"\n{self.score()} ({time.perf_counter() - self.began:.1f} s)")
        for line in lines:
            self.say(line)
        if not self.color:
            say(self.map(), flush=True)

    def what_now(self) -> Iterator[str]:
        if self.plan.left_out and not self.counts["failed"]:
            forget_failure()
            yield f"All green so far. make test has {self.plan.left_out} more: earlier stages' servers and browsers."
        else:
            yield from super().what_now()

    def say(self, line: str, flush: bool = True) -> None:
        """Print above the map, if there is a terminal where it can stand."""
        if not self.color:
            say(line, flush)
        else:
            width = shutil.get_terminal_size().columns - 1
            say(f"\r\033[K{line}")
            print(self.map()[:width], end="", flush=True)

    def map(self) -> str:
        """As in every report, but a stage is done only when all its checks have run, or all before it are done."""
        chosen = Counter(check.stage for check in self.plan.checks)
        stages: dict[int, list[str]] = {}
        for stage in range(self.plan.stage + 1):
            outcomes = self.stages.get(stage, [])
            waits = not chosen[stage] and not all({"passed", "skipped"} >= set(before) for before in stages.values())
            stages[stage] = [*outcomes, "waits"] if waits or chosen[stage] > len(outcomes) else outcomes
        return self.draw(stages)
