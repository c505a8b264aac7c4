"""What a browser gets over a WebSocket: both sides may speak, at any moment.

The words on the wire, each frame a JSON object:

    browser -> server   {"message": "hello"}
                        {"message": "psst", "to": "Ada"}
    server  -> browser  {"type": "connection_established", "message": "You are now connected!"}
                        {"type": "chat", "name": "Ada", "message": "hello"}
                        {"type": "private", "name": "Ben", "to": "Ada", "message": "psst"}
                        {"type": "announcement", "message": "Class starts"}
                        {"type": "people", "names": ["Ada", "Ben"]}
                        {"type": "error", "message": "what was wrong with what you sent"}
"""

import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

from chat import people
from chat.post import tell_person, tell_room
from chat.rooms import group_of, read_text


def read_frame(text_data):
    """Return the message in a frame from a browser, and to whom; "" is everyone.

    Raise ValueError if there is no message in it.
    """
    try:
        frame = json.loads(text_data)
    except (TypeError, ValueError, RecursionError):  # binary, not JSON, nested too deep
        frame = None
    if not isinstance(frame, dict) or not isinstance(frame.get("message"), str):
        raise ValueError('Send a JSON object such as {"message": "hello"}.')
    to = frame.get("to", "")
    if not isinstance(to, str):
        raise ValueError('"to" is the name of somebody here.')
    return read_text(frame["message"]), to


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
        tell_room(self.room, {"type": "people.changed"})

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(self.group, self.channel_name)
        people.leave(self.room, self.channel_name)
        tell_room(self.room, {"type": "people.changed"})

    def receive(self, text_data=None, bytes_data=None):
        """Browser to server."""
        try:
            message, to = read_frame(text_data)
            if to:
                self.whisper(to, message)
            else:
                event = {"type": "chat.message", "name": self.name, "message": message}
                tell_room(self.room, event)
        except ValueError as error:
            self.send_json({"type": "error", "message": str(error)})

    def whisper(self, to, message):
        """This consumer to one person's tabs, and to its own, which show it too."""
        event = {
            "type": "chat.private",
            "name": self.name,
            "to": to,
            "message": message,
        }
        tell_person(self.room, to, event)
        if to != self.name:
            tell_person(self.room, self.name, event)

    def chat_message(self, event):
        """Group to this consumer, and on to its browser."""
        self.send_json(
            {
                "type": "chat",
                "name": event["name"],
                "message": event["message"],
            }
        )

    def chat_private(self, event):
        self.send_json(
            {
                "type": "private",
                "name": event["name"],
                "to": event["to"],
                "message": event["message"],
            }
        )

    def chat_announcement(self, event):
        self.send_json({"type": "announcement", "message": event["message"]})

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
