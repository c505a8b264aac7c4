"""`make drill`: a fault that is not told, the same for all with the same seed, and nothing of the student's lost."""

import json

import pytest

from lessons.engine.content.mistakes import catalogue
from lessons.engine.student import drill

from .test_save import branch, branches
from .test_work import make

MISTAKES = """
[[mistake]]
id = "S1-01"
title = "the number is wrong"
edits = [["chat/a.py", "two = 2", "two = 22"]]
check = "test_x"
file = "chat/a.py"
says = []
see = "22"
because = "it says so"
do = "write 2"

[[mistake]]
id = "S1-02"
title = "the page is gone"
remove = ["templates/a.html"]
check = "test_x"
file = "templates/a.html"
says = []

[[mistake]]
id = "S1-03"
title = "not yet done"
base = 0
check = "test_x"
file = "chat/a.py"
says = []
"""


@pytest.fixture
def driller(begun):
    begun.commit({"tests/mistakes/01.toml": MISTAKES.encode(), "chat/a.py": b"mine\n"})
    return begun


def fault(course) -> str:
    """Return which of the faults is in the folder."""
    wrong = {"S1-01": (course.root / "chat/a.py").read_bytes() == b"two = 22\n"}
    wrong["S1-02"] = not (course.root / "templates/a.html").exists()
    assert sum(wrong.values()) == 1
    return next(name for name, is_here in wrong.items() if is_here)


def catalogue_stays(course):
    """The branch of a drill begins at the stage, which in this toy has no catalogue: carry it over by hand."""
    course.put({"tests/mistakes/01.toml": MISTAKES.encode()})


def test_a_drill_puts_one_fault_into_the_finished_stage_and_does_not_tell(driller):
    driller.put({"notes": b"not committed\n"})
    said = make(driller, "drill", "SEED=7")
    assert "Your work is saved on the branch work/01-toy.\n" in said
    assert "Drill 1 of seed 7: the finished stage 1, A toy, with one fault in it." in said
    assert branch(driller) == "work/drill-01"
    assert driller.lines("log", "--format=%s", "-2") == ["Drill 1 of seed 7", "Lesson 1: A toy"]
    assert len(driller.lines("diff", "--name-only", "stage-01", "HEAD")) == 1
    title = {"S1-01": "the number is wrong", "S1-02": "the page is gone"}[fault(driller)]
    assert title not in said
    driller.start(1)
    assert (driller.root / "chat/a.py").read_bytes() == b"mine\n"
    assert (driller.root / "notes").read_bytes() == b"not committed\n"


def test_the_next_drill_is_another_and_the_same_seed_is_the_same_for_all(driller):
    seen = []
    for words in (["SEED=7"], ["STAGE=1"], ["SEED=7"], []):
        make(driller, "drill", *words)
        seen.append(fault(driller))
        catalogue_stays(driller)
    assert seen[0] != seen[1]
    assert seen[:2] == seen[2:]
    assert branches(driller)[2:] == ["work/drill-01", "work/drill-01-2", "work/drill-01-3", "work/drill-01-4"]


def test_without_a_seed_there_is_one_that_can_be_passed_on(driller):
    seed = make(driller, "drill").split("of seed ")[1].split(":")[0]
    first = fault(driller)
    catalogue_stays(driller)
    make(driller, "drill", f"SEED={seed}")
    assert fault(driller) == first


def test_the_fault_is_told_when_asked_for(driller):
    make(driller, "drill", "SEED=7")
    first = fault(driller)
    catalogue_stays(driller)
    solution = {first: make(driller, "drill", "REVEAL=1")}
    make(driller, "drill")
    second = fault(driller)
    catalogue_stays(driller)
    solution[second] = make(driller, "drill", "REVEAL=1")
    assert solution["S1-01"].splitlines()[0].endswith("of seed 7, stage 1: the number is wrong.")
    assert solution["S1-01"].splitlines()[1:] == [
        "You see: 22. Because: it says so. Do: write 2.",
        "In chat/a.py (- is the finished stage's, + was the fault):",
        "@@ -1 +1 @@",
        "-two = 2",
        "+two = 22",
    ]
    assert solution["S1-02"].splitlines()[0].endswith("of seed 7, stage 1: the page is gone.")
    assert solution["S1-02"].splitlines()[-1] == "the file was missing"


def test_without_a_drill_there_is_nothing_to_tell(driller):
    assert driller.refused("drill", "REVEAL=1") == "There is no drill that I know of. Begin one: make drill\n"


@pytest.mark.parametrize("words", [["STAGE=x"], ["STAGE=9"]])
def test_a_stage_that_does_not_exist_is_answered_with_the_list(driller, words):
    assert driller.refused("drill", *words).startswith("drill: which lesson?\n  make drill STAGE=0   A toy\n")


def test_a_stage_without_faults_says_so(driller):
    assert driller.refused("drill", "STAGE=0") == "drill: tests/mistakes has none for stage 0.\n"


def test_a_drill_is_no_lesson_so_there_is_no_next_one(driller):
    make(driller, "drill", "SEED=7")
    catalogue_stays(driller)
    assert driller.refused("next").startswith("next: this is a drill. Another one: make drill.")


def test_every_stage_of_the_course_has_drills_and_they_never_wait_for_an_older_stage():
    for stage in {mistake.stage for mistake in catalogue()}:
        first, again = drill.shuffled_mistakes(stage, "7"), drill.shuffled_mistakes(stage, "7")
        assert first == again != drill.shuffled_mistakes(stage, "8")
        assert len(first) >= 8
        assert all(card.base is None for card in first)


def test_the_open_card_is_kept_where_no_branch_shows_it(driller):
    make(driller, "drill", "SEED=7")
    state = json.loads((driller.root / ".course/drill.json").read_text(encoding="utf-8"))
    assert state == {"stage": 1, "seed": "7", "number": 1, "mistake": fault(driller)}
    assert ".course/drill.json" not in driller.files()
