"""`make check`: the proof that the course is right, as jobs that run side by side.

For every stage: each of its checks fails on the stage before and passes on its own, together with all earlier ones. The
top of the course is the last stage. What the lessons show in their consoles really comes out. Notebooks run, other
correct solutions pass, everything is linted. That a stage is green is checked through `make test`, as students call it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from ...content import mistakes
from ...content.disk import app_on_disk
from ...content.notebook import notebook_stage
from ...content.stages import MARKER, Files
from ...errors import CourseError
from ...harness.machine import needs_every_program
from ...harness.redis import NoRedis
from ...paths import ROOT
from ..book.notebooks import RUN as RUN_NOTEBOOK
from ..book.prove import prove
from ..pictures.make import wrong_with_diagram, wrong_with_picture
from ..stage_folders import StageFolders
from . import content_checks
from .console_blocks import run_blocks
from .explanations import checks_without_mistake, wrong_with_explanation
from .inputs import Inputs, digest
from .jobs import Job, Memory, is_wrong, run_jobs, summary
from .lint import lint, run, wrong_imports
from .load import TIMED, load_tests, run_load
from .variants import files_of, variants
from .warm import WarmPlaces

RUN = [sys.executable, "-m"]
LONG = 5_000  # bytes, of a file of tests
MEMORY = ROOT / ".course" / "check.json"


def check(only: str, fresh: str) -> int:
    """Run every job, or those of one part, and print the table; return 1 if anything is wrong.

    Without `fresh`, and not in CI, what has not changed since it passed is not run again.
    """
    began, memory = time.perf_counter(), Memory(MEMORY, take=not (fresh or os.environ.get("CI")))
    with tempfile.TemporaryDirectory(prefix="course-check-", ignore_cleanup_errors=True) as folder:
        course = Course(Path(folder))
        jobs = [job for job in course.jobs() if only in job.title]
        if not jobs:
            parts = ", ".join(dict.fromkeys(job.part for job in course.jobs()))
            raise CourseError(f"check: nothing is called {only!r}. The parts are: {parts}.")
        with closing(course.warm):
            run_jobs(jobs, memory)
    print("\n".join(summary(jobs)))
    print(f"({time.perf_counter() - began:.0f} s; the processors worked {sum(os.times()[:4]):.0f} s)")
    return 1 if any(map(is_wrong, jobs)) else 0


class Course(StageFolders):
    """The jobs, and what each does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.warm = WarmPlaces(folder, self.base)

    def jobs(self) -> list[Job]:
        """List the jobs, each with a hash of what it depends on. Jobs that measure time, and quick ones, have none."""
        last, inputs = len(self.lessons) - 1, Inputs(ROOT, self.base)
        numbers, everything = range(last + 1), digest(inputs.all, app_on_disk())
        trees = [digest(files) for files in self.stages]
        stages = [digest(trees[max(n - 1, 0)], trees[n], inputs.checks(n)) for n in numbers]
        lessons = [inputs.below(lesson.file.rpartition("/")[0]) for lesson in self.lessons]
        listed: list[Job] = []

        def add(part: str, name: str, work: Callable[..., list[str]], *depends: object, **given: object) -> None:
            listed.append(Job(part, name, partial(work, **given), inputs=inputs.hash(name, *depends)))

        for test in load_tests():
            add("load", test.stem[5:], self.load, trees[last], inputs.below("tests/load/"), test=test)
            if test in TIMED:
                listed[-1].alone, listed[-1].inputs = True, ""
        for name, files in engine_tests().items():
            add("engine", name, engine, everything, files=files)
        add("book", "its pages", self.book, everything)
        for n in numbers:
            add("console", f"lesson {n:02}", self.consoles, stages[n], lessons[n], number=n)
            covers = inputs.below("tests/mistakes/") if n == last else {}
            add("stages", f"stage {n:02} green", self.green, stages[n], covers, number=n, last=last)
            add("stages", f"stage {n:02} red", self.red, stages[n], number=n)
        for path in variants():
            n = int(path.name[:2])
            own = digest(files_of(path, self.stages[n]))
            add("variants", path.name, self.variant, stages[n], own, path=path)
        for one in mistakes.catalogue():
            base = trees[one.stage if one.base is None else one.base]
            add("mistakes", f"{one.id} {one.title}", self.mistake, stages[one.stage], base, one, mistake=one)
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            own = notebook_stage(path)
            for n in sorted({own, last}) if own <= last else []:
                name = f"{path.name} at stage {n:02}"
                add("notebooks", name, self.notebook, stages[n], inputs.below("notebooks/"), path=path, number=n)
        for n in numbers:
            shown = inputs.below("lessons/pictures.toml")
            add("pictures", f"diagram of lesson {n:02}", self.diagram, stages[n], lessons[n], number=n)
            add("pictures", f"page of stage {n:02}", self.picture, stages[n], lessons[n], shown, number=n)
        add("lint", "the course", self.lint, everything)
        for n in numbers[:-1]:
            add("lint", f"stage {n:02}", self.lint_stage, trees[n], number=n)
        return [
            *listed,
            Job("content", "the top is the last stage", lambda job: content_checks.top(self.stages[-1], last)),
            Job("content", "lessons and links", lambda job: content_checks.lessons(self.lessons)),
        ]

    def green(self, job: Job, number: int, last: int) -> list[str]:
        """All checks of stages 0..N pass on stage N; the browser runs for stage N's own, and for all at the last."""
        place = self.lay_out(f"green-{number}", self.stages[number], number)
        results, output = checks(place, number, *from_stage(number if number < last else 0))
        bad = {name: result["outcome"] for name, result in results.items() if result["outcome"] != "passed"}
        job.notes = f"{len(results)} pass"
        problems = [f"{name}: {outcome} on its own stage" for name, outcome in bad.items()]
        problems += content_checks.sections(results, self.lessons)
        if number == last:
            functions = {name.partition("::")[2].partition("[")[0] for name in results}
            problems += checks_without_mistake(mistakes.catalogue(), functions)
        return problems + ([output] if bad or not results else [])

    def red(self, job: Job, number: int) -> list[str]:
        """Each check of stage N fails on stage N-1, at an assertion and not by an accident in its set-up."""
        before = self.stages[number - 1] if number else {}
        with self.warm.lend({**before, MARKER: f"{max(number - 1, 0)}\n"}) as warm:
            results, output = warm.run(stage=number, all=True, from_stage=number, long_from=number)
        expected = ("failed", "waits") if number == 0 else ("failed",)  # without settings all others wait for them
        guards = {name for name, result in results.items() if result["guards"]}
        job.notes = f"{len(results) - len(guards)} fail" + (f", {len(guards)} guard" if guards else "")
        problems = [
            f"{name}: {result['outcome']} on the stage before" + (", so it is no guard" if name in guards else "")
            for name, result in results.items()
            if result["outcome"] not in (("passed",) if name in guards else expected)
        ]
        problems += [] if results else ["No check has said what it did."]
        return problems + ([output] if problems else [])

    def variant(self, job: Job, path: Path) -> list[str]:
        """A correct solution in another style passes all checks up to its stage."""
        number = int(path.name[:2])
        stage = self.stages[number]
        files = files_of(path, stage)
        looks = any(name.endswith((".html", ".js")) and text != stage.get(name) for name, text in files.items())
        with self.warm.lend({**files, MARKER: f"{number}\n"}) as warm:
            results, output = warm.run(stage=number, browser_from=0 if looks else 99)
            bad = [f"{name}: {result['outcome']}" for name, result in results.items() if result["outcome"] != "passed"]
            bad += false_positives(warm.place, number)
            return bad + ([output] if bad or not results else [])

    def mistake(self, job: Job, mistake: mistakes.Mistake) -> list[str]:
        """A learner's mistake, made in the finished stage, is explained as the catalogue wants it."""
        with self.warm.lend(self.with_mistake(mistake)) as warm:
            results, output = warm.run(
                stage=mistake.stage,
                long_from=mistake.stage,
                until=mistake.check,
                page=mistake.is_in_the_page,
                first_cause=True,
            )
            return wrong_with_explanation(mistake, warm.place, results, output)

    def with_mistake(self, mistake: mistakes.Mistake) -> Files:
        """Return the student's files with the mistake in them, and the marker."""
        base = mistake.stage if mistake.base is None else mistake.base
        return {**mistake.apply(self.stages[base]), MARKER: f"{mistake.stage}\n"}

    def consoles(self, job: Job, number: int) -> list[str]:
        """Run the console blocks of a lesson, each in the code as it stands at that place of the text."""
        before = self.stages[number - 1] if number else {}
        problems, done = run_blocks(self.lessons[number], before, self.lay_out)
        ran = sum(line.startswith("run") for line in done)
        shown = [line.split(maxsplit=1)[1] for line in done if line.startswith("shown")]
        job.notes = f"{ran} commands run" + (f"; only shown: {', '.join(shown)}" if shown else "")
        return problems

    def notebook(self, job: Job, path: Path, number: int) -> list[str]:
        """A notebook runs from top to bottom in a clean kernel, and leaves the student's database alone."""
        place = self.lay_out(f"notebook-{path.stem}-{number}", self.stages[number], number)
        database = place / "db.sqlite3"
        database.write_text("the student's", encoding="utf-8")  # no SQLite file: whoever opens it gets an error, too
        problems = run([sys.executable, "-c", RUN_NOTEBOOK, path.name, os.devnull], place / "notebooks")
        if database.read_text(encoding="utf-8") != "the student's":
            problems.append(f"notebooks/{path.name}:1: writes to the student's database")
        return problems + content_checks.notebook(path)

    def diagram(self, job: Job, number: int) -> list[str]:
        """The recorded diagram of a lesson is what its code does."""
        place = self.lay_out(f"diagram-{number}", self.stages[number], number)
        try:
            return wrong_with_diagram(self.lessons[number], place)
        except NoRedis as error:
            job.notes = f"NOT CHECKED: {error}"
            return [str(error)] if needs_every_program() else []

    def picture(self, job: Job, number: int) -> list[str]:
        """The picture of a stage's page was taken of that page."""
        place = self.lay_out(f"picture-{number}", self.stages[number], number)
        return wrong_with_picture(self.lessons[number], place)

    def load(self, job: Job, test: Path) -> list[str]:
        return run_load(test, self.lay_out(f"load-{test.stem}", self.stages[-1], len(self.stages) - 1))

    def book(self, job: Job) -> list[str]:
        return prove(job, self.folder / "book", self.lessons)

    def lint(self, job: Job) -> list[str]:
        return lint(ROOT) + wrong_imports(ROOT)

    def lint_stage(self, job: Job, number: int) -> list[str]:
        return lint(self.lay_out(f"lint-{number}", self.stages[number], number), "chat", "mywebsite")


