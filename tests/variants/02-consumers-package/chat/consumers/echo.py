import json

from channels.generic.websocket import WebsocketConsumer

from . import wire


class EchoConsumer(WebsocketConsumer):
    """Says everything back, and counts."""

    welcome = "Hello. I repeat what I hear."

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.heard = 0

    def connect(self):
        super().connect()  # accepts
        self.send(wire.greeting(self.welcome))

    def receive(self, text_data=None, bytes_data=None):
        match self.read(text_data):
            case {"message": message} if (wrong := wire.what_is_wrong_with(message)) is None:
                self.heard += 1
                self.send(wire.chat(message))
            case {"message": _}:
                self.send(wire.error(wrong))
            case None:
                self.send(wire.error("This was not JSON."))
            case _:
                self.send(wire.error("This was JSON, but there is no message in it."))

    @staticmethod
    def read(text_data):
        try:
            return json.loads(text_data or "")
        except (ValueError, RecursionError):
            return None
