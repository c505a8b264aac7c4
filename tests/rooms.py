"""Tabs in rooms: rooms where nobody has been yet, the way in, and the list of people that a tab was told."""

import itertools
import json

from tests import project
from tests.tab import NoFrame

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
    last = "none"
    try:
        while last != names:
            last = names_in(tab.receive("people"))
    except NoFrame as error:
        raise NoFrame(f"{story} The list should be {names}, and the last one was {last}.") from error


def names_in(frame: dict) -> list[str]:
    names = frame.get("names")
    assert isinstance(names, list), f'A frame of type "people" should have a list "names", and is {json.dumps(frame)}.'
    return sorted(names)
