"""The command line: each command can be found, and whatever is typed wrong is answered in words."""

import importlib
import inspect
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lessons.engine import cli
from lessons.engine.cli import COMMANDS, Command, dispatch, help_text, read_words
from lessons.engine.errors import CourseError
from lessons.engine.student import run

from .toy import ROOT


def test_make_and_python_m_lessons_know_the_same_commands():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"^COMMANDS := (.*)$", makefile, re.MULTILINE)[1].split()
    others = re.findall(r"^([a-z]+):", makefile, re.MULTILINE)
    assert (set(listed), others) == (set(COMMANDS), ["help", "tests"])


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_every_command_with_what_it_does(words, capsys):
    assert dispatch(words) == 0
    said = capsys.readouterr().out
    assert said == help_text() + "\n"
    for name, command in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(command.help)}$", said, re.MULTILINE)
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_takes_its_words(name):
    words = [word.lower() for word in COMMANDS[name].words]
    assert list(inspect.signature(function_of(COMMANDS[name])).parameters) == words
    assert all((ROOT / f"requirements-{extra}.txt").exists() for extra in COMMANDS[name].extras)


def function_of(command: Command):
    module, function = command.target.split(":")
    return getattr(importlib.import_module(f"lessons.engine.{module}"), function)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("strat", "start"), ("tests", "test"), ("stage", "stages"), ("Start", "start"), ("setpu", "setup")],
)
def test_a_mistyped_command_is_answered_with_the_nearest(typed, meant):
    with pytest.raises(CourseError, match=f"^There is no command '{typed}'. Did you mean '{meant}'. make help lists"):
        dispatch([typed])


@pytest.mark.parametrize("typed", ["xyzzy", "", "N=4", "--version", "²"])
def test_a_command_like_no_other_is_answered_with_the_list(typed):
    with pytest.raises(CourseError, match=f"^There is no command {typed!r}. make help lists all.$"):
        dispatch([typed])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["start", "M=4"], "start: 'M=4' is not one of its words (N=, AGAIN=). Example: make start N=4"),
        (["start", "4"], "start: '4' is not one of its words (N=, AGAIN=). Example: make start N=4"),
        (["start", "N=4", "N"], "start: 'N' is not one of its words (N=, AGAIN=)."),
        (
            ["run", "--port"],
            "run: '--port' is not one of its words (HOST=, PORT=, WORKERS=, FRESH=). Example: make run PORT=",
        ),
        (["test", "=4"], "test: '=4' is not one of its words (STAGE=, V=). Example: make test STAGE=4"),
        (["stages", "N=4"], "stages: 'N=4' is not one of its words (none)."),
    ],
)
def test_a_word_that_a_command_does_not_know_is_answered_with_those_it_does(words, said):
    with pytest.raises(CourseError, match="^" + re.escape(said)):
        dispatch(words)


def test_words_may_be_small_be_repeated_hold_anything_and_be_left_out():
    tab = COMMANDS["tab"]
    assert read_words("tab", tab, []) == {"where": "ws/lobby/", "port": "8000", "name": "", "origin": ""}
    words = ["where=ws/x/?since=1", "PORT=1", "PYTHON=python3.12", "Port="]
    assert read_words("tab", tab, words) == {"where": "ws/x/?since=1", "port": "", "name": "", "origin": ""}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["test", "STAGE=x"], "test: STAGE=x is no number. Example: make test STAGE=4"),
        (["test", "STAGE=-1"], "test: STAGE=-1 is no number."),
        (["watch", "STAGE=x"], "watch: STAGE=x is no number. Example: make watch STAGE=4"),
        (["run", "PORT=x"], "run: PORT=x is no port. Example: make run PORT=8001"),
        (["run", "PORT=²"], "run: PORT=² is no port."),
        (["run", "PORT=65536"], "run: PORT=65536 is no port."),
        (["run", "PORT="], "run: PORT= is no port."),
        (["run", "HOST=192.168..1"], "run: HOST=192.168..1 is no address of this machine. For the room: HOST=0.0.0.0"),
        (["tab", "PORT=x"], "tab: PORT=x is no port. Example: make tab PORT=8001"),
        (["tab", "PORT=0"], "tab: PORT=0 is no port."),
    ],
)
def test_a_value_that_makes_no_sense_is_answered_in_words(words, said, tmp_path, monkeypatch):
    (tmp_path / "manage.py").touch()
    monkeypatch.setattr(run, "ROOT", tmp_path)
    command = COMMANDS[words[0]]
    with pytest.raises(CourseError, match="^" + re.escape(said)):
        function_of(command)(**read_words(words[0], command, words[1:]))


