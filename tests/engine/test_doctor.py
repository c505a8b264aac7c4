"""Each finding of `make doctor`, well and ill; and the page, which tells nobody's secrets and never breaks."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lessons.engine.errors import CourseError
from lessons.engine.paths import ROOT
from lessons.engine.repository import save
from lessons.engine.repository.git import Git, GitError
from lessons.engine.repository.tags import make_tags
from lessons.engine.student import doctor
from lessons.engine.student.doctor import clone, machine, website
from lessons.engine.student.doctor.finding import CURE, NOTE, OK, Finding
from lessons.engine.student.environment import packages, stamps

SETTINGS = 'SECRET_KEY = "x"\nINSTALLED_APPS = [{}]\nASGI_APPLICATION = "{}"\n'
LOCK = """\
alone==1.0 \\
    --hash=sha256:00
both-lines==5.9 ; implementation_name == 'another' \\
both-lines==6.2 ; implementation_name != 'another' \\
extra[tls]==3.0
elsewhere==4.6 ; sys_platform == 'another'
unclear==1 ; sys_platform == 'another' or python_version < '3'
"""


@contextmanager
def listening(answer: bytes = b""):
    """A server on a port of its own at 127.0.0.1; it answers one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve_one():
            try:
                wire, _ = server.accept()
            except OSError:
                return
            with wire:
                wire.recv(100)
                wire.sendall(answer)

        if answer:
            threading.Thread(target=serve_one, daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def site(tmp_path):
    """Write settings, and perhaps chat/asgi.py; return what the child tells of them."""

    def look(settings: str, asgi: str = "application = 1\n", limit: float = 10) -> dict:
        folder = tmp_path / "Über uns"
        for name, text in (("mywebsite/settings.py", settings), ("chat/asgi.py", asgi)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return website.how_far(folder, limit)

    return look


@pytest.fixture
def no_proxy(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


# The page


def test_a_finding_that_breaks_is_a_line_of_the_page_and_the_rest_goes_on(monkeypatch, capsys):
    def broken(*_):
        raise ZeroDivisionError("by accident")

    for where, names in ((clone, "packages git_itself"), (website, "how_far browser"), (machine, "disk")):
        for name in names.split():
            monkeypatch.setattr(where, name, broken)
    assert doctor.doctor("8000") == 1
    page = capsys.readouterr().out
    assert "CURE  the disk could not be looked at: ZeroDivisionError: by accident\n" in page
    assert page.count("by accident") == 9 and "the folder is" in page and "the branch" not in page
    assert page.splitlines()[-1].startswith("To cure: ")


def test_the_page_ends_with_a_sentence_and_0_when_all_is_well(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "look_at", lambda name, look: Finding(NOTE if name == "Redis" else OK, name))
    assert doctor.doctor("8000") == 0
    page = capsys.readouterr().out
    assert page.startswith("ok    Python\n") and "\nnote  Redis\n" in page
    assert page.endswith("\n\nNothing needs a cure. This page can be pasted into a question to your teacher.\n")


def test_the_cure_stands_below_the_finding_line_by_line(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "look_at", lambda name, look: Finding(CURE, "ill", "a\nb"))
    assert doctor.doctor("8000") == 1
    assert capsys.readouterr().out.startswith("CURE  ill\n      a\n      b\n")


def test_an_error_in_words_is_told_in_its_own_words():
    def look():
        raise CourseError("lessons/STAGE:1: a number, please")

    assert doctor.look_at("the stage", look) == Finding(
        CURE, "the stage: not as it should be", "lessons/STAGE:1: a number, please"
    )


def test_the_page_names_no_home_no_user_and_no_secret(monkeypatch, tmp_path):
    home = tmp_path / "home" / "ada"
    monkeypatch.setattr(doctor, "ROOT", home / "course")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("DJANGO_SECRET_KEY", "top-secret")
    said = f"{home / 'course' / 'chat' / 'a.py'}:3, {home / 'course'}, {home}, {os.sep}media{os.sep}ada{os.sep}stick"
    assert doctor.private(said).replace(os.sep, "/") == "chat/a.py:3, ~/course, ~, /media/NAME/stick"
    assert doctor.private("redis://ada:p@ss@host:1/0 has top-secret") == "redis://***@host:1/0 has ***"
    assert doctor.private("Adaptation of Canada, adapter") == "Adaptation of Canada, adapter"


# Python and the packages


NEWEST = NOTE if sys.version_info >= (3, 14) else OK


@pytest.mark.parametrize(
    ("inside", "moved", "active", "status", "cure"),
    [
        (True, False, "", NEWEST, ""),
        (True, False, ".venv", NEWEST, ""),
        (False, False, "", CURE, "make setup"),
        (True, True, "", CURE, "make setup"),
        (True, False, "../old/.venv", CURE, "Run: deactivate"),
    ],
)
def test_python_has_to_be_the_courses_own_and_at_its_place(monkeypatch, inside, moved, active, status, cure):
    monkeypatch.setattr(clone, "inside_course", lambda: inside)
    monkeypatch.setattr(clone, "moved", lambda folder: moved)
    monkeypatch.setenv("VIRTUAL_ENV", str(ROOT / active) if active else "")
    found = clone.python()
    assert found.status == status and cure in found.cure


def test_the_lock_is_read_for_this_system():
    assert packages.pins(LOCK) == {"alone": "1.0", "both-lines": "6.2", "extra": "3.0"}


@pytest.mark.parametrize(
    ("extra", "there", "whole", "status", "words"),
    [
        ("core", {"alone": "1.0", "both-lines": "6.2", "extra": "3.0"}, True, OK, "3 packages as they should be"),
        ("core", {"alone": "1.0", "both-lines": "6.2", "extra": "3.0"}, False, CURE, "both-lines damaged (not 6.2)"),
        ("core", {"alone": "2.0", "both-lines": "6.2"}, True, CURE, "alone 2.0 (not 1.0), extra missing (not 3.0)"),
        ("core", {}, True, CURE, "alone missing"),
        ("browser", {"alone": "1.0", "both-lines": "6.2"}, True, CURE, "extra missing"),
        ("browser", {}, True, NOTE, "optional"),
    ],
)
def test_packages_are_compared_with_the_lock(monkeypatch, tmp_path, extra, there, whole, status, words):
    (tmp_path / "lock.txt").write_text(LOCK, encoding="utf-8")
    for module in (clone, stamps):
        monkeypatch.setattr(module, "requirements", lambda extra: tmp_path / "lock.txt")
    monkeypatch.setattr(packages, "installed", lambda: there)
    monkeypatch.setattr(packages, "whole", lambda name: name != "both-lines" or there[name] != "6.2" or whole)
    found = clone.packages(extra)
    assert found.status == status and words in found.what
    assert ("make setup" in found.cure) == (status == CURE)


def test_a_package_is_asked_for_its_version():
    assert packages.installed()["pytest"] == pytest.__version__ and "no-such-package" not in packages.installed()
    assert packages.damaged(["pytest", "no-such-package"]) == ["no-such-package"]


# Git


def test_git_and_the_repository_are_there(student):
    assert clone.git_itself(Git(student.root)).status == OK


@pytest.mark.parametrize(("version", "status"), [("2.17.1", CURE), ("2.21.0", CURE), ("2.22.0.windows.1", OK)])
def test_an_old_git_is_named(student, monkeypatch, version, status):
    git = Git(student.root)
    monkeypatch.setattr(git, "run", lambda *args: f"git version {version}")
    monkeypatch.setattr(git, "is_repository", lambda: True)
    assert clone.git_itself(git).status == status


def test_a_folder_from_a_zip_file_is_no_repository(tmp_path):
    found = clone.git_itself(Git(tmp_path))
    assert found.status == CURE and "git clone" in found.cure


def test_git_itself_says_why_it_does_not_read_a_repository(tmp_path):
    (tmp_path / ".git").write_text("nonsense", encoding="utf-8")
    with pytest.raises(GitError, match="invalid gitfile format"):
        clone.git_itself(Git(tmp_path))


def test_without_git_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = doctor.look_at("git", lambda: clone.git_itself(Git(tmp_path)))
    assert found.status == CURE and "git is not installed" in found.cure


def test_the_branch_of_a_lesson_has_its_stage_marker(student):
    git = Git(student.root)
    assert clone.branch(git).what.startswith("branch main, at ")
    student.git("checkout", "-q", "stage-01")
    assert clone.branch(git).what.startswith("branch (none), at stage-01, of the course at ")
    student.git("switch", "-q", "-c", "work/01-toy")
    assert clone.branch(git).status == OK
    student.put({"lessons/STAGE": b"2\n"})
    found = clone.branch(git)
    assert found.status == CURE and "lessons/STAGE says 2" in found.what and found.cure.startswith("Write 1 ")


def test_what_is_not_committed_is_counted(student, monkeypatch):
    monkeypatch.setattr(save, "ROOT", student.root)
    git = Git(student.root)
    assert clone.work(git).status == OK
    student.put({"chat/a.py": b"x\n", "chat/two words.py": b"", "templates/a.html": None})
    found = clone.work(git)
    assert found.status == NOTE and ": 3." in found.what


def test_work_that_cannot_be_saved_is_ill(student, monkeypatch):
    monkeypatch.setattr(save, "ROOT", student.root)
    student.put({".git/index.lock": b""})
    found = clone.work(Git(student.root))
    assert found.status == CURE and "index.lock" in found.cure


def test_the_tags_are_as_the_course_makes_them(student):
    git = Git(student.root)
    assert clone.tags(git) == Finding(OK, "3 stage tags, all of this course and where they belong")
    student.git("checkout", "-q", "stage-01")
    assert clone.tags(git).status == OK


def test_tags_of_a_later_commit_of_the_course_are_fine(student):
    student.git("branch", "old", "stage-01")
    student.commit({"README.md": b"new\n"})
    make_tags(Git(student.root))
    student.git("checkout", "-q", "old")
    assert clone.tags(Git(student.root)).status == OK


@pytest.mark.parametrize(
    ("head", "command", "tag", "delete"),
    [
        ("stage-02", ("tag", "-d", "stage-01"), "stage-01", False),
        ("main", ("tag", "-f", "stage-01", "stage-00"), "stage-01", True),
        ("stage-02", ("update-ref", "refs/tags/stage-00", "refs/tags/stage-01"), "stage-00", True),
    ],
    ids=["missing", "moved by hand", "another stage's"],
)
def test_tags_that_are_missing_or_moved_are_named(student, head, command, tag, delete):
    student.git("checkout", "-q", head)
    student.git(*command)
    found = clone.tags(Git(student.root))
    assert found.status == CURE and found.what.endswith(f": {tag}")
    assert found.cure == (f"git tag -d {tag}, then " if delete else "") + "git switch main, then make stages"


def test_tags_of_another_course_are_named(student):
    student.git("checkout", "-q", "--orphan", "another")
    student.commit()
    found = clone.tags(Git(student.root))
    assert found.status == CURE and found.what.endswith(": stage-00, stage-01, stage-02")


# The student's website


def test_settings_daphne_and_application_that_are_well(site):
    told = site(SETTINGS.format('"daphne", "django.contrib.staticfiles"', "chat.asgi.application"))
    assert website.settings(told, 4).status == OK
    assert website.daphne(told, 4).status == OK
    assert website.asgi(told, 4) == Finding(OK, "ASGI_APPLICATION is chat.asgi.application, and can be imported")


def test_daphne_behind_staticfiles_is_ill_from_stage_4_on(site):
    told = site(SETTINGS.format('"django.contrib.staticfiles", "daphne"', ""))
    assert website.daphne(told, 3).status == NOTE
    found = website.daphne(told, 4)
    assert found.status == CURE and "not the first in INSTALLED_APPS" in found.what and '"daphne" first' in found.cure


def test_daphne_that_is_nowhere_is_ill_from_stage_4_on():
    told = {"apps": ["chat"], "runserver": "django.core", "name": ""}
    assert website.daphne(told, 3).status == NOTE
    assert website.daphne(told, 4).status == CURE and "Daphne is not in INSTALLED_APPS" in website.daphne(told, 4).what


def test_an_application_is_needed_from_stage_1_on_and_what_the_settings_print_or_ask_does_no_harm(site):
    told = site('print("{\\"a\\": 1}" * 9999)\nimport sys\nsys.stdin.read()\n' + SETTINGS.format("", ""))
    assert website.settings(told, 0).status == OK
    assert website.asgi(told, 0).status == NOTE
    found = website.asgi(told, 1)
    assert found.status == CURE and "has no ASGI_APPLICATION" in found.what and "Lesson 1" in found.cure


def test_an_application_that_breaks_is_told_by_its_first_cause_and_place(site):
    asgi = "def f():\n    return 1 / 0\n\ntry:\n    f()\nexcept Exception as e:\n    raise OSError('second') from e\n"
    told = site(SETTINGS.format("", "chat.asgi.application"), asgi)
    assert website.settings(told, 5).status == OK
    found = website.asgi(told, 5)
    assert found.status == CURE
    assert "application cannot be imported: ZeroDivisionError: division by zero (chat/asgi.py:2)" in found.what


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("a = 1\nx = [\n", "SyntaxError: '[' was never closed (mywebsite/settings.py:2)"),
        ("import chatt\n", "ModuleNotFoundError: No module named 'chatt' (mywebsite/settings.py:1)"),
        ("a = 1\nraise SystemExit\n", "SystemExit (mywebsite/settings.py:2)"),
        ("import os\nos._exit(0)\n", "Python ended without a word"),
        (SETTINGS.format('"chatt"', ""), "ModuleNotFoundError: No module named 'chatt'"),
    ],
    ids=["syntax", "import", "exit", "gone", "apps"],
)
def test_settings_that_break_are_told_by_the_last_line_and_place(site, settings, words):
    told = site(settings)
    found = website.settings(told, 5)
    assert found.status == CURE and found.what == f"Django does not start with your settings: {words}"
    assert {website.daphne(told, 5).status, website.asgi(told, 5).status} == {NOTE}


def test_an_endless_loop_has_an_end_and_a_place(site):
    found = website.settings(site("a = 1\nwhile True:\n    a = 2\n", limit=0.5), 5)
    assert found.status == CURE and "no end after 0.5 seconds (mywebsite/settings.py:" in found.what


def test_at_the_very_beginning_there_are_no_settings_yet(monkeypatch, tmp_path):
    monkeypatch.setattr(website, "ROOT", tmp_path)
    assert website.settings({"story": "nothing"}, 0).status == NOTE
    assert website.settings({"story": "nothing"}, 1).status == CURE


# The browser


@pytest.mark.parametrize(
    ("there", "facts", "status"),
    [
        ("1.65", {"found": ["/usr/bin/chromium"], "started": "chromium 156"}, OK),
        ("1.65", {"found": ["/usr/bin/chromium"]}, CURE),
        ("1.65", {"found": []}, NOTE),
        ("", {}, NOTE),
    ],
)
def test_a_browser_starts_or_is_told_about(monkeypatch, there, facts, status):
    monkeypatch.setattr(website, "installed", lambda: {"playwright": "1"} if there else {})
    monkeypatch.setattr(website, "child", lambda call, folder, limit: (facts, ""))
    assert website.browser().status == status


@pytest.mark.skipif("playwright" not in packages.installed(), reason="NOT CHECKED: Playwright is not installed")
def test_browsers_are_looked_for_where_the_checks_look(monkeypatch, tmp_path):
    program = tmp_path / ("chromium.exe" if os.name == "nt" else "chromium")
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    facts, _ = website.child("probe_browser()", ROOT, 20)
    assert [path.lower() for path in facts["found"]] == [str(program).lower()]


# The machine


def test_a_port_that_is_free():
    with listening() as port:
        pass
    assert machine.port_free(str(port)) == Finding(OK, f"port {port} is free")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="NOT CHECKED: only Linux has /proc")
