"""`make start`, as a person calls it: whatever there was can be found again, and a refusal moves nothing."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from lessons.engine.repository import save
from lessons.engine.repository.git import Git

from .toy import Course, as_a_user, copy_of

posix = pytest.mark.skipif(os.name == "nt", reason="NOT CHECKED: needs the names, links and signals of POSIX")
ADA = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
STAGE_1 = {"manage.py": b"", "chat/__init__.py": b"", "chat/a.py": b"two = 2\n", "templates/a.html": b"<p>\n"}
MINE = {"chat/a.py": b"mine = 1\n", "templates/a.html": None, "notes.txt": b"mine alone\n"}
ALL_OF_MINE = {b"mine = 1\n", b"mine alone\n", b"changed after it was staged\n"}
CURRENT = ".course/databases/current"  # whose the database is
MESS = {
    "chat/a.py": b"changed\n",
    "chat/__init__.py": None,
    "templates/a.html": None,
    "templates/\xe4 \xf6/a.html": b"<p>\n",  # renamed
    "empty": b"",
    "binary": bytes(range(256)) * 5,
    "utf-16.py": "x = 'é'\r\n".encode("utf-16"),
    "no final newline": b"x",
    "windows.txt": b"a\r\nb\nc\r\n",
    "windows.py": b"a = 1\r\n",
}
POSIX_MESS = {"new\nline": b"1", "tab\t\"'\\": b"2", "-z": b"3", ":(top)*": b"4", "*": b"5", "\udcff": b"6"}


def branch(course: Course, ok: tuple[int, ...] = (0,)) -> str:
    return course.git("symbolic-ref", "--short", "HEAD", ok=ok)


def branches(course: Course) -> list[str]:
    return course.lines("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")


def app_files(course: Course) -> dict[str, bytes]:
    ours = ("manage.py", "mywebsite/", "chat/", "templates/")
    return {path: data for path, (_, data) in course.files().items() if path.startswith(ours)}


def make_mess(course: Course) -> None:
    course.put(MESS)
    if os.name == "posix":
        course.put(POSIX_MESS | {"chat/deep/b.py": None, "run me": b"#!/bin/sh\n"})
        (course.root / "run me").chmod(0o755)
        (course.root / "manage.py").chmod(0o755)
        (course.root / "chat/deep").rmdir()
        (course.root / "chat/deep").write_bytes(b"a file where a folder was\n")
        for name, target in {"link": "chat/a.py", "broken": "no/where", "outside": "/", "templates/up": ".."}.items():
            (course.root / name).symlink_to(target)


def test_a_lesson_begins_where_the_one_before_ends(student):
    said = student.start(2)
    assert said.splitlines() == [
        "Lesson 2: A toy. You are on the branch work/02-toy, where lesson 1 ends.",
        "Read lessons/02-toy/README.md. Check your work with: make test",
    ]
    assert (branch(student), branches(student)) == ("work/02-toy", ["main", "work/02-toy"])
    assert student.git("rev-parse", "HEAD~") == student.git("rev-parse", "stage-01^{commit}")
    assert student.lines("diff", "--name-only", "HEAD~") == ["lessons/STAGE"]
    assert (student.root / "lessons/STAGE").read_text() == "2\n"
    assert app_files(student) == STAGE_1
    assert student.git("status", "--porcelain") == ""


def test_the_first_command_in_a_fresh_clone_makes_the_tags_it_needs(student):
    student.git("tag", "-d", "stage-00", "stage-01", "stage-02")
    student.start(1)
    assert student.lines("tag") == ["stage-00", "stage-01", "stage-02"]


def test_whatever_there_was_comes_back_byte_for_byte(begun):
    make_mess(begun)
    mine = begun.files()
    assert "Your work is saved on the branch work/01-toy.\n" in begun.start(2)
    assert app_files(begun) == STAGE_1
    assert "where you left it" in begun.start(1)
    assert (branch(begun), begun.files(), begun.git("status", "--porcelain")) == ("work/01-toy", mine, "")


def test_whatever_there_was_on_main_is_kept_beside_it(student):
    student.git("config", "core.autocrlf", "true")  # as Git for Windows has it
    make_mess(student)
    mine = student.files()
    assert "Your work is saved on the branch work/from-main.\n" in student.start(2)
    assert app_files(student) == STAGE_1
    student.git("switch", "-q", "work/from-main")
    assert (student.files(), student.git("status", "--porcelain")) == (mine, "")
    assert student.git("rev-parse", "HEAD~") == student.git("rev-parse", "main")


def test_what_was_staged_and_then_changed_is_in_the_history(begun):
    begun.put({"chat/a.py": b"staged = 1\n", "chat/gone.py": b"staged, then deleted\n"})
    begun.git("add", "--all")
    begun.git("rm", "-q", "--cached", "chat/__init__.py")
    begun.put({"chat/a.py": b"changed = 1\n", "chat/gone.py": None, "chat/meant.py": b"meant\n"})
    begun.git("add", "--intent-to-add", "chat/meant.py")
    mine = begun.files()
    begun.start(2)
    assert begun.lines("log", "-2", "--format=%s", "work/01-toy") == ["Save the work so far", "Save what was staged"]
    assert {b"staged = 1\n", b"staged, then deleted\n"} <= begun.kept()
    begun.start(1)
    assert begun.files() == mine


def test_work_upon_a_stages_tag_becomes_that_lessons_branch(student):
    student.git("checkout", "-q", "stage-01")
    student.put(MINE)
    mine = student.files()
    assert "saved on the branch work/01-toy." in student.start(2)
    assert "where you left it" in student.start(1)
    assert student.files() == mine
    student.git("checkout", "-q", "stage-01")
    student.put({"chat/a.py": b"another = 1\n"})
    assert "saved on the branch work/01-toy-2." in student.start(0)


def test_what_was_committed_upon_a_tag_becomes_a_branch_too(student):
    student.git("checkout", "-q", "stage-01")
    mine = student.commit(MINE)
    assert "saved on the branch work/01-toy." in student.start(2)
    assert student.git("rev-parse", "work/01-toy") == mine
    student.git("checkout", "-q", mine)
    assert "saved" not in student.start(2)


def test_work_upon_the_tag_of_the_very_lesson_is_taken_up(student):
    student.git("checkout", "-q", "stage-01")
    student.put(MINE)
    mine = student.files()
    assert "where you left it" in student.start(1)
    assert (branch(student), student.files()) == ("work/01-toy", mine)


@pytest.mark.parametrize(
    ("place", "saved"),
    [
        (["--detach", "main"], "work/from-main"),
        (["-c", "idea/x"], "work/from-idea/x"),
        (["-c", "mine", "stage-01"], "work/from-mine"),
    ],
)
def test_work_upon_anything_else_gets_a_branch_of_its_own(student, place, saved):
    student.git("switch", "-q", *place)
    student.put(MINE)
    mine = student.files()
    assert f"saved on the branch {saved}." in student.start(2)
    assert app_files(student) == STAGE_1
    student.git("switch", "-q", saved)
    assert student.files() == mine


def test_the_work_of_main_gets_another_branch_each_time(student):
    for name in ("work/from-main", "work/from-main-2"):
        student.git("switch", "-q", "main")
        student.put({"chat/a.py": name.encode()})
        assert f"saved on the branch {name}." in student.start(2)
        assert student.git("show", f"{name}:chat/a.py") == name


def test_the_saved_work_of_main_makes_no_tags(student):
    student.git("switch", "-q", "-c", "work/from-main")
    student.commit(MINE)
    before = student.git("for-each-ref", "refs/tags")
    said = student.make("stages").stdout
    assert said.startswith("This is a stage or a work branch, and the tags are made from main: nothing was changed.\n")
    assert re.findall(r"stage-\d\d", said) == ["stage-00", "stage-01", "stage-02"]
    assert student.git("for-each-ref", "refs/tags") == before


def test_the_lesson_one_is_at_can_be_started_again(begun):
    begun.put(MINE)
    mine = begun.files()
    assert "saved on the branch work/01-toy." in begun.start(1)
    assert (branch(begun), begun.files(), begun.git("status", "--porcelain")) == ("work/01-toy", mine, "")


def test_a_lesson_begun_upon_a_tag_made_by_hand_is_still_a_work_branch(student):
    student.git("tag", "-f", "stage-01", "main")
    assert "Left alone" in student.start(2)
    trailer = student.git("log", "-1", "--format=%(trailers:key=Course-Commit,valueonly)")
    assert trailer.strip() == student.git("rev-parse", "main")


def test_lesson_0_begins_with_no_files_and_nothing_to_import(begun):
    nested = ["chat/management/commands/say.py", "chat/migrations/__init__.py", "mywebsite/x.py"]
    begun.put(dict.fromkeys(nested, b""))
    subprocess.run([sys.executable, "-m", "compileall", "-q", "chat", "mywebsite"], cwd=begun.root, check=True)
    assert "with no code" in begun.start(0)
    assert app_files(begun) == {}
    assert not {"manage.py", "chat", "mywebsite", "templates"} & {path.name for path in begun.root.iterdir()}
    assert begun.git("rev-list", "--count", "HEAD") == "1"


def test_what_git_ignores_stays_but_for_the_caches_of_files_that_are_gone(begun):
    begun.put({"chat/gone.py": b"", "chat/.env": b"secret\n", "db.sqlite3": b"rows"})
    subprocess.run([sys.executable, "-m", "compileall", "-q", "chat"], cwd=begun.root, check=True)
    before = begun.files(ignored=True)
    begun.start(2)
    after = begun.files(ignored=True)
    assert [name for name in before if name not in after] == [
        f"chat/__pycache__/gone.{sys.implementation.cache_tag}.pyc"
    ]
    assert before.pop(CURRENT) != after.pop(CURRENT)
    assert after.items() < before.items()


@posix
def test_what_a_link_leads_to_is_nobodys_business(begun, tmp_path):
    elsewhere = Course(tmp_path / "elsewhere")
    elsewhere.put({"__pycache__/gone.pyc": b""})
    (elsewhere.root / "empty").mkdir()
    begun.start(0)
    (begun.root / "chat").symlink_to(elsewhere.root)
    begun.start(1)
    begun.start(0)
    assert (elsewhere.root / "empty").is_dir() and (elsewhere.root / "__pycache__/gone.pyc").exists()


MERGES = {
    "merge": (["merge", "other"], "a merge"),
    "merge not committed": (["merge", "--no-commit", "--no-ff", "-s", "ours", "other"], "a merge"),
    "rebase": (["rebase", "other"], "a rebase"),
    "rebase --apply": (["rebase", "--apply", "other"], "a rebase"),
    "cherry-pick": (["cherry-pick", "other"], "a cherry-pick"),
    "revert": (["revert", "--no-edit", "HEAD~"], "a revert"),
    "unmerged files": (["merge", "--squash", "other"], "conflicts that are not solved"),
}


@pytest.fixture(scope="module")
def diverged(at_lesson_1, tmp_path_factory):
    """Two branches that change one line, each in a way of its own."""
    course = copy_of(at_lesson_1, tmp_path_factory.mktemp("diverged") / "course")
    for name, lines in {"other": [b"other = 1\n"], "work/01-toy": [b"first = 1\n", b"second = 1\n"]}.items():
        course.git("switch", "-q", *([name] if name != "other" else ["-c", name]))
        for line in lines:
            course.commit({"chat/a.py": line})
    return course


@pytest.mark.parametrize("what", MERGES)
def test_in_the_middle_of_something_nothing_is_moved(diverged, tmp_path, what):
    course, (command, words) = copy_of(diverged, tmp_path / "course"), MERGES[what]
    course.git(*ADA, *command, ok=(0, 1))
    course.put({"notes.txt": b"mine alone\n"})
    said = course.refused("start", "N=2")
    assert words in said and "Nothing was moved." in said


@pytest.mark.parametrize(
    ("name", "words"),
    [("index.lock", "delete .git/index.lock"), ("refs/heads/work", "Rename it: git branch -m work mine")],
)
def test_what_git_would_stumble_over_later_is_said_before_anything_moves(student, name, words):
    student.put(MINE)
    shutil.copy(student.root / ".git/refs/heads/main", student.root / ".git" / name)
    said = student.refused("start", "N=1")
    assert words in said and said.endswith("Nothing was moved.\n")


@pytest.mark.parametrize("n", ["N=", "N=3", "N=²"])
def test_a_number_that_is_no_lesson_lists_the_lessons(student, n):
    done = student.make("start", n)
    table = [f"  make start N={number}   A toy" for number in range(3)]
    assert (done.returncode, done.stdout.splitlines()) == (1, ["start: which lesson?", *table])


def test_without_a_tag_to_begin_from_nothing_is_moved(begun):
    begun.git("tag", "-d", "stage-01")
    begun.put(MINE)
    assert begun.refused("start", "N=2").startswith("There is no tag stage-01. Make the tags on main: git switch main")


def test_a_broken_marker_is_said_before_anything_moves(student):
    student.git("checkout", "-q", "stage-01")
    student.put({"lessons/STAGE": b"one\n"})
    assert student.refused("start", "N=2").startswith("lessons/STAGE:1: this file should hold the number")


@pytest.mark.parametrize(("tracked", "ignored"), [(".env", ".env"), (".idea", ".idea/a"), (".venv/a", ".venv")])
def test_an_ignored_file_in_the_way_is_not_overwritten(begun, tracked, ignored):
    begun.git("switch", "-q", "-c", "work/02-toy")
    begun.put({tracked: b"tracked\n"})
    begun.git("add", "--force", tracked)
    begun.commit()
    begun.git("switch", "-q", "work/01-toy")
    begun.put({ignored: b"mine alone\n"})
    said = begun.refused("start", "N=2")
    assert said.endswith("Your work is safe where it is. Clear this up, then run the same command again.\n")


@pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_was_told_to_overlook_is_saved_all_the_same(begun, bit):
    begun.git("update-index", bit, "chat/a.py")
    begun.put({"chat/a.py": b"mine alone\n"})
    begun.start(2)
    assert begun.git("show", "work/01-toy:chat/a.py") == "mine alone"


def test_a_filter_of_the_users_changes_nothing(begun, tmp_path):
    """As nbstripout sets one up for the notebooks of all repositories."""
    (tmp_path / "attributes").write_text("*.py filter=strip\n")
    begun.git("config", "core.attributesFile", str(tmp_path / "attributes"))
    begun.git("config", "filter.strip.clean", "tr a-z A-Z")
    begun.put(MINE)
    assert "could not" not in begun.start(2)
    assert begun.git("cat-file", "blob", "work/01-toy:chat/a.py") == "mine = 1"


def test_a_hook_of_the_users_stops_nothing(begun, tmp_path):
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    begun.git("config", "core.hooksPath", str(tmp_path))
    begun.put(MINE)
    begun.start(2)
    assert (branch(begun), app_files(begun)) == ("work/02-toy", STAGE_1)


def test_a_change_in_the_instant_in_which_git_looked_is_saved(begun):
    """Git goes by times: what it knows of a file does not tell two changes in one instant apart."""
    begun.git("config", "core.trustctime", "false")
    path, index, instant = begun.root / "chat/a.py", begun.root / ".git/index", (10**18, 10**18)
    os.utime(path, ns=instant)
    begun.git("update-index", "--refresh")
    path.write_bytes(b"six = 6\n")  # as long as it was
    os.utime(path, ns=instant)
    os.utime(index, ns=instant)
    begun.start(2)
    assert begun.git("show", "work/01-toy:chat/a.py") == "six = 6"


def test_a_repository_inside_is_not_lost(begun):
    inner = [Course(begun.root / place) for place in ("chat", "project")]
    for each in inner:
        begun.git("init", "-q", str(each.root))
        each.commit({"new.py": b"committed\n"})
        each.put({"new.py": b"mine alone\n"})
    before = [each.git("rev-parse", "HEAD") for each in inner]
    assert "could not" not in begun.start(2) + begun.start(1)
    assert [(each.root / "new.py").read_bytes() for each in inner] == [b"mine alone\n"] * 2
    assert [each.git("rev-parse", "HEAD") for each in inner] == before


@pytest.mark.parametrize(
    ("name", "mail", "who"),
    [
        (None, None, "Student <student@localhost>"),
        ("", "", "Student <student@localhost>"),
        ("Zoë", "zoe@example.org", "Zoë <zoe@example.org>"),
        ("<A>\nB", "<a@b>\n", "AB <a@b>"),
        ("J\udcf6rg", "j@example.org", "J\udcf6rg <j@example.org>"),  # not UTF-8
    ],
)
def test_work_is_saved_under_any_name_and_none(course, name, mail, who):
    for key, value in (("user.name", name), ("user.email", mail)):
        if value is not None:
            course.git("config", key, value)
    made = save.commit(Git(course.root), course.git("rev-parse", "HEAD^{tree}"), [], "Saved\n")
    course.git("update-ref", "refs/heads/saved", made)
    author, committer = Git(course.root).commit_headers(made)
    assert author == committer and author.startswith(f"{who} ")
    course.git("fsck", "--strict", "--no-dangling")


@posix
def test_a_file_that_git_could_not_change_is_named(begun, tmp_path):
    """As where another program holds it: git then goes on without an error."""
    begun.put({"chat/a.py": b"held\n"})
    held = f'case "$1" in checkout) "{shutil.which("git")}" "$@"; echo held > chat/a.py; exit;; esac'
    said = begun.start(2, PATH=git_that(tmp_path, held))
    assert "These files could not be changed. Does another program hold them?\nchat/a.py\n" in said
    assert begun.git("show", "work/01-toy:chat/a.py") == "held"


def test_a_linked_work_tree_has_lessons_too(student, tmp_path):
    student.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), "main")
    linked = Course(tmp_path / "linked")
    linked.put(MINE)
    before = student.files(), branch(student)
    linked.start(1)
    assert linked.git("show", "work/from-main:notes.txt") == "mine alone"
    assert (student.files(), branch(student)) == before


def test_the_environment_of_a_git_hook_leads_nowhere_else(student, course):
    before = course.state()
    student.put(MINE)
    student.start(1, GIT_DIR=str(course.root / ".git"), GIT_INDEX_FILE=str(course.root / ".git/index"))
    assert branch(student) == "work/01-toy"
    assert course.state() == before


def test_a_course_that_was_not_cloned_is_told_so(student, course):
    inside = copy_of(student, course.root / "unpacked")
    shutil.rmtree(inside.root / ".git")
    course.commit()
    before = course.state()
    for command in (["start", "N=1"], ["stages"]):
        done = inside.make(*command)
        assert done.stdout.startswith("This folder is no git repository of its own. Get the course with git clone")
        assert done.returncode == 1
    assert course.state() == before
    inside.git("init", "-q")
    assert "does not have any commits yet" in inside.make("start", "N=1").stdout


@posix
def test_a_folder_of_another_user_is_named_in_gits_words(student, tmp_path):
    path = git_that(tmp_path, "export GIT_TEST_ASSUME_DIFFERENT_OWNER=1")
    assert "git config --global --add safe.directory" in student.refused("start", "N=1", PATH=path)


def test_without_git_it_says_where_to_get_it(student, tmp_path):
    assert student.refused("start", "N=1", PATH=str(tmp_path)).startswith("git is not installed. Get it from https://")


@posix
@pytest.mark.parametrize("place", ["chat/a.py", "chat", "notes"])
def test_what_may_not_be_read_is_said_before_anything_is_moved(begun, place):
    begun.put(MINE | {"notes/x.txt": b"mine alone\n"})
    (begun.root / place).chmod(0)
    done, state = begun.make("start", "N=2", first=as_a_user), branch(begun)
    (begun.root / place).chmod(0o700)
    assert (
        "Permission denied" in done.stdout and "not all of your work can be saved, and nothing was moved" in done.stdout
    )
    assert (done.returncode, state) == (1, "work/01-toy")
    begun.start(2)
    assert app_files(begun) == STAGE_1


def git_that(folder: Path, does: str) -> str:
    """Return a PATH with a git that first does something, in the words of sh."""
    folder.joinpath("git").write_text(f'#!/bin/sh\n{does}\nexec "{shutil.which("git")}" "$@"\n')
    folder.joinpath("git").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


READ_ONLY = {"cat-file", "config", "diff", "for-each-ref", "log", "ls-files", "ls-tree", "merge-base", "rev-parse"}


@posix
def test_killed_at_any_moment_nothing_is_gone_and_the_same_command_goes_on(student, tmp_path):
    """Every moment is before or after a call of git; those after a call that only reads are like the one before it."""
    student.put(MINE)
    student.git("add", "chat/a.py")
    student.put({"chat/a.py": b"changed after it was staged\n"})
    copy_of(student, tmp_path / "whole").start(2, PATH=git_that(tmp_path, f'echo "$1" >> "{tmp_path}/calls"'))
    calls = (tmp_path / "calls").read_text().split()
    moments = [number for number, call in enumerate(["", *calls[:-1]], 1) if call not in READ_ONLY]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        different = dict(pool.map(partial(kill_at, student, tmp_path), moments))
        assert len(moments) > 12 and len(different) > 4
        list(pool.map(go_on, different.values()))


def kill_at(student: Course, folder: Path, number: int) -> tuple[tuple[str, str, str], Course]:
    """Kill `make start` where it calls git for that time, look for the work, and return how things stand."""
    course = copy_of(student, folder / f"killed-{number}")
    own = folder / f"git-{number}"
    own.mkdir()
    kill = f'printf x >> "{own}/n"; read -r n < "{own}/n"; [ ${{#n}} -ne {number} ] || {{ kill -9 $PPID; exit; }}'
    assert course.make("start", "N=2", PATH=git_that(own, kill)).returncode == -9
    in_index = course.git("cat-file", "blob", ":chat/a.py").encode() + b"\n"
    assert {data for _, data in course.files().values()} | course.kept() | {in_index} >= ALL_OF_MINE
    refs = course.git("for-each-ref", "--format=%(refname) %(tree)")
    return (course.git("rev-parse", "--symbolic-full-name", "HEAD"), refs, course.git("status", "--porcelain")), course


def go_on(course: Course) -> None:
    course.start(2)
    assert branch(course) == "work/02-toy" and app_files(course) == STAGE_1
    assert course.kept() >= ALL_OF_MINE


@posix
def test_what_is_saved_is_on_the_disk_before_anything_is_changed(begun, tmp_path):
    """The power may fail: git by itself leaves it to the system when an object or a branch gets there."""
    begun.put(MINE)
    begun.start(2, PATH=git_that(tmp_path, f'export GIT_TRACE2_EVENT="{tmp_path}/$1-$$"'))
    flushed = {path.name.rsplit("-", 1)[0] for path in tmp_path.glob("*-*") if b"hardware-flush" in path.read_bytes()}
    if not flushed:
        pytest.skip(f"NOT CHECKED: this git cannot say what it has flushed. {begun.git('--version')}")
    assert flushed >= {"add", "write-tree", "hash-object", "update-ref", "read-tree"}


@posix
def test_a_checkout_killed_half_way_is_told_and_gone_on_with(student):
    student.put(MINE)
    student.git("config", "filter.killer.smudge", "kill -9 $PPID")
    student.put({".git/info/attributes": b"chat/a.py filter=killer\n"})
    assert student.make("start", "N=2").returncode == 1
    assert (student.root / ".git/index.lock").exists()
    assert "delete .git/index.lock" in student.refused("start", "N=2")
    student.put({".git/index.lock": None, ".git/info/attributes": None})
    student.start(2)
    assert app_files(student) == STAGE_1
    assert {data for data in MINE.values() if data} <= student.kept()


def kill_among_files(course: Course, number: int, *words: str) -> int:
    """Kill `make start N=2`, and its git, before git writes that file; then do what the next call tells to do."""
    words = words or ("start", "N=2")
    counter = course.root.with_name("counter")
    counter.write_bytes(b"")
    kill = f'printf x >> "{counter}"; read -r n < "{counter}"; [ ${{#n}} -ne {number} ] || kill -9 0; cat'
    course.git("config", "filter.killer.smudge", kill)
    course.put({".git/info/attributes": b"* filter=killer\n"})
    command = [sys.executable, "-B", "-m", "lessons", *words]
    code = subprocess.run(command, cwd=course.root, stdin=-3, stdout=-3, start_new_session=True).returncode
    course.put({".git/info/attributes": None, ".git/index.lock": None})
    return code


@posix
@pytest.mark.parametrize("number", range(1, 5))
def test_a_move_killed_half_way_is_taken_back_before_anything_is_saved(student, number):
    """Else the branch would end with files of two lessons, and what is right only below."""
    student.put(MINE)
    student.start(1)
    student.put(MINE | {"chat/deep": b"a file, where the other has a folder\n"})
    mine, saved = student.files(), student.git("rev-parse", "HEAD")
    assert kill_among_files(student, number) == (-9 if number < 4 else 0)
    for again in range(1, 4) if number < 4 else []:
        assert kill_among_files(student, again) == -9
        assert branch(student) == "work/01-toy"
        assert student.git("rev-list", "--count", f"{saved}..work/01-toy") == "1"
    assert ("They are again as they were before." in student.start(1)) == (number < 4)
    assert (student.files(), student.git("status", "--porcelain")) == (mine, "")
    assert student.git("rev-list", "--count", f"{saved}..work/01-toy") == "1"
