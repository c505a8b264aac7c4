"""`make write`: the top of the course is the last lesson's code, and an author's own edit is never lost in it."""

import pytest

from .toy import Course, block, lesson

THIRD = "lessons/02-toy/README.md"
MENDED = {THIRD: lesson(2, block("-two = 2\n+mended = 3\n", "diff"), block("new\n", path="chat/c.py"))}
BROKEN = {THIRD: lesson(2, block("-no such line\n", "diff"))}
BY_HAND = "edited by hand, and no lesson says so"


def write(course: Course, *words: str) -> list[str]:
    done = course.make("write", *words)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def top(course: Course) -> dict[str, bytes]:
    ours = ("manage.py", "mywebsite/", "chat/", "templates/")
    return {path: data for path, (_, data) in course.files().items() if path.startswith(ours)}


def test_a_top_that_is_right_is_left_as_it_is(student):
    before = student.state()
    assert write(student) == ["Nothing to do: the top is what the last lesson makes."]
    assert student.state() == before


def test_a_corrected_lesson_is_written_to_the_top(student):
    student.put(MENDED)
    assert set(write(student)) == {"removed chat/deep/b.py", "wrote chat/a.py", "wrote chat/c.py"}
    assert top(student) == {
        "manage.py": b"",
        "chat/__init__.py": b"",
        "chat/a.py": b"mended = 3\n",
        "chat/c.py": b"new\n",
        "templates/a.html": b"<p>\n",
    }
    assert write(student) == ["Nothing to do: the top is what the last lesson makes."]


def test_a_new_lesson_moves_the_marker(student):
    student.put({"lessons/03-toy/README.md": lesson(3, block("four = 4\n"))})
    assert write(student) == ["wrote chat/a.py"]
    assert (student.root / "lessons/STAGE").read_bytes() == b"3\n"


def test_code_and_lesson_edited_alike_are_no_conflict(student):
    student.put(MENDED | {"chat/a.py": b"mended = 3\n"})
    assert set(write(student)) == {"removed chat/deep/b.py", "wrote chat/c.py"}


def test_a_file_that_is_missing_comes_back(student):
    student.put({"manage.py": None, "chat/a.py": None})
    assert set(write(student)) == {"wrote manage.py", "wrote chat/a.py"}
    assert student.git("status", "--porcelain", "--", "chat") == ""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"chat/a.py": b"three = 3\r\n"}, f"chat/a.py:1: {BY_HAND}."),
        ({"chat/a.py": b"by hand\n"} | MENDED, f"chat/a.py:1: {BY_HAND}."),
        ({"chat/a.py": b"1", "templates/b.html": b"\xff"}, f"chat/a.py:1: {BY_HAND} (chat/a.py, templates/b.html)."),
    ],
)
def test_an_edit_by_hand_is_refused_at_its_place(student, files, said):
    student.put(files)
    assert student.refused("write").splitlines()[0] == said


def test_an_edit_by_hand_can_be_dropped_and_is_kept_on_a_branch(student):
    for name in ("work/before-write", "work/before-write-2"):
        student.put({"chat/a.py": name.encode(), "chat/b.py": b"by hand\n", "README.md": b"not ours\n"})
        assert write(student, "FORCE=1")[0] == f"What was there is kept on the branch {name}."
        assert student.git("show", f"{name}:chat/a.py") == name
        assert student.git("show", f"{name}:chat/b.py") == "by hand"
    assert student.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert student.git("status", "--porcelain") == "?? README.md"


def test_what_git_ignores_or_cannot_keep_is_left_where_it_is(student):
    ignored = {"chat/.env": b"secret\n", "mywebsite/db.sqlite3": b"rows", "chat/.idea/x": b"x", "chat/a.pyc": b"x"}
    student.put(ignored | {"chat/b.py": b"by hand\n"})
    student.git("init", "-q", "chat/inner")
    inner = Course(student.root / "chat/inner")
    inner.commit({"new.py": b"committed\n"})
    inner.put({"new.py": b"mine alone\n"})
    assert "removed chat/b.py" in write(student, "FORCE=1")
    assert all((student.root / name).read_bytes() == data for name, data in ignored.items())
    assert inner.files() == {"new.py": ("file", b"mine alone\n")}
    assert inner.git("rev-list", "--count", "HEAD") == "1"


@pytest.mark.parametrize("place", ["stage-01", "work/01-toy"])
def test_on_a_stage_or_a_work_branch_nothing_is_written(begun, place):
    begun.git("checkout", "-q", place)
    assert begun.refused("write", "FORCE=1").startswith("write: this is a stage or a work branch. The top of main is")


def test_a_broken_lesson_is_named_and_nothing_is_written(student):
    student.put(BROKEN)
    assert student.refused("write").startswith(f"{THIRD}:5: this hunk does not match")


def test_a_lesson_that_was_committed_broken_can_be_mended(student):
    student.commit(BROKEN)
    student.put({THIRD: lesson(2, block(" two = 2\n+three = 3\n", "diff"))})
    said = student.make("write").stdout
    assert "chat/a.py:1: edited by hand" in said  # no telling what was before
    assert "wrote chat/a.py" in write(student, "FORCE=1")
    assert top(student)["chat/a.py"] == b"two = 2\nthree = 3\n"