def test_a_busy_port_is_told_with_the_process_that_holds_it(tmp_path):
    script = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
    command = [sys.executable, "-c", f"{script}; time.sleep(60)"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as other:
        found = machine.port_free(other.stdout.readline().strip())
        other.kill()
    assert found.status == CURE and f"It is held by process {other.pid}, python" in found.what
    assert "make run PORT=" in found.cure


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="NOT CHECKED: only Linux has /proc")
def test_the_courses_own_server_is_no_illness(monkeypatch):
    monkeypatch.setattr(machine, "ROOT", Path.cwd())
    with listening() as port:
        found = machine.port_free(str(port))
    assert found.status == NOTE and f"process {os.getpid()}" in found.what


@pytest.mark.parametrize(
    ("tool", "output", "who"),
    [
        ("lsof", "p4711\ncPython\nf5\n", ("4711", "Python")),
        ("netstat", "  TCP    127.0.0.1:8000    0.0.0.0:0    ABHÖREN    4711\n", ("4711", "python.exe")),
        ("netstat", "  TCP    127.0.0.1:8000    127.0.0.1:5555    HERGESTELLT    4711\n", ("", "")),
        ("neither", "", ("", "")),
    ],
)
def test_other_systems_are_asked_by_their_tools(monkeypatch, tool, output, who):
    answers = {tool: output, "tasklist": '"python.exe","4711","Console"\n'}
    monkeypatch.setattr(machine, "said", lambda *command: answers.get(command[0], ""))
    monkeypatch.setattr(machine.glob, "glob", lambda pattern: [])
    assert machine.holder(8000) == who


