"""A JsonWebsocketConsumer that keeps who is here itself, in a dictionary that all of its objects share."""

from asgiref.sync import async_to_sync
from channels.generic.websocket import JsonWebsocketConsumer, WebsocketConsumer

LONGEST_ROOM = 80


class RoomConsumer(JsonWebsocketConsumer):
    present = {}  # {group: {channel name: name}}
    group = None

    def connect(self):
        room = self.scope["url_route"]["kwargs"]["room"]
        if len(room) > LONGEST_ROOM:
            self.close()
            return
        self.name = self.scope["session"].get("name") or "Nobody"
        self.group = f"chat.{room}"
        self.accept()
        self.send_json({"type": "connection_established", "message": f"You are now connected, {self.name}!"})
        async_to_sync(self.channel_layer.group_add)(self.group, self.channel_name)
        self.present.setdefault(self.group, {})[self.channel_name] = self.name
        self.tell_who_is_here()

    def disconnect(self, code):
        if self.group is None:  # refused
            return
        async_to_sync(self.channel_layer.group_discard)(self.group, self.channel_name)
        self.present[self.group].pop(self.channel_name, None)
        self.tell_who_is_here()

    def receive(self, text_data=None, bytes_data=None, **kwargs):
        try:
            super().receive(text_data=text_data or "", **kwargs)
        except (ValueError, RecursionError):
            self.send_json({"type": "error", "message": "Send JSON, and some of it."})

    def receive_json(self, content, **kwargs):
        message = content.get("message") if isinstance(content, dict) else None
        if not isinstance(message, str) or not message.strip() or len(message) > 500:
            self.send_json({"type": "error", "message": "A message is a text of 1 to 500 characters."})
            return
        frame = {"type": "chat", "name": self.name, "message": message}
        async_to_sync(self.channel_layer.group_send)(self.group, {"type": "pass.on", "frame": frame})

    def tell_who_is_here(self):
        names = sorted(set(self.present[self.group].values()), key=str.casefold)
        event = {"type": "pass.on", "frame": {"type": "people", "names": names}}
        async_to_sync(self.channel_layer.group_send)(self.group, event)

    def pass_on(self, event):
        self.send_json(event["frame"])


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
