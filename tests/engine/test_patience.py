"""A check waits longer on a busy machine, and accuses no code that has only been slow."""

import asyncio
import itertools
import threading
import time
from types import SimpleNamespace

import pytest

from lessons.engine.harness import limit, patience
from lessons.engine.harness.asgi_tab import AsgiTab, Loop
from lessons.engine.harness.tab import NoFrame
from tests import report

STUDENTS = "student.py"
LOOP = """
def receive(over):
    while not over():
        pass
"""
MANY = """
def receive(over):
    return over()
"""


@pytest.fixture
def machine(monkeypatch):
    """Say what the machine is: `machine(busy=True)`."""
    monkeypatch.setattr(patience, "longer", 0)
    return lambda busy: monkeypatch.setattr(patience, "is_busy", lambda: busy)


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.close()


def test_what_does_not_come_is_waited_for_once_on_a_quiet_machine(machine):
    machine(busy=False)
    looks = []
    assert not patience.wait(looks.append, 2.0)
    assert (looks, patience.longer) == ([2.0], 0)


def test_what_does_not_come_is_waited_for_longer_on_a_busy_machine(machine):
    machine(busy=True)
    looks = []
    assert not patience.wait(looks.append, 2.0)
    assert (looks, patience.longer) == ([2.0, 2.0 * patience.LONGER], 1)


def test_what_was_waited_for_long_enough_is_not_waited_for_again_even_on_a_busy_machine(machine):
    machine(busy=True)
    looks = []
    assert not patience.wait(looks.append, 30.0) and not patience.wait(looks.append, 10.0)
    assert looks == [30.0, 10.0, patience.ENOUGH]


def test_what_comes_is_not_waited_for_twice(machine):
    machine(busy=True)
    assert patience.wait(lambda seconds: f"came within {seconds}", 2.0) == "came within 2.0"
    assert patience.longer == 0


@pytest.mark.parametrize(("share", "busy"), [(0.5, True), (1.0, False), (1.9, False)])
def test_a_machine_is_busy_when_work_takes_longer_than_it_should(share, busy, monkeypatch):
    """1.9: a loop of the student's runs beside, and has a processor of its own."""
    clock = itertools.count()
    now = [0]

    def monotonic() -> float:
        now[0] = next(clock) / 100
        return now[0]

    monkeypatch.setattr(patience.time, "monotonic", monotonic)
    monkeypatch.setattr(patience.time, "process_time", lambda: share * now[0])
    monkeypatch.setattr(patience, "is_crowded", lambda: False)
    assert patience.is_busy() is busy


def test_a_frame_that_is_late_comes_on_a_busy_machine_and_counts_as_missing_on_a_quiet_one(machine, loop):
    async def late(scope, receive, send):
        await receive()
        await asyncio.sleep(0.2)
        await send({"type": "websocket.accept"})

    machine(busy=False)
    tab = AsgiTab(loop, late)
    tab.put({"type": "websocket.connect"})
    with pytest.raises(NoFrame):
        tab.next_event(seconds=0.05)
    machine(busy=True)
    assert tab.next_event(seconds=0.05)["type"] == "websocket.accept"
    tab.abandon()


@pytest.mark.parametrize(("code", "calls_itself", "place"), [(LOOP, False, f"{STUDENTS}:"), (MANY, True, "")])
def test_a_loop_is_found_and_one_call_after_the_other_is_none(code, calls_itself, place):
    over, names = threading.Event(), {}
    exec(compile(code, STUDENTS, "exec"), names)

    def run() -> None:
        names["receive"](over.is_set)
        while calls_itself and not over.is_set():
            names["receive"](lambda: over.wait(0.01))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        found = limit.still_running_in(lambda path: path == STUDENTS)
    finally:
        over.set()
        thread.join()
    assert found.startswith(place) and bool(found) is bool(place)


def test_a_check_on_a_busy_machine_has_more_time(machine):
    machine(busy=True)
    told = []
    with limit.limit(0.01, told.append, lambda path: path == __file__):
        time.sleep(2 * limit.TICK)
    assert not told


def test_the_report_says_that_the_machine_was_busy(machine, monkeypatch):
    machine(busy=True)
    monkeypatch.setattr(report, "forget_failure", lambda: None)
    green = SimpleNamespace(
        counts={"passed": 1, "failed": 0, "skipped": 0},
        plan=SimpleNamespace(selected=True),
    )
    assert patience.BUSY not in report.Report.what_now(green)
    patience.wait(lambda seconds: None, 2.0)
    assert patience.BUSY in report.Report.what_now(green)
