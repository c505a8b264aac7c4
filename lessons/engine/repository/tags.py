"""The stage tags: a commit a stage, made from the lessons of a commit of main, the same in every clone.

Nothing here reads or writes the work tree: the lessons come out of the commit, the stages go into objects and refs.
"""

import re
from dataclasses import dataclass, field

from ..content.lesson import Lesson
from ..content.stages import MARKER, Files, is_app_path, make_stages, read_lessons
from ..errors import CourseError
from .git import Git, GitError

TRAILER = "Course-Commit"


@dataclass
class Report:
    """What make_tags did to which tags, and whether HEAD was no commit of main."""

    made: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    on_branch: bool = False

    def lines(self) -> list[str]:
        """Return what to print: nothing for new tags, which are no surprise."""
        lines = []
        if self.moved:
            lines.append(f"Moved forward to the last commit: {', '.join(self.moved)}.")
        if self.removed:
            lines.append(f"Removed, as no lesson makes them any more: {', '.join(self.removed)}.")
        if self.alone:
            lines.append(f"Left alone, as not made from an earlier commit of this branch: {', '.join(self.alone)}.")
            lines.append(f"  To have them made anew: git tag -d {' '.join(self.alone)}, then make stages.")
        return lines


def make_tags(git: Git, main: str = "HEAD") -> Report:
    """Make, move forward or remove the stage tags by the lessons of HEAD, or of the branch main from anywhere.

    Raises LessonError, CourseError or GitError.
    """
    report = Report()
    head = git.run("rev-parse", main)
    tags = read_tags(git)
    if tags and all(course == head for course, _ in tags.values()) and len(tags) == count_lessons(git, head):
        return report
    branch = git.run("symbolic-ref", "-q", "--short", "HEAD", ok=(0, 1)) if main == "HEAD" else main
    if course_commit(git, head) or branch.startswith("work/"):
        report.on_branch = True
        return report
    lessons = lessons_of(git, head)
    stages = dict(zip([lesson.tag for lesson in lessons], write_stages(git, head, lessons), strict=True))
    ours = {course for course in {course for course, _ in tags.values()} if course and git.is_ancestor(course, head)}
    for tag in sorted(stages.keys() | tags.keys()):
        new, (course, old) = stages.get(tag, ""), tags.get(tag, ("", ""))
        if new == old:
            continue
        if not old:
            report.made.append(tag)
        elif course not in ours:
            report.alone.append(tag)
        else:
            (report.moved if new else report.removed).append(tag)
    changed = [*report.made, *report.moved, *report.removed]
    set_tags(git, {tag: (tags.get(tag, ("", ""))[1], stages.get(tag, "")) for tag in changed})
    return report


def set_tags(git: Git, changes: dict[str, tuple[str, str]]) -> None:
    """Set each tag from its old hash to its new one, where "" is no tag: all of them, or none and GitError."""
    orders = []
    for tag, (old, new) in changes.items():
        order = "create" if not old else "update" if new else "delete"
        orders.append(" ".join(word for word in (order, f"refs/tags/{tag}", new, old) if word) + "\n")
    try:
        git.run("update-ref", "--stdin", data="".join(orders).encode())
    except GitError:
        now = read_tags(git)
        if any(now.get(tag, ("", ""))[1] != new for tag, (_, new) in changes.items()):
            raise  # but not if another terminal has done the same in between


def read_tags(git: Git) -> dict[str, tuple[str, str]]:
    """Return `{tag: (the commit of main in its trailer or "", its own hash)}` of all stage tags.

    A lightweight tag, made by hand, has no message of its own: git would show the trailer of the commit under it.
    """
    form = "%(refname:lstrip=2)%00%(objectname)%00%(objecttype)%00%(contents)%00"  # trailers by key need git 2.31
    fields = git.run("for-each-ref", f"--format={form}", "refs/tags/stage-*").split("\0")
    tags = {}
    for name, own, kind, message in zip(*[iter(fields)] * 4, strict=False):
        course = re.search(rf"^{TRAILER}: (\S+)$", message, re.MULTILINE) if kind == "tag" else None
        if re.fullmatch(r"stage-\d\d", name.strip()):
            tags[name.strip()] = (course[1] if course else "", own)
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


def ensure_tags(git: Git, main: str = "HEAD") -> list[str]:
    """Make the tags, as every command does first; return lines to print. Never the reason why a command fails."""
    if not git.is_repository():
        return []
    try:
        return make_tags(git, main).lines()
    except GitError as error:
        return [f"The stage tags could not be made. {error}"]
    except CourseError as error:
        return [f"The stage tags could not be made from the last commit. {error}"]
