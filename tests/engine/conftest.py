"""Toy courses for the tests, each in a folder of its own, and a home where git has been told nothing."""

import os

import pytest

from lessons.engine.repository.git import Git
from lessons.engine.repository.tags import make_tags
from lessons.engine.student import setup
from lessons.engine.typed import TYPED

from .toy import copy_of, make_course


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.delenv(TYPED, raising=False)
        patch.setenv("MAKELEVEL", "1")  # commands speak as to somebody who came by make
        for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(folder))
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            patch.setenv(name, os.devnull)
        yield folder


@pytest.fixture(scope="session")
def untagged(home, tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("untagged") / "course")
    course.git("repack", "-a", "-d", "-q")  # fewer files to copy
    return course


@pytest.fixture(scope="session")
def tagged(untagged, tmp_path_factory):
    course = copy_of(untagged, tmp_path_factory.mktemp("tagged") / "course")
    make_tags(Git(course.root))
    course.git("repack", "-a", "-d", "-q")
    return course


@pytest.fixture
def course(untagged, tmp_path):
    """A course as git clone leaves it: on main, without a tag."""
    return copy_of(untagged, tmp_path / "Über uns, 1")


@pytest.fixture(scope="session")
def at_lesson_1(tagged, tmp_path_factory):
    if setup.stale("core", *setup.OPTIONAL):
        pytest.skip("NOT CHECKED: this Python lacks the course's packages, and tests install nothing. Run: make setup")
    course = copy_of(tagged, tmp_path_factory.mktemp("begun") / "course")
    course.start(1)
    return course


@pytest.fixture
def student(tagged, at_lesson_1, tmp_path):
    """A course on main with its tags, where commands run without installing anything."""
    return copy_of(tagged, tmp_path / "Über uns, 2")


@pytest.fixture
def begun(at_lesson_1, tmp_path):
    """A course on the branch of lesson 1, just begun."""
    return copy_of(at_lesson_1, tmp_path / "Über uns, 3")
