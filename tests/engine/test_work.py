"""`make next`, `make show`, `make work` and `make start AGAIN=1`: every way out saves, and every way back is told."""

import pytest

from .test_save import branch, branches
from .toy import Course

LEAVES_NO_FILES = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
CHECKED = {
    "test_it.py": b"def test_it():\n    assert open('chat/a.py').read() == 'two = 2\\n'\n",
    "tests/__init__.py": b"",
    "tests/lanes.py": b"import pytest\n\n\ndef run(options):\n    return pytest.main([])\n",
}
SAVED = "Your work is saved on the branch work/01-toy.\n"


def test_the_next_lesson_begins_when_this_one_is_green(begun):
    begun.put(CHECKED | {"chat/a.py": b"two = 2\n"})
    said = make(begun, "next")
    assert "1 passed" in said
    assert said.index("1 passed") < said.index(SAVED) < said.index("Lesson 2: A toy. You are on the branch work/02-toy")
    assert branch(begun) == "work/02-toy"


def test_the_next_lesson_waits_until_this_one_is_green(begun):
    begun.put(CHECKED | {"chat/a.py": b"almost\n"})
    said = begun.refused("next", **LEAVES_NO_FILES)
    assert "assert 'almost" in said
    assert said.endswith(
        "Lesson 1 is not finished: above is what is missing. Nothing was moved.\n"
        "To go on all the same: make start N=2\n"
    )


def test_the_last_lesson_has_none_behind_it(begun):
    begun.start(2)
    begun.put(CHECKED | {"test_it.py": b"def test_it():\n    pass\n"})
    assert "1 passed" in begun.make("next", **LEAVES_NO_FILES).stdout
    assert branch(begun) == "work/02-toy"
    begun.put({"test_it.py": b"def test_it():\n    assert 0\n"})
    assert begun.refused("next", **LEAVES_NO_FILES).endswith("Nothing was moved.\n")


def test_main_has_no_next_lesson(student):
    assert "the end of the course. Begin with: make start N=0" in student.refused("next")


def test_a_merge_is_finished_before_the_next_lesson(begun):
    begun.put({".git/MERGE_HEAD": begun.git("rev-parse", "HEAD").encode()})
    assert begun.refused("next").startswith("Git is in the middle of a merge")


def test_a_finished_stage_can_be_looked_at_and_left_again(begun):
    begun.put({"chat/a.py": b"mine\n"})
    said = make(begun, "show", "N=2")
    assert said == (
        f"{SAVED}This is the finished stage 2: A toy. Run it, read it, try things out.\n"
        "Back to where you were: make start N=1\n"
    )
    assert (branch(begun, ok=(0, 128)), begun.git("rev-parse", "HEAD")) == (
        "",
        begun.git("rev-parse", "stage-02^{commit}"),
    )
    assert (begun.root / "chat/a.py").read_bytes() == b"three = 3\n"
    assert "make work lists your branches" in make(begun, "show", "N=0")
    begun.start(1)
    assert (begun.root / "chat/a.py").read_bytes() == b"mine\n"


def test_what_is_tried_out_on_a_finished_stage_is_saved_too(begun):
    make(begun, "show", "N=2")
    begun.put({"chat/a.py": b"tried\n"})
    assert "Your work is saved on the branch work/02-toy.\n" in begun.start(1)
    assert b"tried\n" in begun.kept()


def test_from_main_the_way_back_is_main(student):
    assert "Back to where you were: git switch main" in make(student, "show", "N=1")


def test_a_branch_with_the_name_of_a_tag_hides_no_stage(student):
    student.git("branch", "stage-01", "main")
    make(student, "show", "N=1")
    assert (student.root / "chat/a.py").read_bytes() == b"two = 2\n"


@pytest.mark.parametrize("words", [["show"], ["show", "N=x"], ["show", "N=3"], ["show", "N=²"]])
def test_a_stage_that_does_not_exist_is_answered_with_the_list(begun, words):
    assert begun.refused(*words).startswith("show: which lesson?\n  make show N=0   A toy\n")


def test_saved_work_is_listed_with_the_way_back_to_each(begun):
    begun.put({"chat/a.py": b"mine\n"})
    begun.start(2)
    make(begun, "show", "N=0")
    begun.put({"notes": b"of stage 0\n"})
    begun.start(2)
    begun.put({"one": b"", "other": b""})
    said = make(begun, "work").splitlines()
    assert [line.split()[0] for line in said if line.startswith("work/")] == branches_of(begun)
    assert any(line.startswith("work/02-toy") and line.endswith(", you are here") for line in said)
    assert "    back to it: make start N=1" in said
    assert "    back to it: make start N=0" in said
    assert "Changed here and not saved yet: 2. Every move saves first." in said
    assert "Every save is kept. See them all: git log -p work/02-toy" in said


def test_any_branch_of_mine_can_be_taken_up_again(student):
    student.put({"chat/a.py": b"on main\n"})
    student.start(1)
    student.put({"chat/a.py": b"in lesson 1\n"})
    assert "    back to it: make work TO=from-main\n" in make(student, "work")
    for name in ("from-main", "work/from-main"):
        assert make(student, "work", f"TO={name}").endswith(
            "You are on the branch work/from-main, where you left it.\n"
        )
    assert (student.root / "chat/a.py").read_bytes() == b"on main\n"
    student.start(1)
    assert (student.root / "chat/a.py").read_bytes() == b"in lesson 1\n"


def test_a_branch_that_is_not_there_is_answered_with_those_that_are(begun):
    assert begun.refused("work", "TO=nowhere") == "work: there is no branch work/nowhere. Yours are: work/01-toy\n"


def test_where_nothing_is_saved_that_is_said(student):
    assert make(student, "work") == ("Nothing is saved so far: no lesson has been begun. Begin with: make start N=0\n")


def test_a_lesson_can_be_begun_afresh_and_the_first_try_is_kept(begun):
    begun.put({"chat/a.py": b"first try\n"})
    said = make(begun, "start", "N=1", "AGAIN=1")
    assert "What you had in lesson 1 is on the branch work/01-toy-2 now" in said
    assert "You are on the branch work/01-toy, where lesson 0 ends." in said
    assert (begun.root / "chat/a.py").read_bytes() == b"one = 1\n"
    make(begun, "work", "TO=01-toy-2")
    assert (begun.root / "chat/a.py").read_bytes() == b"first try\n"


def test_a_lesson_that_was_never_begun_can_be_begun_afresh(begun):
    said = make(begun, "start", "N=2", "AGAIN=1")
    assert "What you had" not in said
    assert branches(begun) == ["main", "work/01-toy", "work/02-toy"]


def make(course: Course, *words: str) -> str:
    done = course.make(*words)
    assert done.returncode == 0, done.stdout
    return done.stdout


def branches_of(course: Course) -> list[str]:
    """Return the work branches, the newest first; branches of the same second as git has them."""
    return course.lines("for-each-ref", "--sort=-committerdate", "--format=%(refname:lstrip=2)", "refs/heads/work")
