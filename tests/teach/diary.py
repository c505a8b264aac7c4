"""What a check has done so far, in the words of somebody who looks over its shoulder. Tabs and pages write it."""

import json

lines: list[str] = []


def note(line: str) -> None:
    """Add a line, such as "a browser tab connected to ws/lobby/"."""
    lines.append(line)


def sent(frame: object) -> None:
    """Note a frame that went to the server, shortened."""
    if isinstance(frame, bytes):
        note(f"sent a binary frame, {len(frame)} bytes")
        return
    text = frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False)
    note(f"sent {text[:60] + ' ...' if len(text) > 60 else text or 'an empty frame'}")
