"""Writing messages down, and reading them again: the ORM, called as in any view."""

from django.db import IntegrityError, transaction
from django.db.models import Max

from chat.models import Message

ON_JOINING = 50  # messages
AT_MOST = 500  # messages in answer to one {"since": 41}; who missed more, asks again
TRIES = 10


def add(room, name, text, client_id=None):
    """Write a message down under the next number of its room, and return it.

    The same client_id is the same message: it is written once, however often it comes.
    """
    for _ in range(TRIES):
        try:
            return add_once(room, name, text, client_id or None)
        except IntegrityError:
            continue  # another process has taken this number: try the next one
    return add_once(room, name, text, client_id or None)


@transaction.atomic
def add_once(room, name, text, client_id):
    messages = Message.objects.filter(room=room)
    if client_id:
        known = messages.filter(name=name, client_id=client_id).first()
        if known:
            return known
    last = messages.aggregate(Max("seq"))["seq__max"] or 0
    return Message.objects.create(
        room=room,
        seq=last + 1,
        name=name,
        text=text,
        client_id=client_id,
    )


def read(room, since=None):
    """Return what came after number `since`, in order; without it the last messages."""
    messages = Message.objects.filter(room=room)
    if since is None:
        return list(messages.order_by("-seq")[:ON_JOINING])[::-1]
    return list(messages.filter(seq__gt=since).order_by("seq")[:AT_MOST])
