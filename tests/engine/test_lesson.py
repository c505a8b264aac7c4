"""What a lesson's text is read as, and that a fault in it is said at its line."""

import re

import pytest

from lessons.engine.content.lesson import parse
from lessons.engine.errors import LessonError

from .toy import FILE, block, lesson

PATH = "**`chat/a.py`**\n"
CODE = "```python\nx\n```\n"
UNUSED, UNCLOSED, NO_BLOCK, HIDDEN = "used by nobody", "never closed", "no block follows", "begins no block"


def blocks(body: str):
    return parse(FILE, lesson(0, body)).blocks


def assert_fault(data: bytes, line: int, words: str) -> None:
    with pytest.raises(LessonError, match=f"^{FILE}:{line}: .*{re.escape(words)}"):
        parse(FILE, data)


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        pytest.param("```rust\nx\n```", 3, UNUSED, id="unknown info string"),
        pytest.param("```\nx\n```", 3, UNUSED, id="no info string"),
        pytest.param("text\n\n    x = 1", 5, UNUSED, id="indented code"),
        pytest.param("text\n\n" + CODE, 5, UNUSED, id="block without a path"),
        pytest.param("See\n" + PATH + CODE, 5, UNUSED, id="path that is not a paragraph of its own"),
        pytest.param(PATH, 3, NO_BLOCK, id="path at the end of the file"),
        pytest.param(PATH + "## Next\n\n" + CODE, 3, NO_BLOCK, id="path before a heading"),
        pytest.param(PATH + "\n**`chat/b.py`**\n" + CODE, 3, NO_BLOCK, id="path before another path"),
        pytest.param("- " + PATH + "\n" + CODE, 3, NO_BLOCK, id="path in a list, block outside"),
        pytest.param(PATH + "```console\n$ x\n```", 4, "remove the path", id="path above a console block"),
        pytest.param(PATH + "```python show\nx\n```", 4, "remove the path", id="path above a block to look at"),
        pytest.param(PATH + "```python\nx", 4, UNCLOSED, id="fence open at the end of the file"),
        pytest.param("- " + PATH + "  ```python\n  x\n\ntext\n", 4, UNCLOSED, id="fence open at the end of a list"),
        pytest.param("> " + PATH + "> ```python\n> x\n\ntext\n", 4, UNCLOSED, id="fence open at the end of a quote"),
        pytest.param(PATH + "```python\nx\n\n" + CODE, 4, "of line 7", id="fence closed by the next block"),
        pytest.param(PATH + "```python\nx\n    ```", 4, "of line 6", id="closing line indented too far"),
        pytest.param("<details>\n" + CODE + "</details>", 4, HIDDEN, id="fence that is text of an HTML block"),
        pytest.param("<details>\n- " + CODE + "</details>", 4, HIDDEN, id="list and fence in an HTML block"),
        pytest.param("<!--\n\n" + CODE, 5, HIDDEN, id="comment that is never closed"),
        pytest.param("text\n    ```python\n    x\n    ```", 4, HIDDEN, id="fence that is text of a paragraph"),
        pytest.param("- item\n\n  ```python `a`\n  x", 5, HIDDEN, id="info string that CommonMark forbids"),
    ],
)
def test_what_nobody_would_use_is_a_fault_at_its_line(body, line, words):
    assert_fault(lesson(0, body), line, words)
    assert_fault(lesson(0, body).rstrip(b"\n"), line, words)


@pytest.mark.parametrize(
    "path",
    """../x /etc/passwd chat/../../x chat/../README.md .git/config chat/.git/x chat/.GIT/x chat/.git./x chat\\x
    chat\\..\\..\\x chat/a\\x C:/x README.md chat//x chat/./x ./chat/x chat/x/ chat/ chat . .. chatty/x Chat/x
    manage.py/x lessons/STAGE chat/x. chat/... chat/é.py chat/a:b ~/x""".split()
    + ["", " ", "chat/a b.py", " chat/x", "chat/x\nchat/y"],
)
def test_a_path_outside_the_students_files_is_refused(path):
    with pytest.raises(LessonError, match=f"^{FILE}:{3 if path else 4}: "):  # an empty path is no path at all
        blocks(block("x\n", path=path))


