"""`make show`: a look at a finished stage, with your work saved before."""

from ..content.disk import lessons_on_disk
from ..repository import databases
from ..repository.save import lesson_of_number, refuse_if_unfinished, repository, save, stage_commit, switch
from .work import current_branch, way_back


def show(n: str) -> None:
    """`make show N=4`: save what is there, then look at the finished stage 4."""
    git, lessons = repository(), lessons_on_disk()
    lesson = lesson_of_number("show N", n, lessons)
    refuse_if_unfinished(git)
    databases.refuse_if_in_use(git, lesson.tag)
    finished = stage_commit(git, lesson.tag)
    if saved := save(git, lessons):
        print(f"Your work is saved on the branch {saved}.")
    back = way_back(current_branch(git), lessons)
    switch(git, finished)
    print(f"This is the finished stage {lesson.number}: {lesson.title}. Run it, read it, try things out.")
    print(f"Back to where you were: {back}")
