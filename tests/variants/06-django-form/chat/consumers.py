import json
from collections import Counter

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

ROOMS = {}  # the consumers in each room


def layer_call(consumer, method, *args):
    async_to_sync(getattr(consumer.channel_layer, method))(consumer.room, *args)


class ChatConsumer(WebsocketConsumer):
    def connect(self):
        (self.room,) = self.scope["url_route"]["args"] or ["lobby"]
        self.name = self.scope["session"].get("chosen", {}).get("name") or f"guest {self.channel_name[-6:]}"
        self.accept()
        self.send(json.dumps({"type": "connection_established", "message": "You are in."}))
        self.others = ROOMS.setdefault(self.room, [])
        self.others.append(self)
        layer_call(self, "group_add", self.channel_name)
        self.announce()

    def disconnect(self, code):
        self.others.remove(self)
        self.announce()
        layer_call(self, "group_discard", self.channel_name)

    def announce(self):
        names = Counter(consumer.name for consumer in self.others)
        layer_call(self, "group_send", {"type": "chat.people", "names": [*names]})

    def receive(self, text_data=None, bytes_data=None):
        try:
            message = json.loads(text_data or "").get("message")
        except (ValueError, RecursionError, AttributeError):
            message = None
        if isinstance(message, str) and 0 < len(message.strip()) and len(message) <= 600:
            layer_call(self, "group_send", {"type": "chat.message", "name": self.name, "message": message})
        else:
            self.send(json.dumps({"type": "error", "message": "I did not understand that."}))

    def chat_message(self, event):
        self.send(json.dumps({**event, "type": "chat"}))

    def chat_people(self, event):
        self.send(json.dumps({**event, "type": "people"}))


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
