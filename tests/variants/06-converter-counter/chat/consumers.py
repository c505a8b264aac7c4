import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

from . import rooms


class ChatConsumer(WebsocketConsumer):
    @property
    def room(self):
        return self.scope["url_route"]["kwargs"]["name"]

    @property
    def group(self):
        return "in_" + self.room

    def connect(self):
        session = self.scope["session"]
        self.nick = session["nick"] if "nick" in session else "somebody"
        self.layer("group_add", self.channel_name)
        self.accept()
        self.tell(type="connection_established", message="Welcome.")
        rooms.enter(self.room, self.nick)
        self.layer("group_send", {"type": "who_changed"})

    def disconnect(self, code):
        rooms.leave(self.room, self.nick)
        self.layer("group_discard", self.channel_name)
        self.layer("group_send", {"type": "who_changed"})

    def receive(self, text_data=None, bytes_data=None):
        try:
            text = json.loads(text_data)["message"]
            if not text.strip() or len(text) > 1000:
                raise ValueError(text)
        except Exception:
            self.tell(type="error", message="That was no message.")
        else:
            self.layer("group_send", {"type": "said", "by": self.nick, "text": text})

    def layer(self, method, argument):
        async_to_sync(getattr(self.channel_layer, method))(self.group, argument)

    def said(self, event):
        self.tell(type="chat", name=event["by"], message=event["text"])

    def who_changed(self, event):
        self.tell(type="people", names=rooms.everyone(self.room))

    def tell(self, **frame):
        self.send(text_data=json.dumps(frame))
