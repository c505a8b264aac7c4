"""`make update`, and `make start` after it: a course that changes in the middle of a lesson costs nobody's work."""

import compileall
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from lessons.engine.repository import merge
from lessons.engine.repository.git import Git

from .test_save import ADA, READ_ONLY, app_files, branch, git_that, kill_among_files, posix
from .toy import Course, block, copy_of, lessons

CODE = "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n"


def course_of(code: str, *more: str) -> dict[str, bytes]:
    """Return the lessons of a course whose chat/a.py is `code` at first, with more in lesson 0."""
    zero = [block("", path="manage.py"), block("", path="chat/__init__.py"), block(code), *more]
    one = block("-a = 1\n+a = one\n", "diff") + "\n" + block("<p>\n", "html", "templates/a.html")
    return lessons("\n".join(zero), one, block("b = 1\n", path="chat/deep/b.py"))


OLD = course_of(CODE) | {"chat/a.py": CODE.replace("1", "one").encode(), "tests/check.py": b"1\n2\n3\n4\n5\n"}
NEW = course_of(CODE.replace("5", "five"), block("new = 1\n", path="chat/new.py"), "A better text.")
NEW_START = {"chat/a.py": b"a = one\nb = 2\nc = 3\nd = 4\ne = five\n", "chat/new.py": b"new = 1\n"}