def test_a_tool_that_is_not_there_says_nothing():
    assert machine.said("no-such-tool") == ""


def test_where_the_system_does_not_tell_that_is_said(monkeypatch):
    monkeypatch.setattr(machine, "holder", lambda port: ("", ""))
    with listening() as port:
        assert "The system does not tell who holds it." in machine.port_free(str(port)).what


def test_a_reserved_port_has_no_holder(monkeypatch):
    def refuse(host, port):
        raise CourseError("Port 80 is reserved by the system. Take one above 1023: make run PORT=8001")

    monkeypatch.setattr(machine, "check_free", refuse)
    assert machine.port_free("80") == Finding(
        CURE, "Port 80 is reserved by the system", "Take one above 1023: make run PORT=8001"
    )


@pytest.mark.parametrize("port", ["", "abc", "0", "65536", "-1", "²"])
def test_a_word_that_is_no_port_is_named(port):
    assert machine.port_free(port).status == CURE


@pytest.mark.parametrize(
    ("answer", "status"), [(b"+PONG\r\n", OK), (b"-NOAUTH Authentication required.\r\n", OK), (b"HTTP/1.1 400", CURE)]
)
def test_redis_answers_ping(answer, status):
    with listening(answer) as port:
        assert machine.redis(f"redis://:secret@127.0.0.1:{port}/0", 9).status == status


