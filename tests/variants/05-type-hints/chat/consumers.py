"""The consumer of the lobby, with a type for everything.

A tab connects   -> connect()     -> it joins the group, and is greeted
A tab speaks     -> receive()     -> the group is told, or the tab is told what is wrong
The group speaks -> chat_message() -> the tab is told
A tab leaves     -> disconnect()  -> it leaves the group
"""

from __future__ import annotations

import json
from typing import Any, Final, TypedDict

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer
from channels.layers import BaseChannelLayer, get_channel_layer

# One group for everyone.
GROUP_NAME: Final[str] = "lobby"

# The page's field has the same limit.
MAX_LENGTH: Final[int] = 500

# The layer is the same for every consumer, so it is asked for once.
layer: BaseChannelLayer = get_channel_layer()


class ChatEvent(TypedDict):
    """What travels from consumer to consumer."""

    type: str
    message: str


class ChatConsumer(WebsocketConsumer):
    """One object for each connection."""

    def connect(self) -> None:
        """A tab has knocked."""
        # First the group, then the greeting: whoever is greeted misses nothing.
        async_to_sync(layer.group_add)(GROUP_NAME, self.channel_name)
        self.accept()
        self.reply("connection_established", "You are now connected!")

    def disconnect(self, code: int) -> None:
        """A tab has gone, for whatever reason."""
        async_to_sync(layer.group_discard)(GROUP_NAME, self.channel_name)

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A tab has said something."""
        frame: Any = self.parse(text_data)
        # A frame may be anything at all, so nothing is taken for granted.
        message: object = frame.get("message") if isinstance(frame, dict) else None
        if not isinstance(message, str):
            self.reply("error", 'A frame looks like this: {"message": "hello"}')
            return
        if not message.strip():
            self.reply("error", "A message needs at least one letter.")
            return
        if len(message) > MAX_LENGTH:
            self.reply("error", f"{len(message)} characters are too many: {MAX_LENGTH} are allowed.")
            return
        event: ChatEvent = {"type": "chat.message", "message": message}
        async_to_sync(layer.group_send)(GROUP_NAME, event)

    def chat_message(self, event: ChatEvent) -> None:
        """The group has been told something; pass it on."""
        self.reply("chat", event["message"])

    def reply(self, kind: str, message: str) -> None:
        """Send one frame to this tab."""
        self.send(text_data=json.dumps({"type": kind, "message": message}))

    @staticmethod
    def parse(text_data: str | None) -> Any:
        """Return what the JSON stands for, or None where there is none."""
        if text_data is None:  # a binary frame
            return None
        try:
            return json.loads(text_data)
        except (ValueError, RecursionError):
            return None


class RefuseConsumer(WebsocketConsumer):
    """For every other address."""

    def connect(self) -> None:
        """Refuse: closing what was never accepted."""
        self.close()
