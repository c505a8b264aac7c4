"""The command `make pictures`, and what `make check` asks of the pictures."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...content.disk import put
from ...content.lesson import Lesson
from ...errors import CourseError
from ...harness.redis import NoRedis, Redis
from ...paths import ROOT
from ...wire.record import World, record
from ...wire.scenes import NEED_REDIS, SCENES
from ..stage_folders import StageFolders
from . import diagrams, shots


def pictures(stage: str) -> None:
    """Record the diagrams and take the pictures anew, of all stages or of one.

    Raises CourseError where there is none, no browser or no Redis, or where the code does not do what a scene expects.
    """
    from ...harness.browser import NoBrowser, open_browser

    if stage and not stage.isdecimal():
        raise CourseError(f"pictures: STAGE={stage} is no number. Example: make pictures STAGE=4")
    with tempfile.TemporaryDirectory(prefix="course-pictures-") as folder:
        course, hashes = StageFolders(Path(folder)), shots.kept()
        chosen = [lesson for lesson in course.lessons if stage in ("", str(lesson.number))]
        if not chosen:
            raise CourseError(f"pictures: there is no stage {stage}.")
        try:
            with open_browser() as browser:
                for lesson in chosen:
                    with in_words(lesson):
                        renew_diagram(course, lesson)
                        hashes[(ROOT / lesson.file).parent.name] = renew_picture(course, lesson, browser)
                    print(f"{lesson.tag}: done", flush=True)
                last = course.lessons[-1]
                place = course.lay_out("wire", course.stages[last.number], last.number)
                with in_words(last), World(last.number, place) as world:
                    shots.shoot_wire(world, browser, ROOT / "lessons" / "wire.png")
        except NoBrowser:
            raise CourseError(
                "pictures: there is no browser here to take them. README.md says which will do."
            ) from None
        shots.keep({name: value for name, value in hashes.items() if (ROOT / "lessons" / name).is_dir()})


@contextmanager
def in_words(lesson: Lesson) -> Iterator[None]:
    """Tell in words what a lesson's scene or page has met. Raises CourseError."""
    try:
        yield
    except NoRedis as error:
        raise CourseError(f"{lesson.file}:1: its scene needs a Redis. {error}") from None
    except (AssertionError, OSError, subprocess.CalledProcessError) as error:
        raise CourseError(
            f"{lesson.file}:1: its scene cannot be played, or its page not be photographed.\n{error}\n"
            f"Is this green? make test STAGE={lesson.number}"
        ) from None


def renew_diagram(course: StageFolders, lesson: Lesson) -> None:
    """Record the diagram of a lesson that has one. Raises NoRedis, and what `record` raises."""
    number, file = lesson.number, ROOT / lesson.file
    if diagrams.has_diagram(file.read_text(encoding="utf-8")):
        diagram = recorded(number, course.lay_out(f"record-{number}", course.stages[number], number))
        text = file.read_text(encoding="utf-8")  # only now: its author may have saved it meanwhile
        put(ROOT, {lesson.file: diagrams.with_diagram(text, diagram)})


def renew_picture(course: StageFolders, lesson: Lesson, browser) -> str:
    """Photograph the page of a lesson; return the hash of what it shows. Raises as `renew_diagram` does."""
    number = lesson.number
    with World(number, course.lay_out(f"shot-{number}", course.stages[number], number)) as world:
        shown = shots.hash_of_page(world)
        shots.shoot(world, browser, shots.picture_of((ROOT / lesson.file).parent))
        return shown


def recorded(number: int, place: Path) -> str:
    """Record the scene of a lesson, with a Redis where it needs one. Raises NoRedis."""
    if number not in NEED_REDIS:
        return record(number, place)
    with Redis() as redis:
        return record(number, place, {"CHANNEL_REDIS_URL": redis.url})


def wrong_with_diagram(lesson, place: Path) -> list[str]:
    """Say whether the diagram in a lesson is what its stage's code does now. Raises NoRedis."""
    text = (ROOT / lesson.file).read_text(encoding="utf-8")
    if not diagrams.has_diagram(text):
        how = f"Put this line above a mermaid block: {diagrams.MARKER} Then: make pictures STAGE={lesson.number}"
        return [f"{lesson.file}:1: it has no recorded diagram. {how}"]
    if lesson.number not in SCENES:
        scene = f"scene_{lesson.number:02}"
        return [f"lessons/engine/wire/scenes.py:1: there is no scene for lesson {lesson.number}. Write {scene} there."]
    now, shown = recorded(lesson.number, place), diagrams.diagram_of(text)
    if now == shown:
        return []
    line = text[: text.index(diagrams.MARKER)].count("\n") + 1
    what = f"its diagram is not what the code does. Run: make pictures STAGE={lesson.number}"
    return [f"{lesson.file}:{line}: {what}", now]


def wrong_with_picture(lesson, place: Path) -> list[str]:
    """Say whether the page has changed since its picture was taken."""
    home = (ROOT / lesson.file).parent
    with World(lesson.number, place) as world:
        now = shots.hash_of_page(world)
    if not shots.picture_of(home).exists() or shots.kept().get(home.name) != now:
        return [f"lessons/{home.name}/page.png:1: it is not of this page. Run: make pictures STAGE={lesson.number}"]
    return []
