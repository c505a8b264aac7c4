"""Hears what goes over the channel layer: whose each channel is, who is in which group, and where events come from."""

import contextvars
import functools
from collections import defaultdict, deque
from collections.abc import Callable

from .events import as_payload
from .recorder import Recorder, actor, cause

WAITING = 200  # letters for one mailbox whose origin is remembered

InFlight = dict[int, tuple[object, int]]  # {id of an event under way: (it, the number of its row)}

group_send_event: contextvars.ContextVar[int | None] = contextvars.ContextVar("group_send_event", default=None)


class LayerTap:
    """Everything that is heard goes to the recorder. `in_flight` gets the events on their way to a consumer."""

    def __init__(self, recorder: Recorder, in_flight: InFlight) -> None:
        self.recorder, self.in_flight = recorder, in_flight
        self.owners: dict[str, str] = {}  # channel name: participant
        self.members: dict[str, dict[str, None]] = defaultdict(dict)  # group: channel names, in order
        self.origins: dict[str, deque] = defaultdict(lambda: deque(maxlen=WAITING))  # channel: (letter, its cause)

    def listen_to(self, layer: object) -> None:
        """Hear what is done with a channel layer: its own methods are called, by ours."""
        for name in ("new_channel", "send", "receive", "group_add", "group_discard", "group_send"):
            setattr(layer, name, functools.wraps(getattr(layer, name))(getattr(self, name)(getattr(layer, name))))

    def forget(self, participant: str) -> None:
        """Forget the mailboxes of one who has ended."""
        for channel in [channel for channel, owner in self.owners.items() if owner == participant]:
            del self.owners[channel]
            self.origins.pop(channel, None)

    def new_channel(self, method: Callable) -> Callable:
        async def new_channel(*args: object, **kwargs: object) -> str:
            channel = await method(*args, **kwargs)
            me = actor.get()
            if me != "django":
                self.owners[channel] = me
            self.recorder.record(
                "note", me, me, "its mailbox", payload=channel, cause=cause.get(), extra={"mailbox": channel}
            )
            return channel

        return new_channel

    def group_add(self, method: Callable) -> Callable:
        return self.membership(method, "group_add", lambda members, channel: members.update({channel: None}))

    def group_discard(self, method: Callable) -> Callable:
        return self.membership(method, "group_discard", lambda members, channel: members.pop(channel, None))

    def membership(self, method: Callable, label: str, change: Callable) -> Callable:
        async def changed(group: str, channel: str) -> None:
            await method(group, channel)
            change(self.members[group], channel)
            boxes = list(self.members[group])
            if not boxes:
                del self.members[group]
            whose = self.owners.get(channel, "")
            self.recorder.record(
                "group",
                actor.get(),
                f"group:{group}",
                label,
                payload=channel,
                cause=cause.get(),
                extra={"group": group, "mailboxes": boxes, "whose": whose},
            )

        return changed

    def group_send(self, method: Callable) -> Callable:
        async def group_send(group: str, message: dict) -> None:
            number = self.recorder.record(
                "post",
                actor.get(),
                f"group:{group}",
                "group_send",
                payload=as_payload(message),
                cause=cause.get(),
            )
            letter = (as_payload(message), number, f"group:{group}")
            for channel in self.members.get(group, ()):
                self.origins[channel].append(letter)
            group_send_event.set(number)
            try:
                await method(group, message)
            finally:
                group_send_event.set(None)

        return group_send

    def send(self, method: Callable) -> Callable:
        from channels.exceptions import ChannelFull

        async def send(channel: str, message: dict) -> None:
            of_group, me = group_send_event.get(), actor.get()
            owner = self.owners.get(channel, "")
            number = of_group
            if of_group is None:  # the in-memory layer's group_send calls this, too
                told = {"payload": as_payload(message), "cause": cause.get(), "extra": {"address": channel}}
                number = self.recorder.record("post", me, owner or me, "send", **told)
                self.origins[channel].append((as_payload(message), number, me))
            try:
                await method(channel, message)
            except ChannelFull:
                self.recorder.record("error", owner or me, owner or me, "mailbox full: dropped", cause=number)
                raise

        return send

    def receive(self, method: Callable) -> Callable:
        async def receive(channel: str) -> dict:
            message = await method(channel)
            me = self.owners.get(channel, actor.get())
            number, source = self.origin(channel, message)
            letter = self.recorder.record(
                "letter", source, me, str(message.get("type", "?")), payload=as_payload(message), cause=number
            )
            self.in_flight[id(message)] = message, letter
            return message

        return receive

    def origin(self, channel: str, message: dict) -> tuple[int | None, str]:
        """Return by which event a letter came into a mailbox, and from whom: "elsewhere" is another process."""
        letters, text = self.origins[channel], as_payload(message)
        known = [number for number, (letter, _, _) in enumerate(letters) if letter == text]
        for _ in range(known[0] if known else 0):
            letters.popleft()  # these were dropped on their way
        return letters.popleft()[1:] if known else (None, "elsewhere")
