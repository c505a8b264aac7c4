"""One group for each room, and one for each person in it."""

from hashlib import sha256

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer


def room_group(room):
    return f"room.{room}"


def person_group(room, name):
    """A name has any letters, and a group's name has not: so it is hashed."""
    return f"person.{sha256(f'{room} {name}'.encode('utf-8', 'replace')).hexdigest()}"


def post(group, kind, **content):
    letter = {"type": "deliver", "frame": {"type": kind, **content}}
    async_to_sync(get_channel_layer().group_send)(group, letter)


def announce(room, text):
    post(room_group(room), "announcement", message=text)
