"""A database for each branch: what you typed into it on a branch is there when you come back, in any case."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lessons.engine.errors import CourseError
from lessons.engine.repository import databases, migrations, sqlite_file
from lessons.engine.repository.git import Git
from lessons.engine.student.doctor.database import database
from lessons.engine.student.doctor.finding import CURE, NOTE, OK

from .test_save import CURRENT, posix
from .toy import Course, copy_of

TABLES = """
CREATE TABLE IF NOT EXISTS said (text);
CREATE TABLE IF NOT EXISTS django_migrations (id INTEGER PRIMARY KEY, app, name, applied);
"""
INITIAL, PRESENCE = "chat/migrations/0001_initial.py", "chat/migrations/0002_presence.py"
STEPS = """
import os, signal, sqlite3, sys, traceback
sys.path.insert(0, os.getcwd())
from pathlib import Path
from lessons.engine import cli
from lessons.engine.repository import databases, save

def stepping(owner, name):
    before = getattr(owner, name)
    def step():
        global steps
        steps -= 1
        if not steps:
            os.kill(os.getpid(), signal.SIGKILL)
    def wrapped(*args, **options):
        step()
        result = before(*args, **options)
        step()
        return result
    setattr(owner, name, wrapped)

for owner, name in [(os, "replace"), (os, "fsync"), (Path, "rename"), (sqlite3, "connect")]:
    stepping(owner, name)
print("ready", flush=True)
for line in sys.stdin:
    steps, *words = line.split()
    steps = int(steps)
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
        try:
            code = cli.main(words)
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
SETTINGS = b"""
from pathlib import Path
SECRET_KEY = "x"
INSTALLED_APPS = ["chat"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": Path(__file__).resolve().parent.parent / "db.sqlite3",
}}
"""
MIGRATION = b"from django.db import migrations\nclass Migration(migrations.Migration):\n    pass\n"
HOLDS = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    database.execute(statement).fetchall()
print("ready", flush=True)
sys.stdin.read()
"""


def migrate(course: Course, *paths: str) -> None:
    """Note in the database that it has these migrations, as `python manage.py migrate` does."""
    with closing(sqlite3.connect(course.root / "db.sqlite3")) as database, database:
        database.executescript(TABLES)
        for path in paths:
            app, _, name = path.removesuffix(".py").split("/")
            database.execute("INSERT INTO django_migrations (app, name) VALUES (?, ?)", (app, name))


def say(course: Course, text: str) -> None:
    migrate(course)
    with closing(sqlite3.connect(course.root / "db.sqlite3")) as database, database:
        database.execute("INSERT INTO said VALUES (?)", (text,))


def said(path: Path) -> list[str]:
    """Return what was said; it must be a sound database."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [text for (text,) in database.execute("SELECT text FROM said ORDER BY rowid")]


def all_said(course: Course) -> set[str]:
    """Return what can be found in any database of the course."""
    places = [course.root / "db.sqlite3", *(course.root / ".course/databases").glob("*.sqlite3")]
    return {text for place in places if place.exists() and place.stat().st_size for text in said(place)}


def at_top(course: Course) -> list[str]:
    return said(course.root / "db.sqlite3")


def waiting(course: Course) -> set[str]:
    return {path.name for path in (course.root / ".course/databases").glob("*.sqlite3")}


@pytest.fixture
def in_process(monkeypatch):
    """Let the module work on a toy course, without a process for each command; return what syncs it."""

    def sync(course: Course) -> None:
        root = course.root
        for module in (databases, migrations):
            monkeypatch.setattr(module, "ROOT", root)
        monkeypatch.setattr(databases, "TOP", root / "db.sqlite3")
        monkeypatch.setattr(databases, "STORE", root / ".course/databases")
        monkeypatch.setattr(databases, "CURRENT", root / CURRENT)
        databases.sync(Git(root))

    return sync


@pytest.fixture
def migrating(student):
    """A course whose main has a migration that no earlier stage has, and a database that has it."""
    student.commit({INITIAL: b"initial = 1\n", PRESENCE: b"presence = 1\n"})
    migrate(student, INITIAL, PRESENCE)
    return student


