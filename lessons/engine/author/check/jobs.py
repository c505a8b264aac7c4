"""The jobs of `make check`: run side by side, and told as they end. What failed is run once more, alone."""

import os
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from ...errors import CourseError

ACCIDENTS = 5  # if more jobs fail than that, it was none


@dataclass
class Job:
    """One part of the proof: `work` returns what is wrong, line by line, and may leave `notes`."""

    part: str
    name: str
    work: Callable[["Job"], list[str]]
    alone: bool = False  # it measures time, so nothing else runs beside it
    notes: str = ""
    seconds: float = 0.0
    problems: list[str] | None = None
    tries: int = 0

    def run(self) -> "Job":
        began = time.perf_counter()
        self.tries += 1
        try:
            self.problems = self.work(self)
        except CourseError as error:
            self.problems = [str(error)]
        except Exception:  # the other jobs go on
            self.problems = [traceback.format_exc()]
        self.seconds = time.perf_counter() - began
        return self


def run_jobs(jobs: list[Job]) -> None:
    """Run all, and tell of each as it ends.

    Where a few have failed, each of these is run once more, alone: on a busy machine a patience may run out for no
    fault of the course. What has needed that is told, and again by `summary`.
    """
    # one more than there are processors: many jobs wait for a patience to run out
    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        for done in as_completed([pool.submit(job.run) for job in jobs if not job.alone]):
            tell(done.result())
    for job in (job for job in jobs if job.alone):
        tell(job.run())
    failed = [job for job in jobs if job.problems]
    for job in failed if len(failed) <= ACCIDENTS else []:
        tell(job.run())


def tell(job: Job) -> None:
    word = "FAIL" if job.problems else "ok  "
    again = "  SECOND TRY" if job.tries > 1 else ""
    print(f"{word}  {job.seconds:6.1f} s  {job.part}: {job.name}  {job.notes}{again}", flush=True)
    for line in job.problems or []:
        print("      " + line.replace("\n", "\n      "), flush=True)


def summary(jobs: list[Job]) -> list[str]:
    """Return the last lines: the stages, what took longest, what needed a second try, and how many have passed."""
    lines = table(jobs)
    lines += ["", "The five slowest parts:"]
    lines += [
        f"  {job.seconds:6.1f} s  {job.part}: {job.name}" for job in sorted(jobs, key=lambda job: -job.seconds)[:5]
    ]
    if again := [f"  {job.part}: {job.name}" for job in jobs if job.tries > 1 and not job.problems]:
        lines += ["", "FAILED AT FIRST, and passed alone. If it is so again, it is no accident:", *again]
    wrong = sum(bool(job.problems) for job in jobs)
    return [*lines, "", f"{len(jobs) - wrong} passed, {wrong} failed"]


def table(jobs: list[Job]) -> list[str]:
    """Return a row for each stage: how many of its checks fail on the stage before, and pass on its own."""
    stages: dict[str, dict[str, Job]] = {}
    for job in jobs:
        if job.part == "stages":
            stage, _, color = job.name.rpartition(" ")
            stages.setdefault(stage, {})[color] = job
    lines = ["", "stage      red                green              seconds"] if stages else []
    for stage, row in sorted(stages.items()):
        both = [row.get(color) for color in ("red", "green")]
        cells = [f"{'' if job is None else 'WRONG' if job.problems else job.notes:<18}" for job in both]
        lines.append(f"{stage:<10} {' '.join(cells)} {sum(job.seconds for job in row.values()):5.1f}")
    return lines
