"""The jobs of `make check`: run side by side, and told as they end.

What failed is run once more, alone. What has not changed since it passed is not run again on a person's machine.
"""

import json
import os
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import CourseError

HERE = "lessons/engine/author/check/jobs.py"
ACCIDENTS = 5  # if more jobs fail than that, it was none
MEASURES_TIME = {
    "load: neighbours": "it measures how long people wait, so what else the machine does shows",
}
"""Jobs that may fail once in CI, and why. Any other that passes only at its second try has a fault of its own."""
SECONDS = {"load": 90, "engine": 80, "book": 80, "console": 40, "stages": 40, "notebooks": 15, "pictures": 10}
"""How long a job of a part may take, where that is not remembered."""


@dataclass
class Job:
    """One part of the proof: `work` returns what is wrong, line by line, and may leave `notes`."""

    part: str
    name: str
    work: Callable[["Job"], list[str]]
    alone: bool = False  # it measures time, so nothing else runs beside it
    inputs: str = ""  # a hash of all that it depends on; "" if that cannot be named
    notes: str = ""
    seconds: float = 0.0
    problems: list[str] | None = None
    tries: int = 0

    @property
    def title(self) -> str:
        return f"{self.part}: {self.name}"

    @property
    def was_late(self) -> bool:
        """Tell whether it has passed, but not at once."""
        return self.tries > 1 and not self.problems

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


class Memory:
    """What is known of each job from earlier runs: with which inputs it has passed, what it noted, how long it took."""

    def __init__(self, path: Path, take: bool) -> None:
        """`take`: whether what has passed before counts."""
        self.path, self.take = path, take
        try:
            self.jobs = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.jobs = {}

    def still_to_run(self, jobs: list[Job]) -> list[Job]:
        """Return the jobs that have to run, the longest first."""
        return sorted((job for job in jobs if not self.take_over(job)), key=self.seconds, reverse=True)

    def take_over(self, job: Job) -> bool:
        """Take the result of a job from before, if it has passed with the same inputs; tell whether it has."""
        known = self.jobs.get(job.title, {})
        if self.take and job.inputs and known.get("inputs") == job.inputs:
            job.problems, job.notes = [], known["notes"]
            return True
        return False

    def seconds(self, job: Job) -> float:
        return self.jobs.get(job.title, {}).get("seconds") or SECONDS.get(job.part, 5)

    def keep(self, job: Job) -> None:
        """Remember what a job has done. It has passed if it did at its first try."""
        passed = job.inputs if not job.problems and job.tries == 1 else ""
        self.jobs[job.title] = {"inputs": passed, "notes": job.notes, "seconds": round(job.seconds, 1)}
        with suppress(OSError):  # a folder that cannot be written to: then all runs again
            self.path.parent.mkdir(exist_ok=True)
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(self.jobs, indent=0), encoding="utf-8")
            new.replace(self.path)


def run_jobs(jobs: list[Job], memory: Memory) -> None:
    """Run all that memory has not, the longest first, and tell of each as it ends.

    Where a few have failed, each of these is run once more, alone: on a busy machine a patience may run out for no
    fault of the course. What has needed that is told, and again by `summary`.
    """
    to_run = memory.still_to_run(jobs)

    def end(job: Job) -> None:
        tell(job)
        memory.keep(job)

    # one more than there are processors: many jobs wait for a patience to run out
    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        try:
            for done in as_completed([pool.submit(job.run) for job in to_run if not job.alone]):
                end(done.result())
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for job in (job for job in to_run if job.alone):
        end(job.run())
    failed = [job for job in to_run if job.problems]
    for job in failed if len(failed) <= ACCIDENTS else []:
        end(job.run())


def tell(job: Job) -> None:
    word = "FAIL" if job.problems else "ok  "
    again = "  SECOND TRY" if job.tries > 1 else ""
    print(f"{word}  {job.seconds:6.1f} s  {job.title}  {job.notes}{again}", flush=True)
    for line in job.problems or []:
        print("      " + line.replace("\n", "\n      "), flush=True)


def is_wrong(job: Job) -> bool:
    """Tell whether a job has failed. In CI passing at the second try is a failure too, but for what measures time."""
    return bool(job.problems) or (job.was_late and bool(os.environ.get("CI")) and job.title not in MEASURES_TIME)


def summary(jobs: list[Job]) -> list[str]:
    """Return the last lines: the stages, what took longest, what needed a second try, and how many have passed."""
    ran = [job for job in jobs if job.tries]
    lines = table(jobs)
    lines += ["", "The five slowest parts:"] if ran else []
    lines += [f"  {job.seconds:6.1f} s  {job.title}" for job in sorted(ran, key=lambda job: -job.seconds)[:5]]
    if late := [job for job in jobs if job.was_late]:
        lines += ["", "FAILED AT FIRST, and passed alone. If it is so again, it is no accident:"]
        lines += [f"  {job.title}" + (f" ({why})" if (why := MEASURES_TIME.get(job.title)) else "") for job in late]
        if any(map(is_wrong, late)):
            lines += [f"In CI that is a failure. Is it because it measures time? List it: {HERE}, MEASURES_TIME"]
    if before := len(jobs) - len(ran):
        lines += ["", f"{before} of {len(jobs)} not run: unchanged since they passed. To run all: make check FRESH=1"]
    wrong = sum(map(is_wrong, jobs))
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
