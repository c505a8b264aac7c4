import json

from channels.generic.websocket import WebsocketConsumer


class ChatConsumer(WebsocketConsumer):
    def connect(self):
        self.accept()
        self.send(json.dumps({
            "type": "connection_established",
            "message": "Welcome to the lobby!",
        }))

    def disconnect(self, close_code):
        pass

    def receive(self, text_data=None, bytes_data=None):
        if bytes_data is not None:
            self.send_error("This chat speaks text, not bytes.")
            return
        try:
            data = json.loads(text_data)
        except ValueError:
            self.send_error("That was not JSON.")
            return
        except RecursionError:
            self.send_error("That was JSON, but nested far too deep.")
            return
        try:
            message = data["message"]
        except (KeyError, TypeError):
            self.send_error("There is no message in it.")
            return
        try:
            text = message.strip()
        except AttributeError:
            self.send_error("The message has to be a text.")
            return
        if text == "":
            self.send_error("The message is empty.")
            return
        if len(text) > 1000:
            self.send_error("The message is too long.")
            return
        self.send(json.dumps({"type": "chat", "message": message}))

    def send_error(self, reason):
        self.send(json.dumps({"type": "error", "message": reason}))
