"""The lobby, put together from parts: a member of a group, that has a voice, and hands on what it hears."""

import json
import logging
from functools import partialmethod, wraps

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

from .membership import Member

logger = logging.getLogger(__name__)


class Wrong(Exception):
    """What is answered with an error frame."""


def with_message(method):
    """Decorator: the method gets the message of a frame, and a Wrong that comes out of it becomes an error frame."""

    @wraps(method)
    def receive(self, text_data=None, bytes_data=None):
        try:
            try:
                message = json.loads(text_data)["message"]
            except (LookupError, TypeError, ValueError, RecursionError):
                raise Wrong("There is no message in what you sent.") from None
            method(self, message)
        except Wrong as wrong:
            self.say("error", wrong.args[0])

    return receive


class Voice:
    """Mixin: says something to the tab."""

    def say(self, kind, message):
        self.send(json.dumps({"type": kind, "message": message}))

    def pass_on(self, kind, event):
        self.say(kind, event["message"])


class LobbyConsumer(Member, Voice, WebsocketConsumer):
    """What the group says to the tab: an event of type chat.message becomes a frame of type chat."""

    group = "lobby"
    chat_message = partialmethod(Voice.pass_on, "chat")


class ChatConsumer(LobbyConsumer):
    """What the tab says to the group."""

    max_length = 500

    def on_connect(self):
        self.say("connection_established", "You are in the lobby.")

    def on_disconnect(self, code):
        logger.debug("%s has gone: %s", self.channel_name, code)

    @with_message
    def receive(self, message):
        if not isinstance(message, str) or not message.strip():
            raise Wrong("A message is a text that is not empty.")
        if len(message) > self.max_length:
            raise Wrong(f"A message has {self.max_length} characters or fewer.")
        async_to_sync(self.channel_layer.group_send)(self.group, {"type": "chat.message", "message": message})


class NoConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
