import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer


class ChatConsumer(WebsocketConsumer):
    groups = ["lobby"]  # Channels joins them before connect() and leaves them before disconnect()

    def connect(self):
        self.accept()
        self.tell("connection_established", "You are now connected!")

    def receive(self, text_data=None, bytes_data=None):
        try:
            frame = json.loads(text_data or "")
        except (ValueError, RecursionError):
            return self.tell("error", "Only JSON is understood here.")
        match frame:
            case {"message": str(message)} if 0 < len(message.strip()) and len(message) <= 500:
                for group in self.groups:
                    async_to_sync(self.channel_layer.group_send)(group, {"type": "chat.message", "text": message})
            case {"message": str()}:
                self.tell("error", "A message has between 1 and 500 characters.")
            case _:
                self.tell("error", "That frame has no message.")

    def chat_message(self, event):
        self.tell("chat", event["text"])

    def tell(self, kind, message):
        self.send(text_data=json.dumps({"type": kind, "message": message}))


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
