"""The order in which pytest runs the checks: that of tests/plan.py, and what changes in it when one has failed.

The rest of the lesson that you are at is put off then, until the checks of earlier lessons have said whether the cause
is an earlier one. So each check of this lesson has two places; in at most one of them it runs.
"""

import pytest

from tests.plan import (
    EARLIER,
    IN_BROWSER,
    IN_PROCESS,
    LONG,
    OF_THIS_LESSON,
    SERVERS_OF_THIS_LESSON,
    WITH_PROCESSES,
    phase,
)

SECOND = 10  # added to a phase: what was put off there
# The browser late where all is one process: in its thread a loop runs then, in which Django's ORM refuses to work.
QUICK = [0, OF_THIS_LESSON, SERVERS_OF_THIS_LESSON, EARLIER + IN_PROCESS, SECOND + OF_THIS_LESSON]
SERVERS = [EARLIER + WITH_PROCESSES, SECOND + SERVERS_OF_THIS_LESSON]
SLOW = [first + kind for kind in (IN_BROWSER, LONG) for first in (OF_THIS_LESSON, EARLIER)]
ORDER = QUICK + SERVERS + SLOW


def schedule(items: list[pytest.Item], stage: int, again: bool = True) -> list[pytest.Item]:
    """Return the items in the order of their phases, those of this lesson twice if they are to run `again`."""
    phases: dict[int, list[pytest.Item]] = {}
    for item in sorted(items, key=lambda item: item.check.number):
        phases.setdefault(phase(item.check, stage), []).append(item)
    wanted = [number for number in ORDER if number < SECOND or again]
    return [item for number in wanted for item in phases.get(number % SECOND, [])]


class Postponing:
    """A plugin that lets each check run at one of its places."""

    def __init__(self, stage: int, failed: list) -> None:
        self.stage, self.failed = stage, failed
        self.done: set[int] = set()
        self.postponed: set[int] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if self.is_its_turn(item.check):
            return None
        item.session._setupstate.teardown_exact(nextitem)  # as after a check that has run
        return True

    def is_its_turn(self, check) -> bool:
        number = check.number
        if number in self.done:
            return False
        first = phase(check, self.stage) in (OF_THIS_LESSON, SERVERS_OF_THIS_LESSON) and number not in self.postponed
        if first and any(other.stage == check.stage and other.kind == check.kind for other in self.failed):
            self.postponed.add(number)
            return False
        self.done.add(number)
        return True
