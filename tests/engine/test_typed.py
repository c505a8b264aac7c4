"""Commands are shown as this person types them, with make and without."""

import os
import subprocess
import sys

import pytest

from lessons.engine.typed import TYPED, as_typed, python_as_typed

NAMES = ["run", "hint", "test"]
WITHOUT_MAKE = {"MAKELEVEL": "", TYPED: ""}


def typed(course, *words: str, env: dict[str, str | None] | None = None, python: str = sys.executable) -> str:
    """Return what `python -m lessons` says with these words, in an environment without these names."""
    environ = {name: value for name, value in os.environ.items() if name not in WITHOUT_MAKE} | (env or {})
    command = ["python3", "-B", "-m", "lessons", *words]
    done = subprocess.run(
        command, executable=python, cwd=course.root, env=environ, stdout=-1, stderr=-2, encoding="utf-8"
    )
    return done.stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Stuck? make hint says more.", "Stuck? python3 -m lessons hint says more."),
        ("(make test STAGE=4)", "(python3 -m lessons test STAGE=4)"),
        ("make tests, make makes", "make tests, make makes"),
        ("remake run", "remake run"),
        ("make run=1", "make run=1"),
    ],
)
def test_only_commands_of_the_course_are_shown_otherwise(text, shown, monkeypatch):
    monkeypatch.setenv(TYPED, "python3 -m lessons")
    assert as_typed(text, NAMES) == shown


@pytest.mark.parametrize(
    ("program", "word"),
    [("python3", "python3"), ("py", "py"), ("/usr/bin/python3.12", "python3.12"), ("", "python")],
)
def test_python_is_called_as_it_was(program, word):
    assert python_as_typed(program) == word


def test_errors_and_next_steps_name_commands_without_make_to_who_came_without(student):
    said = typed(student, "tets")
    assert "python3 -m lessons help" in said and "make" not in said
    said = typed(student, "start", "N=9")
    assert "python3 -m lessons start N=1" in said and "make" not in said
    assert "Check your work with: python3 -m lessons test" in typed(student, "start", "N=1")


def test_make_is_named_to_who_came_by_make(student):
    assert "make help lists all" in typed(student, "tets", env={"MAKELEVEL": "1"})


def test_a_command_hands_on_to_its_children_how_it_was_called(student):
    said = typed(student, "tets", env={"MAKELEVEL": "1", TYPED: "py -m lessons"})
    assert "py -m lessons help" in said
