"""What happens on the wire: one event a row of the diagram, and the words for it."""

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field

LONGEST = 20_000  # characters of a payload that are kept
SECRET = re.compile(r"((?:sessionid|csrftoken)=)[^;\s]+")


@dataclass(frozen=True)
class Event:
    """One row. `source` and `target` are participants, as in "browser:A"; they are the same where nobody else is told.

    `cause` is the number of the event that led to this one, where that is known. `seconds` count from the start.
    """

    number: int
    seconds: float
    kind: str  # handshake, frame, handler, group, post, letter, http, note, error
    source: str
    target: str
    label: str  # what is done, such as "websocket.receive" or "group_send"
    payload: str = ""  # the rest of it, as text
    thread: str = ""
    cause: int | None = None
    extra: dict = field(default_factory=dict)  # for the page's lists: groups, mailboxes, names

    def as_dict(self) -> dict:
        """Return what the page gets of it, as JSON can carry it."""
        return asdict(self)


def as_payload(thing: object) -> str:
    """Return a payload as text: JSON where that is possible, without the secrets of a cookie, and not without end."""
    text = thing if isinstance(thing, str) else json.dumps(thing, default=readable, ensure_ascii=False)
    text = SECRET.sub(r"\1...", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... and {len(text) - LONGEST} characters more"


def readable(thing: object) -> str:
    """Return what JSON cannot carry: bytes as text, all else as Python writes it."""
    return thing.decode("utf-8", "replace") if isinstance(thing, bytes) else repr(thing)


def type_of(text: str) -> str:
    """Return the type of a frame, or of an event on the channel layer; "" if it has none."""
    with suppress(ValueError, AttributeError):
        return json.loads(text).get("type", "")
    return ""


def letters(number: int) -> str:
    """Name the tabs in the order in which they come: A to Z, then AA, AB ..."""
    name = ""
    while number >= 0:
        name = chr(ord("A") + number % 26) + name
        number = number // 26 - 1
    return name


def title(participant: str, names: dict[str, str] | None = None) -> str:
    """Return what a participant is called in the diagram. `names` has those that are known better."""
    kind, _, name = participant.partition(":")
    usual = {"browser": f"Tab {name}", "consumer": f"Consumer {name}", "group": f'Group "{name}"'}
    others = {"http": "Browser, HTTP", "django": "Django", "elsewhere": "Another process"}
    return (names or {}).get(participant) or usual.get(kind) or others.get(participant, participant)


def sentence(event: Event, names: dict[str, str] | None = None) -> str:
    """Return an event as one line of text."""
    source, target = title(event.source, names), title(event.target, names)
    where = source if source == target else f"{source} -> {target}"
    thread = f" [{event.thread}]" if event.thread else ""
    return f"{event.seconds:8.3f}  {where}: {event.label}{' ' + event.payload if event.payload else ''}{thread}"
