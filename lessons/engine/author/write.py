"""`make write`, for authors: what the lessons make, put to the top of main. An edit made there by hand is not lost."""

from ..content.disk import app_on_disk, lessons_on_disk, put
from ..content.lesson import APP
from ..content.mistakes import with_table
from ..content.stages import MARKER, Files, make_stages
from ..errors import CourseError
from ..paths import ROOT
from ..repository.git import Git
from ..repository.save import repository, snapshot, unused_name
from ..repository.tags import course_commit, lessons_of


def write(force: str) -> None:
    """`make write`: put the last lesson's code to the top, and the tables of mistakes into the lessons.

    An author's own edit at the top is not overwritten.
    """
    git, lessons = repository(), lessons_on_disk()
    if course_commit(git, "HEAD"):
        raise CourseError(
            "write: this is a stage or a work branch. The top of main is what lessons write: git switch main"
        )
    listed = git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *APP).split("\0")
    now = {path: text for path, text in app_on_disk().items() if path in listed}  # what git ignores is not ours
    new, before = make_stages(lessons)[-1], last_stage_of(git, "HEAD")
    by_hand = [path for path, text in now.items() if text not in (new.get(path), before.get(path))]
    if by_hand and not force:
        raise CourseError(
            f"{by_hand[0]}:1: edited by hand, and no lesson says so"
            + (f" ({', '.join(by_hand)})" if by_hand[1:] else "")
            + ".\nPut the change into a lesson, then run make write again."
            " To drop it (it is kept on a branch): make write FORCE=1"
        )
    if by_hand:
        kept = unused_name(git, "work/before-write")
        git.run("update-ref", f"refs/heads/{kept}", snapshot(git, git.run("rev-parse", "HEAD")), "")
        print(f"What was there is kept on the branch {kept}.")
    for lesson in lessons:
        text = (ROOT / lesson.file).read_text(encoding="utf-8")
        if with_table(text, lesson.number) != text:
            put(ROOT, {lesson.file: with_table(text, lesson.number)})
            print(f"wrote {lesson.file}, its table of mistakes")
    changed = {path: text for path, text in new.items() if now.get(path) != text}
    put(ROOT, {**changed, MARKER: f"{lessons[-1].number}\n"})
    for path in set(now) - set(new):
        (ROOT / path).unlink()
        print(f"removed {path}")
    print("\n".join(f"wrote {path}" for path in changed) or "Nothing to do: the top is what the last lesson makes.")


def last_stage_of(git: Git, commit: str) -> Files:
    """Return what a commit's lessons make; nothing where one of them is broken, perhaps the one being mended now."""
    try:
        return make_stages(lessons_of(git, commit))[-1]
    except CourseError:
        return {}
