"""Who is here, in a table that all processes share.

A process shows by its heartbeat that it is still alive. The tabs of a dead one do not count.
"""

import secrets
from datetime import timedelta

from django.utils.timezone import now

from chat.models import Process, Tab

PROCESS = secrets.token_hex(8)  # the name of this one
DEAD_AFTER = timedelta(seconds=6)  # three beats


def enter(room, channel_name, name, address):
    """Put a tab onto the list, if need be. Return whether this person is new in the room."""
    is_new = name not in names(room)
    process, _ = Process.objects.update_or_create(id=PROCESS, defaults={"beat": now()})
    Tab.objects.get_or_create(
        channel_name=channel_name,
        defaults={"process": process, "room": room, "name": name, "address": address},
    )
    return is_new


def leave(room, channel_name):
    """Take a tab off the list. Return whether this person is gone from the room now."""
    tab = Tab.objects.filter(channel_name=channel_name).first()
    if tab is None:
        return False
    tab.delete()
    return tab.name not in names(room)


def here():
    """Return the tabs whose process is alive."""
    return Tab.objects.filter(process__beat__gt=now() - DEAD_AFTER)


def names(room):
    """Return who is in the room, sorted. Two tabs of one person count once."""
    return sorted(set(here().filter(room=room).values_list("name", flat=True)))


def mailboxes(room, name):
    """Return the channel names of one person's tabs in the room."""
    tabs = here().filter(room=room, name=name)
    return list(tabs.values_list("channel_name", flat=True))


def is_anywhere(name):
    """Tell whether somebody of this name is in any room."""
    return here().filter(name=name).exists()


def count_from(address):
    """Return how many tabs are open from one address, in all processes together."""
    return here().filter(address=address).count()


def beat():
    """Show that this process is alive, and forget the dead ones. Return the rooms they left."""
    Process.objects.update_or_create(id=PROCESS, defaults={"beat": now()})
    dead = Process.objects.filter(beat__lte=now() - DEAD_AFTER)
    rooms = set(Tab.objects.filter(process__in=dead).values_list("room", flat=True))
    dead.delete()
    return rooms
