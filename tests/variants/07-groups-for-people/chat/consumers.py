import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

from chat import people
from chat.post import person_group, post, room_group
from chat.rooms import read_text


class ChatConsumer(WebsocketConsumer):
    def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["room"]
        self.name = self.scope["session"].get("name", "Guest")
        self.lists = [room_group(self.room), person_group(self.room, self.name)]
        for group in self.lists:
            async_to_sync(self.channel_layer.group_add)(group, self.channel_name)
        self.accept()
        self.frame("connection_established", message="You are now connected!")
        people.enter(self.room, self.name)
        post(room_group(self.room), "people", names=people.names(self.room))

    def disconnect(self, code):
        for group in self.lists:
            async_to_sync(self.channel_layer.group_discard)(group, self.channel_name)
        people.leave(self.room, self.name)
        post(room_group(self.room), "people", names=people.names(self.room))

    def receive(self, text_data=None, bytes_data=None):
        try:
            frame = json.loads(text_data)
            message, to = read_text(frame["message"]), frame.get("to") or None
            if to is None:
                post(room_group(self.room), "chat", name=self.name, message=message)
            elif to in people.names(self.room):
                for name in {to, self.name}:
                    post(person_group(self.room, name), "private", name=self.name, message=message)
            else:
                self.frame("error", message="Nobody here is called that.")
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
            self.frame("error", message="That is no frame for a chat.")

    def deliver(self, event):
        self.send(text_data=json.dumps(event["frame"]))

    def frame(self, kind, **content):
        self.send(text_data=json.dumps({"type": kind, **content}))


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
