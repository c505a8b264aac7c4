"""Who is here. No mailboxes in it: whoever wants to reach one person writes to the group of that person."""

from collections import Counter

here = {}  # {room: Counter of names}


def enter(room, name):
    here.setdefault(room, Counter())[name] += 1


def leave(room, name):
    here[room][name] -= 1


def names(room):
    return sorted(+here.get(room, Counter()))


def taken(name):
    return any(counter[name] > 0 for counter in list(here.values()))
