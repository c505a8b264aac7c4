"""JsonWebsocketConsumer does the JSON; what is left is to keep bad frames from killing the connection."""

import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import JsonWebsocketConsumer, WebsocketConsumer

LOBBY = "lobby"
MAX_LENGTH = 500


class ChatConsumer(JsonWebsocketConsumer):
    def connect(self):
        async_to_sync(self.channel_layer.group_add)(LOBBY, self.channel_name)
        self.accept()
        self.send_json({"type": "connection_established", "message": "You are now connected!"})

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(LOBBY, self.channel_name)

    def receive(self, text_data=None, bytes_data=None, **kwargs):
        # The base class raises ValueError for a binary or an empty frame.
        if text_data:
            super().receive(text_data=text_data, **kwargs)
        else:
            self.send_error("Send text, and some of it.")

    @classmethod
    def decode_json(cls, text_data):
        try:
            return super().decode_json(text_data)
        except (json.JSONDecodeError, ValueError, RecursionError):
            return None  # as good as {}: receive_json finds no message in it

    def receive_json(self, content, **kwargs):
        message = content.get("message") if isinstance(content, dict) else None
        if not isinstance(message, str):
            self.send_error('Send {"message": "..."}.')
        elif not message.strip():
            self.send_error("Say something!")
        elif len(message) > MAX_LENGTH:
            self.send_error(f"Only {MAX_LENGTH} characters, please.")
        else:
            async_to_sync(self.channel_layer.group_send)(LOBBY, {"type": "chat.message", "message": message})

    def send_error(self, reason):
        self.send_json({"type": "error", "message": reason})

    def chat_message(self, event):
        self.send_json({"type": "chat", "message": event["message"]})


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
