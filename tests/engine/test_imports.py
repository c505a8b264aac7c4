"""Imports point one way, and `make check` sees one that does not: see "The layout" in CONTRIBUTING.md."""

import shutil

import pytest

from lessons.engine.author.check.lint import wrong_imports

from .toy import ROOT


@pytest.fixture
def copy(tmp_path):
    """A copy of the course's Python, without what the student types and the checks' example solutions."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("lessons", "tests"):
        leave_out = shutil.ignore_patterns("variants", "mistakes", "[0-9]*", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=leave_out)
    return tmp_path


def test_imports_point_one_way():
    assert wrong_imports(ROOT) == []


@pytest.mark.parametrize(
    ("module", "line", "words"),
    [
        ("student/hint", "from tests import report", "lessons.engine.student.hint -> tests.report"),
        (
            "content/disk",
            "from ..repository import git",
            "engine.content.disk -> lessons.engine.repository.git",
        ),
        ("harness/port", "from ..student import run", "lessons.engine.harness.port -> lessons.engine.student.run"),
        ("process", "from . import cli", "lessons.engine.process -> lessons.engine.cli"),
        ("harness/html", "from . import page", "No cycles are allowed in lessons.engine.harness"),
        ("new/module", "import os", "lessons.engine.new"),
    ],
)
def test_an_import_that_goes_up_is_seen_inside_a_function_too(copy, module, line, words):
    path = copy / "lessons" / "engine" / f"{module}.py"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "__init__.py").touch()
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef later():\n    {line}\n")
    assert words in "\n".join(wrong_imports(copy))
