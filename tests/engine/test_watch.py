"""`make watch`: what it answers, and that nothing outlives it."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from lessons.engine.content.disk import lessons_on_disk, put
from lessons.engine.content.stages import MARKER, make_stages
from lessons.engine.harness.file_changes import matters
from lessons.engine.student import setup
from lessons.engine.student.watch import needs_restart
from tests import report, watched
from tests.plan import IN_BROWSER, IN_PROCESS, Check, Plan
from tests.report import Outcome

from .toy import ROOT

MAP = "to come: 4"
PATIENCE = 60  # seconds: the machine may have other work too
GREEN = "All green. Next is Lesson 4"
CONSUMERS, VIEWS = "chat/consumers.py", "chat/views.py"
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT CHECKED: this system cannot fork")
HOLD = """
import os, socket, subprocess, sys, time
wire = socket.create_connection(("127.0.0.1", {port}))
wire.set_inheritable(True)
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], close_fds=False)
wire.sendall(b"%d" % os.getppid())
time.sleep(600)
"""


class Watch:
    """`python -m lessons watch` in a folder, perhaps in a terminal, and the lines that all its processes print."""

    command = "watch"

    def __init__(self, place: Path, terminal: bool = False, **given: str) -> None:
        environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environ |= {"TMPDIR": str(place.parent)} | given
        self.place = place
        self.out, end = os.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, *(["-c", IN_TERMINAL, self.command] if terminal else ["-m", "lessons", self.command])],
            cwd=place,
            env=environ,
            stdin=end if terminal else subprocess.DEVNULL,
            stdout=end,
            stderr=end,
            start_new_session=True,
        )
        os.close(end)
        self.seen, self.chunks = b"", queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        with suppress(OSError):  # the end of a terminal, on Linux
            while chunk := os.read(self.out, 10_000):
                self.chunks.put(chunk)
        self.chunks.put(b"")

    def until(self, text: str) -> str:
        """Return what comes, up to this text. "" stands for the end of every process that could print."""
        end = time.monotonic() + PATIENCE
        while not (text and text.encode() in self.seen):
            try:
                chunk = self.chunks.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{text!r} did not come, but:\n{self.seen.decode()}") from None
            if not chunk:
                assert not text, f"{text!r} did not come before the end:\n{self.seen.decode()}"
                break
            self.seen += chunk
        cut = self.seen.index(text.encode()) + len(text.encode()) if text else len(self.seen)
        said, self.seen = self.seen[:cut], self.seen[cut:]
        return said.decode()

    def save(self, name: str, text: str, then: str = MAP) -> str:
        """Save a file as editors do; return the answer, up to the end of the map or to something else."""
        new = self.place.with_name("new")
        new.write_text(text, encoding="utf-8", newline="\n")
        new.replace(self.place / name)
        return self.until(f"  {name}") + self.until(then)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        os.close(self.out)


IN_TERMINAL = """
import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("lessons", run_name="__main__", alter_sys=True)
"""


@contextmanager
def held():
    """Yield views that hold up a run, and begin another process; and what waits for that, and for the end of both."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        wires = []

        def running() -> int:
            """Return the process that has begun the run."""
            wires.append(server.accept()[0])
            wires[0].settimeout(PATIENCE)
            return int(wires[0].recv(100))

        def over() -> bool:
            with wires[0]:
                return wires[0].recv(100) == b""

        yield SimpleNamespace(views=HOLD.format(port=server.getsockname()[1]), running=running, over=over)


