"""The part `book` of `make check`: the site is built, is whole, has no dead link, and needs no network to look good."""

from pathlib import Path

from ...content.lesson import Lesson
from .build import build
from .look import look
from .site import faults, read_site

NO_BROWSER = "its pages were NOT CHECKED in a browser: there is no Chrome, Edge or Chromium, or no Playwright"


def prove(job, place: Path, lessons: list[Lesson]) -> list[str]:
    """Return what is wrong with the book; `job.notes` gets how many pages were looked at."""
    from ...harness.browser import NoBrowser
    from ...harness.machine import needs_every_program

    site = build(place).parent
    pages = read_site(site)
    others = {file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()}
    found = faults(pages, others, lessons)
    try:
        found += look(site)
        job.notes = f"{len(pages)} pages"
    except NoBrowser:
        job.notes = NO_BROWSER
        found += [NO_BROWSER] if needs_every_program() else []
    return found
