"""`make book`: write the pages' source, let Sphinx make the site, show it."""

import shutil
import subprocess
import sys
import webbrowser
from importlib.resources import files
from pathlib import Path

from ...content.disk import lessons_on_disk
from ...content.stages import make_stages
from ...errors import CourseError
from ...paths import ROOT
from .notebooks import run_notebooks
from .pages import Book

HERE = Path(__file__).parent
PLACE = ROOT / ".course" / "book"

REPAIRS = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="The course">',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
    '<th class="head"><p></p></th>': "<td></td>",
    '<div id="search-results">': '<h1>Search</h1>\n<div id="search-results">',
}
"""What Sphinx and furo leave out, and who listens to a page needs: the names of its parts."""


def book(open: str) -> None:
    """`make book`: build the site below .course/book/; OPEN=1 shows it in the browser."""
    first = build(PLACE)
    print(f"The book is in {first.parent.relative_to(ROOT)}: open index.html there, or let OPEN=1 do it.")
    if open:
        webbrowser.open(first.as_uri())


def build(place: Path) -> Path:
    """Build the site below `place` and return its first page. Raises CourseError for each warning of Sphinx."""
    lessons = lessons_on_disk()
    stages = make_stages(lessons)
    pages = Book(ROOT, lessons, stages, run_notebooks(stages)).gather()
    source, site = place / "source", place / "html"
    for folder in (source, site):
        shutil.rmtree(folder, ignore_errors=True)
    for path, data in pages.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(data)
    # -W --keep-going: a warning is an error, and all are told. -n: a reference that leads nowhere is one. -E: afresh
    options = ["-b", "html", "-W", "--keep-going", "-n", "-E", "-q"]
    command = [sys.executable, "-m", "sphinx", *options, "-c", HERE, "-d", place / "doctrees", source, site]
    done = subprocess.run(command, cwd=ROOT, stdout=-1, stderr=subprocess.STDOUT)
    if done.returncode:
        raise CourseError("book: Sphinx is not content.\n" + done.stdout.decode("utf-8", "replace").strip())
    for file in site.rglob("*.html"):
        file.write_text(repair(file.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    (site / "_static" / "mermaid.min.js").write_bytes(mermaid())
    return site / "index.html"


def mermaid() -> bytes:
    """Return the script that draws the diagrams in the page: the mermaid.min.js that a package of ours brings along."""
    return files("mermaidx").joinpath("assets", "mermaid.js").read_bytes()


def repair(html: str) -> str:
    """Return a page of the site with what its makers have left out."""
    for said, meant in REPAIRS.items():
        html = html.replace(said, meant)
    return html
