"""Variants: which files another correct solution has when it is laid over its stage."""

import pytest

from lessons.engine.author.check.variants import files_of
from lessons.engine.errors import CourseError

STAGE = {"chat/a.py": "one = 1\ntwo = 2\n", "chat/b.py": "b\n"}


@pytest.fixture
def variant(tmp_path):
    """Write files of a variant; return what is laid over the stage."""

    def lay(**files: str) -> dict[str, str]:
        for name, text in files.items():
            file = tmp_path / "variants" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        return files_of(tmp_path / "variants", STAGE, tmp_path)

    return lay


def test_a_file_takes_the_place_of_the_stages_with_its_own_line_ends(variant):
    assert variant(**{"chat/a.py": "three\r\n", "new.txt": "x"}) == {**STAGE, "chat/a.py": "three\r\n", "new.txt": "x"}


def test_a_package_takes_the_place_of_the_module_of_its_name(variant):
    assert variant(**{"chat/b/__init__.py": "b = 1\n"}) == {
        "chat/a.py": STAGE["chat/a.py"],
        "chat/b/__init__.py": "b = 1\n",
    }


def test_a_diff_changes_the_stages_file(variant):
    assert variant(**{"chat/a.py.diff": "-two = 2\n+two = 3\n"}) == {**STAGE, "chat/a.py": "one = 1\ntwo = 3\n"}


def test_a_diff_changes_the_file_that_its_first_line_names(variant, tmp_path):
    (tmp_path / "stock.py").write_text("stock = 1\n", encoding="utf-8")
    files = variant(**{"chat/a.py.diff": "--- stock.py\n stock = 1\n+more = 2\n"})
    assert files == {**STAGE, "chat/a.py": "stock = 1\nmore = 2\n"}


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("chat/a.py.diff", " one = 1\n-two = 3\n", "^variants/chat/a.py.diff:1: this hunk does not match"),
        ("chat/a.py.diff", " one = 1\n+x\n@@\n-zwei\n", "^variants/chat/a.py.diff:4: this hunk does not match"),
        (
            "chat/c.py.diff",
            "-two = 2\n",
            "^variants/chat/c.py.diff:1: this changes the stage's file, which does not exist",
        ),
        (
            "chat/a.py.diff",
            "--- gone.py\n-two = 2\n",
            "^variants/chat/a.py.diff:1: this changes gone.py, which does not",
        ),
    ],
)
def test_a_diff_that_does_not_match_is_told_with_its_line(variant, name, change, said):
    with pytest.raises(CourseError, match=said):
        variant(**{name: change})