def hold(path: Path, *statements: str) -> subprocess.Popen:
    """Let another program open a database and carry out some SQL; it keeps it open until its input ends."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(path), *statements], **pipes)
    assert process.stdout.readline() == "ready\n"
    return process


def let_go(process: subprocess.Popen) -> None:
    process.communicate("")


def test_the_readmes_own_path_breaks_no_database(migrating):
    """`make run` on main migrates to the last stage; the lesson that you begin then has a database of its own."""
    say(migrating, "on main")
    told = migrating.start(1)
    assert "work/01-toy has a database of its own, which is new. That of main is kept until you go back.\n" in told
    assert not (migrating.root / "db.sqlite3").exists()
    say(migrating, "in lesson 1")
    migrating.make("show", "N=0")
    assert not (migrating.root / "db.sqlite3").exists()
    assert "db.sqlite3 is the database of work/01-toy again.\n" in migrating.start(1)
    assert at_top(migrating) == ["in lesson 1"]
    assert waiting(migrating) == {"main.sqlite3"}


def test_a_switch_by_hand_is_noticed_by_the_next_command(migrating, in_process, capsys):
    say(migrating, "on main")
    in_process(migrating)
    migrating.git("checkout", "-q", "stage-01")
    in_process(migrating)
    assert not (migrating.root / "db.sqlite3").exists()
    say(migrating, "at stage 1")
    migrating.git("switch", "-q", "main")
    in_process(migrating)
    assert at_top(migrating) == ["on main"]
    migrating.git("checkout", "-q", "stage-01")
    in_process(migrating)
    assert at_top(migrating) == ["at stage 1"]
    assert capsys.readouterr().out.splitlines() == [
        "stage-01 has a database of its own, which is new. That of main is kept until you go back.",
        "db.sqlite3 is the database of main again.",
        "db.sqlite3 is the database of stage-01 again.",
    ]


def test_the_next_lesson_begins_with_a_copy_of_the_database_before(begun):
    say(begun, "in lesson 1")
    assert "work/02-toy begins with a copy of the database of work/01-toy: your users and" in begun.start(2)
    say(begun, "in lesson 2")
    assert at_top(begun) == ["in lesson 1", "in lesson 2"]
    begun.start(1)
    assert at_top(begun) == ["in lesson 1"]
    begun.start(2)
    assert at_top(begun) == ["in lesson 1", "in lesson 2"]


@pytest.mark.parametrize("mine", [b"my = 'own model'\n", b"# Generated by Django\nstage = 1\n"])
def test_a_database_is_copied_only_where_the_migrations_are_the_same(begun, in_process, mine):
    """Its file may be called 0001_initial and make other tables. Comments do not matter."""
    begun.put({INITIAL: mine})
    migrate(begun, INITIAL)
    say(begun, "in lesson 1")
    in_process(begun)
    begun.commit()
    begun.git("switch", "-q", "-c", "work/02-toy")
    begun.commit({INITIAL: b"stage = 1\n"})
    in_process(begun)
    is_copied = mine.startswith(b"#")
    assert (begun.root / "db.sqlite3").exists() == is_copied
    assert "work+01-toy.sqlite3" in waiting(begun)


def test_a_branch_of_my_own_begins_with_the_database_that_i_come_from(begun, in_process):
    say(begun, "in lesson 1")
    in_process(begun)
    begun.git("switch", "-q", "-c", "idea/x")
    in_process(begun)
    say(begun, "on my branch")
    begun.start(1)
    assert at_top(begun) == ["in lesson 1"]
    begun.git("switch", "-q", "idea/x")
    in_process(begun)
    assert at_top(begun) == ["in lesson 1", "on my branch"]


def test_a_database_from_before_is_that_of_where_you_are(student):
    say(student, "before")
    student.start(1)
    assert waiting(student) == {"main.sqlite3"}
    student.git("switch", "-q", "main")
    student.make("show", "N=0")
    assert all_said(student) == {"before"}


def test_a_database_from_before_that_is_of_a_later_stage_is_kept_and_found_again(migrating, in_process, capsys):
    say(migrating, "on main")
    migrating.git("checkout", "-q", "stage-01")
    in_process(migrating)
    assert capsys.readouterr().out == (
        "The database that was here has migrations of another stage. It is kept: .course/databases/earlier~1.sqlite3\n"
    )
    migrating.git("switch", "-q", "main")
    in_process(migrating)
    assert at_top(migrating) == ["on main"]


def test_a_database_migrated_after_a_switch_by_hand_is_that_of_the_new_branch(student, in_process, capsys):
    student.git("switch", "-q", "-c", "later")
    student.commit({INITIAL: b"", PRESENCE: b""})
    student.git("switch", "-q", "main")
    say(student, "on main")
    in_process(student)
    student.git("switch", "-q", "later")
    migrate(student, INITIAL, PRESENCE)
    in_process(student)
    assert capsys.readouterr().out == "db.sqlite3, so far the database of main, is that of later now.\n"
    student.git("switch", "-q", "main")
    in_process(student)
    assert not (student.root / "db.sqlite3").exists()
    say(student, "on main again")
    student.git("switch", "-q", "later")
    in_process(student)
    assert at_top(student) == ["on main"]


def test_a_branch_that_gets_another_name_keeps_its_database(begun, in_process):
    say(begun, "mine")
    in_process(begun)
    begun.git("branch", "-m", "work/01-toy", "mine")
    in_process(begun)
    assert (at_top(begun), waiting(begun)) == (["mine"], set())


def test_the_first_try_of_a_lesson_keeps_its_database(begun):
    say(begun, "first try")
    assert begun.make("start", "N=1", "AGAIN=1").returncode == 0
    assert not (begun.root / "db.sqlite3").exists()
    say(begun, "second try")
    assert begun.make("work", "TO=01-toy-2").returncode == 0
    assert at_top(begun) == ["first try"]
    assert "work/01-toy " in (listed := begun.make("work").stdout)
    assert listed.count(", with a database") == 2


def test_the_database_goes_with_the_work_upon_a_stages_tag(begun):
    begun.make("show", "N=2")
    begun.put({"chat/a.py": b"tried\n"})
    say(begun, "tried")
    begun.start(1)
    assert "db.sqlite3 is the database of work/02-toy again." in begun.start(2)
    assert at_top(begun) == ["tried"]


def test_a_new_branch_does_not_get_the_database_of_an_old_one_with_its_name(begun):
    say(begun, "old")
    begun.start(0)
    begun.git("branch", "-D", "work/01-toy")
    begun.start(1)
    assert not (begun.root / "db.sqlite3").exists()
    assert (all_said(begun), waiting(begun)) == ({"old"}, {"work+01-toy~1.sqlite3"})


def test_a_new_database_can_be_begun_and_the_old_one_is_kept(begun, in_process, capsys):
    say(begun, "old")
    in_process(begun)
    databases.start_fresh(Git(begun.root))
    assert ".course/databases/work+01-toy~1.sqlite3" in capsys.readouterr().out
    assert not (begun.root / "db.sqlite3").exists()
    in_process(begun)
    assert not (begun.root / "db.sqlite3").exists()
    assert all_said(begun) == {"old"}


@pytest.mark.parametrize("what", ["under git", "a link", "a folder", "no database"])
def test_what_is_no_matter_of_ours_is_left_alone(begun, in_process, tmp_path, what):
    top = begun.root / "db.sqlite3"
    if what == "under git":
        say(begun, "mine")
        begun.git("add", "--force", "db.sqlite3")
    elif what == "a link":
        top.symlink_to(tmp_path / "elsewhere")
        say(begun, "mine")
    elif what == "a folder":
        (top / "x").mkdir(parents=True)
    else:
        top.write_bytes(b"rows\n" * 9)
    in_process(begun)
    before = (top.is_symlink(), top.is_dir(), top.is_file() and top.read_bytes())
    begun.start(2)
    begun.start(1)
    assert (top.is_symlink(), top.is_dir(), top.is_file() and top.read_bytes()) == before
    assert waiting(begun) == set()


def test_a_student_who_ignores_nothing_loses_no_database(begun):
    begun.put({".gitignore": b""})
    say(begun, "mine")
    begun.start(2)
    say(begun, "in lesson 2")
    begun.start(1)
    assert at_top(begun) == ["mine"]
    begun.start(2)
    assert at_top(begun)[-1:] == ["in lesson 2"]


@pytest.mark.parametrize("journal", ["", "PRAGMA journal_mode=WAL"])
def test_a_program_that_has_the_database_open_is_named_and_nothing_is_moved(begun, journal):
    say(begun, "mine")
    begun.put({"notes.txt": b"mine\n"})
    process = hold(begun.root / "db.sqlite3", journal or "SELECT 1", "SELECT * FROM said")
    done = begun.make("start", "N=2")
    assert done.stdout.startswith("Another program is using db.sqlite3")
    assert f"process {process.pid}" in done.stdout or not Path("/proc").exists()
    assert done.stdout.endswith("Then run the same command again.\nNothing was moved.\n")
    assert begun.git("symbolic-ref", "HEAD") == "refs/heads/work/01-toy"
    assert begun.git("status", "--porcelain") == "?? notes.txt"
    begun.start(1)  # no database has to move
    let_go(process)
    begun.start(2)
    begun.start(1)
    assert at_top(begun) == ["mine"]


def test_a_database_that_is_being_written_is_waited_for_and_then_refused(begun, in_process, monkeypatch):
    say(begun, "mine")
    in_process(begun)
    monkeypatch.setattr(sqlite_file, "open_by", lambda path: [])  # as on Windows
    monkeypatch.setattr(sqlite_file, "PATIENCE", 0.1)
    process = hold(begun.root / "db.sqlite3", "BEGIN IMMEDIATE", "INSERT INTO said VALUES ('half')")
    with pytest.raises(CourseError, match="Another program is using db.sqlite3.*\nNothing was moved"):
        databases.refuse_if_in_use(Git(begun.root), "work/02-toy")
    let_go(process)
    databases.refuse_if_in_use(Git(begun.root), "work/02-toy")


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_what_a_killed_program_left_half_written_is_taken_back_before_the_database_moves(begun, journal):
    """Its journal belongs to this database, and would spoil another one of that name."""
    say(begun, "mine")
    top = begun.root / "db.sqlite3"
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
    write = f"{rows} INSERT INTO said SELECT 'half' || i FROM n"
    process = hold(top, f"PRAGMA journal_mode={journal}", "PRAGMA cache_size=2", "BEGIN", write)
    process.kill()
    process.communicate()
    assert sqlite_file.sidecars(top)
    begun.start(2)
    assert not sqlite_file.sidecars(top)
    begun.start(1)
    assert at_top(begun) == ["mine"]


def test_a_journal_without_its_database_does_not_spoil_the_next_one(begun):
    say(begun, "mine")
    begun.start(0)
    begun.put({"db.sqlite3-journal": b"of another one"})
    begun.start(1)
    assert at_top(begun) == ["mine"]
    assert (begun.root / ".course/databases/db.sqlite3-journal~1.sqlite3").read_bytes() == b"of another one"


@posix
def test_a_database_that_cannot_be_renamed_is_told_before_anything_moves(begun, in_process, monkeypatch):
    """As on Windows, where an open file has to stay where it is."""
    say(begun, "mine")
    in_process(begun)

    def refuse(*args):
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(CourseError, match="Another program is using db.sqlite3.*\nNothing was moved"):
        databases.refuse_if_in_use(Git(begun.root), "work/02-toy")


def test_two_databases_of_one_branch_are_both_kept(begun, in_process, capsys):
    """A command was killed while the database was put away, and then `migrate` was called by hand."""
    say(begun, "first")
    in_process(begun)
    (begun.root / "db.sqlite3").rename(begun.root / ".course/databases/work+01-toy.sqlite3")
    say(begun, "second")
    in_process(begun)
    assert "work+01-toy~1.sqlite3" in capsys.readouterr().out
    assert (at_top(begun), all_said(begun)) == (["first"], {"first", "second"})


@pytest.fixture
def site(begun, in_process):
    """A website with a database, whose code has one migration; it is carried out."""
    begun.put({"mywebsite/settings.py": SETTINGS, INITIAL: MIGRATION, "chat/migrations/__init__.py": b""})
    migrate(begun, INITIAL)
    in_process(begun)
    return begun


def test_the_doctor_finds_a_database_that_is_as_it_should_be(site):
    found = database(Git(site.root))
    assert (found.status, found.what) == (
        OK,
        "db.sqlite3 is the database of work/01-toy, and has the migrations of your code",
    )


def test_the_doctor_names_migrations_that_the_code_does_not_have(site):
    migrate(site, PRESENCE)
    found = database(Git(site.root))
    assert (found.status, "does not have: chat.0002_presence" in found.what) == (CURE, True)
    assert "make run FRESH=1" in found.cure


def test_the_doctor_names_migrations_that_the_database_does_not_have(site):
    site.put({PRESENCE: MIGRATION})
    found = database(Git(site.root))
    assert (found.status, "of your code: chat.0002_presence" in found.what) == (CURE, True)
    assert "python manage.py migrate" in found.cure


def test_the_doctor_says_that_a_database_is_of_another_branch(site):
    site.git("checkout", "-q", "stage-00", "--force")
    found = database(Git(site.root))
    assert (found.status, found.cure) == (CURE, "Run: make run")
    assert found.what == "db.sqlite3 is the database of work/01-toy, and you are on stage-00"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("nothing", "no db.sqlite3 yet"),
        ("a link", "db.sqlite3 is a link"),
        ("another name", "not used: the settings name mine.sqlite3"),
        ("broken settings", "cannot be compared with your code (SyntaxError"),
    ],
)
def test_the_doctor_says_why_there_is_nothing_to_compare(site, what, words):
    settings, top = site.root / "mywebsite/settings.py", site.root / "db.sqlite3"
    if what == "another name":
        settings.write_bytes(SETTINGS.replace(b"db.sqlite3", b"mine.sqlite3"))
    elif what == "broken settings":
        settings.write_bytes(b"x = (")
    else:
        top.unlink()
        if what == "a link":
            top.symlink_to("elsewhere")
    found = database(Git(site.root))
    assert (found.status, words in found.what) == (NOTE, True), found.what


@posix
@pytest.mark.parametrize("words", ["start N=1", "start N=2", "start N=0 AGAIN=1"])
def test_killed_at_any_step_no_database_is_lost_and_the_same_command_goes_on(at_lesson_1, tmp_path, words):
    """Every step is before or after one that changes something. You are at lesson 0; lesson 1 has a database, too."""
    whole, course = copy_of(at_lesson_1, tmp_path / "whole"), copy_of(at_lesson_1, tmp_path / "course")
    say(whole, "in lesson 1")
    whole.start(0)
    say(whole, "in lesson 0")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    python = subprocess.Popen([sys.executable, "-B", "-c", STEPS], cwd=course.root, **pipes)
    assert python.stdout.readline() == "ready\n"

    def call(kill_at: int) -> int:
        print(kill_at, words, file=python.stdin, flush=True)
        return int(python.stdout.readline())

    def all_is_there() -> bool:
        return all_said(course) == {"in lesson 1", "in lesson 0"}

    expected = {"start N=1": ["in lesson 1"], "start N=2": ["in lesson 1"], "start N=0 AGAIN=1": None}[words]
    step, code = 0, -9
    while code:  # until it was not killed any more
        step += 1
        shutil.rmtree(course.root)
        copy_of(whole, course.root)
        code = call(step)
        assert code in (0, -9) and all_is_there()
        assert call(0) == 0 and all_is_there()
        assert (at_top(course) if (course.root / "db.sqlite3").exists() else None) == expected
    python.communicate()
    assert step > 8
