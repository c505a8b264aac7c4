"""How `make check` runs its jobs, and what it says of them."""

import pytest

from lessons.engine.author.check.jobs import ACCIDENTS, Job, run_jobs, summary


def fails(times: int):
    """Return work that goes wrong so many times, and then well."""

    def work(job: Job) -> list[str]:
        return ["too late"] if job.tries <= times else []

    return work


def test_what_fails_once_is_run_again_and_that_is_said_twice(capsys):
    jobs = [Job("mistakes", "late", fails(1)), Job("lint", "well", fails(0))]
    run_jobs(jobs)
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines() if "mistakes: late" in line] == ["FAIL", "ok"]
    assert "SECOND TRY" in said and "too late" in said
    lines = summary(jobs)
    assert lines[-1] == "2 passed, 0 failed"
    assert lines[lines.index("FAILED AT FIRST, and passed alone. If it is so again, it is no accident:") + 1 :][0] == (
        "  mistakes: late"
    )


def test_what_fails_twice_has_failed():
    jobs = [Job("mistakes", "wrong", fails(2)), Job("lint", "well", fails(0))]
    run_jobs(jobs)
    assert [job.tries for job in jobs] == [2, 1]
    assert summary(jobs)[-1] == "1 passed, 1 failed"
    assert not any("FAILED AT FIRST" in line for line in summary(jobs))


def test_many_failures_are_no_accident_and_nothing_is_run_again():
    jobs = [Job("mistakes", str(number), fails(1)) for number in range(ACCIDENTS + 1)]
    run_jobs(jobs)
    assert {job.tries for job in jobs} == {1}
    assert summary(jobs)[-1] == f"0 passed, {ACCIDENTS + 1} failed"


@pytest.mark.parametrize("alone", [False, True])
def test_a_job_that_breaks_has_failed_and_the_others_go_on(alone, capsys):
    def breaks(job: Job) -> list[str]:
        raise RuntimeError("no such thing")

    jobs = [Job("console", "broken", breaks, alone), Job("lint", "well", fails(0))]
    run_jobs(jobs)
    assert "RuntimeError: no such thing" in capsys.readouterr().out
    assert [bool(job.problems) for job in jobs] == [True, False]


def test_the_table_has_a_row_for_each_stage():
    jobs = [Job("stages", f"stage 03 {color}", fails(0), notes=f"9 {color}", seconds=2.0) for color in ("green", "red")]
    assert summary(jobs)[2] == "stage 03   9 red              9 green              4.0"