@pytest.fixture(scope="module")
def stage3(home, tmp_path_factory):
    """A course at the end of lesson 3, where all checks are quick."""
    if setup.stale("core", *setup.OPTIONAL):
        pytest.skip("NOT CHECKED: this Python lacks the course's packages, and tests install nothing. Run: make setup")
    place = tmp_path_factory.mktemp("watch") / "Über uns"
    ignored = shutil.ignore_patterns("__pycache__", "mistakes", "variants", "*.png", ".course")
    for name in ("lessons", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    for path in [*ROOT.glob("requirements*.txt"), ROOT / "pyproject.toml"]:
        shutil.copy2(path, place)
    for folder in place.glob("lessons/[0-9]*"):
        if folder.name >= "05":  # how many lessons are to come must not matter here
            shutil.rmtree(folder)
    put(place, make_stages(lessons_on_disk())[3] | {MARKER: "3\n"})
    return place


@pytest.fixture(scope="module")
def course(stage3):
    """The files of the course, as a student at the end of lesson 3 has them."""
    return {name: (stage3 / name).read_text(encoding="utf-8") for name in (MARKER, CONSUMERS, VIEWS)}


@pytest.fixture
def place(stage3, tmp_path):
    return shutil.copytree(stage3, tmp_path / "Über uns")


@pytest.fixture(scope="module")
def going(stage3, tmp_path_factory):
    with closing(Watch(shutil.copytree(stage3, tmp_path_factory.mktemp("going") / "Über uns"))) as watch:
        watch.until(MAP)
        yield watch


@pytest.fixture
def watch(going, course):
    """A watch that goes on from test to test. At the end all files are as they were, and it has nothing more to say."""
    yield going
    for name, text in course.items():
        if (going.place / name).read_text(encoding="utf-8") != text:
            going.save(name, text)


def test_a_save_is_answered_with_a_verdict_and_the_map_below_it(watch, course):
    said = watch.save(VIEWS, course[VIEWS] + "\n# saved\n").splitlines()
    assert re.fullmatch(r"\d+ passed, 0 failed \(\d+\.\d s\)", said[-3])
    assert said[-2].startswith(f"{GREEN}: WebSockets.")
    assert said[-1] == f"Stages done: 0 1 2 3 | {MAP}"


def test_a_run_is_no_reason_for_another(watch, course):
    watch.save(VIEWS, course[VIEWS] + "\n# saved\n")
    assert watch.save(VIEWS, course[VIEWS]).count(VIEWS) == 1


def test_a_syntax_error_is_explained_and_its_repair_is_green(watch, course):
    said = watch.save(CONSUMERS, course[CONSUMERS] + "def x(:\n")
    assert "SyntaxError" in said and "Stages done: 0 | here: 3 |" in said
    assert GREEN in watch.save(CONSUMERS, course[CONSUMERS])


def test_a_second_save_in_the_same_moment_and_of_the_same_length_is_seen(watch, course):
    def save(text: str) -> str:
        """At its size and time Python tells whether its bytecode is of this source."""
        new = watch.place.with_name("new")
        new.write_text(text, encoding="utf-8", newline="\n")
        os.utime(new, (10**9, 10**9))
        new.replace(watch.place / VIEWS)
        return watch.until(MAP)

    green, red = course[VIEWS], course[VIEWS].replace("lobby.html", "ybbol.html")
    assert [", 0 failed" in save(text) for text in (green, red, green)] == [True, False, True]


def test_a_folder_that_was_moved_away_is_missed_and_can_come_back(watch, course):
    (watch.place / "chat").rename(watch.place.with_name("chat"))
    assert "No module named 'chat'" in watch.until(MAP)
    watch.place.with_name("chat").rename(watch.place / "chat")
    watch.until(GREEN)
    assert "NameError" in watch.save(VIEWS, course[VIEWS] + "\nlater = now\n")


def test_the_stage_is_read_anew_for_each_run(watch):
    assert "All green. Next is Lesson 3" in watch.save(MARKER, "2\n", then="to come: 3 4")
    assert "lessons/STAGE:1: 'two' is no stage" in watch.save(MARKER, "two\n", then="is no stage")


def test_a_save_in_mid_run_displaces_the_run_and_all_that_it_began(watch, course):
    with held() as hold:
        watch.save(VIEWS, course[VIEWS] + hold.views, then="\n")
        hold.running()
        assert GREEN in watch.save(VIEWS, course[VIEWS])
        assert hold.over()


@forks
def test_a_run_that_the_system_stops_is_told(watch):
    watch.save(VIEWS, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", then="signal 11 stopped them")


def test_a_change_of_the_course_itself_begins_anew(watch):
    errors = watch.place / "lessons" / "engine" / "errors.py"
    errors.write_bytes(errors.read_bytes() + b"# changed\n")
    for text in ("The course's own files have changed", "Every save is answered", GREEN, MAP):
        watch.until(text)


@forks
def test_in_a_terminal_the_screen_is_cleared_and_ctrl_c_leaves_nothing(place, course):
    with held() as hold, closing(Watch(place, terminal=True)) as watch:
        first = watch.until(MAP)
        assert first.lstrip().startswith("\033[2J\033[H") and "\033[32mok" in first
        watch.until(GREEN)
        watch.until(MAP)
        assert watch.save(VIEWS, course[VIEWS] + hold.views, then="\n").startswith("\033[2J\033[H")
        hold.running()
        os.write(watch.out, b"\x03")
        assert watch.until("").endswith("\r\nStopped watching.\r\n")
        assert (watch.process.wait(PATIENCE), hold.over()) == (0, True)


@forks
def test_nothing_is_left_when_the_process_that_watches_is_killed(place, course):
    with held() as hold, closing(Watch(place)) as watch:
        watch.until(MAP)
        watch.save(VIEWS, course[VIEWS] + hold.views, then="\n")
        hold.running()
        watch.process.kill()
        assert hold.over()
        watch.until("")


@forks
def test_the_end_of_the_process_that_forks_is_told_and_leaves_nothing(place, course):
    with held() as hold, closing(Watch(place)) as watch:
        watch.until(MAP)
        watch.save(VIEWS, course[VIEWS] + hold.views, then="\n")
        os.kill(hold.running(), signal.SIGKILL)
        assert hold.over()
        put(place, course)
        assert watch.until("").strip() == "The process that runs the checks has ended. To begin anew: make watch"


def test_without_fork_the_verdicts_are_the_same(place, course):
    with held() as hold, closing(Watch(place, COURSE_NO_FORK="1")) as watch:
        assert GREEN in watch.until(MAP)
        assert "SyntaxError" in watch.save(CONSUMERS, course[CONSUMERS] + "def x(:\n")
        watch.save(VIEWS, course[VIEWS] + hold.views, then="\n")
        hold.running()
        watch.process.kill()
        assert hold.over()
        watch.until("")


LOOK = """
import os, sys, threading
import pytest
from lessons.engine.student import runs

class Warm(runs.Warm):
    def stay(self):
        from django.conf import settings
        print({name.partition(".")[0] for name in sys.modules} & {"chat", "mywebsite"}, settings.configured)
        print("channels" in sys.modules, "tests.stages.test_stage_00_django_project" in sys.modules)
        print(len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else threading.active_count())
        sys.stdout.flush()
        os._exit(0)

pytest.main(["--watch"], plugins=[Warm(None)])
"""


@forks
def test_the_warm_process_has_one_thread_and_nothing_of_the_students(stage3):
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=stage3, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["set() False", "True True", "1"], done


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("chat/consumers.py", True),
        ("templates/lobby.html", True),
        ("rooms", True),
        ("lessons/STAGE", True),
        ("tests/test_mine.py", True),
        ("chat/__pycache__/consumers.cpython-311.pyc", False),
        (".venv/lib/python3.11/site-packages/django/shortcuts.py", False),
        (".git/index", False),
        (".course/last-failure.json", False),
        ("db.sqlite3-journal", False),
        ("chat/.consumers.py.swp", False),
        ("chat/consumers.py~", False),
        ("chat/4913", False),
        ("chat/.#consumers.py", False),
        ("notebooks/post-office.ipynb", False),
        ("lessons/03-routing/README.md", False),
    ],
)
def test_what_a_student_saves_is_seen_and_what_tools_write_is_not(path, seen):
    assert matters(path.replace("/", os.sep)) == seen


