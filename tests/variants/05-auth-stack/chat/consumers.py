import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer


class ChatConsumer(WebsocketConsumer):
    def connect(self):
        self.user = self.scope["user"]
        self.visits = self.scope["session"].get("visits", 0)
        async_to_sync(self.channel_layer.group_add)("lobby", self.channel_name)
        self.accept()
        name = self.user.get_username() or "guest"
        self.send_frame(type="connection_established", message=f"You are now connected, {name}!")

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)("lobby", self.channel_name)

    def receive(self, text_data=None, bytes_data=None):
        if text_data is None:
            self.send_frame(type="error", message="Text only, please.")
            return
        try:
            message = self.clean(json.loads(text_data))
        except (ValueError, RecursionError) as error:
            self.send_frame(type="error", message=str(error))
            return
        async_to_sync(self.channel_layer.group_send)(
            "lobby", {"type": "chat.message", "message": message}
        )

    def clean(self, frame):
        if not isinstance(frame, dict):
            raise ValueError("Send a JSON object.")
        message = frame.get("message")
        if not isinstance(message, str) or message.strip() == "":
            raise ValueError("Send a message that is not empty.")
        if len(message) > 500:
            raise ValueError("Send less at a time.")
        return message

    def chat_message(self, event):
        self.send_frame(type="chat", message=event["message"])

    def send_frame(self, **frame):
        self.send(text_data=json.dumps(frame))


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close()
