"""What a tab is to a check, whatever lies between it and the consumer: `ada.send`, `ada.receive`, `ada.ended`.

    AsgiTab (asgi_tab.py)         calls the ASGI application itself: no server
    NetworkTab (ws_client.py)     speaks to a running server

The other clients are ResilientClient, which reconnects, AsyncClient, of which 500 fit into a thread, and the functions
in raw_frames.py, for what no library would send.
"""

import json

from . import step_log


class NoFrame(AssertionError):
    """The frame that the check waits for did not come. `place` is where in the student's code, if that is known."""

    place = ("", 0)


class Tab:
    """A tab at `path`. A subclass says how a frame is written, and how the next one comes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.seen: list[dict] = []  # every frame so far, for the message when one is missing
        self.accepted = False  # how the handshake ended

    def write(self, data: str | bytes) -> None:
        raise NotImplementedError

    def next_frame(self, kind: str | None) -> dict | int:
        """Return the next frame, or the code with which the server closes. Raise NoFrame when patience runs out."""
        raise NotImplementedError

    def fault(self, message: str) -> NoFrame:
        """Return an error that says `message`, and what else is known."""
        return NoFrame(message)

    def send(self, frame: object) -> None:
        """Send an object as JSON, a str just as it is, or bytes as a binary frame."""
        step_log.sent(frame)
        self.write(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def receive(self, kind: str | None = None) -> dict:
        """Return the next frame of this type (or of any), as an object. Other frames on the way are passed over."""
        while True:
            frame = self.next_frame(kind)
            if not isinstance(frame, dict):
                raise self.fault(f"The server closed the connection (code {frame}). {self.story(kind)}")
            self.seen.append(frame)
            if kind is None or frame["type"] == kind:
                return frame

    def ended(self) -> int:
        """Wait until the server closes the connection, and return its code. What comes before is kept in `seen`."""
        while isinstance(frame := self.next_frame(None), dict):
            self.seen.append(frame)
        return frame

    def story(self, kind: str | None) -> str:
        wanted = f'a frame of type "{kind}"' if kind else "a frame" if self.accepted else "an answer to its handshake"
        got = "\n".join(step_log.shortened(frame) for frame in self.seen[-3:]) or "nothing"
        return f"A tab at {self.path.lstrip('/')} waited for {wanted}. What it got: {got}"


def read_frame(text: object) -> dict:
    """Return the object in a frame of the server. Raises NoFrame for what is no object with a "type", or no JSON."""
    if not isinstance(text, str):
        raise NoFrame(f"The server sent a {type(text).__name__}, {step_log.shortened(text)}, and not text.")
    try:
        frame = json.loads(text)
    except ValueError:
        raise NoFrame(f"The server sent {step_log.shortened(text)}, which is no JSON.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise NoFrame(f'The server sent {step_log.shortened(frame)}, which is no JSON object with a "type".')
    return frame
