"""What a check has done so far, in the words of somebody who looks over its shoulder. Tabs and pages write it."""

import json

lines: list[str] = []


def note(line: str) -> None:
    """Add a line, such as "a browser tab connected to ws/lobby/"."""
    lines.append(line)


def sent(frame: object) -> None:
    """Note a frame that went to the server."""
    note("sent " + shortened(frame))


def shortened(frame: object) -> str:
    """Return a frame as it is written on the wire, its middle left out if it is long."""
    if isinstance(frame, bytes):
        return f"a binary frame, {len(frame)} bytes"
    text = frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False, default=repr)
    return (text[:110] + " ..." if len(text) > 120 else text) or "an empty frame"
