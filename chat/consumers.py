"""What a browser gets over a WebSocket: both sides may speak, at any moment.

The words on the wire, each frame a JSON object:

    browser -> server   {"message": "hello"}
    server  -> browser  {"type": "connection_established", "message": "You are now connected!"}
                        {"type": "chat", "name": "Ada", "message": "hello"}
                        {"type": "people", "names": ["Ada", "Ben"]}
                        {"type": "error", "message": "what was wrong with what you sent"}
"""

import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

from chat import people
from chat.rooms import group_of

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
        self.room = self.scope["url_route"]["kwargs"]["room"]
        self.name = self.scope["session"].get("name", "Guest")
        self.group = group_of(self.room)
        async_to_sync(self.channel_layer.group_add)(self.group, self.channel_name)
        self.accept()
        self.send_json(
            {
                "type": "connection_established",
                "message": "You are now connected!",
            }
        )
        people.enter(self.room, self.channel_name, self.name)
        self.tell_room({"type": "people.changed"})

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(self.group, self.channel_name)
        people.leave(self.room, self.channel_name)
        self.tell_room({"type": "people.changed"})

    def receive(self, text_data=None, bytes_data=None):
        """Browser to server."""
        try:
            message = read_message(text_data)
        except ValueError as error:
            self.send_json({"type": "error", "message": str(error)})
        else:
            self.tell_room(
                {
                    "type": "chat.message",
                    "name": self.name,
                    "message": message,
                }
            )

    def tell_room(self, event):
        """This consumer to every consumer in its room, itself among them."""
        async_to_sync(self.channel_layer.group_send)(self.group, event)

    def chat_message(self, event):
        """Group to this consumer, and on to its browser."""
        self.send_json(
            {
                "type": "chat",
                "name": event["name"],
                "message": event["message"],
            }
        )

    def people_changed(self, event):
        """Somebody came or went: each consumer looks for itself who is here now."""
        self.send_json({"type": "people", "names": people.names(self.room)})

    def send_json(self, frame):
        """Server to browser."""
        self.send(text_data=json.dumps(frame))


class RefuseConsumer(WebsocketConsumer):
    """For an address that does not exist. To close before accepting is to refuse."""

    def connect(self):
        self.close()