def test_a_value_is_read_from_the_command_line(student):
    assert student.refused("run", "port=x").startswith("run: PORT=x is no port.")


def test_a_busy_port_is_answered_with_the_command_for_another(student):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        said = student.refused("run", f"PORT={port}")
    assert said.startswith(f"Port {port} at 127.0.0.1 is not free")
    assert said.endswith(f"or take another port: make run PORT={port % 65535 + 1}\n")


def test_a_website_that_is_not_there_yet_is_said(student):
    student.put({"manage.py": None})
    assert student.refused("run").startswith("There is no manage.py yet. Lesson 0 makes it")


def test_a_broken_marker_is_said_at_its_place(student):
    student.put({"lessons/STAGE": b"two\n"})
    assert student.refused("tab").startswith("lessons/STAGE:1: this file should hold the number of the stage")


def test_what_is_no_websocket_server_is_named(student):
    with socket.create_server(("127.0.0.1", 0)) as other:
        student.put({"lessons/STAGE": b"4\n"})
        port = other.getsockname()[1]
        command = [sys.executable, "-B", "-m", "lessons", "tab", f"PORT={port}"]
        with subprocess.Popen(command, cwd=student.root, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2) as tab:
            wire, _ = other.accept()
            with wire:
                wire.recv(1000)
                wire.sendall(b"220 mail.example.org\r\n")
            said = tab.communicate(timeout=30)[0].decode()
    assert (tab.returncode, f"What answers at 127.0.0.1:{port} is no WebSocket server" in said) == (1, True), said


def test_what_is_said_comes_in_its_order_also_in_a_pipe():
    """What a command prints, what its own process prints, and the error that it ends with."""
    code = (
        "import subprocess, sys\n"
        "from lessons.engine import cli, errors\n"
        "def dispatch(args):\n"
        "    print('first')\n"
        "    subprocess.run([sys.executable, '-c', 'print(\"second\")'])\n"
        "    print('third')\n"
        "    raise errors.CourseError('fourth')\n"
        "cli.dispatch = dispatch\n"
        "raise SystemExit(cli.main([]))\n"
    )
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, stdout=-1, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout.split()) == (1, [b"first", b"second", b"third", b"fourth"])


def test_ctrl_c_ends_in_a_sentence(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(cli, "dispatch", lambda args: signal_like_ctrl_c())
    assert cli.main(["start"]) == 130
    assert capsys.readouterr().err.startswith("\nStopped. Nothing is lost")


def signal_like_ctrl_c():
    raise KeyboardInterrupt


def test_before_anything_is_installed_the_commands_are_there(course):
    """-S: without the site-packages, as the system's Python is."""
    code = "from lessons.engine.cli import main; import lessons.engine.student.setup; raise SystemExit(main(['strat']))"
    done = subprocess.run([sys.executable, "-S", "-B", "-c", code], cwd=course.root, capture_output=True)
    assert (done.returncode, done.stderr.startswith(b"There is no command 'strat'.")) == (1, True), done.stderr.decode()


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.10"])
def test_an_old_python_gets_a_sentence(course, version):
    python = old_python(version)
    if not python:
        pytest.skip(f"NOT CHECKED: there is no Python {version} on this machine, neither of pyenv nor on the PATH")
    done = course.make("start", "N=1", python=python)
    assert done.returncode == 1
    assert done.stdout.startswith(f"This course needs Python 3.11 or newer, and this is Python {version} (")
    assert "make setup PYTHON=python3.12" in done.stdout


def old_python(version: str) -> str | None:
    """Return a Python of this version that runs: pyenv's python2.7 on the PATH may be only a word of advice."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path("~root/.pyenv").expanduser()))
    found = [*map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python"))), shutil.which(f"python{version}")]
    probe = ("-c", "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])")
    runs = (each for each in found if each and subprocess.run([each, *probe], stdout=-1).stdout == version.encode())
    return next(runs, None)
