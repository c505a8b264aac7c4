"""The words on the wire: made and read here, and nowhere else."""

import json


class Wrong(ValueError):
    """What a browser has sent is not a message."""


def greeting():
    return json.dumps({"type": "connection_established", "message": "Hello! The lobby is open."})


def chat(message):
    return json.dumps({"type": "chat", "message": message})


def error(reason):
    return json.dumps({"type": "error", "message": str(reason)})


def read(text):
    if text is None:
        raise Wrong("The lobby reads text only.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise Wrong("The lobby reads JSON only.") from reason
    message = frame.get("message") if isinstance(frame, dict) else None
    if not isinstance(message, str):
        raise Wrong("There is no message.")
    if message.isspace() or not message:
        raise Wrong("There is nothing in the message.")
    if len(message) > 2000:
        raise Wrong("There is too much in the message.")
    return message
