"""The rules of the house: what may be a room, a name, a message, and what groups are called."""

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.text import slugify

MAX_ROOM = 50  # characters; the name of a group has to be shorter than 100
MAX_NAME = 30  # of a guest
MAX_CLIENT_ID = 40


def read_room(text):
    """Return the room that somebody means: "Café Nord" is cafe-nord. Raise ValueError if it is none."""
    room = slugify(text)
    if not room:
        raise ValueError("A room needs a name with letters (a to z) or digits in it.")
    if len(room) > MAX_ROOM:
        raise ValueError(f"The name of a room has {MAX_ROOM} characters at most.")
    return room


def is_room(slug):
    """Tell whether a slug from an address is a room: short, and in small letters."""
    return len(slug) <= MAX_ROOM and slug == slug.lower()


def read_name(text):
    """Return the name that somebody typed, tidied up. Raise ValueError if it is none."""
    name = " ".join(text.split())
    if not name:
        raise ValueError("Please type a name.")
    if len(name) > MAX_NAME or not name.isprintable() or ":" in name:
        raise ValueError(f"A name has {MAX_NAME} characters at most, no colon, and only ones that can be seen.")
    return name


def read_text(text):
    """Return what somebody wants to say. Raise ValueError if it is nothing, or too much."""
    if not text.strip():
        raise ValueError("The message is empty.")
    if len(text) > settings.CHAT_MAX_LENGTH:
        raise ValueError(f"The message is longer than {settings.CHAT_MAX_LENGTH} characters.")
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("There is something in the message that is no character.")
    return text


def group_of(room):
    return f"room-{room}"


def group_of_session(key):
    """A hash of the session's key: who knows the key is logged in, and Redis shows its groups."""
    return f"session-{salted_hmac('chat', key, algorithm='sha256').hexdigest()}"
