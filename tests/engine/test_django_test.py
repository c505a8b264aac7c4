"""`python manage.py test`, which every user of Django tries: the student's own tests run, and nothing else."""

import os
import shutil
import subprocess
import sys

import pytest

from lessons.engine.content.disk import lessons_on_disk, put
from lessons.engine.content.stages import make_stages

from .toy import ROOT

OWN = """
from django.test import SimpleTestCase

class OwnTests(SimpleTestCase):
    def test_one_and_one(self):
        self.assertEqual(1 + 1, 2)
"""


@pytest.mark.parametrize("stage", [0, 5, -1], ids=["stage 0", "stage 5", "the last stage"])
def test_it_runs_the_students_tests_and_names_the_command_for_the_checks(stage, tmp_path):
    for name in ("lessons", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    put(tmp_path, make_stages(lessons_on_disk())[stage])
    for name in ("chat/tests.py", "tests/test_mine.py"):
        (tmp_path / name).write_text(OWN, encoding="utf-8")
    absent = tmp_path / "absent"  # a student's Python does not have what only authors need
    absent.mkdir()
    for name in ("hypothesis", "nbclient"):
        (absent / f"{name}.py").write_text("raise ImportError('this is not installed')", encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    command = [sys.executable, "manage.py", "test", "--no-color"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environ | {"PYTHONPATH": str(absent)}, stdout=-1, stderr=-2, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "To run them: make test (or python -m lessons test)" in done.stdout
    assert "Ran 2 tests" in done.stdout
