"""A lesson's Markdown as the book's: text in, text out, and nothing of disk.

What a reader sees on a code host stays: `<details>` is left as it is. What changes: the path above a block becomes the
block's caption, the info strings become names that Sphinx knows, diagrams become elements that `static/book.js` draws,
and links lead to pages of the book.
"""

import html
import re
from collections.abc import Callable

from markdown_it import MarkdownIt

from ...content.lesson import PATH_LINE

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
    result, done, heading, path = [], 0, "", ""
    for index, token in enumerate(tokens):
        if token.type == "inline" and tokens[index - 1].type == "heading_open":
            heading = token.content.replace("`", "")
        found = token.type == "inline" and PATH_LINE.fullmatch(token.content)
        if found and tokens[index + 2].type == "fence":
            path = found[1]
            result += prose(lines[done : token.map[0]], link, mention)
            marker = lines[token.map[0]].removesuffix(token.content).rstrip()  # of a list, perhaps
            result += [marker] if marker else []
            done = token.map[1]
        elif token.type == "fence":
            result += prose(lines[done : token.map[0]], link, mention)
            result.append(block(token, lines[slice(*token.map)], path, heading))
            done, path = token.map[1], ""
    return "\n".join([*result, *prose(lines[done:], link, mention)])


def prose(lines: list[str], link: Callable[[str], str], mention: Callable[[str], str]) -> list[str]:
    """Rewrite the links of a text without blocks; code may only look like a link."""

    def rewrite(found: re.Match) -> str:
        if found["ticks"]:
            target = mention(found["code"])
            return f"[{found[0]}]({target})" if target else found[0]
        target = found["target"]
        return found["before"] + (target if ELSEWHERE.match(target) else link(target))

    return CODE_OR_LINK.sub(rewrite, "\n".join(lines)).split("\n") if lines else []


def block(token, lines: list[str], path: str, heading: str) -> str:
    """Return one fenced block, given its token and its lines, with its path as caption."""
    first, inside = lines[0].partition(token.markup)[0], lines[-1].rpartition(token.markup)[0]  # the list's indentation
    language = token.info.split()[0] if token.info.strip() else "text"
    lexer = LEXERS.get(language, language)
    if language == "mermaid":
        made = diagram(token.content, heading)
    elif not path:
        return "\n".join([f"{first}{token.markup}{lexer}", *lines[1:]])
    elif not token.content:
        made = f"`{path}` (an empty file)"
    else:
        opening = [f"{first}{token.markup}{{code-block}} {lexer}", f'{inside}:caption: "`{path}`"', ""]
        return "\n".join([*opening, *lines[1:]])
    return first + "\n".join((inside + line).rstrip() for line in made.split("\n")).removeprefix(inside)


def diagram(source: str, heading: str) -> str:
    """Return a diagram as HTML, and folded below it the words that it is drawn from, for whoever cannot see it."""
    return (
        f'<pre class="mermaid" data-label="Diagram: {html.escape(heading)}">\n{html.escape(source)}</pre>\n\n'
        f"<details><summary>The diagram as text</summary>\n\n````text\n{source}````\n\n</details>"
    )
