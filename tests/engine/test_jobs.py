"""How `make check` runs its jobs, and what it says of them."""

import pytest

from lessons.engine.author.check.inputs import Inputs
from lessons.engine.author.check.jobs import ACCIDENTS, MEASURES_TIME, Job, Memory, is_wrong, run_jobs, summary
from lessons.engine.author.check.load import load_tests

LATE = "FAILED AT FIRST, and passed alone. If it is so again, it is no accident:"


@pytest.fixture(autouse=True)
def on_a_persons_machine(monkeypatch):
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def memory(tmp_path):
    return Memory(tmp_path / "course" / "check.json", take=True)


def fails(times: int):
    """Return work that goes wrong so many times, and then well."""

    def work(job: Job) -> list[str]:
        return ["too late"] if job.tries <= times else []

    return work


def test_what_fails_once_is_run_again_and_that_is_said_twice(memory, capsys):
    jobs = [Job("mistakes", "late", fails(1)), Job("lint", "well", fails(0))]
    run_jobs(jobs, memory)
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines() if "mistakes: late" in line] == ["FAIL", "ok"]
    assert "SECOND TRY" in said and "too late" in said
    lines = summary(jobs)
    assert lines[-1] == "2 passed, 0 failed"
    assert lines[lines.index(LATE) + 1] == "  mistakes: late"


def test_in_ci_what_passes_only_at_its_second_try_has_failed(memory, monkeypatch):
    monkeypatch.setenv("CI", "true")
    late, timed = Job("mistakes", "late", fails(1)), Job(*next(iter(MEASURES_TIME)).split(": "), fails(1))
    run_jobs([late, timed], memory)
    assert [is_wrong(late), is_wrong(timed)] == [True, False]
    assert summary([late, timed])[-1] == "1 passed, 1 failed"


def test_each_job_that_may_be_late_is_there():
    """A job that is called otherwise now would lose its excuse without a word."""
    titles = {f"load: {path.stem[5:]}" for path in load_tests()}
    assert titles >= MEASURES_TIME.keys()


@pytest.mark.parametrize(
    ("fails_so_often", "before", "now", "tries"),
    [
        (0, "a", "a", 0),  # unchanged since it passed
        (0, "a", "b", 1),
        (0, "", "", 1),  # what it depends on cannot be named
        (1, "a", "a", 1),  # passed only at its second try
        (2, "a", "a", 1),  # failed
    ],
)
def test_what_is_unchanged_since_it_passed_is_not_run_again(memory, fails_so_often, before, now, tries):
    run_jobs([Job("mistakes", "one", fails(fails_so_often), inputs=before)], memory)
    again = Job("mistakes", "one", fails(0), inputs=now)
    run_jobs([again], Memory(memory.path, take=True))
    assert again.tries == tries
    said = "1 of 1 not run: unchanged since they passed. To run all: make check FRESH=1"
    assert (said in summary([again])) == (tries == 0)
    assert summary([again])[-1] == "1 passed, 0 failed"


def test_what_was_noted_before_stands_in_the_table_again(memory):
    def notes(job: Job) -> list[str]:
        job.notes = "9 pass"
        return []

    run_jobs([Job("stages", "stage 03 green", notes, inputs="a")], memory)
    again = Job("stages", "stage 03 green", notes, inputs="a")
    run_jobs([again], Memory(memory.path, take=True))
    assert "9 pass" in summary([again])[2]


def test_fresh_runs_all_and_what_fails_now_is_not_taken_from_before(memory):
    run_jobs([Job("mistakes", "one", fails(0), inputs="a")], memory)
    run_jobs([fresh := Job("mistakes", "one", fails(9), inputs="a")], Memory(memory.path, take=False))
    assert fresh.problems
    assert not Memory(memory.path, take=True).take_over(fresh)


def test_a_memory_that_cannot_be_read_is_none(memory):
    memory.path.parent.mkdir()
    memory.path.write_text("{", encoding="utf-8")
    run_jobs([job := Job("mistakes", "one", fails(0), inputs="a")], Memory(memory.path, take=True))
    assert job.tries == 1


