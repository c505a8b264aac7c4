"""What a browser gets over a WebSocket: both sides may speak, at any moment.

The words on the wire, each frame a JSON object:

    browser -> server   {"message": "hello", "client_id": "7c9e"}
                        {"message": "psst", "to": "Ada", "client_id": "a31f"}
                        {"since": 41}
    server  -> browser  {"type": "connection_established", "message": "You are now connected!", ...}
                        {"type": "history", "messages": [{"seq": 42, ...}, ...], "more": false}
                        {"type": "chat", "seq": 43, "name": "Ada", "message": "hello", ...}
                        {"type": "private", "name": "Ben", "to": "Ada", "message": "psst", ...}
                        {"type": "announcement", "message": "Class starts"}
                        {"type": "people", "names": ["Ada", "Ben"]}
                        {"type": "error", "message": "what was wrong with what you sent", ...}

A "client_id" comes back with the message, or with the error about it. If the server
hangs up for good, the code says why: see chat/base.py.
"""

import json
import time
from urllib.parse import parse_qs

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer
from django.conf import settings

from chat import heartbeat, history, limits, members, people
from chat.base import LOGGED_OUT, MEMBERS_ONLY, TOO_LARGE, TOO_MANY, TidyConsumer
from chat.post import show_people, show_room, tell_person
from chat.rooms import MAX_CLIENT_ID, group_of, group_of_session, read_text

KINDS = {"message": str, "to": str, "client_id": str, "since": int}
AT_ONCE = 50  # messages in one history frame


def read_frame(text_data):
    """Return the object in a frame from a browser. Raise ValueError if it is none."""
    try:
        frame = json.loads(text_data)
    except (TypeError, ValueError, RecursionError):  # binary, not JSON, nested too deep
        frame = None
    if not isinstance(frame, dict) or not ("message" in frame or "since" in frame):
        raise ValueError('Send a JSON object such as {"message": "hello"}.')
    for key, kind in KINDS.items():
        if key in frame and not isinstance(frame[key], kind):
            raise ValueError(f'"{key}" is of the wrong kind.')
    client_id = frame.get("client_id", "")
    if len(client_id) > MAX_CLIENT_ID or not client_id.isprintable():
        raise ValueError(f"A client_id has {MAX_CLIENT_ID} characters at most.")
    return frame


def read_since(query_string):
    """Return the number in ?since=41; None if there is none."""
    text = parse_qs(query_string.decode("latin-1")).get("since", [""])[0]
    return int(text) if text.isdecimal() and len(text) < 10 else None


class ChatConsumer(TidyConsumer):
    """The server's end of one connection. Every browser tab gets a ChatConsumer of its own."""

    def connect(self):
        heartbeat.start()
        self.room = self.scope["url_route"]["kwargs"]["room"]
        self.my_groups = [group_of(self.room)]
        self.user = self.scope["user"]
        if self.user.is_authenticated:
            self.my_groups.append(group_of_session(self.scope["session"].session_key))
        self.name = members.name_of(self.user, self.scope["session"])
        self.address = limits.address_of(self.scope)
        self.bucket = limits.Bucket(settings.CHAT_BURST, settings.CHAT_RATE)
        self.told = 0  # the number of the last message that was in a history here
        refusal = self.refusal()
        if refusal:
            self.accept()  # before that, a browser is not told the code
            self.hang_up(refusal)
        self.join()
        self.accept()
        self.send_json(
            {
                "type": "connection_established",
                "message": "You are now connected!",
                "name": self.name,
            }
        )
        since = read_since(self.scope["query_string"])
        self.send_history(history.read(self.room, since))
        self.people_changed()

    def disconnect(self, code):
        if people.leave(self.room, self.channel_name):
            show_people(self.room)
        for group in self.my_groups:
            async_to_sync(self.channel_layer.group_discard)(group, self.channel_name)

    def refusal(self):
        """Return the code that says why somebody may not come in, or None."""
        if not members.may_enter(self.user, self.room):
            return MEMBERS_ONLY
        if 0 < settings.CHAT_MAX_CONNECTIONS <= people.count_from(self.address):
            return TOO_MANY

    def join(self):
        """Into the groups and onto the list. Each {"since": ...} does it again: either may forget."""
        for group in self.my_groups:
            async_to_sync(self.channel_layer.group_add)(group, self.channel_name)
        if people.enter(self.room, self.channel_name, self.name, self.address):
            show_people(self.room)

    def receive(self, text_data=None, bytes_data=None):
        """Browser to server."""
        left = self.bucket.take(time.monotonic())
        if len(text_data or bytes_data or "") > settings.CHAT_MAX_FRAME:
            self.hang_up(TOO_LARGE)
        if left < -settings.CHAT_WARNINGS:
            self.hang_up(TOO_MANY)
        if self.user.is_authenticated:
            self.check_login()
        client_id = None
        try:
            frame = read_frame(text_data)
            client_id = frame.get("client_id")
            if left < 0:
                raise ValueError("You are sending too fast. Wait a moment.")
            if "message" not in frame:
                self.join()
                self.people_changed()
                since = max(frame["since"], self.told)  # what is on its way will arrive
                self.send_history(history.read(self.room, since))
            elif frame.get("to"):
                self.whisper(frame["to"], read_text(frame["message"]), client_id)
            else:
                self.say(read_text(frame["message"]), client_id)
        except ValueError as error:
            self.send_json(
                {
                    "type": "error",
                    "message": str(error),
                    "client_id": client_id,
                    "again": left < 0,  # it may come again, a little later
                }
            )

    def check_login(self):
        if not members.is_logged_in(self.user, self.scope["session"].session_key):
            self.hang_up(LOGGED_OUT)

    def say(self, text, client_id):
        """First write it down, then tell everyone: what anybody has seen, is kept."""
        message = history.add(self.room, self.name, text, client_id)
        show_room(self.room, {"type": "chat", **message.as_frame()})

    def whisper(self, to, message, client_id):
        """This consumer to one person's tabs, and to its own, which show it too."""
        event = {
            "type": "chat.private",
            "name": self.name,
            "to": to,
            "message": message,
            "client_id": client_id,
        }
        tell_person(self.room, to, event)
        if to != self.name:
            tell_person(self.room, self.name, event)

    def chat_private(self, event):
        """A mailbox to this consumer, and on to its browser."""
        self.send_json({**event, "type": "private"})

    def chat_logged_out(self, event):
        """A logout somewhere, to every consumer of that login."""
        self.hang_up(LOGGED_OUT)

    def people_changed(self):
        """Who has come or gone before we listened? Look, and tell our browser."""
        self.send_json({"type": "people", "names": people.names(self.room)})

    def send_history(self, messages):
        """Some messages in each frame; one empty frame, if there are none."""
        if messages:
            self.told = messages[-1].seq
        frames = [message.as_frame() for message in messages]
        for start in range(0, len(frames) or 1, AT_ONCE):
            some = frames[start : start + AT_ONCE]
            is_last = start + AT_ONCE >= len(frames)
            more = is_last and len(frames) == history.AT_MOST
            self.send_json({"type": "history", "messages": some, "more": more})

    def send_json(self, frame):
        """Server to browser."""
        self.send(text_data=json.dumps(frame))


class RefuseConsumer(WebsocketConsumer):
    """For an address that does not exist. To close before accepting is to refuse."""

    def connect(self):
        self.close()
