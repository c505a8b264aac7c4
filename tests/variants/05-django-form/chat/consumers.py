"""The lobby, with a time for each message, a log, and two commands: /help and /time."""

import json
import logging

from asgiref.sync import async_to_sync
from channels.generic.websocket import JsonWebsocketConsumer, WebsocketConsumer
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from .forms import MessageForm

logger = logging.getLogger(__name__)


class ChatConsumer(JsonWebsocketConsumer):
    group = "lobby"

    def connect(self):
        async_to_sync(self.channel_layer.group_add)(self.group, self.channel_name)
        self.accept()
        self.answer("connection_established", "Connected. Type /help for help.")

    def disconnect(self, code):
        logger.info("A tab has gone: %s", code)
        async_to_sync(self.channel_layer.group_discard)(self.group, self.channel_name)

    def receive(self, text_data=None, bytes_data=None, **kwargs):
        try:
            super().receive(text_data, bytes_data, **kwargs)
        except Exception:  # whatever it was, this tab lives on
            logger.exception("A tab sent something odd")
            self.answer("error", "That was no message.")

    def receive_json(self, content, **kwargs):
        if not isinstance(content["message"], str):
            raise TypeError(content["message"])
        form = MessageForm(content)
        if not form.is_valid():
            self.answer("error", form.complaint)
            return
        match form.cleaned_data["message"].split():
            case ["/help"]:
                self.send_json({"type": "chat", "message": "Type, and press Enter.", "at": timezone.now()})
            case ["/time"]:
                self.send_json({"type": "chat", "message": "Look at this line.", "at": timezone.now()})
            case _:
                event = {"message": content["message"], "at": timezone.now().isoformat()}
                async_to_sync(self.channel_layer.group_send)(self.group, {"type": "chat.message", **event})

    def chat_message(self, event):
        self.answer("chat", event["message"], event["at"])

    def answer(self, kind, message, at=None):
        self.send_json({"type": kind, "message": message, "at": at or timezone.now()})

    @classmethod
    def encode_json(cls, content):
        return json.dumps(content, cls=DjangoJSONEncoder)


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
