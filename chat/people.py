"""Who is here: the mailboxes in each room, and whose they are. Kept in the memory of this one process."""

rooms = {}  # {room: {channel name: person's name}}


def enter(room, channel_name, name):
    rooms.setdefault(room, {})[channel_name] = name


def leave(room, channel_name):
    del rooms[room][channel_name]
    if not rooms[room]:  # nobody is left in it
        del rooms[room]


def names(room):
    """Return who is in the room, sorted. Two tabs of one person count once."""
    return sorted(set(rooms.get(room, {}).values()))


def mailboxes(room, name):
    """Return the channel names of one person's tabs in the room."""
    here = dict(rooms.get(room, {}))  # a copy: somebody may come while we look
    return [channel_name for channel_name, owner in here.items() if owner == name]


def is_anywhere(name):
    """Tell whether somebody of this name is in any room."""
    return any(name in names(room) for room in list(rooms))
