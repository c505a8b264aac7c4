"""`make start`: begin a lesson, or take it up again where you left it."""

from functools import partial

from ..content.disk import lessons_on_disk
from ..repository import databases
from ..repository.merge import course_update
from ..repository.save import (
    branch_commit,
    commit,
    first_commit,
    lesson_of_number,
    refuse_if_unfinished,
    repository,
    save,
    set_branch_aside,
    switch,
)


def start(n: str, again: str = "") -> None:
    """`make start N=4`: save what is there, then take up the branch of lesson 4, or begin it at the end of lesson 3.

    With AGAIN=1 it begins afresh, and what was on the branch is kept under another name.
    """
    git, lessons = repository(), lessons_on_disk()
    lesson = lesson_of_number("start N", n, lessons)
    refuse_if_unfinished(git)
    databases.refuse_if_in_use(git, "" if again else lesson.branch)
    first = None if branch_commit(git, lesson.branch) and not again else first_commit(git, lesson)
    if saved := save(git, lessons):
        print(f"Your work is saved on the branch {saved}.")
    if again and (kept := set_branch_aside(git, lesson.branch)):
        print(f"What you had in lesson {lesson.number} is on the branch {kept} now (make work lists all).")
    begun = branch_commit(git, lesson.branch)  # asked again: what was saved from a stage's tag may have begun it
    if not begun:
        any_slug = lesson.branch.removesuffix(lesson.slug) + "*"
        others = git.run("for-each-ref", "--format=%(refname:lstrip=2)", f"refs/heads/{any_slug}")
        if others and not again:
            print(
                f"Earlier work of yours on a lesson of this number is on the branch {', '.join(others.splitlines())}."
            )
        databases.release_name(lesson.branch)
        git.run("update-ref", f"refs/heads/{lesson.branch}", first, "")
    switch(git, lesson.branch)
    if begun and (new := course_update(git, lesson, partial(first_commit, git, lesson))):
        switch(git, lesson.branch, commit(git, new.tree, new.parents, new.message))
        print(new.summary)
    where = (
        "where you left it" if begun else f"where lesson {lesson.number - 1} ends" if lesson.number else "with no code"
    )
    print(f"Lesson {lesson.number}: {lesson.title}. You are on the branch {lesson.branch}, {where}.")
    print(f"Read {lesson.file}. Check your work with: make test")