@pytest.mark.parametrize(
    ("url", "stage", "status", "words"),
    [
        ("redis://127.0.0.1:1", 8, NOTE, "not needed before stage 9"),
        ("", 9, NOTE, "not needed without CHANNEL_REDIS_URL"),
        ("rediss://host", 9, NOTE, "cannot ask by rediss://"),
        ("redis://127.0.0.1:1", 9, CURE, "does not answer PING at 127.0.0.1:1 ("),
        ("redis://:pa/ss@host", 9, CURE, "CHANNEL_REDIS_URL is no address"),
        ("127.0.0.1:6379", 9, CURE, "CHANNEL_REDIS_URL is no address"),
    ],
)
def test_redis_is_asked_only_when_it_is_needed(url, stage, status, words):
    found = machine.redis(url, stage)
    assert found.status == status and words in found.what and "pa/ss" not in found.what


@pytest.mark.parametrize(
    ("now", "commit", "status"),
    [
        (1_800_000_000, 1_800_000_000 + 3600, OK),
        (1_800_000_000, 0, OK),
        (1_800_000_000, 1_800_000_000 + 3 * 86400, CURE),
        (1_000_000_000, 0, CURE),
        (5_000_000_000, 0, CURE),
    ],
)
def test_the_clock_is_of_this_age_and_not_before_the_last_commit(now, commit, status):
    assert machine.clock(now, commit).status == status
    assert machine.clock(time.time(), 0).status == OK


