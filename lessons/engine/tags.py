"""The stage tags: a commit a stage, made from the lessons of a commit of main, the same in every clone.

Nothing here reads or writes the work tree: the lessons come out of the commit, the stages go into objects and refs.
"""

import re
from dataclasses import dataclass, field

from .errors import CourseError
from .git import Git, GitError
from .lesson import Lesson
from .stages import MARKER, Files, is_app_path, make_stages, read_lessons

TRAILER = "Course-Commit"


@dataclass
class Report:
    """What make_tags did: the tags that are new, lines to print, and whether HEAD was no commit of main."""

    made: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    on_branch: bool = False


def make_tags(git: Git) -> Report:
    """Make or move forward the stage tags of HEAD's lessons. Raises LessonError, CourseError or GitError."""
    report = Report()
    head = git.run("rev-parse", "HEAD")
    tags = read_tags(git)
    if tags and all(course == head for course, _ in tags.values()) and len(tags) == count_lessons(git, head):
        return report
    if course_commit(git, head):
        report.on_branch = True
        return report
    lessons = lessons_of(git, head)
    orders, moved = [], []
    for lesson, new in zip(lessons, write_stages(git, head, lessons), strict=True):
        course, old = tags.get(lesson.tag, ("", ""))
        if old == new:
            continue
        if old and not (course and git.is_ancestor(course, head)):
            report.lines.append(
                f"{lesson.tag} was left alone: it was not made from an earlier commit of this branch."
                f" To make it anew: git tag -d {lesson.tag}, then make stages."
            )
            continue
        orders.append(f"update refs/tags/{lesson.tag} {new} {old or '0' * 40}\n")
        (moved if old else report.made).append(lesson.tag)
    if moved:
        report.lines.append(f"Moved forward to the course of {head[:9]}: {', '.join(moved)}.")
    if orders:
        git.run("update-ref", "--stdin", data="".join(orders).encode())
    return report


def read_tags(git: Git) -> dict[str, tuple[str, str]]:
    """Return `{tag: (the commit of main in its trailer or "", its own hash)}` of all stage tags."""
    form = "%(refname:short)%09%(objectname)%09%(contents:trailers:key=Course-Commit,valueonly,separator=%x2C)"
    tags = {}
    for line in git.run("for-each-ref", f"--format={form}", "refs/tags/stage-*").splitlines():
        name, own, course = (line.strip().split("\t") + [""])[:3]
        if re.fullmatch(r"stage-\d\d", name):
            tags[name] = (course.strip(), own)
    return tags


def count_lessons(git: Git, commit: str) -> int:
    names = git.run("ls-tree", "--name-only", commit, "lessons/").splitlines()
    return sum(bool(re.match(r"lessons/\d", name)) for name in names)


def course_commit(git: Git, commit: str) -> str:
    """Return the commit of main from which a stage or work branch was made; "" on main itself."""
    form = f"--format=%(trailers:key={TRAILER},valueonly)"
    return git.run("log", "-1", "-E", f"--grep=^{TRAILER}: [0-9a-f]{{40,64}}$", form, commit).strip()


def lessons_of(git: Git, commit: str) -> list[Lesson]:
    """Read the lessons out of a commit."""
    paths = git.run("ls-tree", "-r", "-z", "--name-only", commit, "lessons/").split("\0")
    wanted = [path for path in paths if re.match(r"lessons/\d", path)]
    is_readme = re.compile(r"lessons/[^/]+/README\.md").fullmatch
    return read_lessons(
        {path: git.output("cat-file", "blob", f"{commit}:{path}") if is_readme(path) else b"" for path in wanted}
    )


def write_stages(git: Git, main: str, lessons: list[Lesson]) -> list[str]:
    """Write the chain of stage commits and their tags as objects; return the tags' hashes, in order."""
    author, committer = git.commit_headers(main)
    stages, parent, written = make_stages(lessons), "", []
    for lesson, tree in zip(lessons, write_trees(git, main, stages), strict=True):
        message = f"Lesson {lesson.number}: {lesson.title}\n\n{TRAILER}: {main}\n"
        parents = f"parent {parent}\n" if parent else ""
        commit = f"tree {tree}\n{parents}author {author}\ncommitter {committer}\n\n{message}"
        parent = git.write("commit", commit)
        tag = f"object {parent}\ntype commit\ntag {lesson.tag}\ntagger {committer}\n\n{message}"
        written.append(git.write("tag", tag))
    return written


def write_trees(git: Git, main: str, stages: list[Files]) -> list[str]:
    """Return for each stage the tree of main with the app files and the marker replaced by the stage's own."""
    paths = git.run("ls-tree", "-r", "-z", "--name-only", main).split("\0")
    without_app: Files = {path: None for path in paths if is_app_path(path)}
    return [
        git.write_tree(main, {**without_app, **stage, MARKER: f"{number}\n"}) for number, stage in enumerate(stages)
    ]


def ensure_tags(git: Git) -> list[str]:
    """Make the tags, as every command does first; return lines to print. Never the reason why a command fails."""
    if not git.is_repository():
        return []
    try:
        return make_tags(git).lines
    except GitError as error:
        return [f"The stage tags could not be made. {error}"]
    except CourseError as error:
        return [f"The stage tags could not be made from the last commit. {error}"]
