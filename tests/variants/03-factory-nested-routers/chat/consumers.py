"""The chat's end of a WebSocket. Who may come in is decided by the doorkeepers of chat/doors.py."""

import json

from channels.generic.websocket import WebsocketConsumer

from chat.doors import Closed, Open

MAX_LENGTH = 500


class ChatConsumer(Open, WebsocketConsumer):
    def connect(self):
        self.let_in()
        self.tell("connection_established", "You are now connected!")

    def receive(self, text_data=None, bytes_data=None):
        try:
            message = json.loads(text_data)["message"]
            assert isinstance(message, str), "The message is no text."
            assert message.strip(), "The message is empty."
            assert len(message) <= MAX_LENGTH, f"The message has more than {MAX_LENGTH} characters."
        except AssertionError as problem:
            self.tell("error", str(problem))
        except (TypeError, KeyError, ValueError, RecursionError):
            self.tell("error", 'Please send {"message": "..."}')
        else:
            self.tell("chat", message)

    def tell(self, kind, message):
        self.send(json.dumps(dict(type=kind, message=message)))


class RefuseConsumer(Closed, WebsocketConsumer):
    def connect(self):
        self.turn_away()