@pytest.mark.parametrize(
    ("path", "new_start"),
    [
        ("lessons/engine/student/watch.py", True),
        ("lessons/__main__.py", True),
        ("tests/conftest.py", True),
        ("tests/explain/rules.py", True),
        ("tests/stages/test_stage_03_routing.py", True),
        ("requirements.txt", True),
        ("pyproject.toml", True),
        ("tests/test_mine.py", False),
        ("lessons/STAGE", False),
        ("tests/engine/test_watch.py", False),
        ("chat/tests/conftest.py", False),
    ],
)
def test_a_file_that_was_read_at_the_start_asks_for_a_new_one(path, new_start):
    assert needs_restart(path) == new_start


def check(number: int, stage: int, name: str, slow: bool = False) -> Check:
    return Check(number, name, stage, name, name, IN_BROWSER if slow else IN_PROCESS, slow=slow)


QUICK, SLOW, LAST = check(0, 3, "quick"), check(1, 5, "window", slow=True), check(2, 5, "window again", slow=True)


def item(stage: int, *fixtures: str) -> SimpleNamespace:
    return SimpleNamespace(stage=stage, fixturenames=fixtures)


def test_quick_checks_come_first_and_slow_ones_of_earlier_stages_not_at_all():
    quick, left_out, slow = item(3, "tab"), item(4, "server"), item(5, "open_page", "browser")
    last = item(5, "server", "browser")
    assert watched.quick_first([slow, left_out, last, quick], stage=5) == [quick, slow, last]


@pytest.fixture
def watched_report(monkeypatch):
    monkeypatch.setattr(report, "number_of_lessons", lambda: 6)
    return watched.Watched()


def test_a_stage_of_which_nothing_runs_is_done_only_if_those_before_it_are(watched_report):
    watched_report.begin(Plan(5, [QUICK, SLOW], left_out=1))
    watched_report.stages = {3: ["failed"]}
    assert watched_report.map() == "Stages done: 0 1 2 | here: 5"
    watched_report.stages = {3: ["passed"]}
    assert watched_report.map() == "Stages done: 0 1 2 3 4 | here: 5"


def test_the_verdict_of_the_quick_checks_does_not_wait_for_the_slow_ones(watched_report, monkeypatch, capsys):
    def run(one: Check) -> list[str]:
        watched_report.starts(one)
        before = capsys.readouterr().out
        watched_report.take(Outcome(one, "passed"))
        return before.splitlines()

    monkeypatch.setattr(watched, "forget_failure", lambda: None)
    watched_report.begin(Plan(5, [QUICK, SLOW, LAST], left_out=1))
    assert run(QUICK) == []
    said = run(SLOW)
    assert said[-3].startswith("1 passed, 0 failed (")
    assert said[-2:] == ["2 more start a server or a browser:", "Stages done: 0 1 2 3 4 | here: 5"]
    assert run(LAST) == ["Stage 5: Channel layers", "  ok    window"]
    watched_report.end()
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "All green so far. make test has 1 more: earlier stages' servers and browsers.",
        "Stages done: 0 1 2 3 4 5",
    ]