def test_the_disk_has_room(monkeypatch, tmp_path):
    free = {str(tmp_path): 10**9, "/tmp": 499 * 10**6}
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(0, 0, free[str(place)]))
    assert machine.disk(tmp_path) == Finding(OK, "the disk has 1.0 GB free")
    assert machine.disk(tmp_path, "/tmp").status == CURE


def test_line_ends_of_the_courses_own_files_are_looked_at(tmp_path):
    (tmp_path / "manage.py").write_bytes(b"import os\n")
    (tmp_path / "Makefile").write_bytes(b"all:\n")
    assert clone.line_ends(tmp_path, "") == Finding(OK, "line ends are as they should be (core.autocrlf is not set)")
    (tmp_path / "manage.py").write_bytes(b"import os\r\n")
    assert clone.line_ends(tmp_path, "").status == NOTE
    (tmp_path / "Makefile").write_bytes(b"all:\r\n")
    found = clone.line_ends(tmp_path, "true")
    assert found.status == CURE and "in Makefile (core.autocrlf is true)" in found.what
    assert "git restore Makefile" in found.cure


def test_no_proxy_is_well(no_proxy):
    assert machine.proxy() == Finding(OK, "no proxy in the environment")


@pytest.mark.parametrize("url", ["http://ada:p/w@proxy:3128/", "ada:p/w@proxy:3128", "http://proxy:3128"])
@pytest.mark.parametrize(
    ("exempt", "status"), [("", CURE), ("localhost", CURE), (".school,localhost,127.0.0.1", OK), ("*", OK)]
)
def test_a_proxy_has_to_leave_the_own_server_alone(no_proxy, monkeypatch, url, exempt, status):
    monkeypatch.setenv("HTTPS_PROXY", url)
    monkeypatch.setenv("no_proxy", exempt)
    found = machine.proxy()
    assert found.status == status and found.what.startswith("a proxy in the environment: proxy:3128;")
    assert ("localhost" in found.what) == (exempt == "")
    assert ("no_proxy" in found.cure) == (status == CURE)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/home/ada/course", OK),
        ("/home/ada/my course", NOTE),
        ("/home/zoë/course", NOTE),
        ("C:\\OneDrive\\course", NOTE),
    ],
)
def test_the_folder_is_told(path, status):
    found = clone.folder(path)
    assert (found.status, found.cure) == (status, "") and path in found.what
