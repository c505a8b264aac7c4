"""`make book`: what a lesson's Markdown becomes, which pages come in, and that a fault of the site is seen."""

import json

import pytest

from lessons.engine.author.book import look as looking
from lessons.engine.author.book.build import repair
from lessons.engine.author.book.changes import changes_page
from lessons.engine.author.book.markdown import to_book
from lessons.engine.author.book.pages import Book, page_of
from lessons.engine.author.book.site import faults, read_site
from lessons.engine.content.lesson import parse
from lessons.engine.content.stages import make_stages, read_lessons
from lessons.engine.errors import CourseError

from .toy import FILE, LESSONS, block, lesson


def told(*parts: str) -> str:
    return "\n\n".join([*parts, ""])


def same(target: str) -> str:
    return target


def test_the_path_above_a_block_becomes_its_caption():
    assert to_book(told("Type:", block("x = 1\n"), "Done."), same) == (
        'Type:\n\n```{code-block} python\n:caption: "`chat/a.py`"\n\nx = 1\n```\n\n\nDone.\n\n'
    )


@pytest.mark.parametrize(
    ("above", "left"), [("- Type:\n\n  ", "- Type:\n\n"), ("- ", "-\n"), ("1. a\n   1. ", "1. a\n   1.\n")]
)
def test_a_block_in_a_list_stays_in_its_list(above, left):
    inside = " " * len(above.rpartition("\n")[2])
    change = f"{inside}-x\n{inside} y\n{inside}```\n"
    caption = f'{inside}```{{code-block}} diff\n{inside}:caption: "`chat/a.py`"\n\n'
    assert to_book(f"{above}**`chat/a.py`**\n{inside}```diff\n{change}", same) == left + caption + change


def test_bold_code_above_no_block_is_no_path():
    assert to_book("**`make`**\n\nText.\n", same) == "**`make`**\n\nText.\n"


def test_an_empty_file_is_said_to_be_empty():
    assert to_book(block("", path="chat/__init__.py"), same) == "`chat/__init__.py` (an empty file)\n"


@pytest.mark.parametrize(
    ("info", "lexer"),
    [
        ("console", "console"),
        ("output", "text"),
        ("python show", "python"),
        ("diff show", "diff"),
        ("html show", "html+django"),
        ("", "text"),
    ],
)
def test_every_info_string_becomes_one_that_sphinx_knows(info, lexer):
    assert to_book(f"````{info}\nx ``` y\n````\n", same) == f"````{lexer}\nx ``` y\n````\n"


def test_a_diagram_is_drawn_and_told():
    book = to_book("## How `it` works\n\n```mermaid\nsequenceDiagram\n\n  A->>B: <hi>\n```\n", same)
    assert (
        '<pre class="mermaid" data-label="Diagram: How it works">\nsequenceDiagram\n\n  A-&gt;&gt;B: &lt;hi&gt;\n</pre>'
        in book
    )
    assert "<summary>The diagram as text</summary>\n\n````text\nsequenceDiagram\n\n  A->>B: <hi>\n````" in book


def test_what_is_folded_stays_folded():
    text = "1. Why?\n\n   <details><summary>Answer</summary>\n\n   Because *it* is so.\n   </details>\n"
    assert to_book(text, same) == text


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("[a](b.md)", "[a](<b.md>)"),
        ("![a](b.png) and [two\nlines](c.md#d)", "![a](<b.png>) and [two\nlines](<c.md#d>)"),
        ("[a]: b.md\n", "[a]: <b.md>\n"),
        ("[a](https://b.org/c) [a](#d) [a](mailto:a@b.org)", None),
        ("`[a](b.md)` and ``[a](`b.md)``", None),
        ("a ` alone, [a](b.md)\n\nand another `", "a ` alone, [a](<b.md>)\n\nand another `"),
        ("```output\n[a](b.md)\n```", "```text\n[a](b.md)\n```"),
    ],
)
def test_links_are_rewritten_where_they_are_links(text, becomes):
    assert to_book(text, lambda target: f"<{target}>") == (becomes or text)


def test_code_that_names_a_page_becomes_a_link():
    book = to_book("Open `notebooks/1.ipynb` or `2`.", same, lambda code: "x.ipynb" if code.startswith("note") else "")
    assert book == "Open [`notebooks/1.ipynb`](x.ipynb) or `2`."


