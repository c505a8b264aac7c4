"""Read one lesson: Markdown text in, its title and fenced blocks out. Pure; knows nothing of disk or git."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors import LessonError

APP = ("manage.py", "mywebsite", "chat", "templates")
"""What lessons may write: the student's files. Everything else belongs to the course."""

FILE_LANGUAGES = {"python", "html", "css", "javascript", "json", "text", "ini", "nginx"}
NO_PATH = {"console", "output", "mermaid"}

FENCE_LINE = re.compile(r"^(?:[ \t>*+-]|\d+[.)])*(```|~~~)", re.MULTILINE)
PATH_LINE = re.compile(r"\*\*`([^`]+)`\*\*")
TITLE = re.compile(r"Lesson (\d+): (\S.*)")


@dataclass(frozen=True)
class Block:
    """One fenced block: `kind` is file, change, console, output, mermaid or show."""

    kind: str
    text: str
    line: int  # of its first line of content, counted from 1
    path: str = ""


@dataclass(frozen=True)
class Lesson:
    file: str  # lessons/NN-slug/README.md
    number: int
    slug: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def tag(self) -> str:
        return f"stage-{self.number:02}"

    @property
    def branch(self) -> str:
        return f"work/{self.number:02}-{self.slug}"


def parse(file: str, data: bytes) -> Lesson:
    """Return the lesson in `data`, the bytes of `file` (`lessons/NN-slug/README.md`).

    Raises LessonError for text that is not UTF-8, a missing or wrong title, and every block that nobody would use.
    """
    text = decode(file, data)
    number, slug = re.fullmatch(r"lessons/(\d\d)-([^/]+)/README\.md", file).groups()
    from markdown_it import MarkdownIt  # here: what reads no lesson does without any package

    tokens = MarkdownIt("commonmark").parse(text + "\n")  # so that every line of a block ends with one
    return Lesson(file, int(number), slug, find_title(file, tokens, int(number)), find_blocks(file, tokens))


def decode(file: str, data: bytes) -> str:
    """Return the text with line ends made `\\n`; a byte order mark (Windows editors write one) is dropped."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # not of data: error.start leaves out the byte order mark
        raise LessonError(file, line, "this line is not UTF-8. Save the file as UTF-8.") from None


def find_title(file: str, tokens: list, number: int) -> str:
    for heading, inline in zip(tokens, tokens[1:], strict=False):
        if heading.type == "heading_open" and heading.tag == "h1":
            found = TITLE.fullmatch(inline.content)
            if found and int(found[1]) == number:
                return found[2]
            raise LessonError(file, heading.map[0] + 1, f"the title should read '# Lesson {number}: ...'.")
    raise LessonError(file, 1, f"this lesson has no title. Begin with '# Lesson {number}: ...'.")


def find_blocks(file: str, tokens: list) -> tuple[Block, ...]:
    blocks, path = [], None  # path: (its text, its line) while the block it announces has not come
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        if path and token.type not in ("fence", "paragraph_close"):
            raise LessonError(file, path[1], f"no block follows the path {path[0]}.")
        if token.type == "inline" and (found := PATH_LINE.fullmatch(token.content)):
            path = (check_path(file, line, found[1]), line)
        elif token.type == "code_block":
            raise LessonError(file, line, "indented code is used by nobody. Put it between ``` lines.")
        elif token.type == "fence":
            check_closed(file, token)
            blocks.append(make_block(file, token, path and path[0]))
            path = None
        elif token.type in ("inline", "html_block") and (found := FENCE_LINE.search(token.content)):
            line += token.content.count("\n", 0, found.start())
            why = f"this {found[1]} begins no block: it belongs to the paragraph or the HTML above it"
            raise LessonError(file, line, f"{why}. Put an empty line between them, and do not indent it.")
    if path:
        raise LessonError(file, path[1], f"no block follows the path {path[0]}.")
    return tuple(blocks)


def check_closed(file: str, token) -> None:
    """CommonMark lets the end of the file, or of the next block, close a fence: that would swallow what is between."""
    line, inside = token.map[0] + 1, token.content.split("\n")
    for number, text in enumerate(inside, line + 1):
        if text.lstrip().startswith(token.markup):
            why = f"this block is not closed before the {token.markup} of line {number}"
            raise LessonError(file, line, f"{why}. End it with a line {token.markup}, or give it a longer fence.")
    if token.map[1] - token.map[0] != len(inside) + 1:
        raise LessonError(file, line, f"this block is never closed. End it with a line {token.markup}.")


def make_block(file: str, token, path: str | None) -> Block:
    line, info = token.map[0] + 1, token.info.strip()
    language, _, rest = info.partition(" ")
    if info in NO_PATH or (rest == "show" and language in FILE_LANGUAGES | {"diff"}):
        kind = "show" if rest else info
        if path:
            raise LessonError(file, line, f"a '{info}' block is not written to a file: remove the path above it.")
    elif info in FILE_LANGUAGES | {"diff"}:
        kind = "change" if info == "diff" else "file"
        if not path:
            raise LessonError(
                file,
                line,
                f"this block is used by nobody. Put its path above it, as a line **`chat/views.py`**,"
                f" or write '{info} show' if it is only to be looked at.",
            )
    else:
        known = ", ".join(sorted(NO_PATH | FILE_LANGUAGES | {"diff"}))
        raise LessonError(file, line, f"a block '{info}' is used by nobody. Known: {known}, and 'python show'.")
    return Block(kind, token.content, line + 1, path or "")


def check_path(file: str, line: int, path: str) -> str:
    """Return the path if it is a plain one inside the student's files, on every system."""
    parts = path.lower().split("/")
    plain = re.fullmatch(r"[A-Za-z0-9_./-]+", path) and PurePosixPath(path).as_posix() == path
    top, _, rest = path.partition("/")
    inside = top in APP and bool(rest) == (top != "manage.py")  # the others are folders
    if not plain or not inside or ".git" in parts or any(part.endswith(".") for part in parts):  # Windows drops the dot
        raise LessonError(file, line, f"the path {path!r} is not inside {', '.join(APP)}. Lessons write nowhere else.")
    return path
