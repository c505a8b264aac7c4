"""A course that was updated in the middle of a lesson: what is new is merged into the student's branch.

Of three commits: the one with which the branch began, the one with which it would begin now, and its tip. Where both
sides changed the same lines, the student's stay. This writes objects alone; `make start` checks the result out.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..content.lesson import Lesson
from ..content.stages import is_app_path
from .git import Git, GitError
from .tags import TRAILER, read_tags

Entry = tuple[str, str] | None  # mode and hash
Tree = dict[str, Entry]
SUBJECT = "Take in the updated course"
MARK = 60  # a line that begins with so many < is nothing that a student writes


@dataclass
class CourseUpdate:
    """A merge to be committed, and what to tell of it."""

    tree: str
    parents: list[str]
    message: str
    summary: str


def course_update(git: Git, lesson: Lesson, begin: Callable[[], str]) -> CourseUpdate | None:
    """Merge what is new into the branch of a lesson, at HEAD; None if there is nothing. `begin` begins it anew."""
    base, is_begun, course = start_of_branch(git, "HEAD")
    tag = f"stage-{max(lesson.number - is_begun, 0):02}"
    now, _ = read_tags(git).get(tag, ("", ""))
    if not base or not now or git.is_ancestor(now, course) or not have_common_ancestor(git, course, now):
        return None
    new = begin() if is_begun else git.run("rev-parse", f"refs/tags/{tag}^{{commit}}")
    before, mine, theirs = (entries_of(git, commit) for commit in (base, "HEAD", new))
    if is_begun and not lesson.number:
        before = {path: entry for path, entry in before.items() if not is_app_path(path)}  # it begins with none
    result, conflicts = merged(git, before, mine, theirs)
    changed = [path for path in sorted(mine | result) if mine.get(path) != result.get(path)]
    if not changed and not conflicts:
        return None
    files = f"{len(changed)} file{'s' * (len(changed) != 1)} of your branch"
    summary = f"The course was updated since you began this lesson. {files} took in what is new."
    if conflicts:
        summary += "\nWhere you and the course changed the same, yours stayed:\n  " + "\n  ".join(conflicts)
        summary += f"\nTo see the difference: git diff {tag} -- and the file's name."
    message = f"{SUBJECT}\n\n{summary}\n\n{TRAILER}: {now}\n"
    return CourseUpdate(write(git, result, changed), [git.run("rev-parse", "HEAD"), new], message, summary)


def start_of_branch(git: Git, tip: str) -> tuple[str, bool, str]:
    """Return the stage from which a branch began, or which it took in last, and the commit of main it is of; or "".

    Also whether the branch began as a lesson does, one commit upon that stage. That commit is not asked what is in it,
    for `git commit --amend` may have put work into it; and a stage to which this was done is none.
    """
    form = f"--format=%H%x00%P%x00%s%x00%(trailers:key={TRAILER},valueonly)"
    found = git.run("log", "-1", "--first-parent", "-E", f"--grep=^{TRAILER}: [0-9a-f]{{40,64}}$", form, tip)
    commit, parents, subject, course = found.split("\0") if found else ("", "", "", "")
    if subject == SUBJECT:
        return start_of_branch(git, parents.split()[1])
    is_begun, course = subject.startswith("Begin "), course.strip()
    stage = parents if is_begun and parents else commit
    is_root = is_begun and not parents  # of lesson 0
    try:
        genuine = is_root or git.commit_headers(stage) == git.commit_headers(course)
    except GitError:
        genuine = False
    return (stage if genuine else ""), is_begun, course


def have_common_ancestor(git: Git, one: str, other: str) -> bool:
    """Tell whether two commits have a history in common: main may have got commits of the student's, and lost them."""
    try:
        return git.run("merge-base", one, other, ok=(0, 1)) != ""
    except GitError:  # one is not in this clone
        return False