def engine_tests() -> dict[str, list[str]]:
    """Return the files of the engine's tests: a long one is a job of its own, the short ones are one together."""
    parts: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests" / "engine").glob("test_*.py")):
        name = path.stem.removeprefix("test_") if path.stat().st_size > LONG else "what is short"
        parts.setdefault(name, []).append(str(path.relative_to(ROOT)))
    return parts


def engine(job: Job, files: list[str]) -> list[str]:
    """Run tests of the engine; the notes are what they say last, and what was skipped, and why."""
    command = [*RUN, "pytest", "-q", "-rs", *files]
    done = subprocess.run(command, cwd=ROOT, stdout=-1, stderr=subprocess.STDOUT)
    said = done.stdout.decode("utf-8", "replace").strip()
    lines = said.splitlines()
    job.notes = "; ".join([*lines[-1:], *(line for line in lines if line.startswith("SKIPPED"))])
    return [said] if done.returncode else []


def from_stage(number: int) -> tuple[str, ...]:
    """Return the options that let checks of this stage and later ones open a browser, and take their time."""
    return "--browser-from", str(number), "--long-from", str(number)


def false_positives(place: Path, stage: int) -> list[str]:
    """Return what the finders of faults see in a correct solution: there should be nothing."""
    return run([*RUN, "tests.explain", str(place), str(stage)], ROOT)


def checks(place: Path, stage: int, *options: str) -> tuple[dict, str]:
    """Run `make test STAGE=...` in a folder; return what each check did, and the output."""
    with tempfile.TemporaryDirectory(prefix="course-results-") as folder:
        results = Path(folder) / "results.json"
        addopts = " ".join([*options, "--results", results.as_posix()])
        environ = {"COURSE_LANES": "1", **os.environ, "PYTEST_ADDOPTS": addopts}  # other jobs run beside this one
        done = subprocess.run(
            [*RUN, "lessons", "test", f"STAGE={stage}"], cwd=place, env=environ, stdout=-1, stderr=subprocess.STDOUT
        )
        output = done.stdout.decode("utf-8", "replace").strip()
        return json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}, output
