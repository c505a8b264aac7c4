from asgiref.sync import async_to_sync
from channels.generic.websocket import JsonWebsocketConsumer

GROUP = "everyone"


class ChatConsumer(JsonWebsocketConsumer):
    def connect(self):
        async_to_sync(self.channel_layer.group_add)(GROUP, self.channel_name)
        self.accept()
        self.send_json({"type": "connection_established", "message": "You are now connected!"})

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(GROUP, self.channel_name)

    def receive(self, text_data=None, bytes_data=None, **kwargs):
        """One net under everything that can go wrong in a frame."""
        try:
            super().receive(text_data, bytes_data, **kwargs)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            self.send_json({"type": "error", "message": f"{type(error).__name__}: {error}"})

    def receive_json(self, content, **kwargs):
        message = content["message"]
        if not isinstance(message, str):
            raise TypeError("a message has to be text")
        if not 0 < len(message.strip()) <= 500:
            raise ValueError("a message has 1 to 500 characters")
        async_to_sync(self.channel_layer.group_send)(GROUP, {"type": "chat.message", "frame": {
            "type": "chat",
            "message": message,
        }})

    def chat_message(self, event):
        self.send_json(event["frame"])


class RefuseConsumer(JsonWebsocketConsumer):
    def connect(self):
        self.close(code=4404)
