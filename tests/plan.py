"""Which check comes when, and which need not run at all once another one has failed.

    foundations of earlier lessons -> this lesson: in this process, with servers, in the browser -> earlier lessons

So the answer to what you are just typing comes first; and if an earlier lesson's foundation is broken, that is told,
and not what follows from it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

IN_PROCESS, WITH_PROCESSES, IN_BROWSER, LONG = range(4)  # kinds of checks, the quickest first
STARTS_PROCESSES = {"server", "redis"}  # fixtures
OF_THIS_LESSON, SERVERS_OF_THIS_LESSON, EARLIER = 1, 2, 5  # phases: the first of a lesson's kinds


@dataclass(frozen=True)
class Check:
    """What has to be known of a check by those who order and report it. `number` is its place in the lessons' order."""

    number: int
    nodeid: str
    stage: int
    name: str  # a sentence
    function: str
    kind: int
    foundation: bool = False  # the first of its stage, which carries the others
    slow: bool = False  # too slow for every save of `make watch`
    asked: dict = field(default_factory=dict)  # what its mark says: lesson, section, hint
    guards: str = ""


@dataclass(frozen=True)
class Plan:
    """The checks that run, in the lessons' order, and what the command line says of the report."""

    stage: int  # the one that the student is at
    checks: list[Check]
    chosen: bool = False  # by STAGE=, so `make next` goes on from another one
    selected: bool = False  # only some run, by -k
    everything: bool = False  # explain each failure
    left_out: int = 0  # checks that `make watch` leaves to `make test`
    results: str = ""  # the file for `make check`


def kind_of(fixtures: Collection[str], marks: Collection[str]) -> int:
    if "browser" in fixtures:
        return IN_BROWSER
    if "long" in marks:
        return LONG
    return WITH_PROCESSES if STARTS_PROCESSES & set(fixtures) or "process" in marks else IN_PROCESS


def phase(check: Check, stage: int) -> int:
    """Return when a check runs, for somebody who is at this stage."""
    if check.stage == stage:
        return OF_THIS_LESSON + check.kind
    return 0 if check.foundation and check.kind == IN_PROCESS else EARLIER + check.kind


def waits(check: Check, failed: Iterable[Check], stage: int) -> bool:
    """Tell whether a check need not run: it can only fail for the same cause, or it is slow and a quick one has failed.

    Those of earlier lessons than `stage` that are no slower do run, one after the other: one may name an earlier cause.
    """
    return any(waits_for(check, other, stage) for other in failed)


def waits_for(check: Check, other: Check, stage: int) -> bool:
    if check.stage != other.stage or check.kind != other.kind:
        return check.stage > other.stage or check.kind > other.kind
    alike = other.foundation or check.function == other.function or check.kind == IN_BROWSER
    return alike or check.stage < stage
