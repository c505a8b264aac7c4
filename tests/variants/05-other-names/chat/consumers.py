from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

from chat import frames


class LobbySocket(WebsocketConsumer):
    room = "chat_lobby"

    def connect(self):
        self.accept()
        self.join = async_to_sync(self.channel_layer.group_add)
        self.leave = async_to_sync(self.channel_layer.group_discard)
        self.post = async_to_sync(self.channel_layer.group_send)
        self.join(self.room, self.channel_name)
        self.send(frames.greeting())

    def receive(self, text_data=None, bytes_data=None):
        try:
            message = frames.read(text_data)
        except frames.Wrong as reason:
            self.send(frames.error(reason))
            return
        self.post(self.room, {"type": "chat_message", "message": message})

    def chat_message(self, event):
        self.send(frames.chat(event["message"]))

    def disconnect(self, code):
        self.leave(self.room, self.channel_name)


class Nowhere(WebsocketConsumer):
    def connect(self):
        self.close()
