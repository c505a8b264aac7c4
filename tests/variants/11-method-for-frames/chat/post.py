"""Letters from anywhere in Django: from a consumer, a view, a command."""

import asyncio
import json

from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer

from chat import people
from chat.rooms import group_of, group_of_session


def tell_room(room, event):
    """Post an event to every mailbox in the room. A full one does not get it."""
    async_to_sync(get_channel_layer().group_send)(group_of(room), event)


def show_room(room, frame):
    """Show a frame to everyone in the room: made once, and handed on by each consumer."""
    text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
    tell_room(room, {"type": "show.frame", "frame": {"type": "websocket.send", "text": text}})


def show_people(room):
    """Show everyone in the room who is here. And look again: meanwhile that may have changed."""
    shown = None
    while shown != (names := people.names(room)):
        show_room(room, {"type": "people", "names": names})
        shown = names


def tell_session(key, event):
    """Post an event to every mailbox of one login."""
    async_to_sync(get_channel_layer().group_send)(group_of_session(key), event)


def tell_person(room, name, event):
    """Post an event to each mailbox of one person. Raise ValueError if that fails."""
    mailboxes = people.mailboxes(room, name)
    if not mailboxes:
        raise ValueError(f"{name} is not here.")
    for channel_name in mailboxes:
        try:
            async_to_sync(get_channel_layer().send)(channel_name, event)
        except ChannelFull:
            raise ValueError(f"A mailbox of {name} is full.") from None


def try_out():
    """Post a letter to a new mailbox and fetch it again. Raise an exception if that fails."""
    layer = get_channel_layer()
    channel_name = in_a_second(layer.new_channel())
    in_a_second(layer.send(channel_name, {"type": "try.out"}))
    in_a_second(layer.receive(channel_name))


def in_a_second(coroutine):
    return async_to_sync(asyncio.wait_for)(coroutine, timeout=1)
