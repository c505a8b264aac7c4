"""The words on the wire. Every frame is made by one of these, with the message as its only argument."""

import json
from functools import partial

MAX_LENGTH = 500


def frame(kind, message):
    return json.dumps({"type": kind, "message": message})


greeting = partial(frame, "connection_established")
chat = partial(frame, "chat")
error = partial(frame, "error")


def what_is_wrong_with(message):
    if not isinstance(message, str):
        return "A frame needs a message, and the message needs to be text."
    if not message.strip():
        return "Nothing is all you have to say?"
    if (length := len(message)) > MAX_LENGTH:
        return f"That were {length} characters. {MAX_LENGTH} have to be enough."
    return None
