"""The notebooks: `make notebooks` opens them, and their exercises know right from wrong.

Untouched, an exercise is "not yet"; right answers are accepted, and wrong ones are not.
Each notebook runs once, from top to bottom. Then every answer below takes the place of its exercise, and its check
runs.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from importlib.util import find_spec

import pytest

from lessons.engine.content.notebook import notebook_stage
from lessons.engine.student import notebooks

from .toy import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STAGE = int((ROOT / "lessons" / "STAGE").read_text(encoding="utf-8"))
NOT_YET, RIGHT, WRONG = "not yet.", "right.", "not right"

PARROT = """
async def parrot(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": %s})
"""
DOORKEEPER = """
async def doorkeeper(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept" if %s else "websocket.close"})
"""
VISITORS = """
class VisitorConsumer(ChatConsumer):
    visitors = 0

    def connect(self):
        super().connect()
        %s
        self.send_json({"type": "visitor", "number": VisitorConsumer.visitors})
"""
LETTER = 'letter = {"type": "chat.message", "message": "psst"}\n'
TELL = """
def tell_everyone(message):
    async_to_sync(layer.group_send)("hall", {"type": "chat.message", "message": %s})
"""

# notebook: exercise: [(answer, what the check says of it)]
ANSWERS = {
    1: {
        1: [("my_status = 404", RIGHT), ("my_status = 200", WRONG), ("my_status = '404'", WRONG)],
        2: [
            (PARROT % 'event["text"].upper()', RIGHT),
            (PARROT % '"HELLO"', WRONG),
            (PARROT % 'event["text"]', NOT_YET),
        ],
        3: [
            (DOORKEEPER % 'scope["path"] == "/ws/lobby/"', RIGHT),
            (DOORKEEPER % 'scope["path"].startswith("/ws/")', NOT_YET),
            (DOORKEEPER % "False", WRONG),
        ],
    },
    2: {
        1: [
            ("my_types = dict(zip(my_types, ['error', 'error', 'chat', 'error']))", RIGHT),
            ("my_types = dict.fromkeys(my_types, 'error')", WRONG),
            ("my_types = dict(zip(my_types, ['error', 'error', 'chat', ...]))", NOT_YET),
        ],
        2: [
            (VISITORS % "VisitorConsumer.visitors += 1", RIGHT),
            ((VISITORS % "type(self).visitors += 1"), RIGHT),
            ((VISITORS % "VisitorConsumer.visitors += 2"), WRONG),
        ],
    },
    3: {
        1: [
            ("my_letters = [1, 2, 3, 4, 5, 6, 7]", RIGHT),
            ("my_letters = [4, 5, 6, 7, 8, 9, 10]", WRONG),
            ("my_letters = 7", WRONG),
        ],
        2: [
            ("my_copies = 1\nmy_copies_later = 0", RIGHT),
            ("my_copies = 2\nmy_copies_later = 1", WRONG),
            ("my_copies = 1\nmy_copies_later = ...", NOT_YET),
        ],
        3: [
            (LETTER + "await layer.send(ben, letter)", RIGHT),
            (LETTER + "await layer.group_send('lobby', letter)", WRONG),
            (LETTER + "await layer.send(ada, letter)", WRONG),
            (LETTER + "await layer.send(ben, letter)", RIGHT),
        ],
    },
    4: {
        1: [
            (TELL % "message", RIGHT),
            (TELL % "'something else'", WRONG),
            ("async def tell_everyone(message):\n    await layer.group_send('hall', letter)", WRONG),
        ],
        2: [("my_threads = 1", RIGHT), ("my_threads = 3", WRONG), ("my_threads = 6", WRONG)],
    },
    5: {
        1: [("my_seconds = 0.3", RIGHT), ("my_seconds = 0.5", WRONG), ("my_seconds = 0", WRONG)],
        2: [("my_naps = 3", RIGHT), ("my_naps = 1", WRONG)],
    },
    6: {
        1: [
            ("my_mailboxes = 5\nmy_processes = 2", RIGHT),
            ("my_mailboxes = 2\nmy_processes = 2", WRONG),
            ("my_mailboxes = 5\nmy_processes = 5", WRONG),
            ("my_mailboxes = 5\nmy_processes = ...", NOT_YET),
        ],
        2: [("my_letters = 100", RIGHT), ("my_letters = 150", WRONG)],
    },
    7: {
        1: [("my_frames = 300 * 300", RIGHT), ("my_frames = 300", WRONG)],
        2: [
            ("my_people = (10 * rate) ** 0.5", RIGHT),
            ("my_people = int((10 * rate) ** 0.5) - 1", RIGHT),
            ("my_people = rate ** 0.5", WRONG),
            ("my_people = rate", WRONG),
        ],
    },
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_right_answers_are_accepted_and_wrong_ones_are_not(path, monkeypatch):
    if notebook_stage(path) > STAGE:
        pytest.skip(f"NOT CHECKED: it belongs to stage {notebook_stage(path)}, and this is stage {STAGE}.")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.chdir(path.parent)
    notebook = nbformat.read(path, 4)
    cells = {cell["id"]: cell for cell in notebook.cells}
    end = list(cells).index(max(name for name in cells if name.startswith("check-"))) + 1
    client = nbclient.NotebookClient(notebook, timeout=60)
    exercises = ANSWERS[int(path.name.partition("-")[0])]
    assert [name for name in cells if name.startswith("exercise-")] == [f"exercise-{number}" for number in exercises]

    def verdict(number: int) -> str:
        """Run a check, and return what it says last of the exercise."""
        cell = cells[f"check-{number}"]
        done = client.execute_cell(cell, notebook.cells.index(cell))
        said = "".join(output.get("text", "") for output in done.outputs)
        return re.findall(rf"^Exercise {number}: (not yet\.|right\.|not right)", said, re.MULTILINE)[-1]

    def answer(number: int, source: str) -> str:
        cell = nbformat.v4.new_code_cell(source)
        notebook.cells.append(cell)
        client.execute_cell(cell, len(notebook.cells) - 1)
        return verdict(number)

    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells[:end]):
            client.execute_cell(cell, index)
        for number, answers in exercises.items():
            assert verdict(number) == NOT_YET
            said = [(source, answer(number, source)) for source, _ in answers]
            assert said == answers
        for index, cell in enumerate(notebook.cells[end : len(cells)], end):
            client.execute_cell(cell, index)


@pytest.mark.skipif(
    not find_spec("jupyterlab"), reason="NOT CHECKED: there is no JupyterLab. To get it: make notebooks"
)
@pytest.mark.skipif(os.name == "nt", reason="NOT CHECKED on Windows: there, Ctrl-C cannot be sent to one process")
def test_make_notebooks_opens_jupyterlab_and_asks_nobody_for_news(tmp_path, monkeypatch):
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n', encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    command = [sys.executable, "-c", "from lessons.engine.student.notebooks import open_notebooks; open_notebooks()"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
    lab = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **streams)
    try:
        address = next(found for line in lab.stdout if (found := re.search(r"(http://127\S+)/lab\?(token=\w+)", line)))

        def pause() -> None:
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"JupyterLab has ended with {lab.wait(timeout=0.05)}.")

        def get(path: str) -> dict:
            url = f"{address[1]}{path}?{address[2]}"
            while True:  # it tells its address a moment before it listens
                with suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=60) as answer:
                    return json.load(answer)
                pause()

        names = {entry["name"] for entry in get("/api/contents")["content"]}
        assert {path.name for path in NOTEBOOKS} <= names
        assert get("/api/kernelspecs")["default"] == "python3"
        says = get("/lab/api/settings/@jupyterlab/apputils-extension:notification")
        defaults = {key: value["default"] for key, value in says["schema"]["properties"].items()}
        assert (defaults["fetchNews"], defaults["checkForUpdates"]) == ("false", False)
        while not opened.exists():
            pause()
    finally:
        os.killpg(lab.pid, signal.SIGINT)
        rest = lab.communicate(timeout=60)[0]
    assert "Traceback" not in rest


def test_what_jupyter_wants_to_remember_stays_in_the_course(monkeypatch):
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", "elsewhere")
    environ = notebooks.environment()
    assert {name: value for name, value in environ.items() if name.startswith("JUPYTER") or name == "IPYTHONDIR"} == {
        "JUPYTER_CONFIG_DIR": str(ROOT / ".jupyter" / "config"),
        "JUPYTER_DATA_DIR": str(ROOT / ".jupyter" / "data"),
        "IPYTHONDIR": str(ROOT / ".jupyter" / "ipython"),
        "JUPYTER_CONFIG_PATH": str(ROOT / "lessons" / "engine" / "student" / "jupyter"),
    }


def test_the_kernel_is_this_python_whatever_another_jupyter_has(tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    other = tmp_path / "kernels" / "python3" / "kernel.json"
    other.parent.mkdir(parents=True)
    broken = {"argv": ["no-such-python"], "display_name": "Python 3", "language": "python"}
    other.write_text(json.dumps(broken), encoding="utf-8")
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    environ = {**notebooks.environment(), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    for name in os.environ.keys() | environ.keys():
        monkeypatch.setenv(name, environ[name]) if name in environ else monkeypatch.delenv(name)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import sys; print(sys.executable)")])
    nbclient.NotebookClient(notebook, timeout=60).execute()
    assert notebook.cells[0].outputs[0].text.strip() == sys.executable