def test_what_took_longest_begins_first(memory):
    memory.jobs = {"mistakes: slow": {"seconds": 1000}, "mistakes: quick": {"seconds": 1}}
    names = [("mistakes", "quick"), ("mistakes", "slow"), ("book", "its pages"), ("mistakes", "new")]
    order = memory.still_to_run([Job(*name, fails(0)) for name in names])
    assert [job.name for job in order] == ["slow", "its pages", "new", "quick"]


FILES = {
    "lessons/00-toy/README.md": "# Lesson 0: A toy\n\n## Step 1\n\nprose\n",
    "lessons/00-toy/deploy.conf": "listen",
    "lessons/engine/author/check/check.py": "",
    "tests/engine/test_check.py": "",
    "tests/conftest.py": "",
    "tests/stages/test_stage_00_toy.py": "",
    "tests/stages/test_stage_01_later.py": "",
    "tests/mistakes/00.toml": "",
    "something.new": "",
}


@pytest.mark.parametrize(
    ("path", "text", "same"),
    [
        ("lessons/00-toy/README.md", "# Lesson 0: A toy\n\n## Step 1\n\nother prose\n", True),
        ("lessons/00-toy/README.md", "# Lesson 0: A toy\n\n## Step one\n\nprose\n", False),
        ("lessons/00-toy/deploy.conf", "changed", False),
        ("lessons/engine/author/check/check.py", "changed", False),
        ("tests/engine/test_check.py", "changed", True),
        ("tests/conftest.py", "changed", False),
        ("tests/stages/test_stage_00_toy.py", "changed", False),
        ("tests/stages/test_stage_01_later.py", "changed", True),
        ("tests/mistakes/00.toml", "changed", True),
        ("something.new", "changed", False),
    ],
)
def test_a_hash_tells_what_a_job_depends_on(tmp_path, path, text, same):
    def hash_of_stage_0() -> str:
        inputs = Inputs(tmp_path, list(FILES))
        return inputs.hash(inputs.checks(0))

    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    before = hash_of_stage_0()
    (tmp_path / path).write_text(text, encoding="utf-8")
    assert (hash_of_stage_0() == before) == same


def test_a_library_of_another_version_changes_every_hash(tmp_path, monkeypatch):
    before = Inputs(tmp_path, []).hash("a")
    assert Inputs(tmp_path, []).hash("a") == before
    monkeypatch.setattr("lessons.engine.author.check.inputs.distributions", lambda: [])
    assert Inputs(tmp_path, []).hash("a") != before


def test_what_fails_twice_has_failed(memory):
    jobs = [Job("mistakes", "wrong", fails(2)), Job("lint", "well", fails(0))]
    run_jobs(jobs, memory)
    assert [job.tries for job in jobs] == [2, 1]
    assert summary(jobs)[-1] == "1 passed, 1 failed"
    assert not any("FAILED AT FIRST" in line for line in summary(jobs))


def test_many_failures_are_no_accident_and_nothing_is_run_again(memory):
    jobs = [Job("mistakes", str(number), fails(1)) for number in range(ACCIDENTS + 1)]
    run_jobs(jobs, memory)
    assert {job.tries for job in jobs} == {1}
    assert summary(jobs)[-1] == f"0 passed, {ACCIDENTS + 1} failed"


@pytest.mark.parametrize("alone", [False, True])
def test_a_job_that_breaks_has_failed_and_the_others_go_on(alone, memory, capsys):
    def breaks(job: Job) -> list[str]:
        raise RuntimeError("no such thing")

    jobs = [Job("console", "broken", breaks, alone), Job("lint", "well", fails(0))]
    run_jobs(jobs, memory)
    assert "RuntimeError: no such thing" in capsys.readouterr().out
    assert [bool(job.problems) for job in jobs] == [True, False]


def test_the_table_has_a_row_for_each_stage():
    jobs = [Job("stages", f"stage 03 {color}", fails(0), notes=f"9 {color}", seconds=2.0) for color in ("green", "red")]
    assert summary(jobs)[2] == "stage 03   9 red              9 green              4.0"