class Classroom:
    """A teacher's copy of the course, and a student's clone of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.teacher, self.student = folder, Course(folder / "teacher"), Course(folder / "student")

    def copy(self, folder: Path) -> "Classroom":
        copy_of(self.teacher, folder / "teacher")
        copy_of(self.student, folder / "student").git("remote", "set-url", "origin", str(folder / "teacher"))
        return Classroom(folder)

    def update(self) -> str:
        done = self.student.make("update")
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def cloned(at_lesson_1, untagged, tmp_path_factory):
    """The student has cloned the course and begun lesson 2."""
    room = Classroom(tmp_path_factory.mktemp("classroom"))
    copy_of(untagged, room.teacher.root)
    room.teacher.commit(OLD)
    room.teacher.git("clone", "-q", "--no-tags", str(room.teacher.root), str(room.student.root))
    compileall.compile_dir(room.student.root / "lessons", quiet=1)
    room.student.start(2)
    return room


@pytest.fixture
def room(cloned, tmp_path):
    return cloned.copy(tmp_path / "Über uns, 4")


@pytest.fixture
def teacher(room):
    return room.teacher


@pytest.fixture
def student(room):
    return room.student


def test_what_is_new_comes_into_the_lesson_one_is_at(room, teacher, student):
    student.put({"chat/a.py": CODE.replace("1", "one").replace("b = 2", "b = mine").encode(), "notes.txt": b"mine\n"})
    head = teacher.commit(NEW)
    said = room.update()
    assert said.startswith("New in the course:\n  A commit\nMoved forward to the last commit: stage-00, stage-01")
    assert "Your work is saved on the branch work/02-toy.\n" in said
    assert "The course was updated since you began this lesson. 3 files of your branch took in what is new.\n" in said
    assert [student.git("rev-parse", each) for each in ("main", "origin/main")] == [head] * 2
    files = {path: data for path, (_, data) in student.files().items()}
    assert files["chat/a.py"] == NEW_START["chat/a.py"].replace(b"b = 2", b"b = mine")
    assert files["chat/new.py"] == b"new = 1\n" and files["notes.txt"] == b"mine\n" and files["lessons/STAGE"] == b"2\n"
    assert files["lessons/00-toy/README.md"] == NEW["lessons/00-toy/README.md"]
    assert (branch(student), student.git("status", "--porcelain")) == ("work/02-toy", "")
    assert student.lines("log", "--first-parent", "-3", "--format=%s") == [
        merge.SUBJECT,
        "Save the work so far",
        "Begin lesson 2: A toy",
    ]
    assert student.git("rev-parse", "HEAD^2~") == student.git("rev-parse", "stage-01^{commit}")
    student.git("fsck", "--strict", "--no-dangling")


def test_with_nothing_new_nothing_is_done(room, student):
    before = student.state()
    assert room.update().startswith("The course has nothing new.\nLesson 2: A toy. You are on the branch work/02-toy")
    assert student.state() == before


def test_what_was_taken_in_is_not_taken_in_twice_and_more_can_come(room, teacher, student):
    student.put({"chat/mine.py": b"mine = 1\n"})
    teacher.commit(NEW)
    room.update()
    before = student.state()
    assert "took in" not in room.update() + student.start(2)  # nor told of twice
    assert student.state() == before
    teacher.commit(course_of(CODE, "Yet another text."))
    assert "2 files of your branch took in" not in room.update()
    assert student.files()["chat/a.py"][1] == OLD["chat/a.py"] and "chat/new.py" not in student.files()
    assert student.files()["chat/mine.py"][1] == b"mine = 1\n"
    assert student.git("log", "-1", "--format=%s") == merge.SUBJECT


@pytest.mark.parametrize("way", ["make update on the branch of another lesson", "git pull on main"])
def test_a_lesson_takes_it_in_when_one_comes_back_to_it(room, teacher, student, way):
    student.put({"chat/mine.py": b"mine = 1\n"})
    student.start(1)
    teacher.commit(NEW)
    if way == "git pull on main":
        student.git("switch", "-q", "main")
        student.git("pull", "-q")
    else:
        assert "Your branch work/02-toy takes it in with: make start N=2\n" in room.update()
    assert "took in what is new" in student.start(2)
    assert app_files(student).items() >= (NEW_START | {"chat/mine.py": b"mine = 1\n"}).items()


def test_a_lesson_begun_after_it_begins_with_what_is_new(room, teacher, student):
    teacher.commit(NEW)
    room.update()
    assert "took in" not in student.start(1)
    assert app_files(student)["chat/a.py"] == CODE.replace("5", "five").encode()


def test_a_lesson_of_another_name_is_another_branch_and_the_old_one_is_told(room, teacher, student):
    student.put({"chat/mine.py": b"mine = 1\n"})
    path = "lessons/02-toy/README.md"
    teacher.commit({path: None, path.replace("toy", "new"): OLD[path]})
    assert "took in" in room.update()
    assert "lesson of this number is on the branch work/02-toy." in student.start(2)
    assert branch(student) == "work/02-new" and student.git("show", "work/02-toy:chat/mine.py") == "mine = 1"


def test_lesson_0_still_has_no_code_but_the_students(room, teacher, student):
    student.start(0)
    student.put({"chat/a.py": b"mine = 1\n"})
    ada = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    student.git("add", "--all")
    student.git(*ada, "commit", "-q", "--amend", "--no-edit")  # the work is now in the commit that begins the lesson
    teacher.commit(NEW)
    assert "took in" in room.update()
    assert app_files(student) == {"chat/a.py": b"mine = 1\n"}
    assert student.files()["lessons/00-toy/README.md"][1] == NEW["lessons/00-toy/README.md"]


def test_work_in_the_commit_that_begins_the_lesson_is_still_the_students(room, teacher, student):
    student.put({"chat/a.py": b"mine = 1\n", "chat/deep/b.py": b"mine\n"})
    student.git("add", "--all")
    student.git(*ADA, "commit", "-q", "--amend", "--no-edit")
    teacher.commit(NEW)
    assert "chat/a.py, line 1\n" in room.update()
    assert app_files(student)["chat/a.py"] == b"mine = 1\n" and app_files(student)["chat/deep/b.py"] == b"mine\n"


def test_a_branch_that_grew_upon_the_lessons_tag_takes_it_in_too(room, teacher, student):
    student.git("checkout", "-q", "stage-01")
    student.put({"chat/mine.py": b"mine = 1\n"})
    student.start(1)
    teacher.commit(NEW)
    assert "took in" in room.update()
    assert app_files(student) == app_files(student) | NEW_START | {"chat/mine.py": b"mine = 1\n"}
    assert student.lines("diff", "--name-only", "stage-01") == ["chat/mine.py"]


def test_a_stage_that_the_student_has_rewritten_is_left_alone(room, teacher, student):
    student.git("checkout", "-q", "stage-01")
    student.put({"chat/a.py": b"mine = 1\n"})
    student.git(*ADA, "commit", "-q", "--amend", "--all", "--no-edit")
    student.start(1)
    teacher.commit(NEW)
    assert "took in" not in room.update()
    assert app_files(student)["chat/a.py"] == b"mine = 1\n"


CONFLICTS = {
    "a line": ({"chat/a.py": CODE.replace("5", "mine").encode()}, ["chat/a.py, line 5"]),
    "lines that are gone": ({"chat/a.py": b"a = 1\nb = 2\n"}, ["chat/a.py, line 3"]),
    "every line end": ({"chat/a.py": CODE.replace("\n", "\r\n").encode()}, ["chat/a.py, lines 1-5"]),
    "a file that is gone": ({"chat/a.py": None}, ["chat/a.py: you removed it, the course changed it"]),
    "no text": ({"chat/a.py": b"\0" * 99}, ["chat/a.py: you and the course changed it"]),
    "a new file": ({"chat/new.py": b"mine = 1\n"}, ["chat/new.py, line 1"]),
    "a folder": ({"chat/new.py/mine.py": b"1"}, ["chat/new.py: something of yours is in its place"]),
    "no folder": (
        {"chat/a.py": None, "chat/__init__.py": None, "chat": b"a file\n"},
        ["chat/a.py: you removed it, the course changed it", "chat/new.py: something of yours is in its place"],
    ),
}


@pytest.mark.parametrize("what", CONFLICTS)
def test_where_both_changed_the_same_the_students_stays_and_is_named(room, teacher, student, what):
    mine, lines = CONFLICTS[what]
    for path in [path for path in mine if path == "chat" or path.startswith("chat/new.py/")]:
        shutil.rmtree(student.root / path, ignore_errors=True)
    if "chat" in mine:
        mine = {path: data for path, data in mine.items() if path == "chat"}
    student.put(mine)
    before = {path: file for path, file in student.files().items() if path.startswith("chat")}
    teacher.commit(NEW)
    said = room.update()
    told = "Where you and the course changed the same, yours stayed:\n" + "".join(f"  {line}\n" for line in lines)
    assert told in said and "To see the difference: git diff stage-01 -- and the file's name.\n" in said
    after = {path: file for path, file in student.files().items() if path.startswith("chat")}
    if "chat/new.py" not in " ".join(lines):
        before["chat/new.py"] = ("file", b"new = 1\n")
    if "chat/a.py" not in " ".join(lines):
        before["chat/a.py"] = ("file", NEW_START["chat/a.py"])
    assert after == before
    assert student.files()["lessons/00-toy/README.md"][1] == NEW["lessons/00-toy/README.md"]
    assert lines[0] in student.git("log", "-1", "--format=%b")


def test_a_file_of_the_course_is_merged_too(room, teacher, student):
    student.put({"tests/check.py": b"1\n2\n3\n4\n5\nmine\n"})
    teacher.commit({"tests/check.py": b"one\n2\n3\n4\n5\n"})
    assert "1 file of your branch took in what is new." in room.update()
    assert student.files()["tests/check.py"][1] == b"one\n2\n3\n4\n5\nmine\n"


def test_a_removed_file_goes_unless_the_student_changed_it(room, teacher, student):
    teacher.commit({"tests/check.py": None, "requirements-browser.txt": None})
    student.put({"tests/check.py": b"mine\n"})
    assert "  tests/check.py: you changed it, the course removed it\n" in room.update()
    assert "requirements-browser.txt" not in student.files() and student.files()["tests/check.py"][1] == b"mine\n"


def test_a_file_that_became_a_folder_is_taken_in(room, teacher, student):
    teacher.commit({"tests/check.py": None})
    teacher.commit({"tests/check.py/more.py": b"more\n"})
    room.update()
    assert student.files()["tests/check.py/more.py"][1] == b"more\n"


@posix
def test_names_and_modes_of_any_kind_are_taken_in(room, teacher, student):
    names = {"new\nline": b"1", "tab\t\"'\\": b"2", "-z": b"3", "\udcff": b"6", "templates-\xe4 \xf6/a": b"7"}
    teacher.put(names | {"run me": b"#!/bin/sh\n"})
    (teacher.root / "run me").chmod(0o755)
    (teacher.root / "link").symlink_to("run me")
    teacher.commit()
    (student.root / "link").symlink_to("elsewhere")
    student.put({"new\nline": b"mine"})
    said = room.update()
    assert "  link: you and the course changed it\n  'new\\nline', line 1\n" in said
    files = student.files()
    assert {name: files[name] for name in names} == {name: ("file", data) for name, data in names.items()} | {
        "new\nline": ("file", b"mine")
    }
    assert files["run me"][0] == "program" and files["link"] == ("link", "elsewhere")


def test_an_ignored_file_in_the_way_stays_and_the_rest_waits(room, teacher, student):
    teacher.put({".env": b"the course's\n"})
    teacher.git("add", "--force", ".env")
    teacher.commit(NEW)
    student.put({".env": b"mine alone\n", "chat/a.py": b"mine = 1\n"})
    done = student.make("update")
    assert done.returncode == 1 and done.stdout.endswith("Clear this up, then run the same command again.\n")
    assert (student.root / ".env").read_bytes() == b"mine alone\n"
    assert app_files(student)["chat/a.py"] == b"mine = 1\n"
    student.put({".env": None})
    assert "took in" in student.start(2)


def test_upon_main_the_files_of_main_move_too(room, teacher, student):
    student.git("switch", "-q", "main")
    head = teacher.commit(NEW | {"notes.txt": b"of the course\n"})
    assert "Your branch work/02-toy takes it in with: make start N=2\n" in room.update()
    assert student.git("rev-parse", "HEAD") == student.git("rev-parse", "main") == head
    assert student.files()["notes.txt"][1] == b"of the course\n"
    assert (branch(student), student.git("status", "--porcelain")) == ("main", "")


def test_changed_files_upon_main_are_to_be_saved_first(room, teacher, student):
    student.git("switch", "-q", "main")
    student.put({"chat/mine.py": b"mine = 1\n"})
    teacher.commit(NEW)
    assert student.refused("update").startswith("You stand on main and have changed files here.")
    student.start(2)
    room.update()
    assert app_files(student)["chat/new.py"] == b"new = 1\n"
    assert student.git("show", "work/from-main:chat/mine.py") == "mine = 1"


@pytest.mark.parametrize("place", [["--detach", "stage-01"], ["-c", "work/from-main", "main"], ["-c", "work/02-toy-2"]])
def test_from_anywhere_else_only_main_and_the_tags_move(room, teacher, student, place):
    student.git("switch", "-q", *place)
    student.put({"chat/mine.py": b"mine = 1\n"})
    head, files, place = teacher.commit(NEW), student.files(), student.git("rev-parse", "HEAD")
    room.update()
    assert student.git("rev-parse", "main") == head
    assert (student.git("rev-parse", "HEAD"), student.files()) == (place, files)


def test_a_main_with_commits_of_its_own_is_left_alone(room, teacher, student):
    student.git("switch", "-q", "main")
    mine = student.commit({"notes.txt": b"mine\n"})
    teacher.commit(NEW)
    student.start(2)
    before = student.files()
    done = student.make("update")
    assert "Your main has commits of its own" in done.stdout and student.git("rev-parse", "main") == mine
    assert (done.returncode, student.files()) == (1, before)
    for command in done.stdout.splitlines()[1:3]:
        student.git(*command.split()[1:])
    room.update()
    assert app_files(student)["chat/new.py"] == b"new = 1\n"
    assert student.git("rev-parse", "main") == student.git("rev-parse", "origin/main")


def test_without_a_network_nothing_is_changed(room, student):
    shutil.move(room.teacher.root, room.folder / "gone")
    said = student.refused("update")
    assert "does not appear to be a git repository" in said and said.endswith(
        "Nothing was changed. Is there a network? Then try again: make update\n"
    )


def test_without_a_remote_it_says_how_to_set_one(student):
    student.git("remote", "remove", "origin")
    assert "has no remote origin" in student.refused("update")


def test_in_the_middle_of_a_merge_nothing_is_moved(room, teacher, student):
    student.commit({"chat/a.py": b"mine = 1\n"})
    student.git("switch", "-q", "-c", "other", "HEAD~")
    student.commit({"chat/a.py": b"other = 1\n"})
    student.git(*ADA, "merge", "work/02-toy", ok=(1,))
    teacher.commit(NEW)
    assert student.refused("update").startswith("Git is in the middle of a merge")


def test_git_pull_upon_the_branch_of_a_lesson_changes_nothing(room, teacher, student):
    """So the README names make update."""
    teacher.commit(NEW)
    before = student.state()
    student.git("pull", "-q", ok=(1,))
    student.git("pull", "-q", "--no-rebase", "origin", "main", ok=(128,))
    assert student.state()[0] == before[0] and student.state()[2:] == before[2:]
    assert "took in" in room.update()


def test_lessons_that_make_no_stages_are_said_and_nothing_else_is_moved(room, teacher, student):
    teacher.commit({"lessons/01-toy/README.md": b"# Lesson 1: A toy\n\n" + block("-no\n", "diff").encode()})
    before, files = student.git("for-each-ref", "refs/tags"), student.files()
    assert "The stage tags could not be made from the last commit. lessons/01-toy/README.md:" in room.update()
    assert (student.git("for-each-ref", "refs/tags"), student.files()) == (before, files)


def test_a_shallow_clone_takes_it_in_too(room, teacher, tmp_path):
    clone = Course(tmp_path / "clone")
    teacher.git("clone", "-q", "--depth", "1", "--no-tags", teacher.root.as_uri(), str(clone.root))
    clone.start(2)
    teacher.commit(NEW)
    teacher.commit({"notes.txt": b"news\n"})
    assert "took in" in clone.make("update").stdout
    assert app_files(clone)["chat/new.py"] == b"new = 1\n"


MINE = {"chat/a.py": b"a = one\nb = mine\nc = 3\nd = 4\ne = 5\n", "chat/mine.py": b"mine alone\n"}
ALL_OF_MINE = {*MINE.values(), b"staged\n"}


@posix
def test_killed_at_any_moment_nothing_is_gone_and_the_same_command_goes_on(room, tmp_path):
    room.student.put({"chat/mine.py": b"staged\n"})
    room.student.git("add", "--all")
    room.student.put(MINE)
    room.teacher.commit(NEW)
    counting = git_that(tmp_path, f'echo "$1" >> "{tmp_path}/calls"')
    room.copy(tmp_path / "whole").student.make("update", PATH=counting)
    calls = (tmp_path / "calls").read_text().split()
    turns = {pair: number for number, pair in enumerate(zip(calls, calls[1:], strict=False), 2)}
    moments = [number for (before, _), number in turns.items() if before not in READ_ONLY]  # the like once: the last
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        different = dict(pool.map(partial(kill_at, room, tmp_path), moments))
        assert len(moments) > 12 and len(different) > 5
        list(pool.map(go_on, different.values()))


@posix
def test_killed_while_files_are_taken_in_it_is_taken_back_first(room, student):
    student.put(MINE)
    room.teacher.commit(NEW)
    assert kill_among_files(student, 2, "update") == -9
    assert student.git("status", "--porcelain") != ""
    said = student.start(2)
    assert "They are again as they were before." in said and "took in what is new" in said
    assert "your work is saved" not in said.lower()
    go_on(student, MINE.values())


def kill_at(room: Classroom, folder: Path, number: int) -> tuple[tuple[str, str, str], Course]:
    student, own = room.copy(folder / f"killed-{number}").student, folder / f"git-{number}"
    own.mkdir()
    kill = f'printf x >> "{own}/n"; read -r n < "{own}/n"; [ ${{#n}} -ne {number} ] || {{ kill -9 $PPID; exit; }}'
    assert student.make("update", PATH=git_that(own, kill)).returncode == -9
    in_index = student.git("cat-file", "blob", ":chat/mine.py").encode() + b"\n"
    assert {data for _, data in student.files().values()} | student.kept() | {in_index} >= ALL_OF_MINE
    refs = student.git("for-each-ref", "--format=%(refname) %(tree)")
    return (student.git("rev-parse", "HEAD^{tree}"), refs, student.git("status", "--porcelain")), student


def go_on(student: Course, kept: Iterable[bytes] = ALL_OF_MINE) -> None:
    assert student.make("update").returncode == 0
    assert (
        app_files(student).items()
        >= {
            "chat/a.py": NEW_START["chat/a.py"].replace(b"b = 2", b"b = mine"),
            "chat/new.py": b"new = 1\n",
            "chat/mine.py": b"mine alone\n",
        }.items()
    )
    assert student.kept() >= {*kept} and student.git("status", "--porcelain") == ""
    student.git("fsck", "--no-dangling")


def test_the_lines_that_conflict_are_the_students_own():
    left, middle, right = (sign * merge.MARK for sign in "<=>")
    text = f"1\n2\n{left} my\n3\n4\n{middle}\nx\ny\nz\n{right} new\n5\n{left} my\n{middle}\n{right} new\n<<<<<<<\n"
    assert merge.conflicting(text) == ["3-4", "6"]
    assert merge.conflicting("=======\n>>>>>>>\n") == []


def test_nobodys_branch_has_no_beginning(room, student):
    student.git("switch", "-q", "main")
    assert merge.start_of_branch(Git(student.root), "HEAD") == ("", False, "")
