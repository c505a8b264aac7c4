"""From the folders of a course to the student's files after each lesson."""

import re
from pathlib import Path

import pytest

from ..errors import CourseError, LessonError
from ..stages import is_app_path, make_stages, read_lessons, walk
from .toy import block, lesson, lessons

ROOT = Path(__file__).parents[3]


def stages(*bodies: str) -> list[dict[str, str]]:
    return make_stages(read_lessons(lessons(*bodies)))


def test_each_stage_has_what_the_lessons_up_to_it_wrote():
    assert stages(
        block("a\n"),
        "a lesson without a block",
        block(" a\n+b\n", "diff") + "\n" + block("c\n", path="chat/c.py"),
        block("d\n"),
    ) == [
        {"chat/a.py": "a\n"},
        {"chat/a.py": "a\n"},
        {"chat/a.py": "a\nb\n", "chat/c.py": "c\n"},
        {"chat/a.py": "d\n", "chat/c.py": "c\n"},
    ]


def test_walk_yields_every_block_in_the_lessons_order_with_the_files_after_it():
    body = block("a\n") + "\n```console\n$ ls\n```\n\n" + block("-a\n+b\n", "diff") + "\n" + block("")
    begin = {"chat/z.py": "z\n"}
    (only,) = read_lessons(lessons(body))
    steps = [(each.kind, files.get("chat/a.py"), files["chat/z.py"]) for each, files in walk(only, begin)]
    assert steps == [("file", "a\n", "z\n"), ("console", "a\n", "z\n"), ("change", "b\n", "z\n"), ("file", "", "z\n")]
    assert begin == {"chat/z.py": "z\n"}


def test_windows_line_ends_make_the_same_stages():
    files = lessons(block("a\n\n\tb\n"), block(" a\n\n-\tb\n+\tc\n", "diff"))
    windows = {path: data.replace(b"\n", b"\r\n") for path, data in files.items()}
    assert make_stages(read_lessons(windows)) == make_stages(read_lessons(files))
    assert make_stages(read_lessons(windows))[1] == {"chat/a.py": "a\n\n\tc\n"}


@pytest.mark.parametrize(
    ("second", "line", "words"),
    [
        pytest.param(block("a\nx\nx\n"), 5, "changes nothing: chat/a.py reads like that", id="file as it is"),
        pytest.param(block(" a\n-x\n@@\n x\n+x\n", "diff"), 7, "begins above the end", id="hunks in each other's way"),
        pytest.param(block("+x\n a\n@@\n-x\n", "diff"), 8, "at lines 2 and 3", id="hunk that matches twice"),
        pytest.param(
            block("-y\n", "diff"), 5, "(chat/a.py as it stands after stage 00)", id="change of a stage before"
        ),
        pytest.param(
            block("b\n") + "\n" + block(" b\n+c\n@@\n-a\n", "diff"),
            13,
            "(chat/a.py as it stands after line 5)",
            id="change of a block before",
        ),
        pytest.param(block("-a\n", "diff", "chat/b.py"), 5, "no block has made yet", id="change of a missing file"),
        pytest.param(block("b\n", path="chat/a.py/b"), 5, "chat/a.py is there already", id="folder over a file"),
        pytest.param(block("b\n", path="chat/d"), 5, "chat/d/e.py is there already", id="file over a folder"),
        pytest.param(block("b\n", path="chat/A.py"), 5, "chat/a.py is there already", id="same name in capitals"),
        pytest.param("\n```rust\nx\n```", 4, "used by nobody", id="fault of the lesson itself"),
    ],
)
def test_a_block_that_cannot_be_applied_is_named(second, line, words):
    first = block("a\nx\nx\n") + "\n" + block("e\n", path="chat/d/e.py")
    with pytest.raises(LessonError, match=f"^lessons/01-toy/README.md:{line}: .*{re.escape(words)}"):
        stages(first, second)


def test_hunks_that_undo_each_other_change_nothing():
    with pytest.raises(LessonError, match="^lessons/01-toy/README.md:5: this block changes nothing"):
        stages(block("a\nx\nx\nb\n"), block(" a\n-x\n@@\n x\n+x\n b\n", "diff"))


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["00-a", "00-b"], "lessons/00-b/README.md:1: this lesson has the number of lessons/00-a/README.md"),
        (["00-a", "02-b"], "lessons/02-b/README.md:1: this lesson comes where lesson 1 should"),
        (["01-a"], "lessons/01-a/README.md:1: this lesson comes where lesson 0 should"),
        (["0-a"], "lessons/0-a: name the folder"),
        (["000-a"], "lessons/000-a: name the folder"),
        (["00_a"], "lessons/00_a: name the folder"),
        (["00-A"], "lessons/00-A: name the folder"),
        (["00-a-"], "lessons/00-a-: name the folder"),
        (["00"], "lessons/00: name the folder"),
        (["²-a"], "lessons/²-a: name the folder"),
        (["engine"], "lessons/: there is no lesson here"),
        ([], "lessons/: there is no lesson here"),
    ],
)
def test_folders_that_are_no_course_are_refused(folders, message):
    files = {f"lessons/{folder}/README.md": lesson(int(re.match("[0-9]*", folder)[0] or 0)) for folder in folders}
    with pytest.raises(CourseError, match="^" + re.escape(message)):
        read_lessons(files)


@pytest.mark.parametrize("file", ["lessons/01-b/picture.png", "lessons/01-b/readme.md", "lessons/01-b/more/README.md"])
def test_a_folder_without_a_readme_is_refused(file):
    with pytest.raises(CourseError, match="^lessons/01-b: there is no README.md"):
        read_lessons({**lessons(""), file: b""})


def test_other_files_are_passed_over():
    others = {"README.md": b"", "lessons/STAGE": b"", "lessons/00-toy/more/README.md": b"\xff", "x/01-b/a.md": b""}
    assert read_lessons({**others, **lessons("")}) == read_lessons(lessons(""))


def test_only_the_students_files_are_app_paths():
    paths = ["manage.py", "chat/a.py", "templates/x", "mywebsite/x", "chatty/a.py", "lessons/chat/a.py", "README.md"]
    assert [path for path in paths if is_app_path(path)] == paths[:4]


def test_the_real_lessons_make_the_stages_of_the_course():
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in ROOT.glob("lessons/*/README.md")}
    made = make_stages(read_lessons(files))[:6]
    start = {"manage.py", "templates/base.html", "templates/lobby.html", "chat/__init__.py", "chat/views.py"}
    start |= {f"mywebsite/{name}.py" for name in ("__init__", "settings", "urls", "asgi", "wsgi")}
    later = start | {"chat/consumers.py", "chat/routing.py"}
    assert [set(stage) for stage in made] == [start, start, later - {"chat/routing.py"}, later, later, later]
