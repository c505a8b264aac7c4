"""The chat's consumer, on top of a small base class that knows JSON and nothing of chats."""

import json

from channels.generic.websocket import WebsocketConsumer


class BadFrame(Exception):
    """What the browser sent cannot be used."""


class FrameConsumer(WebsocketConsumer):
    """Turns frames into dictionaries and back, and answers a BadFrame with an error frame."""

    def receive(self, text_data=None, bytes_data=None):
        try:
            self.receive_frame(self.decode(text_data))
        except BadFrame as error:
            self.send_frame("error", message=str(error))

    def decode(self, text_data):
        if text_data is None:
            raise BadFrame("Binary frames are not understood here.")
        try:
            frame = json.loads(text_data)
        except (ValueError, RecursionError):
            raise BadFrame("Not JSON.") from None
        if not isinstance(frame, dict):
            raise BadFrame("Not a JSON object.")
        return frame

    def send_frame(self, kind, **content):
        self.send(text_data=json.dumps({"type": kind, **content}))

    def receive_frame(self, frame):
        raise NotImplementedError


class ChatConsumer(FrameConsumer):
    def connect(self):
        self.accept()
        self.send_frame("connection_established", message="You are now connected!")

    def receive_frame(self, frame):
        message = frame.get("message")
        if not isinstance(message, str) or not message.strip():
            raise BadFrame("There is no text in the message.")
        if len(message) > 500:
            raise BadFrame("At most 500 characters, please.")
        self.send_frame("chat", message=message)
