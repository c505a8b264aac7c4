"""From the folders of a course to the student's files after each lesson."""

import re
from pathlib import Path

import pytest

from lessons.engine.content.stages import is_app_path, make_stages, read_lessons, walk
from lessons.engine.errors import CourseError, LessonError

from .toy import block, lesson, lessons

ROOT = Path(__file__).parents[2]


def stages(*bodies: str) -> list[dict[str, str]]:
    return make_stages(read_lessons(lessons(*bodies)))


def test_each_stage_has_what_the_lessons_up_to_it_wrote():
    third = block(" a\n+b\n", "diff") + block("c\n", path="chat/c.py")
    assert stages(block("a\n"), "a lesson without a block", third, block("d\n")) == [
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


@pytest.mark.parametrize(
    ("second", "line", "words"),
    [
        pytest.param(block("a\nx\nx\nb\n"), 5, "changes nothing: chat/a.py reads", id="file as it is"),
        pytest.param(block(" a\n-x\n@@\n x\n+x\n b\n", "diff"), 5, "block changes nothing", id="hunks that undo"),
        pytest.param(block("-y\n", "diff"), 5, "(chat/a.py as it stands after stage 00)", id="change of a stage"),
        pytest.param(block("b\n") + block(" b\n+c\n@@\n-a\n", "diff"), 12, "after line 5)", id="change of a block"),
        pytest.param(block("-a\n", "diff", "chat/b.py"), 5, "no block has made yet", id="change of a missing file"),
        pytest.param(block("b\n", path="chat/a.py/b"), 5, "chat/a.py is there already", id="folder over a file"),
        pytest.param(block("b\n", path="chat/d"), 5, "chat/d/e.py is there already", id="file over a folder"),
        pytest.param(block("b\n", path="chat/A.py"), 5, "chat/a.py is there already", id="same name in capitals"),
    ],
)
def test_a_block_that_cannot_be_applied_is_named(second, line, words):
    first = block("a\nx\nx\nb\n") + "\n" + block("e\n", path="chat/d/e.py")
    with pytest.raises(LessonError, match=f"^lessons/01-toy/README.md:{line}: .*{re.escape(words)}"):
        stages(first, second)


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["00-a", "00-b"], "lessons/00-b/README.md:1: this lesson has the number of lessons/00-a/README.md"),
        (["00-a", "02-b"], "lessons/02-b/README.md:1: this lesson comes where lesson 1 should"),
        (["01-a"], "lessons/01-a/README.md:1: this lesson comes where lesson 0 should"),
    ],
)
def test_folders_that_are_no_course_are_refused(folders, message):
    files = {f"lessons/{folder}/README.md": lesson(int(folder[:2])) for folder in folders}
    with pytest.raises(CourseError, match="^" + re.escape(message)):
        read_lessons(files)


@pytest.mark.parametrize("folder", ["0-a", "000-a", "00_a", "00-A", "00-a-", "00", "²-a"])
def test_a_folder_with_a_wrong_name_is_refused(folder):
    with pytest.raises(CourseError, match=f"^lessons/{folder}: name the folder"):
        read_lessons({f"lessons/{folder}/README.md": lesson(0)})


@pytest.mark.parametrize("file", ["lessons/01-b/picture.png", "lessons/01-b/readme.md", "lessons/01-b/more/README.md"])
def test_a_folder_without_a_readme_is_refused(file):
    with pytest.raises(CourseError, match="^lessons/01-b: there is no README.md"):
        read_lessons({**lessons(""), file: b""})


@pytest.mark.parametrize("file", ["lessons/engine/README.md", "lessons/STAGE", "chat/00-a/README.md"])
def test_a_course_without_a_lesson_is_refused(file):
    with pytest.raises(CourseError, match="^lessons/: there is no lesson here"):
        read_lessons({file: lesson(0)})


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
