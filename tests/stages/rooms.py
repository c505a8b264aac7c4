"""Visitors and tabs in rooms: a room where nobody has been yet, the way in, and the list of people there."""

import itertools
import json

from lessons.engine.harness import project
from lessons.engine.harness.html import elements
from lessons.engine.harness.tab import NoFrame

numbers = itertools.count(1)


def new_room(name: str) -> str:
    """Return a room where nobody has been, so that one check does not meet the people of another."""
    return f"{name}-{next(numbers)}"


def enter(tab, room: str, visitor=None):
    """Open a tab in a room by the front door, with the visitor's cookies."""
    path, cookies = f"/ws/{room}/", visitor.cookies if visitor else ""
    one = tab(path, application=project.asgi_application(), cookies=cookies)
    assert one.accepted, f"The handshake at {path.lstrip('/')} was refused."
    return one


def who(tab) -> list[str]:
    """Return the list that a tab was told last. It says something first: what was on its way comes before that."""
    word = f"word {next(numbers)}"
    tab.send({"message": word})
    while tab.receive("chat").get("message") != word:
        pass
    told = [frame for frame in tab.seen if frame["type"] == "people"]
    assert told, f'A tab at {tab.path.lstrip("/")} has not got a frame of type "people".'
    return names_in(told[-1])


def until(tab, names: list[str], story: str) -> None:
    """Read what comes, until the list is right."""
    last = None
    try:
        while last != names:
            last = names_in(tab.receive("people"))
    except NoFrame:
        told = f"and the last one that came was {last}" if last else "and no list came"
        raise NoFrame(f"{story} The list should be {names}, {told}.") from None


def names_in(frame: dict) -> list[str]:
    names = frame.get("names")
    assert isinstance(names, list), f'A frame of type "people" should have a list "names", and is {json.dumps(frame)}.'
    return sorted(names)


def polite(visitor, what: str) -> None:
    """Look at the page that is open: no crash, no markup of somebody else's, and a way on."""
    page = visitor.page
    assert page.status < 500, f"{what} was answered with HTTP {page.status}."
    assert "<b id=bold>" not in page.html, f"{what} became a part of the page."
    assert visitor.leads_on(), f"{what} was answered with HTTP {page.status}, on a page with no link that leads on."


def has_a_socket(tab, visitor) -> None:
    """If the page that is open is a room, its socket has to be there, too."""
    page = visitor.page
    if page.path.startswith("/rooms/") and elements(page.html, role="log"):
        room = page.path.removeprefix("/rooms/").rstrip("/")
        one = tab(f"/ws/{room}/", application=project.asgi_application(), cookies=visitor.cookies)
        assert one.accepted, f"The page {page.path} is a room, and its socket ws/{room}/ was refused."