@pytest.mark.parametrize(
    "path", ["manage.py", "chat/a.py", "templates/a/b-c_1.html", "chat/.hidden", "chat/.gitignore"]
)
def test_a_path_inside_the_students_files_is_taken(path):
    assert [each.path for each in blocks(block("x\n", path=path))] == [path]


@pytest.mark.parametrize(("info", "kind"), [("python", "file"), ("html", "file"), ("diff", "change")])
def test_a_block_under_a_path_is_a_file_or_a_change(info, kind):
    assert [each.kind for each in blocks(block("x\n", info))] == [kind]


@pytest.mark.parametrize("info", ["python show", "diff show", "console", "output", "mermaid"])
def test_a_block_that_is_not_written_needs_no_path(info):
    assert [each.kind for each in blocks(f"```{info}\nx\n```")] == [info.split()[-1]]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param("1.\t" + PATH + "\t```python\n\tx\n\t\ty\n\t```", "x\n\ty\n", id="in a list item, with tabs"),
        pytest.param("> " + PATH + "> ```python\n> x\n> ```", "x\n", id="in a quote"),
        pytest.param("<details>\n\n" + PATH + CODE + "\n</details>", "x\n", id="in <details>"),
        pytest.param(PATH + "```python\n```", "", id="empty"),
        pytest.param(PATH + "````python\n```\nx\n```\n````", "```\nx\n```\n", id="longer fence around a short one"),
        pytest.param(PATH + "~~~python\n```\n~~~", "```\n", id="fence of tildes"),
        pytest.param(PATH + "```python\nx\n`````  \t", "x\n", id="longer closing line, blanks after it"),
        pytest.param(
            PATH + "```python\n\tx\n  y \t\n```", "\tx\n  y \t\n", id="tabs and blanks at both ends of a line"
        ),
        pytest.param(
            PATH + "```python\n&lt; \\n \x0c \u2028 é\n```", "&lt; \\n \x0c \u2028 é\n", id="signs with a meaning"
        ),
    ],
)
def test_a_block_gives_the_text_that_its_reader_sees(body, text):
    assert [each.text for each in blocks(body)] == [text]


def test_a_block_knows_its_first_line_of_content():
    body = "text\n\n" + block("x\n") + "\n```python show\ny\n```"
    source = lesson(0, body).decode().split("\n")
    assert [source[each.line - 1] for each in blocks(body)] == ["x", "y"]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_change_nothing(end, mark):
    plain = lesson(0, block("a\n\n\tb\n"), block(" a\n\n-\tb\n", "diff"))
    other = (mark + plain.decode().replace("\n", end)).encode()
    assert parse(FILE, other) == parse(FILE, plain)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_line_that_is_not_utf8_is_named(end, mark):
    assert_fault(mark + end.join([b"# Lesson 0: A", b"", b"\xe9t\xe9", b"\xff"]), 3, "not UTF-8")


@pytest.mark.parametrize("text", ["", "Lesson 0: A", "## Lesson 0: A", "```python show\n# Lesson 0: A\n```"])
def test_a_missing_title_is_a_fault_of_the_first_line(text):
    assert_fault(text.encode(), 1, "# Lesson 0: ...")


@pytest.mark.parametrize("title", ["# Lesson 1: A", "# Lesson 10: A", "# Lesson 0:", "# A\n\n# Lesson 0: A"])
def test_a_wrong_title_is_a_fault_at_its_line(title):
    assert_fault(f"text\n\n{title}".encode(), 3, "# Lesson 0: ...")


def test_a_lesson_knows_its_title_tag_and_branch():
    found = parse("lessons/07-from-anywhere/README.md", lesson(7, title="From *anywhere*"))
    assert (found.title, found.tag, found.branch) == ("From *anywhere*", "stage-07", "work/07-from-anywhere")
