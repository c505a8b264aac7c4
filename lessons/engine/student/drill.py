"""`make drill`: one fault of the catalogue in the finished stage, on a branch of its own. Predict, run, repair.

A seed shuffles the faults of a stage, the same on every machine. Which one is set is in
.course/drill.json, and not on the branch, where it would be seen.
"""

import difflib
import json
import random
from collections.abc import Iterator

from ..content.disk import lessons_on_disk, marker
from ..content.mistakes import Mistake, catalogue
from ..content.stages import Files, make_stages
from ..errors import CourseError
from ..paths import ROOT
from ..repository import databases
from ..repository.save import (
    commit,
    lesson_of_number,
    refuse_if_unfinished,
    repository,
    save,
    stage_commit,
    switch,
    unused_name,
)

DRILL = "work/drill-"
STATE = ROOT / ".course" / "drill.json"


def drill(stage: str, seed: str, reveal: str) -> None:
    """Set the next drill; with SEED= the first one of that deck; with REVEAL=1 tell the fault of the last one."""
    last = read_state()
    if reveal:
        print("\n".join(solution(last)))
        return
    git, lessons = repository(), lessons_on_disk()
    lesson = lesson_of_number("drill STAGE", stage or str(min(marker(), len(lessons) - 1)), lessons)
    number = 1
    if not seed and last and last["stage"] == lesson.number:
        seed, number = last["seed"], last["number"] + 1
    seed = seed or str(random.randrange(1000))
    cards = shuffled_mistakes(lesson.number, seed)
    mistake = cards[(number - 1) % len(cards)]
    refuse_if_unfinished(git)
    databases.refuse_if_in_use(git)
    finished = make_stages(lessons)[lesson.number]
    tree = git.write_tree(base := stage_commit(git, lesson.tag), changes(finished, mistake.apply(finished)))
    if saved := save(git, lessons):
        print(f"Your work is saved on the branch {saved}.")
    branch = unused_name(git, f"{DRILL}{lesson.number:02}")
    git.run("update-ref", f"refs/heads/{branch}", commit(git, tree, [base], f"Drill {number} of seed {seed}\n"), "")
    STATE.parent.mkdir(exist_ok=True)
    state = {"stage": lesson.number, "seed": seed, "number": number, "mistake": mistake.id}
    STATE.write_text(json.dumps(state), encoding="utf-8")
    switch(git, branch)
    print(f"Drill {number} of seed {seed}: the finished stage {lesson.number}, {lesson.title}, with one fault in it.")
    print("1. Look: read the code, run it, try it in two windows. What is wrong? Write down what make test will say.")
    print("2. make test. Were you right?  3. Mend it, until make test is green.")
    print("To be told: make drill REVEAL=1. Another one: make drill. Back to your own work: make work")


def shuffled_mistakes(stage: int, seed: str) -> list[Mistake]:
    """Return the faults that can be made in the finished stage, in the order of this seed."""
    cards = [mistake for mistake in catalogue() if mistake.stage == stage and mistake.base is None and mistake.drill]
    if not cards:
        raise CourseError(f"drill: tests/mistakes has none for stage {stage}.")
    random.Random(f"{stage} {seed}").shuffle(cards)  # the same in every Python from 3.2 on
    return cards


def changes(before: Files, after: Files) -> Files:
    """Return what turns one stage's files into others; None where a file is gone."""
    return {path: after.get(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def read_state() -> dict:
    """Return what is known of the last drill; nothing where there was none."""
    try:
        return json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def solution(state: dict) -> Iterator[str]:
    """Yield what the fault was, why it does what it does where the catalogue says so, and the change that made it."""
    mistake = next((mistake for mistake in catalogue() if mistake.id == state.get("mistake")), None)
    if mistake is None:
        raise CourseError("There is no drill that I know of. Begin one: make drill")
    finished = make_stages(lessons_on_disk())[mistake.stage]
    yield f"Drill {state['number']} of seed {state['seed']}, stage {mistake.stage}: {mistake.title}."
    if mistake.because:
        yield f"You see: {mistake.see}. Because: {mistake.because}. Do: {mistake.do}."
    for path, text in sorted(changes(finished, mistake.apply(finished)).items()):
        yield f"In {path} (- is the finished stage's, + was the fault):"
        rows = difflib.unified_diff(finished.get(path, "").splitlines(), (text or "").splitlines(), n=1, lineterm="")
        yield from list(rows)[2:] if text is not None else ["the file was missing"]
