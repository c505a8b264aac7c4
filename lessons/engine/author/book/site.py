"""What the finished site says of itself, read from its HTML without a browser: links, addresses, blocks. No network."""

import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ...content.lesson import Lesson
from .pages import page_of

LOADED = {"script": "src", "img": "src", "source": "src", "iframe": "src", "object": "data", "link": "href"}
ADDRESS = re.compile(r"https?://(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?(/\S*)?|mailto:\S+@\S+")


class Page(HTMLParser):
    """One page: its `ids`, the targets of its `links`, what it `loads`, and the text of its `blocks`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.blocks: list[str] = []
        self.in_block = False
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(values["id"])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get(LOADED.get(tag, "")) and values.get("rel") not in ("index", "search", "next", "prev"):
            self.loads.append(values[LOADED[tag]])
        if tag == "pre":
            self.blocks.append("")
            self.in_block = True

    def handle_endtag(self, tag) -> None:
        self.in_block = self.in_block and tag != "pre"

    def handle_data(self, data) -> None:
        if self.in_block:
            self.blocks[-1] += data


def read_site(folder: Path) -> dict[str, str]:
    """Return the HTML of each page, by its path in the site."""
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in folder.rglob("*.html")}


def faults(site: dict[str, str], others: set[str], lessons: list[Lesson]) -> list[str]:
    """Return what is wrong in the pages of a site; `others` are the paths of its other files."""
    pages = {path: Page(text) for path, text in sorted(site.items())}
    found = []
    for path, page in pages.items():
        found += [
            f"{path}: the id {id_!r} stands twice" for id_ in {one for one in page.ids if page.ids.count(one) > 1}
        ]
        found += [f"{path}: {why}" for target in page.links if (why := fault_of_link(path, target, pages, others))]
        for target in page.loads:
            if urlsplit(target).scheme not in ("", "data") or target.startswith("//"):
                found.append(f"{path}: loads {target}, from the network")
            elif why := fault_of_link(path, target, pages, others):
                found.append(f"{path}: {why}")
    for lesson in lessons:
        blocks = pages[page_of(lesson.file).removesuffix(".md") + ".html"].blocks
        found += [
            f"{lesson.file}:{block.line}: this block is not in the book as it stands here"
            for block in lesson.blocks
            if block.text and block.text.strip("\n") not in (text.strip("\n") for text in blocks)
        ]
    return found


def fault_of_link(here: str, target: str, pages: dict[str, Page], others: set[str]) -> str:
    """Say what is wrong with a link, "" if nothing is. Of a link to elsewhere only the form is looked at."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return "" if parts.scheme == "data" or ADDRESS.fullmatch(target) else f"{target!r} is no address"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(parts.path))) if parts.path else here
    if path not in pages:
        return "" if path in others else f"the link {target!r} leads nowhere"
    anchor = unquote(parts.fragment)
    return "" if not anchor or anchor in pages[path].ids else f"the link {target!r} leads to no place on that page"
