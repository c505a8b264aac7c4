"""Tabs of the chat."""

import json
import logging
from typing import Any

from channels.generic.websocket import WebsocketConsumer
from django.conf import settings

from chat import events

log = logging.getLogger(__name__)


class ChatConsumer(WebsocketConsumer):
    @property
    def who(self) -> str:
        host, port = self.scope["client"]
        return f"{host}:{port}"

    def connect(self) -> None:
        events.join(self.channel_name)
        self.accept()
        self.frame("connection_established", f"You are {self.who}.")
        log.info("%s came", self.who)

    def disconnect(self, code: int) -> None:
        events.leave(self.channel_name)
        log.info("%s left (%s)", self.who, code)

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None:
            return self.frame("error", "Binary frames are for machines.")
        if (content := self.parsed(text_data)) is None:
            return self.frame("error", "This is no JSON.")
        if not isinstance(content, dict) or not isinstance(message := content.get("message"), str):
            return self.frame("error", "This has no message.")
        if not message.strip():
            return self.frame("error", "Say something.")
        if (surplus := len(message) - settings.CHAT_MAX_LENGTH) > 0:
            return self.frame("error", f"{surplus} characters too many.")
        events.tell_everyone(events.Said(message))

    def said(self, event: dict[str, str]) -> None:
        self.frame("chat", event["message"])

    def frame(self, kind: str, message: str) -> None:
        self.send(json.dumps(dict(type=kind, message=message)))

    def parsed(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            log.warning("%s sent no JSON", self.who, exc_info=True)
            return None


class RefuseConsumer(WebsocketConsumer):
    def connect(self) -> None:
        self.close()
