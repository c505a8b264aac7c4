"""Several processes behind one port, for real: the website at the top, served by two of them."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from lessons.engine.errors import CourseError
from lessons.engine.harness.server import free_port
from lessons.engine.paths import ROOT
from lessons.engine.student import workers

LIMIT = 60.0  # seconds
RUN = """
import os, sys
from lessons.engine.student import workers
sys.exit(workers.run_workers({!r}, {}, 2, dict(os.environ)))
"""
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="two processes cannot share a port here")


def run(log: Path, port: int) -> subprocess.Popen:
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "mywebsite.settings"}
    environ |= {"DJANGO_DATABASE": str(log.with_name("db.sqlite3"))}
    environ.pop("CHANNEL_REDIS_URL", None)
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environ, check=True)
    command = [sys.executable, "-c", RUN.format("127.0.0.1", port)]
    with log.open("wb") as file:
        return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=file, stderr=file)


def wait(condition, process: subprocess.Popen) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end
        with suppress(subprocess.TimeoutExpired):  # the wait is the pause between two looks
            process.wait(timeout=0.05)
            raise AssertionError("it has ended")


def end(process: subprocess.Popen) -> int:
    """End it as Ctrl-C does; return its exit code."""
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def page(port: int, path: str = "/") -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status
    except OSError:
        return 0


@posix
def test_two_processes_take_turns_at_one_port_and_one_that_dies_is_started_again(tmp_path, monkeypatch):
    log, port = tmp_path / "log", free_port()
    process = run(log, port)
    try:
        wait(lambda: page(port) == 200, process)
        wait(lambda: page(port) == 200 and {"[1] HTTP", "[2] HTTP"} <= said(log, r"\[\d\] HTTP"), process)
        assert page(port, "/static/admin/css/base.css") == 200
        assert "NO REDIS" in log.read_text(encoding="utf-8")
        first = re.search(r"\[1\] process (\d+) starts", log.read_text(encoding="utf-8"))[1]
        os.kill(int(first), signal.SIGKILL)
        wait(lambda: said(log, rf"\[1\] process {first} has died\."), process)
        wait(lambda: len(said(log, r"\[1\] process \d+ starts")) == 2, process)
        assert page(port) == 200
    finally:
        ended = end(process)
    assert ended == 0
    assert page(port) == 0, "a process has outlived the one that looks after it"


@posix
def test_their_processes_end_with_the_one_that_looks_after_them(tmp_path):
    port = free_port()
    process = run(tmp_path / "log", port)
    try:
        wait(lambda: page(port) == 200, process)
    finally:
        process.kill()
        process.wait()
    limit = time.monotonic() + LIMIT
    while page(port):  # each look takes as long as the answer
        assert time.monotonic() < limit


@posix
def test_a_website_that_cannot_start_is_tried_once(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(workers, "WORKER", "raise SystemExit('the settings are broken')")
    monkeypatch.setattr(workers, "LAYER", "print('redis')")
    assert workers.run_workers("127.0.0.1", free_port(), 2, dict(os.environ)) == 1
    out = capfd.readouterr().out
    assert "the settings are broken" in out and "while it was starting: all end." in out and "NO REDIS" not in out


def test_before_lesson_9_there_is_one_process(monkeypatch):
    monkeypatch.setattr(workers, "marker", lambda: 4)
    with pytest.raises(CourseError, match="This is lesson 4, and several processes come with lesson 9"):
        workers.run_workers("127.0.0.1", free_port(), 2, {})


@posix
def test_a_website_without_a_channel_layer_is_not_served(monkeypatch):
    monkeypatch.setattr(workers, "LAYER", "raise SystemExit('there is none')")
    with pytest.raises(CourseError, match="no channel layer to use"):
        workers.run_workers("127.0.0.1", free_port(), 2, dict(os.environ))


def test_where_processes_cannot_share_a_port_that_is_said(monkeypatch):
    monkeypatch.delattr(os, "fork", raising=False)
    with pytest.raises(CourseError, match="cannot share a port.*lesson 10"):
        workers.run_workers("127.0.0.1", free_port(), 2, {})


def said(log: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, log.read_text(encoding="utf-8")))