def test_the_changes_of_a_stage_are_those_between_its_files():
    before, after = (
        {"chat/a.py": "one\ntwo\n", "same.py": "x\n"},
        {"chat/a.py": "one\n```\n", "same.py": "x\n", "b.py": ""},
    )
    page = changes_page(parse("lessons/04-toy/README.md", lesson(4)), before, after, "04-toy.md")
    assert page.startswith(
        "# Stage 4: what changed\n\nWhat [lesson 4, A toy](04-toy.md), has you type, all of it: 2 files,"
    )
    assert "1 line more, 1 line fewer. In the course, `git diff stage-03 stage-04` shows it too." in page
    assert "## `b.py` (new)\n\nAn empty file.\n" in page
    assert "## `chat/a.py`\n\n````diff\n@@ -1,2 +1,2 @@\n one\n-two\n+```\n````\n" in page
    assert "same.py" not in page


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("README.md", "index.md"),
        ("lessons/03-routing/README.md", "lessons/03-routing.md"),
        ("CONTRIBUTING.md", "CONTRIBUTING.md"),
        ("notebooks/1.ipynb", "notebooks/1.ipynb"),
        ("lessons/05-toy/a.png", "lessons/05-toy/a.png"),
        ("LICENSE", "files/LICENSE.md"),
    ],
)
def test_every_file_has_its_place_in_the_book(path, page):
    assert page_of(path) == page


@pytest.fixture
def course(tmp_path):
    """A folder with toy lessons, a notebook, and files to link to."""
    cells = [{"cell_type": "markdown", "source": ["# Play\n", "\n", "Stage 1. [A](../LICENSE)"]}]
    front = "# A course\n\n![Two](lessons/01-toy/two.png) [B](lessons/01-toy/README.md#step) [C](notebooks)\n"
    for path, data in {
        **LESSONS,
        "lessons/01-toy/two.png": b"PNG",
        "notebooks/1.ipynb": json.dumps({"cells": cells}).encode(),
        "README.md": front.encode(),
        "LICENSE": b"Do as you like.\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


def gather(course) -> dict[str, str]:
    lessons = read_lessons({path: (course / path).read_bytes() for path in LESSONS})
    notebooks = {"notebooks/1.ipynb": (course / "notebooks/1.ipynb").read_text(encoding="utf-8")}
    files = Book(course, lessons, make_stages(lessons), notebooks).gather()
    return {path: data.decode() for path, data in files.items()}


def test_the_book_holds_the_lessons_and_all_that_is_linked_to(course):
    book = gather(course)
    lessons = {f"lessons/0{number}-toy{end}.md" for number in range(3) for end in ("", "-changes")}
    others = {"index.md", "notebooks.md", "notebooks/1.ipynb", "files/LICENSE.md", "lessons/01-toy/two.png"}
    assert set(book) == lessons | others
    assert "![Two](lessons/01-toy/two.png) [B](lessons/01-toy.md#step) [C](notebooks.md)" in book["index.md"]
    assert "[A](../files/LICENSE.md)" in json.loads(book["notebooks/1.ipynb"])["cells"][0]["source"]
    assert "- [](notebooks/1.ipynb)" in book["notebooks.md"]
    assert "Do as you like." in book["files/LICENSE.md"]


def test_the_navigation_goes_by_stage(course):
    book = gather(course)
    assert ":caption: Lessons\n\nlessons/00-toy.md\nlessons/01-toy.md\nlessons/02-toy.md\n" in book["index.md"]
    assert ":caption: More\n\nfiles/LICENSE.md\nnotebooks.md\n" in book["index.md"]
    assert ":hidden:\n\n01-toy-changes.md\n../notebooks/1.ipynb\n" in book["lessons/01-toy.md"]
    assert ":hidden:\n\n02-toy-changes.md\n```" in book["lessons/02-toy.md"]
    assert "(01-toy-changes.md). Notebook: [](../notebooks/1.ipynb)." in book["lessons/01-toy.md"]
    assert "[All that changes since stage 1](02-toy-changes.md).\n" in book["lessons/02-toy.md"]


def test_a_link_that_leads_nowhere_is_an_error(course):
    (course / "README.md").write_text("# A course\n\n[D](nowhere.md)\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"^README\.md:3: the link nowhere\.md leads nowhere\. Is it spelt"):
        gather(course)


def seen(pages: dict[str, str], others=(), lessons=()) -> list[str]:
    return faults(pages, set(others), list(lessons))


@pytest.mark.parametrize(
    "page",
    [
        '<a href="b.html#x">', '<a href="#y"><p id="y">', '<a href="a.png">', '<a href="http://127.0.0.1:8000/">',
        '<a href="https://b.org/c?d=e">', '<a href="mailto:a@b.org">', '<script src="book.js">', '<img src="data:x">',
    ],
)  # fmt: skip
def test_a_page_without_fault_is_let_through(page):
    assert seen({"a.html": page, "b.html": '<p id="x">'}, ["a.png", "book.js"]) == []


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<a href="c.html">', "the link 'c.html' leads nowhere"),
        ('<a href="b.html#z">', "the link 'b.html#z' leads to no place on that page"),
        ('<a href="#z">', "the link '#z' leads to no place on that page"),
        ('<a href="../b.html">', "the link '../b.html' leads nowhere"),
        ('<a href="https://b">', "'https://b' is no address"),
        ('<a href="htp://b.org/">', "'htp://b.org/' is no address"),
        ('<img src="c.png">', "the link 'c.png' leads nowhere"),
        ('<script src="https://b.org/c.js">', "loads https://b.org/c.js, from the network"),
        ('<link rel="stylesheet" href="//b.org/c.css">', "loads //b.org/c.css, from the network"),
        ('<p id="x"><p id="x">', "the id 'x' stands twice"),
    ],
)
def test_a_fault_in_a_page_is_seen(page, fault):
    assert seen({"a.html": page, "b.html": '<p id="x">'}) == [f"a.html: {fault}"]


