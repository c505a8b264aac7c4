"""What a browser gets over a WebSocket: both sides may speak, at any moment.

The words on the wire, each frame a JSON object:

    browser -> server   {"message": "hello"}
    server  -> browser  {"type": "connection_established", "message": "You are now connected!"}
                        {"type": "chat", "message": "hello"}
                        {"type": "error", "message": "what was wrong with what you sent"}
"""

import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

GROUP = "lobby"
MAX_LENGTH = 500  # characters; the page allows the same


def read_message(text_data):
    """Return the message in a frame from a browser. Raise ValueError if there is none."""
    try:
        frame = json.loads(text_data)
    except (TypeError, ValueError, RecursionError):  # binary, not JSON, nested too deep
        frame = None
    if not isinstance(frame, dict) or not isinstance(frame.get("message"), str):
        raise ValueError('Send a JSON object such as {"message": "hello"}.')
    if not frame["message"].strip():
        raise ValueError("The message is empty.")
    if len(frame["message"]) > MAX_LENGTH:
        raise ValueError(f"The message is longer than {MAX_LENGTH} characters.")
    return frame["message"]


class ChatConsumer(WebsocketConsumer):
    """The server's end of one connection. Every browser tab gets a ChatConsumer of its own."""

    def connect(self):
        async_to_sync(self.channel_layer.group_add)(GROUP, self.channel_name)
        self.accept()
        self.send_json(
            {
                "type": "connection_established",
                "message": "You are now connected!",
            }
        )

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(GROUP, self.channel_name)

    def receive(self, text_data=None, bytes_data=None):
        """Browser to server."""
        try:
            message = read_message(text_data)
        except ValueError as error:
            self.send_json({"type": "error", "message": str(error)})
        else:
            async_to_sync(self.channel_layer.group_send)(
                GROUP,
                {"type": "chat.message", "message": message},
            )

    def chat_message(self, event):
        """Group to this consumer, and on to its browser."""
        self.send_json({"type": "chat", "message": event["message"]})

    def send_json(self, frame):
        """Server to browser."""
        self.send(text_data=json.dumps(frame))


class RefuseConsumer(WebsocketConsumer):
    """For an address that does not exist. To close before accepting is to refuse."""

    def connect(self):
        self.close()
