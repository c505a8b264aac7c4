"""Forks of the helper: they are what a new Python is, and end with whoever has asked for them."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap

import pytest

from lessons.engine.harness import forked

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT CHECKED: this system cannot fork")
PATIENCE = 60  # seconds


@pytest.fixture(params=["forked", "new"])
def begun(request, monkeypatch):
    """The helper, or none: then each process is a new Python."""
    if request.param == "new":
        monkeypatch.setattr(forked, "helper", None)
        yield
        return
    if not hasattr(os, "fork"):
        pytest.skip("NOT CHECKED: this system cannot fork")
    forked.begin()
    yield
    forked.helper.close()
    forked.helper = None


def run(code: str, cwd, **environ: str) -> tuple[int, str, str]:
    done = forked.run(["-c", textwrap.dedent(code)], cwd, os.environ | environ, PATIENCE)
    return done.returncode, done.stdout, done.stderr


def test_it_has_the_environment_the_folder_and_the_words_that_were_given(begun, tmp_path):
    (tmp_path / "own.py").write_text("name = 'Ünser'\n", encoding="utf-8")
    code = (
        "import os, sys, own; print(own.name, os.getcwd() == sys.argv[1], os.environ['ANSWER'], 'HOME' in os.environ)"
    )
    environ = {"ANSWER": "42", "PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}
    done = forked.run(["-c", code, str(tmp_path.resolve())], tmp_path, environ, PATIENCE)
    assert (done.stdout, done.stderr, done.returncode) == ("Ünser True 42 False\n", "", 0)


def test_a_script_and_a_module_run_as_the_main_one(begun, tmp_path):
    for name in ("script.py", "module.py"):
        (tmp_path / name).write_text("import sys; print(__name__, sys.argv[1:])\n", encoding="utf-8")
    for words in (["script.py", "a"], ["-m", "module", "a"]):
        assert forked.run(words, tmp_path, dict(os.environ), PATIENCE).stdout == "__main__ ['a']\n"


@pytest.mark.parametrize(
    ("code", "returncode", "said"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('a reason')", 1, "a reason"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("import os; os._exit(7)", 7, ""),
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15, "", marks=forks),
    ],
)
def test_its_end_is_told(begun, tmp_path, code, returncode, said):
    got, out, errors = run(code, tmp_path)
    assert (got, out, (errors.splitlines() or [""])[-1]) == (returncode, "", said)


def test_time_that_is_up_ends_it(begun, tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run(["-c", "import time; time.sleep(600)"], tmp_path, dict(os.environ), 0.2)


def test_it_can_be_waited_for_and_killed(begun, tmp_path):
    with tempfile.TemporaryFile() as log:
        process = forked.start(["-c", "import time; time.sleep(600)"], tmp_path, dict(os.environ), log)
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
        process.kill()
        assert process.wait(PATIENCE) == process.poll() == (-signal.SIGKILL if os.name != "nt" else 1)
        process.kill()  # once more harms nobody


LEFT = """
import os, sys, tempfile
from lessons.engine.harness import forked
forked.begin()
code = "import sys, time; print('here', flush=True); time.sleep(600)"
with open(sys.argv[1], "wb") as log:
    forked.start(["-c", code], ".", dict(os.environ), log)
sys.stdin.read()
"""


@forks
def test_it_ends_when_the_process_that_asked_for_it_is_killed(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = [sys.executable, "-c", LEFT, str(fifo)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process, open(fifo) as said:
        assert said.readline() == "here\n"
        process.kill()
        assert said.read() == "", "The fork outlives the process that has asked for it."