def test_a_block_that_is_not_in_the_book_is_seen():
    toy = parse(FILE, lesson(0, block("x = 1\n"), block("a\n\n b <c>\n", path="chat/b.py")))
    whole = "<pre><span></span>x = <b>1</b>\n</pre><pre>a\n\n b &lt;c&gt;\n</pre>"
    assert seen({"lessons/00-toy.html": whole}, lessons=[toy]) == []
    assert seen({"lessons/00-toy.html": whole.replace(" b", "b")}, lessons=[toy]) == [
        f"{FILE}:11: this block is not in the book as it stands here"
    ]


def test_what_sphinx_leaves_out_is_put_in():
    assert (
        repair('<th class="head"><p></p></th><th class="head"><p>a</p></th>')
        == '<td></td><th class="head"><p>a</p></th>'
    )


FINE = """<!doctype html><html lang="en"><title>A</title><main><h1>A</h1>
<details><summary>More</summary><p>bread</p></details>
<pre id="c"><span>$ make test\n</span>...\n$ make next\n</pre>
<button class="copybtn" data-clipboard-target="#c">Copy</button>
</main><script>
  document.querySelector("button").onclick = () => {
    getSelection().selectAllChildren(document.body.appendChild(document.createElement("textarea")));
    const area = document.querySelector("textarea");
    area.value = "make test\\nmake next";
    area.select();
    document.execCommand("copy");
    area.remove();
  };
</script>"""


@pytest.mark.parametrize(
    ("said", "instead", "fault"),
    [
        ("", "", ""),
        (
            "<p>bread</p>",
            "<img src='http://127.0.0.1:9/a.png' alt='a'>",
            "asks the network for http://127.0.0.1:9/a.png",
        ),
        ("<p>bread</p>", "<p style='color: #ccc'>bread</p>", "in light: color-contrast"),
        (
            "<p>bread</p>",
            "<style>@media (prefers-color-scheme: dark) {p {color: #ccc}}</style><p>bread</p>",
            "in dark: color-",
        ),
        ("$ make n", "<span style='color: #ccc'>$ make</span> n", "in light: color-contrast"),
        ("<p>bread</p>", "<button></button>", "in light: button-name"),
        ("<p>bread</p>", "<p style='width: 600px'>bread</p>", "is wider than a phone"),
        ("<summary>", "<summary hidden>", "Enter does not unfold"),
        ('"make test', '"$ make test', "a button should copy"),
        ("<script>", "<script>\nnothing();", "nothing is not defined"),
    ],
)
def test_a_fault_that_only_a_browser_shows_is_seen(browser, tmp_path, said, instead, fault):
    (tmp_path / "a.html").write_text(FINE.replace(said, instead), encoding="utf-8")
    found: list[str] = []
    page = browser.new_page(viewport=looking.SIZES["desk"])
    looking.block_network(page, found)
    page.goto((tmp_path / "a.html").as_uri())
    found += looking.faults_of(page, looking.axe_script())
    page.close()
    assert [line for line in found if fault in line] if fault else not found, found


@pytest.fixture(scope="module")
def browser():
    from lessons.engine.harness.browser import NoBrowser, open_browser
    from lessons.engine.harness.machine import needs_every_program

    try:
        with open_browser() as browser:
            yield browser
    except NoBrowser:
        words = "NOT CHECKED: there is no browser, or no Playwright"
        pytest.fail(words) if needs_every_program() else pytest.skip(words)


def test_all_pages_of_a_site_are_read(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.html").write_text("<p>ä", encoding="utf-8")
    assert read_site(tmp_path) == {"deep/a.html": "<p>ä"}
