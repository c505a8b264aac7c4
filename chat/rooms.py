"""The rules of the house: what may be a room, what may be a name, and which group belongs to which room."""

from django.utils.text import slugify

MAX_ROOM = 50  # characters; the name of a group has to be shorter than 100
MAX_NAME = 30


def read_room(text):
    """Return the room that somebody means: "Café Nord" is cafe-nord. Raise ValueError if it is none."""
    room = slugify(text)
    if not room:
        raise ValueError("A room needs a name with letters (a to z) or digits in it.")
    if len(room) > MAX_ROOM:
        raise ValueError(f"The name of a room has {MAX_ROOM} characters at most.")
    return room


def read_name(text):
    """Return the name that somebody typed, tidied up. Raise ValueError if it is none."""
    name = " ".join(text.split())
    if not name:
        raise ValueError("Please type a name.")
    if len(name) > MAX_NAME or not name.isprintable():
        raise ValueError(f"A name has {MAX_NAME} characters at most, and only ones that can be seen.")
    return name


def group_of(room):
    return f"room-{room}"
