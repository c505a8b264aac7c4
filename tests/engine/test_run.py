"""`make run` for others: with a key that nobody can know, made once."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lessons.engine.content.disk import lessons_on_disk, put
from lessons.engine.content.stages import make_stages
from lessons.engine.harness.server import end, free_port, listens
from lessons.engine.student import run

PUBLISHED = "insecure-key-for-development-only"
FORGE = """
import django
django.setup()
from django.contrib.sessions.backends.signed_cookies import SessionStore
session = SessionStore()
session["name"] = "The teacher"
session.save()
print(session.session_key, end="")
"""


@pytest.fixture
def key(tmp_path, monkeypatch) -> Path:
    """Where the key is kept; there is none yet, neither there nor in the environment."""
    monkeypatch.delenv("DJANGO_SECRET_KEY", raising=False)
    monkeypatch.delenv("DJANGO_ALLOWED_HOSTS", raising=False)
    monkeypatch.setattr(run, "KEY", tmp_path / ".course" / "key")
    return run.KEY


@pytest.fixture
def website(tmp_path, key, monkeypatch) -> Path:
    """A folder with stage 9, the last one with sessions in signed cookies. `make run` stops short of its server."""
    put(tmp_path, make_stages(lessons_on_disk())[9])
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run.databases, "sync", lambda git: None)  # the folder is no clone
    monkeypatch.setattr(run.process, "run_in_foreground", lambda command, environ: (command, environ))
    return tmp_path


@contextmanager
def running(place: Path, host: str) -> Iterator[str]:
    """Let the server run that `make run` would; give its address."""
    port = free_port()
    command, environ = run.run(host, str(port), "1", "")
    with (place / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--noreload"], cwd=place, env=environ, stdout=log, stderr=log)
    try:
        assert listens(process, port), (place / "log").read_text(encoding="utf-8")
        yield f"127.0.0.1:{port}"
    finally:
        end(process)


def page(address: str, session: str) -> str:
    request = urllib.request.Request(f"http://{address}/", headers={"Cookie": f"sessionid={session}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as response:
        return response.read().decode()


def key_of(host: str) -> str | None:
    return run.environment(host, []).get("DJANGO_SECRET_KEY")


def test_servers_for_the_room_have_the_same_random_key_each_time(key):
    first = key_of("0.0.0.0")
    assert len(first) >= 50 and len(set(first)) >= 5
    assert (key_of("0.0.0.0"), key_of("192.0.2.7"), key.read_text()) == (first, first, first)
    assert [path.name for path in key.parent.iterdir()] == ["key"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such modes: a folder of one's own is closed to others")
def test_nobody_else_on_this_machine_can_read_the_key(key):
    key_of("0.0.0.0")
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", ["", "half a k"])
def test_a_key_that_was_not_written_to_its_end_is_made_anew(key, left):
    key.parent.mkdir()
    key.write_text(left)
    assert len(key_of("0.0.0.0")) >= 50
    assert key_of("0.0.0.0") == key.read_text()


def test_for_this_machine_alone_the_environment_stays_as_it_is(key):
    told = {"DJANGO_SETTINGS_MODULE": "mywebsite.settings", "DJANGO_ALLOWED_HOSTS": "localhost 127.0.0.1"}
    for host in ("127.0.0.1", "localhost", "::1"):
        assert run.environment(host, []) == {**os.environ, **told}
    assert not key.exists()


def test_a_key_of_ones_own_wins(key, monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET_KEY", "my own")
    assert (key_of("0.0.0.0"), key_of("127.0.0.1"), key.exists()) == ("my own", "my own", False)


def test_a_cookie_signed_with_the_published_key_is_worth_nothing_in_the_room(website):
    told = {**os.environ, "DJANGO_SETTINGS_MODULE": "mywebsite.settings", "DJANGO_SECRET_KEY": PUBLISHED}
    forged = subprocess.run([sys.executable, "-c", FORGE], cwd=website, env=told, stdout=-1, check=True).stdout.decode()
    with running(website, "127.0.0.1") as alone:
        assert "You are The teacher" in page(alone, forged)
    with running(website, "0.0.0.0") as room:
        said = page(room, forged)
        assert "You are Guest" in said and "The teacher" not in said


@pytest.mark.parametrize(("host", "lines"), [("0.0.0.0", 1), ("127.0.0.1", 0)])
def test_settings_that_do_not_read_the_key_are_told_in_one_line(website, capsys, monkeypatch, host, lines):
    monkeypatch.setattr(run, "own_addresses", lambda: [])
    settings = website / "mywebsite" / "settings.py"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('os.environ.get("DJANGO_SECRET_KEY", ', "str("), encoding="utf-8")
    run.run(host, str(free_port()), "1", "")
    assert capsys.readouterr().out.count("do not read DJANGO_SECRET_KEY") == lines
    settings.write_text(text, encoding="utf-8")
    run.run(host, str(free_port()), "1", "")
    assert "do not read" not in capsys.readouterr().out
