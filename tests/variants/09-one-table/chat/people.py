"""Who is here: one table, in which every tab has a time until which it counts. Its process prolongs it."""

import uuid
from datetime import timedelta

from django.utils import timezone

from chat.models import Visit

PROCESS = str(uuid.uuid4())
LEASE = timedelta(seconds=7)


def enter(room, channel_name, name):
    was_here = name in names(room)
    Visit.objects.update_or_create(
        channel_name=channel_name,
        defaults={
            "process": PROCESS,
            "room": room,
            "name": name,
            "until": timezone.now() + LEASE,
        },
    )
    return not was_here


def leave(room, channel_name):
    Visit.objects.filter(channel_name=channel_name).delete()
    return True


def names(room):
    visits = Visit.objects.filter(room=room, until__gt=timezone.now())
    return list(visits.order_by("name").values_list("name", flat=True).distinct())


def mailboxes(room, name):
    visits = Visit.objects.filter(room=room, name=name, until__gt=timezone.now())
    return [visit.channel_name for visit in visits]


def is_anywhere(name):
    return Visit.objects.filter(name=name, until__gt=timezone.now()).exists()


def prolong():
    """Prolong what is ours, delete what has run out. Return the rooms where somebody is gone."""
    Visit.objects.filter(process=PROCESS).update(until=timezone.now() + LEASE)
    over = Visit.objects.filter(until__lte=timezone.now())
    rooms = set(over.values_list("room", flat=True))
    over.delete()
    return rooms
