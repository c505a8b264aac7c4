"""`make test`: what runs first and what not at all, the report in the lessons' order, and that both lanes end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from lessons.engine.content.disk import lessons_on_disk, put
from lessons.engine.content.mistakes import catalogue
from lessons.engine.content.stages import MARKER, make_stages
from lessons.engine.student import setup
from tests import lanes, report
from tests.order import Postponing, schedule
from tests.plan import IN_BROWSER, IN_PROCESS, LONG, WITH_PROCESSES, Check, waits
from tests.report import InOrder, Outcome

from .test_watch import Watch
from .toy import ROOT

PATIENCE = 60  # seconds
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT CHECKED: this system cannot fork")

KINDS = {"quick": IN_PROCESS, "server": WITH_PROCESSES, "browser": IN_BROWSER, "long": LONG}


def checks(*names: str) -> list[Check]:
    """Make checks of names such as "quick 5": the kind, the stage, a word more. The first carries its stage."""
    made: list[Check] = []
    for number, name in enumerate(names):
        kind, stage, *_ = name.split()
        first = int(stage) not in [check.stage for check in made]
        made.append(Check(number, name, int(stage), name, name, KINDS[kind], foundation=first))
    return made


NAMES = ["quick 1", "quick 1 b", "server 2", "quick 2 b", "browser 2", "quick 3", "server 3", "quick 3 b", "browser 3"]
NAMES += ["long 3"]
ALL = checks(*NAMES)


def at(stage: int, red: set[str]) -> tuple[list[str], list[str]]:
    """Return what runs for somebody who is at this stage, in its order, and what waits, when these checks fail."""
    failed: list[Check] = []
    postponing = Postponing(stage, failed)
    ran, waiting = [], []
    for item in schedule([SimpleNamespace(check=check) for check in ALL], stage):
        if not postponing.is_its_turn(item.check):
            continue
        if waits(item.check, failed, stage):
            waiting.append(item.check.name)
            continue
        ran.append(item.check.name)
        if item.check.name in red:
            failed.append(item.check)
    assert sorted(ran + waiting) == sorted(NAMES)
    return ran, waiting


def test_foundations_come_first_then_the_lesson_one_is_at_and_what_is_slow_last():
    ran, waiting = at(3, red=set())
    quick, servers, browser = ["quick 1", "quick 3", "quick 3 b"], ["server 3"], ["browser 3", "browser 2"]
    assert ran[-1:] == ["long 3"]
    assert ran[:-1] == [*quick, *servers, "quick 1 b", "quick 2 b", "server 2", *browser]
    assert waiting == []


def test_when_a_quick_check_of_this_lesson_fails_only_quick_ones_run_and_earlier_ones_before_its_neighbours():
    ran, waiting = at(3, red={"quick 3 b"})
    assert ran == ["quick 1", "quick 3", "quick 3 b", "quick 1 b", "quick 2 b"]
    assert set(waiting) == {"server 2", "browser 2", "server 3", "browser 3", "long 3"}


def test_what_has_failed_earlier_is_the_cause_of_all_that_comes_later():
    ran, waiting = at(3, red={"quick 3 b", "quick 1 b"})
    assert ran == ["quick 1", "quick 3", "quick 3 b", "quick 1 b"]
    assert at(3, red={"quick 1"})[0] == ["quick 1"]


def test_when_a_server_fails_no_browser_is_asked_and_earlier_servers_are():
    ran, waiting = at(3, red={"server 3"})
    assert ran == ["quick 1", "quick 3", "quick 3 b", "server 3", "quick 1 b", "quick 2 b", "server 2"]
    assert set(waiting) == {"browser 3", "browser 2", "long 3"}


def test_when_the_browser_fails_earlier_lessons_are_asked_in_full():
    ran, waiting = at(3, red={"browser 3"})
    assert ran[-2:] == ["browser 3", "browser 2"] and waiting == ["long 3"]


@pytest.fixture
def printed(monkeypatch, capsys):
    """Give a report the outcomes of some checks, and return what it has printed after each of them, and at the end."""

    def give(stage: int, *outcomes: str) -> list[str]:
        monkeypatch.setattr(report, "number_of_lessons", lambda: 4)
        monkeypatch.setattr(report, "lesson_title", lambda stage: f"Lesson {stage}")
        for name in ("keep", "forget_failure"):
            monkeypatch.setattr(report, name, lambda *_: None)
        one = InOrder()
        one.begin(report.Plan(stage, [check for check in ALL if check.stage <= stage]))
        parts = []
        for text in outcomes:
            name, _, outcome = text.partition(": ")
            check = next(check for check in ALL if check.name == name)
            explanation = (
                SimpleNamespace(lines=lambda name=name: [f"because of {name}"]) if outcome == "failed" else None
            )
            one.take(Outcome(check, outcome, explanation=explanation))
            parts.append(capsys.readouterr().out)
        one.end()
        return [*parts, capsys.readouterr().out.partition("\n(")[0]]

    return give


def test_stages_are_printed_in_their_order_as_soon_as_they_are_complete(printed):
    two, last, one, *_, end = printed(2, *(f"{name}: passed" for name in [*NAMES[2:5], *NAMES[:2]]))
    assert (two, last, one) == ("", "", "")
    assert end == "\n5 passed, 0 failed"
    said = printed(2, *(f"{name}: passed" for name in [*NAMES[2:5], *NAMES[:2]]))[4]
    assert said.splitlines() == [
        "Stage 1: Lesson 1",
        "  ok    2 checks",
        "Stage 2: Lesson 2",
        "  ok    server 2",
        "  ok    quick 2 b",
        "  ok    browser 2",
    ]


def test_a_failure_is_told_at_once_and_a_cause_in_an_earlier_lesson_too(printed):
    outcomes = ["quick 3: failed", "quick 3 b: failed", "quick 1: passed", "quick 1 b: failed", "quick 2 b: waits"]
    first, second, third, fourth, _, end = printed(3, *outcomes)
    assert first.splitlines() == ["Stage 3: Lesson 3", "  FAIL  quick 3", "        because of quick 3"]
    assert second == third == ""
    assert fourth.splitlines() == [
        "",
        "Stage 1 is red, too, and comes before stage 3. Begin here:",
        "Stage 1: Lesson 1",
        "  FAIL  quick 1 b",
        "        because of quick 1 b",
    ]
    assert end.splitlines() == [
        "",
        "Stage 1: Lesson 1",
        "  ok    1 checks",
        "  FAIL  quick 1 b",
        "        (This one is told above.)",
        "Stage 2: Lesson 2",
        "  waits 1 checks wait for what has failed",
        "Stage 3: Lesson 3",
        "  FAIL  quick 3",
        "        (This one is told above.)",
        "  FAIL  quick 3 b",
        "        (Another one. Mend the first, then look at this.)",
        "",
        "2 passed, 3 failed, 1 wait".replace("2 passed", "1 passed"),
    ]


@pytest.fixture(scope="module")
def stage0(home, tmp_path_factory):
    """A course at the end of lesson 0."""
    if setup.stale("core", *setup.OPTIONAL):
        pytest.skip("NOT CHECKED: this Python lacks the course's packages, and tests install nothing. Run: make setup")
    place = tmp_path_factory.mktemp("lanes") / "Über uns"
    ignored = shutil.ignore_patterns("__pycache__", "mistakes", "variants", "*.png", ".course")
    for name in ("lessons", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    for path in [*ROOT.glob("requirements*.txt"), ROOT / "pyproject.toml"]:
        shutil.copy2(path, place)
    put(place, make_stages(lessons_on_disk())[0] | {MARKER: "0\n"})
    return place


@pytest.fixture
def place(stage0, tmp_path):
    return shutil.copytree(stage0, tmp_path / "Über uns")


def make_test(place: Path, own: str, **environ: str) -> tuple[int, str]:
    """Run `make test` with a file of tests of the student's own; return its exit code, and what it says."""
    (place / "tests" / "test_mine.py").write_text(own, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:  # with a short name: Chromium makes a socket in it
        done = subprocess.run(
            [sys.executable, "-m", "lessons", "test"],
            cwd=place,
            env=os.environ | {"TMPDIR": folder, "COURSE_LANES": "2", "COURSE_TYPED": "make"} | environ,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        assert os.listdir(folder) == [], "A temporary folder was left behind."
    return done.returncode, done.stdout + done.stderr


OWN = """
import os, signal

def test_quick(): {quick}

def test_browser(browser): {browser}
"""


def own(quick: str = "pass", browser: str = "pass") -> str:
    return OWN.format(quick=quick, browser=browser)


ON_ALL_SYSTEMS = pytest.mark.parametrize("environ", [{}, {"COURSE_NO_FORK": "1"}, {"COURSE_LANES": "1"}], ids=str)


@ON_ALL_SYSTEMS
def test_both_lanes_are_told_as_one(place, environ):
    code, said = make_test(place, own(), **environ)
    assert code == 0, said
    lines = said.splitlines()
    assert lines[0].startswith("Stage 0: ") and lines[-3].startswith(("8 passed", "7 passed, 0 failed, 1 skipped")), (
        said
    )
    assert [line.split()[1] for line in lines if line.endswith((" quick", " browser"))] == ["quick", "browser"]


@ON_ALL_SYSTEMS
def test_what_fails_in_the_quick_lane_lets_the_browser_wait(place, environ):
    code, said = make_test(place, own("assert False, 'not yet'"), **environ)
    assert code == 1 and "Happened: not yet" in said and "  waits browser" in said
    assert "6 passed, 1 failed, 1 wait" in said and "Traceback" not in said


@ON_ALL_SYSTEMS
@pytest.mark.parametrize("lane", ["quick", "browser"])
def test_a_process_that_ends_in_the_middle_is_told(place, environ, lane):
    code, said = make_test(place, own(**{lane: "os._exit(3)"}), **environ)
    if "NOT CHECKED" in said:
        pytest.skip("NOT CHECKED: there is no browser")
    assert code == 1 and "The process in which this check ran has ended (exit code 3)." in said, said
    assert f"FAIL  {lane}" in said and "Stuck? make hint" in said


@ON_ALL_SYSTEMS
def test_no_earlier_lesson_is_blamed_for_what_a_broken_consumer_leaves_behind(place, environ):
    mistake = next(one for one in catalogue() if one.id == "S7-18")  # a consumer breaks, and its name stays in the list
    put(place, mistake.apply(make_stages(lessons_on_disk())[7]) | {MARKER: "7\n"})
    code, said = make_test(place, "", **environ)
    assert code == 1 and "FAIL  a private message reaches only the one it is for" in said, said
    assert "Stage 6 is red" not in said and "FAIL  the chooser" not in said, said


@forks
def test_a_process_that_the_system_stops_is_told(place):
    code, said = make_test(place, own("os.kill(os.getpid(), signal.SIGKILL)"))
    assert code == 1 and "has ended (signal 9 has stopped it)" in said


def test_settings_that_end_the_process_are_told(place):
    (place / "mywebsite" / "settings.py").write_text("import os\nos._exit(7)\n", encoding="utf-8")
    code, said = make_test(place, own())
    assert code == 1 and "The process in which the checks ran has ended (exit code 7)." in said


def test_a_stage_that_is_none_is_told_as_ever(place):
    (place / "lessons" / "STAGE").write_text("two\n", encoding="utf-8")
    code, said = make_test(place, own())
    assert code == 4 and "lessons/STAGE:1: 'two' is no stage" in said


HOLD = """
import os, socket, subprocess, sys, time

def hold(name):
    wire = socket.create_connection(("127.0.0.1", {port}))
    wire.set_inheritable(True)
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], close_fds=False)
    time.sleep(600)

def test_quick(): hold("quick")

def test_browser(browser, server): pass
"""


class Make(Watch):
    """`python -m lessons test` in a terminal."""

    command = "test"


@contextmanager
def held() -> Iterator[SimpleNamespace]:
    """Yield a test that holds up its lane, and what waits until it runs, and until all that it has begun is over."""
    with socket.create_server(("127.0.0.1", 0)) as server, suppress(ConnectionError):
        server.settimeout(PATIENCE)

        def running() -> socket.socket:
            wire, _ = server.accept()
            wire.settimeout(PATIENCE)
            return wire

        yield SimpleNamespace(text=HOLD.format(port=server.getsockname()[1]), running=running)


@forks
@pytest.mark.parametrize("how", ["Ctrl-C", "ended", "killed"])
def test_both_lanes_end_with_ctrl_c_and_when_the_process_in_the_middle_is_killed(place, how):
    with held() as hold:
        (place / "tests" / "test_mine.py").write_text(hold.text, encoding="utf-8")
        with closing(Make(place, terminal=True, COURSE_LANES="2")) as make:
            wire = hold.running()
            if how == "Ctrl-C":
                os.write(make.out, b"\x03")
                assert "Stopped by Ctrl-C after " in make.until("")
                assert make.process.wait(PATIENCE) == 2
            else:
                make.process.terminate() if how == "ended" else make.process.kill()
                assert "Traceback" not in make.until("")
            with wire:
                assert wire.recv(100) == b"", "What a check had begun outlives it."
    assert not list(place.parent.glob("course-*"))


@forks
def test_a_lane_that_breaks_ends_there_and_not_in_the_middle(monkeypatch, capfd):
    def broken(*_) -> int:
        raise RuntimeError("broken")

    monkeypatch.setattr(lanes, "run_checks", broken)
    lane = lanes.Running(lanes.ALL, [], os.pipe())
    assert lane.pipe.poll(PATIENCE)  # its end closes the pipe
    lane.close()
    assert lane.exit_code() in (1, -signal.SIGKILL) and "RuntimeError: broken" in capfd.readouterr().err
