import json

from channels.exceptions import DenyConnection
from channels.generic.websocket import WebsocketConsumer

MAX_LENGTH = 500


class ChatConsumer(WebsocketConsumer):
    def connect(self):
        self.accept()
        self.answer("connection_established", "You are now connected!")

    def receive(self, text_data=None, bytes_data=None):
        problem, message = self.check(text_data)
        if problem:
            self.answer("error", problem)
        else:
            self.answer("chat", message)

    def check(self, text_data):
        """Return (what is wrong or None, the message)."""
        try:
            message = json.loads(text_data)["message"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return "Send a JSON object with a message.", None
        if not isinstance(message, str):
            return "The message is not a text.", None
        if not message.strip():
            return "The message is empty.", None
        if len(message) > MAX_LENGTH:
            return "The message is too long.", None
        return None, message

    def answer(self, kind, message):
        self.send(text_data=json.dumps({"type": kind, "message": message}))


class NotFoundConsumer(WebsocketConsumer):
    def connect(self):
        raise DenyConnection()
