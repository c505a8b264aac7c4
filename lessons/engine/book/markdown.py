"""A lesson's Markdown as the book's: text in, text out, and nothing of disk.

What a reader sees on a code host stays: `<details>` is left as it is. What changes: the path above a block becomes the
block's caption, the info strings become names that Sphinx knows, diagrams become elements that `static/book.js` draws,
and links lead to pages of the book.
"""

import html
import re
from collections.abc import Callable

from markdown_it import MarkdownIt

from ..lesson import PATH_LINE

LEXERS = {"output": "text", "html": "html+django"}
CODE_OR_LINK = re.compile(
    r"(?P<ticks>`+)(?!`)(?P<code>(?:(?!\n[ \t]*\n).)*?)(?<!`)(?P=ticks)(?!`)"  # a code span ends in its paragraph
    r"|(?P<before>\]\(|^ {0,3}\[[^\]^]+\]:[ ]+)(?P<target>[^)\s]+)",
    re.DOTALL | re.MULTILINE,
)
ELSEWHERE = re.compile(r"#|<|[a-z][a-z0-9+.-]*:")


def to_book(text: str, link: Callable[[str], str], mention: Callable[[str], str] = lambda code: "") -> str:
    """Return the Markdown for the book.

    `link` is asked for each target of a link that leads to a file, and `mention` for each code span: where it returns
    a target, the code becomes a link.
    """
    lines = text.split("\n")
    tokens = MarkdownIt("commonmark").parse(text)
    result, done, heading, caption = [], 0, "", None
    for index, token in enumerate(tokens):
        if token.type == "inline" and tokens[index - 1].type == "heading_open":
            heading = token.content.replace("`", "")
        if token.type == "inline" and (found := PATH_LINE.fullmatch(token.content)):
            caption = (found[1], token.map[0])
        if token.type != "fence":
            continue
        path, first = caption or ("", token.map[0])
        result.append(prose("\n".join(lines[done:first]), link, mention))
        result.append(block(token, lines[slice(*token.map)], path, heading))
        done, caption = token.map[1], None
    result.append(prose("\n".join(lines[done:]), link, mention))
    return "\n".join(result)


def prose(text: str, link: Callable[[str], str], mention: Callable[[str], str]) -> str:
    """Rewrite the links of a text without blocks; code spans only look like links."""

    def rewrite(found: re.Match) -> str:
        if found["ticks"]:
            target = mention(found["code"])
            return f"[{found[0]}]({target})" if target else found[0]
        return found["before"] + (
            found["target"] if ELSEWHERE.match(found["target"]) else link(found["target"])
        )

    return CODE_OR_LINK.sub(rewrite, text)


def block(token, lines: list[str], path: str, heading: str) -> str:
    """Return one fenced block, given its token and its lines, with its path as caption."""
    before, after = lines[0].partition(token.markup)[0], lines[-1].rpartition(token.markup)[0]
    language = token.info.split()[0] if token.info.strip() else "text"
    if language == "mermaid":
        return diagram(token.content, heading, before, after)
    lexer = LEXERS.get(language, language)
    if not path:
        return "\n".join([f"{before}{token.markup}{lexer}", *lines[1:]])
    if not token.content:
        return f"{before}`{path}` (an empty file)"
    opening = [f"{before}{token.markup}{{code-block}} {lexer}", f'{after}:caption: "`{path}`"', after.rstrip()]
    return "\n".join([*opening, *lines[1:]])


def diagram(source: str, heading: str, before: str, after: str) -> str:
    """Return a diagram as HTML, and folded below it the words that it is drawn from."""
    fence = "````"
    drawn = f'<pre class="mermaid" data-label="Diagram: {html.escape(heading)}">\n{html.escape(source)}</pre>'
    told = f"\n<details class=\"as-text\"><summary>The diagram as text</summary>\n\n{fence}text\n{source}{fence}\n\n</details>"
    first, *rest = (drawn + "\n" + told).split("\n")
    return "\n".join([before + first, *((after + line).rstrip() for line in rest)])