def entries_of(git: Git, commit: str) -> Tree:
    lines = (line.split("\t", 1) for line in git.run("ls-tree", "-r", "-z", commit).split("\0") if line)
    return {path: (head.split()[0], head.split()[2]) for head, path in lines}


def merged(git: Git, before: Tree, mine: Tree, theirs: Tree) -> tuple[Tree, list[str]]:
    """Return `mine` with what became of `before` in `theirs`, and in words each place where the two conflict."""
    result, conflicts = dict(mine), []
    for path in sorted(before | theirs):
        old, my, new = before.get(path), mine.get(path), theirs.get(path)
        if old == new or my == new:
            continue
        entry, conflict = (new, "") if my == old else merge_file(git, old, my, new)
        put(result, path, entry)
        if conflict:
            conflicts.append(f"{shown(path)}{conflict}")
    for path in [path for path in result if result[path] != mine.get(path) and is_blocked(result, path)]:
        put(result, path, mine.get(path))
        conflicts.append(f"{shown(path)}: something of yours is in its place")
    return result, conflicts


def put(tree: Tree, path: str, entry: Entry) -> None:
    tree[path] = entry
    if not entry:
        del tree[path]


def shown(path: str) -> str:
    return path if path.isprintable() else repr(path)


def is_blocked(tree: Tree, path: str) -> bool:
    """Tell whether a path would be a file and a folder at once."""
    above = (str(folder) for folder in PurePosixPath(path).parents)
    return any(other in tree for other in above) or any(other.startswith(f"{path}/") for other in tree)


def merge_file(git: Git, old: Entry, my: Entry, new: Entry) -> tuple[Entry, str]:
    """Merge a file that both sides have changed: return what it becomes, and in words where they conflict."""
    if not my or not new:
        return my, ": you changed it, the course removed it" if my else ": you removed it, the course changed it"
    if not {my[0], new[0]} <= {"100644", "100755"}:  # a link, or a repository inside
        return my, ": you and the course changed it"
    with tempfile.TemporaryDirectory(prefix="course-merge-") as folder:
        places = [Path(folder) / name for name in ("my", "old", "new")]
        for place, side in zip(places, (my, old, new), strict=True):
            place.write_bytes(git.output("cat-file", "blob", side[1]) if side else b"")
        command = ["merge-file", "-p", "-q", f"--marker-size={MARK}", *map(str, places)]
        text = git.output(*command, ok=tuple(range(256))).decode("utf-8", "surrogateescape")
        if places[0].read_bytes() and not text:  # git merges no binary files
            return my, ": you and the course changed it"
    if lines := conflicting(text):
        return my, f", line {lines[0]}" if len(lines) == 1 and "-" not in lines[0] else f", lines {', '.join(lines)}"
    return (my[0] if old and my[0] != old[0] else new[0], git.write("blob", text)), ""


def conflicting(text: str) -> list[str]:
    """Return the student's own lines that conflict, such as "3" and "7-9", out of what `git merge-file` writes."""
    found, number, first, side = [], 0, 0, ""
    for line in text.split("\n"):
        if line.startswith("<" * MARK):
            first, side = number + 1, "my"
        elif side == "my" and line.startswith("=" * MARK):
            found.append(f"{first}-{number}" if number > first else f"{first}")
            side = "new"
        elif side == "new" and line.startswith(">" * MARK):
            side = ""
        elif side != "new":
            number += 1
    return found


def write(git: Git, tree: Tree, changed: list[str]) -> str:
    """Return the hash of a tree that differs from HEAD's in these paths."""
    lines = []
    for path in sorted(changed, key=lambda path: path in tree):  # what goes makes room first
        mode, own = tree.get(path) or ("0", "0" * 40)
        lines.append(f"{mode} {own}\t{path}\0")
    with git.spare_index() as index:
        git.run("read-tree", "HEAD", index=index)
        data = "".join(lines).encode("utf-8", "surrogateescape")
        git.run("update-index", "-z", "--index-info", data=data, index=index)
        return git.run("write-tree", index=index)
