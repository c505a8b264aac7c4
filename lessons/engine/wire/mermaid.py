"""A recorded trace as a Mermaid sequence diagram. Pure functions: events in, text out.

Two runs of the same scene give the same text: what happens at the same time is put into the order of its causes.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable

from .events import type_of

SHORT = 60  # characters of a payload in a diagram
UNSEEN = {"its mailbox", "ends", "websocket.connect"}  # left out: other rows tell the same


def draw(
    events: list[dict], names: dict[str, str], routers: bool = False, without: frozenset[str] = frozenset()
) -> str:
    """Return the diagram.

    `names`: {participant, as in "browser:A": what it is called}. `routers`: whether Channels' routers are drawn.
    `without`: types of events on the channel layer that are left out, with all that came of them.
    """
    lines: list[str] = []
    participants: dict[str, tuple[str, str]] = {}
    children = defaultdict(list)
    known = {event["number"] for event in events}
    for event in events:
        children[event["cause"] if event["cause"] in known else None].append(event)

    def called(participant: str) -> str:
        if participant not in participants:
            name = names.get(participant, participant)
            alias = "".join(re.findall(r"[A-Z]", name.title() if name.islower() else name))
            while alias in [one for one, _ in participants.values()]:
                alias += "2"
            participants[participant] = alias, name
        return participants[participant][0]

    def tell(event: dict, at: str, words: str) -> None:
        """Write an event's line, and then those of all that came of it.

        `at` is how far a connection has come on its way through the routers, and `words` what the last one looked at.
        """
        if event["kind"] == "post" and type_of(event["payload"]) in without:
            return
        router = event["extra"].get("router")
        if router and routers:
            lines.append(f"{called(at)}->>{called(f'router:{router}')}: {clean(words)}")
            at, words = f"router:{router}", event["payload"]
            if event["source"] == "django":
                lines.append(f"{called(at)}->>{called('django')}: {clean(words)}")
        elif event["kind"] in ("handshake", "http") and event["source"] != "django":
            at, words = event["source"], event["label"]
            if not any("router" in one["extra"] for one in children[event["number"]]) or not routers:
                lines.append(f"{called(at)}->>{called(event['target'])}: {clean(words)}")
        elif "name" in event["extra"] and at.startswith("router:"):
            lines.append(f"{called(at)}->>{called(event['source'])}: {clean(words)}")
        elif event["label"] not in UNSEEN and not {"name", "router", "took"} & event["extra"].keys():
            lines.append(line_of(event, called, at))
        for one in in_order(children[event["number"]]):
            if not (one["kind"] == "letter" and event["label"] == "send"):
                tell(one, at, words)
                continue
            for handled in children[one["number"]]:  # what was put into a mailbox, is taken out of it
                tell(handled, at, words)

    for root in children[None]:
        tell(root, root["source"], root["label"])
    heads = [f"participant {alias} as {clean(name)}" for alias, name in participants.values()]
    return "\n    ".join(["sequenceDiagram", *heads, *lines]) + "\n"


def line_of(event: dict, called: Callable[[str], str], at: str) -> str:
    """Return the line of one event. `called` gives the alias of a participant."""
    source, label, payload = event["source"], event["label"], shortened(event["payload"])
    if event["kind"] in ("handler", "error", "note"):
        where = at if event["kind"] == "error" and at.startswith("router:") else source
        return f"Note over {called(where)}: {clean(label)}"
    words = {
        "websocket.send": payload,
        "websocket.receive": payload,
        "websocket.accept": "accept",
        "websocket.close": f"close {payload}",
        "websocket.disconnect": "leaves",
        "group_send": f"group_send {payload}",
        "send": f"send {payload}",
    }
    arrow = "--)" if label in ("websocket.disconnect", "websocket.close") else "->>"
    return f"{called(source)}{arrow}{called(event['target'])}: {clean(words.get(label, label))}"


def in_order(events: list[dict]) -> list[dict]:
    """Put what came of one event into an order that no clock decides: letters by their receivers."""
    letters = iter(sorted((one for one in events if one["kind"] == "letter"), key=lambda one: one["target"]))
    return [next(letters) if one["kind"] == "letter" else one for one in events]


def shortened(payload: str) -> str:
    """Return a payload as it fits over an arrow: the first keys of an object, the beginning of a text."""
    try:
        told = json.loads(payload)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return payload if len(payload) <= SHORT else f"{payload[:SHORT]} ..."
    parts: list[str] = []
    for key, value in told.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and len(text) > SHORT / 2:
            text = "[...]"
        if parts and len(", ".join([*parts, f'"{key}": {text}'])) > SHORT:
            parts.append("...")
            break
        parts.append(f'"{key}": {text}')
    return f"{{{', '.join(parts)}}}" if parts else ""


def clean(text: str) -> str:
    """Return a text in which Mermaid finds nothing of its own: # and ; have a meaning there, and line ends."""
    return " ".join(text.split()).replace("#", "#35;").replace(";", "#59;").replace("#35#59;", "#35;")
