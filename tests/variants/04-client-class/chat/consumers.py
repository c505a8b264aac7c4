"""Echo, by a table: what a frame has to be, and what is said if it is not."""

import json
import logging

from channels.generic.websocket import WebsocketConsumer

logger = logging.getLogger(__name__)

RULES = [
    (lambda frame: isinstance(frame, dict), "A frame is a JSON object."),
    (lambda frame: isinstance(frame.get("message"), str), "A frame has a message, which is text."),
    (lambda frame: frame["message"].strip(), "A message is not empty."),
    (lambda frame: len(frame["message"]) <= 500, "A message has 500 characters at most."),
]


class ChatConsumer(WebsocketConsumer):
    def connect(self):
        self.begin()

    def begin(self):
        self.open()
        self.send(json.dumps({"type": "connection_established", "message": "You are now connected!"}))

    def open(self):
        logger.debug("%s comes in", self.scope["client"])
        self.accept()

    def disconnect(self, code, /):
        logger.debug("%s has gone (%s)", self.scope["client"], code)

    def receive(self, *, text_data=None, bytes_data=None):
        def send(kind, message):
            self.send(json.dumps({"type": kind, "message": message}))

        try:
            frame = json.loads(text_data)
        except (TypeError, ValueError, RecursionError):
            frame = None
        if complaint := next((said for holds, said in RULES if not holds(frame)), None):
            return send("error", complaint)
        send("chat", frame["message"])


class RefuseConsumer(WebsocketConsumer):
    def connect(self):
        self.close(code=4404)
