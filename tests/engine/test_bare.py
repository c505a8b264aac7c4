"""A run may play a bare machine, without Redis, browser and nginx; any other run in CI has to have them all."""

import os
import subprocess
from types import SimpleNamespace

import pytest

from lessons.engine.harness import live, machine, redis
from lessons.engine.harness.browser import candidates
from lessons.engine.paths import ROOT
from tests import conftest
from tests.explain.explain import explanation_of

HIDDEN = ("redis-server", "chromium", "google-chrome", "nginx")


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """Play a bare machine, in CI."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("COURSE_BARE", "1")
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="it makes symbolic links")
def test_the_script_hides_the_programs_and_nothing_else(tmp_path):
    for name in (*HIDDEN, "something"):
        (tmp_path / name).write_text("#!/bin/sh\necho it runs\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    look = 'for name in "$@"; do command -v "$name" >/dev/null && echo "$name"; done; something; echo "$COURSE_BARE"'
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [ROOT / ".ci" / "bare", "sh", "-c", look, "sh", *HIDDEN, "git", "something"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert (done.stdout.split("\n"), done.stderr) == (["git", "something", "it runs", "1", ""], "")


@pytest.mark.skipif(os.name == "nt", reason="it makes symbolic links")
def test_the_script_ends_as_its_command_does():
    assert subprocess.run([ROOT / ".ci" / "bare", "sh", "-c", "exit 3"], timeout=60).returncode == 3


def test_a_bare_machine_has_no_browser_where_only_playwright_would_find_one(bare):
    assert not list(candidates())


def test_a_bare_machine_has_no_nginx_outside_of_its_path(bare, monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    nginx = tmp_path / "elsewhere" / ("nginx.exe" if os.name == "nt" else "nginx")
    nginx.touch(mode=0o755)
    monkeypatch.setattr(live, "FOLDERS", str(nginx.parent))
    with pytest.raises(live.MissingProgram):
        live.program("nginx")


def test_a_bare_machine_has_the_stand_in_for_redis_in_ci_too(bare):
    pytest.importorskip("lupa", reason="NOT CHECKED: there is no stand-in in this Python. Run: make setup")
    assert redis.is_stand_in()
    assert not machine.needs_every_program()


@pytest.mark.skipif(os.name == "nt", reason="there is no Redis for Windows")
def test_any_other_run_in_ci_has_to_have_a_real_redis(bare, monkeypatch):
    monkeypatch.delenv("COURSE_BARE")
    assert machine.needs_every_program()
    with pytest.raises(redis.NoRedis):
        redis.is_stand_in()


@pytest.mark.parametrize("fixtures, told", [(["pair", "redis"], True), (["server"], False)])
def test_a_failure_with_the_stand_in_says_so(bare, fixtures, told):
    pytest.importorskip("lupa", reason="NOT CHECKED: there is no stand-in in this Python. Run: make setup")
    item = SimpleNamespace(
        fixturenames=fixtures, nodeid="a check", check=None, config=SimpleNamespace(stash=pytest.Stash())
    )
    error = AssertionError("Ben hears nothing.")
    conftest.pytest_runtest_makereport(item, SimpleNamespace(when="call", excinfo=SimpleNamespace(value=error)))
    happened = explanation_of("Ben hears Ada", 9, error, {}).happened.splitlines()
    assert happened == ["Ben hears nothing.", *[redis.WITH_STAND_IN] * told]
