"""The stage tags: the same in every clone, and made without touching anything of the student's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lessons.engine.repository.git import Git
from lessons.engine.repository.tags import Report, ensure_tags, make_tags

from .toy import LESSONS, Course, block, copy_of, lesson, make_course

TAGS = ["stage-00", "stage-01", "stage-02"]
FOURTH = {"lessons/03-toy/README.md": lesson(3, block("four = 4\n"))}
BROKEN = {"lessons/01-toy/README.md": lesson(1, block("-no such line\n", "diff"))}


def tags(course: Course) -> list[str]:
    return course.lines("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/tags")


def make(course: Course) -> Report:
    return make_tags(Git(course.root))


def made_from(course: Course) -> list[str]:
    form = "--format=%(contents:trailers:key=Course-Commit,valueonly,separator=%x2C)"
    return course.lines("for-each-ref", form, "refs/tags")


def test_the_tags_are_a_table_of_contents(course):
    assert make(course) == Report(made=TAGS)
    titles = [" ".join(line.split()) for line in course.lines("tag", "-n1", "-l", "stage-*")]
    assert titles == [f"{tag} Lesson {number}: A toy" for number, tag in enumerate(TAGS)]
    assert set(course.lines("for-each-ref", "--format=%(objecttype)", "refs/tags")) == {"tag"}
    course.git("fsck", "--strict", "--no-dangling")


def test_a_tag_and_its_commit_say_of_which_commit_of_main_they_are(course):
    make(course)
    _, message = course.git("cat-file", "tag", "stage-01").split("\n\n", 1)
    assert message == f"Lesson 1: A toy\n\nCourse-Commit: {course.git('rev-parse', 'main')}"
    for form in ("%an %ae %ad|%cn %ce %cd", "%B"):
        of_main, of_stage = (course.git("log", "-1", f"--format={form}", each) for each in ("main", "stage-01"))
        assert of_stage == (message + "\n" if form == "%B" else of_main)


def test_the_stages_are_one_line_of_one_commit_each_that_begins_with_nothing(course):
    make(course)
    assert [course.git("rev-list", "--count", tag) for tag in TAGS] == ["1", "2", "3"]
    assert course.git("rev-parse", "stage-02~2") == course.git("rev-parse", "stage-00^{commit}")
    assert course.git("merge-base", "main", "stage-02", ok=(1,)) == ""


def test_two_stages_differ_by_what_the_lesson_says_and_the_marker(course):
    make(course)
    assert course.lines("diff", "--name-status", *TAGS[:2]) == [
        "M\tchat/a.py",
        "M\tlessons/STAGE",
        "A\ttemplates/a.html",
    ]
    assert course.lines("diff", "--name-status", *TAGS[1:]) == ["M\tchat/a.py", "A\tchat/deep/b.py", "M\tlessons/STAGE"]
    assert course.git("diff", "stage-02", "main", "--", ":!manage.py") == ""


def test_manage_py_can_be_run_and_a_file_that_no_lesson_makes_is_in_no_stage(course):
    course.commit({"chat/more/x.py": b"", "templates/\xfc.html": b""})
    make(course)
    for number, tag in enumerate(TAGS):
        assert course.git("ls-tree", tag, "manage.py").startswith("100755")
        assert course.git("ls-tree", "-r", tag, "chat/more", "templates/\xfc.html") == ""
        assert course.git("show", f"{tag}:lessons/STAGE") == str(number)


@pytest.mark.parametrize(
    "config",
    [
        "user.name=Bob user.email=bob@example.org user.signingKey=none commit.gpgSign=true tag.gpgSign=true",
        "i18n.commitEncoding=latin1 i18n.logOutputEncoding=latin1",
        "core.autocrlf=true core.eol=crlf core.safecrlf=true core.fileMode=false core.splitIndex=true",
        "color.ui=always column.ui=always tag.sort=-refname format.pretty=raw grep.patternType=fixed core.abbrev=4"
        " log.showSignature=true log.follow=true core.quotePath=false",
    ],
)
def test_every_clone_makes_the_same_tags(student, tmp_path, config):
    clone = Course(tmp_path / "clone")
    options = [word for each in config.split() for word in ("--config", each)]
    student.git("clone", "-q", "--no-tags", *options, str(student.root), str(clone.root))
    assert make(clone) == Report(made=TAGS)
    assert tags(clone) == tags(student)
    clone.git("checkout", "-q", "stage-02")
    assert make(clone) == Report(on_branch=True)


def test_a_second_time_changes_nothing(course):
    make(course)
    before = tags(course), course.git("count-objects")
    assert make(course) == Report()
    assert (tags(course), course.git("count-objects")) == before


def test_a_tag_that_was_deleted_comes_back_as_it_was(student):
    before = tags(student)
    student.git("tag", "-d", "stage-01")
    assert make(student) == Report(made=["stage-01"])
    assert tags(student) == before


def test_a_new_commit_of_main_moves_them_forward_and_says_so(student):
    old = student.git("rev-parse", "stage-02")
    head = student.commit({"README.md": b"news\n"})
    assert ensure_tags(Git(student.root)) == ["Moved forward to the last commit: stage-00, stage-01, stage-02."]
    assert made_from(student) == [head] * 3
    assert student.git("rev-parse", "stage-02") != old
    assert ensure_tags(Git(student.root)) == []


def test_an_added_lesson_gets_a_tag_and_a_removed_one_loses_it(student):
    student.commit(FOURTH)
    assert make(student) == Report(moved=TAGS, made=["stage-03"])
    student.commit({"lessons/03-toy/README.md": None, "lessons/02-toy/README.md": None})
    report = make(student)
    assert report == Report(moved=TAGS[:2], removed=["stage-02", "stage-03"])
    assert report.lines()[1] == "Removed, as no lesson makes them any more: stage-02, stage-03."
    assert make(student) == Report()


@pytest.mark.parametrize(
    ("tag", "by_hand"),
    [
        pytest.param("stage-01", ["main"], id="lightweight"),
        pytest.param("stage-01", ["stage-00^{commit}"], id="lightweight, on a stage"),
        pytest.param("stage-01", ["main^{tree}"], id="on no commit"),
        pytest.param("stage-01", ["-a", "-m", "Mine", "main"], id="annotated"),
        pytest.param("stage-01", ["-a", "-m", "Mine\n\nCourse-Commit: 1234567", "main"], id="of an unknown commit"),
        pytest.param("stage-01", ["-a", "-m", "Mine\n\nCourse-Commit: --all", "main"], id="of an option"),
        pytest.param("stage-01", ["-a", "-m", "Mine\n\nCourse-Commit: {other}", "main"], id="of an unrelated commit"),
        pytest.param("stage-07", ["-a", "-m", "Mine", "main"], id="of a lesson that is not there"),
    ],
)
def test_a_tag_made_by_hand_is_left_alone_and_named(student, tag, by_hand):
    ada = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    other = student.git(*ada, "commit-tree", "main^{tree}", "-m", "Of another history")
    student.git(*ada, "tag", "-f", tag, *(word.replace("{other}", other) for word in by_hand))
    before = student.git("rev-parse", tag)
    student.commit({"README.md": b"news\n"})
    first, *rest = ensure_tags(Git(student.root))
    assert first == f"Moved forward to the last commit: {', '.join(each for each in TAGS if each != tag)}."
    assert f"of this branch: {tag}." in rest[0] and f"git tag -d {tag}, then make stages" in rest[1]
    assert student.git("rev-parse", tag) == before


def test_a_tag_of_another_name_is_nobodys_business(student):
    for name in ("stage-1", "stage-001", "stage-x", "v1"):
        student.git("tag", name, "main")
    assert make(student) == Report()


def test_tags_of_a_branch_that_was_left_are_reported_in_one_line(student):
    student.git("switch", "-q", "-c", "idea")
    student.commit({"README.md": b"idea\n"})
    make(student)
    student.git("switch", "-q", "main")
    assert make(student) == Report(alone=TAGS)
    assert ensure_tags(Git(student.root))[1].endswith(f"git tag -d {' '.join(TAGS)}, then make stages.")


@pytest.mark.parametrize(
    "place",
    [
        ["checkout", "-q", "stage-01"],
        ["switch", "-q", "-c", "mine", "stage-01"],
        ["switch", "-q", "-c", "work/01-toy", "stage-01"],
        ["switch", "-q", "-c", "work/from-main"],
    ],
)
@pytest.mark.parametrize("deleted", [[], TAGS[1:]])
def test_on_a_stage_or_a_work_branch_nothing_changes(student, place, deleted):
    student.git(*place)
    student.git("tag", "-d", *deleted)
    student.commit({"chat/a.py": b"mine = 1\n"} | FOURTH)
    before = tags(student)
    assert make(student) == Report(on_branch=True)
    assert tags(student) == before


def test_a_shallow_clone_makes_the_same_tags_and_moves_them_forward(student, tmp_path):
    student.commit({"README.md": b"news\n"})
    clone = Course(tmp_path / "clone")
    address = student.root.as_uri()
    student.git("clone", "-q", "--depth", "1", "--no-tags", address, str(clone.root))
    assert make(clone) == Report(made=TAGS)
    make(student)
    assert tags(clone) == tags(student)
    student.commit({"README.md": b"more\n"})
    clone.git("pull", "-q", "--ff-only")
    assert make(clone) == Report(moved=TAGS)
    student.commit({"README.md": b"even more\n"})
    clone.git("fetch", "-q", "--depth", "1")
    clone.git("reset", "-q", "--hard", "origin/main")
    assert make(clone) == Report(alone=TAGS)


def test_a_detached_checkout_of_a_commit_of_main_makes_the_same_tags(student):
    before = tags(student)
    student.git("checkout", "-q", "--detach", "main")
    student.git("tag", "-d", *TAGS)
    assert make(student) == Report(made=TAGS)
    assert tags(student) == before


def test_the_work_tree_and_the_index_stay_as_they_are(course):
    course.put({"chat/a.py": b"staged = 1\n", "chat/new.py": b"new\n"})
    course.git("add", "--all")
    course.put({"chat/a.py": b"staged, then changed\n", "README.md": b"", "chat/deep/b.py": None} | BROKEN)
    course.git("update-index", "--refresh", ok=(0, 1))
    before, index = course.state(), (course.root / ".git" / "index").read_bytes()
    assert make(course).made == TAGS
    assert (course.root / ".git" / "index").read_bytes() == index
    course.git("tag", "-d", *TAGS)
    assert course.state() == before


def test_the_environment_of_a_git_hook_leads_nowhere_else(course, tmp_path, monkeypatch):
    other = make_course(tmp_path / "other")
    before = other.state()
    for name, path in (
        ("DIR", ".git"),
        ("WORK_TREE", "."),
        ("INDEX_FILE", ".git/index"),
        ("OBJECT_DIRECTORY", ".git/objects"),
    ):
        monkeypatch.setenv(f"GIT_{name}", str(other.root / path))
    report = make(course)
    monkeypatch.undo()
    assert (report.made, other.state()) == (TAGS, before)


def test_nothing_but_git_is_needed_in_the_environment(course, tmp_path, monkeypatch):
    folder = Path(shutil.which("git")).parent
    for name in [name for name in os.environ if name not in ("SYSTEMROOT", "TMPDIR", "TEMP", "TMP")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(folder))
    assert make(course).made == TAGS


def test_a_repository_with_sha256_gets_its_tags_too(tmp_path):
    try:
        course = make_course(tmp_path / "sha256", "--object-format=sha256")
    except AssertionError as error:
        pytest.skip(f"NOT CHECKED: this git knows no sha256. {error}")
    assert make(course).made == TAGS
    assert course.lines("diff", "--name-only", "stage-01", "stage-02") == [
        "chat/a.py",
        "chat/deep/b.py",
        "lessons/STAGE",
    ]
    assert make(course) == Report()
    course.commit(FOURTH)
    assert make(course) == Report(moved=TAGS, made=["stage-03"])


def test_an_author_whose_name_is_not_utf8_makes_tags_all_the_same(course):
    course.commit(None, "user.name=J\udcf6rg", "i18n.commitEncoding=latin1")
    assert make(course).made == TAGS


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_file_of_any_name_among_the_students_is_left_out_of_the_stages(course):
    course.commit({"chat/new\nline.py": b"", "chat/\udce9": b"", 'templates/"x"\t': b"", "chat/-z": b""})
    assert make(course).made == TAGS
    assert course.lines("ls-tree", "-r", "--name-only", "stage-01", "chat", "templates") == [
        "chat/__init__.py",
        "chat/a.py",
        "templates/a.html",
    ]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (BROKEN, "lessons/01-toy/README.md:5: this hunk does not match"),
        ({"lessons/01-toy/README.md": b"\xff"}, "lessons/01-toy/README.md:1: this line is not UTF-8"),
        ({"lessons/02-toy/README.md": None, "lessons/02-toy/x": b""}, "lessons/02-toy: there is no README.md"),
        ({"lessons/01-toy/README.md": None}, "this lesson comes where lesson 1 should"),
        (dict.fromkeys(LESSONS), "lessons/: there is no lesson here"),
    ],
)
def test_a_broken_lesson_is_said_and_stops_nothing(student, files, words):
    before = tags(student)
    student.commit(files)
    (line,) = ensure_tags(Git(student.root))
    assert line.startswith("The stage tags could not be made from the last commit. ") and words in line
    assert tags(student) == before


def test_what_git_refuses_is_said_and_stops_nothing(course):
    course.git("tag", "stage-01/more")
    (line,) = ensure_tags(Git(course.root))
    assert line.startswith("The stage tags could not be made. git update-ref: ") and "stage-01/more" in line
    assert tags(course) == [f"stage-01/more {course.git('rev-parse', 'main')}"]  # all of them or none


def test_two_terminals_may_make_the_tags_at_once(course):
    class Late(Git):
        def run(self, *args, **options):
            if args[0] == "update-ref":
                make(course)
            return super().run(*args, **options)

    assert ensure_tags(Late(course.root)) == []
    assert len(tags(course)) == 3


def test_without_git_there_are_no_tags_and_no_noise(course, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ensure_tags(Git(course.root)) == []


def test_a_folder_that_is_no_repository_has_no_tags(course):
    shutil.rmtree(course.root / ".git")
    assert ensure_tags(Git(course.root)) == []
    subprocess.run(["git", "init", "-q"], cwd=course.root, check=True)
    assert ensure_tags(Git(course.root)) == []  # without a commit


def test_a_course_inside_somebody_elses_repository_touches_nothing_of_it(course, student):
    inside = copy_of(course, student.root / "unpacked")
    shutil.rmtree(inside.root / ".git")
    student.commit()
    before = student.state(), student.git("count-objects")
    assert ensure_tags(Git(inside.root)) == []
    assert (student.state(), student.git("count-objects")) == before


def test_a_linked_work_tree_makes_the_same_tags(student, tmp_path):
    before = tags(student)
    student.git("tag", "-d", *TAGS)
    student.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), "main")
    assert make(Course(tmp_path / "linked")) == Report(made=TAGS)
    assert tags(student) == before
