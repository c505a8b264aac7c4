"""What a terminal tells the website, no check hears: the database and the Redis that stand there are somebody's own."""

import subprocess
import sys

import pytest

from lessons.engine.author.check.console import Call, Terminal
from lessons.engine.harness.project import own_environ
from lessons.engine.harness.server import Server
from lessons.engine.paths import ROOT
from lessons.engine.wire.record import World


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A database that this terminal names, for the website alone. It is no SQLite file: whoever opens it fails, too."""
    file = tmp_path / "mine.sqlite3"
    file.write_text("mine", encoding="utf-8")
    monkeypatch.setenv("DJANGO_DATABASE", str(file))
    monkeypatch.setenv("CHANNEL_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CHAT_BURST", "1")
    return file


def test_checks_leave_the_database_alone_that_the_terminal_names(mine):
    names = "announcement_crosses_the_network or same_client_id_is_the_same"  # one with a server, one without
    command = [sys.executable, "-m", "pytest", "--full", "-q", "-k", names]
    files = ["tests/stages/test_stage_07_from_anywhere.py", "tests/stages/test_stage_08_history.py"]
    done = subprocess.run([*command, *files], cwd=ROOT, stdout=-1, stderr=-2, text=True, encoding="utf-8")
    assert " 2 passed" in f" {done.stdout.strip().splitlines()[-1]}", done.stdout
    assert mine.read_text(encoding="utf-8") == "mine"


def test_nothing_that_the_course_starts_for_itself_hears_what_the_terminal_tells_the_website(mine, tmp_path):
    told = {"DJANGO_DATABASE", "CHANNEL_REDIS_URL", "CHAT_BURST"}
    assert not told & own_environ().keys() and "PATH" in own_environ()
    server = Server()
    server.folder.cleanup()  # it is never started
    assert not told & server.environ().keys()
    assert not told & World(10, tmp_path).environ.keys()
    show = "import os; print(sorted({'DJANGO_DATABASE', 'CHANNEL_REDIS_URL', 'CHAT_BURST'} & os.environ.keys()))"
    Terminal("README.md", tmp_path).run(Call(1, f'python -c "{show}"', expected=[(2, "[]")]))
