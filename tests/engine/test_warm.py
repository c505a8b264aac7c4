"""Runs of the checks in forks of a warm process: what they say is what `make test` says, and no run meets another."""

import json
import os
import socket
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from lessons.engine.author.check.check import Course
from lessons.engine.author.check.jobs import Job
from lessons.engine.author.check.warm import Cold
from lessons.engine.content import mistakes
from lessons.engine.content.stages import MARKER
from lessons.engine.student import setup
from tests import entry

PATIENCE = 60  # seconds: the machine may have other work too


@pytest.fixture(scope="module")
def course(home, tmp_path_factory):
    if setup.stale("core", *setup.OPTIONAL):
        pytest.skip("NOT CHECKED: this Python lacks the course's packages, and tests install nothing. Run: make setup")
    course = Course(tmp_path_factory.mktemp("warm"))
    with closing(course.warm):
        yield course


def entry_of(name: str) -> mistakes.Mistake:
    return next(mistake for mistake in mistakes.catalogue() if mistake.id == name)


def told(place: Path) -> dict:
    return json.loads((place / ".course" / "last-failure.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["S0-11", "S1-16", "S2-10", "S3-22"])
def test_a_forked_run_says_what_a_new_python_says(course, tmp_path, name):
    """The settings break; Python cannot import on its own; a check of this stage fails; one of an earlier stage."""
    mistake, seen = entry_of(name), []
    with course.warm.lend(course.with_mistake(mistake)) as warm:
        results, _ = warm.run(stage=mistake.stage)
        seen.append((results, told(warm.place)))
    cold = Cold(course.lay_out(f"cold-{name}", course.with_mistake(mistake), mistake.stage))
    results, _ = cold.run(stage=mistake.stage)
    seen.append((results, told(cold.place)))
    assert seen[0] == seen[1]
    assert mistake.check in str(results)


def test_no_run_meets_what_the_one_before_has_left(course):
    for mistake in (entry_of("S3-05"), entry_of("S2-10")):
        assert course.mistake(Job("mistakes", mistake.id, None), mistake) == []
    with course.warm.lend({MARKER: "0\n"}) as warm:
        left = {path.name for path in warm.place.iterdir()}
    assert not left & {"chat", "mywebsite", "manage.py", "templates", ".course"}
    assert "tests" in left


def test_what_replaced_a_file_of_the_course_is_gone_in_the_next_run(course):
    path = "lessons/10-going-live/deploy/nginx.conf"
    with course.warm.lend({path: "nothing"}) as warm:
        assert (warm.place / path).read_text(encoding="utf-8") == "nothing"
    with course.warm.lend({}) as warm:
        assert "server" in (warm.place / path).read_text(encoding="utf-8")


LEAVES = """
import socket, subprocess, sys
wire = socket.create_connection(("127.0.0.1", {port}))
wire.set_inheritable(True)
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], close_fds=False)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT CHECKED: this system cannot fork")
def test_a_process_that_a_run_has_left_behind_is_ended(course):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        settings = "mywebsite/settings.py"
        leaves = LEAVES.format(port=server.getsockname()[1])
        files = course.stages[3] | {MARKER: "3\n", settings: leaves + course.stages[3][settings]}
        with course.warm.lend(files) as warm:
            warm.run(stage=0)
        wire, _ = server.accept()
        with wire:
            wire.settimeout(PATIENCE)
            assert wire.recv(1) == b""


def item(stage: int, name: str, *fixtures: str, long: bool = False) -> SimpleNamespace:
    function, keywords = name.partition("[")[0], {"long"} if long else set()
    return SimpleNamespace(stage=stage, name=name, function=function, fixturenames=fixtures, keywords=keywords)


EARLY_SERVER, FIRST, QUICK = item(4, "test_early", "server"), item(5, "test_first", "redis"), item(5, "test_quick")
SERVER, PAGE = item(5, "test_server", "server"), item(5, "test_page", "open_page", "server", "browser")
SECOND_PAGE, CASES = item(5, "test_second", "browser"), [item(5, f"test_cases[{n}]", "tab") for n in range(2)]
LONG = item(5, "test_long", "server", long=True)
ALL = [EARLY_SERVER, FIRST, QUICK, SERVER, LONG, PAGE, *CASES, SECOND_PAGE, item(5, "test_last")]


@pytest.mark.parametrize(
    ("named", "page", "runs"),
    [
        ("test_cases", False, [FIRST, QUICK, *CASES]),
        ("test_server", False, [FIRST, QUICK, SERVER]),
        ("test_second", False, [FIRST, QUICK, SERVER, PAGE, *CASES, SECOND_PAGE]),
        ("test_second", True, [FIRST, QUICK, PAGE, *CASES, SECOND_PAGE]),
        ("test_long", False, [FIRST, QUICK, SERVER, LONG]),
        ("test_nowhere", False, ALL),
    ],
)
def test_an_entry_needs_the_named_check_and_before_it_what_is_no_dearer(named, page, runs):
    assert entry.needed(ALL, named, page) == runs
