"""Keeps the events of one server process, in the order in which they happened. Any thread may record."""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable

from .events import Event

KEPT = 5000  # events

# Who is at work, and which event led to it, wherever one is recorded:
actor: contextvars.ContextVar[str] = contextvars.ContextVar("actor", default="django")
cause: contextvars.ContextVar[int | None] = contextvars.ContextVar("cause", default=None)


class Recorder:
    def __init__(self, hear: Callable[[Event], None] | None = None) -> None:
        """`hear` is called with every event, in the thread in which it happened."""
        self.hear = hear
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.count = 0
        self.lock = threading.Lock()
        self.began = time.perf_counter()

    def record(self, kind: str, source: str, target: str, label: str, **more: object) -> int:
        """Keep an event and return its number. `more` are further fields of Event."""
        with self.lock:
            self.count += 1
            seconds = round(time.perf_counter() - self.began, 6)
            event = Event(self.count, seconds, kind, source, target, label, **more)
            self.events.append(event)
            if self.hear:
                self.hear(event)
        return event.number

    def after(self, number: int) -> list[Event]:
        """Return the events that are kept and came after this number, in order."""
        with self.lock:
            missing = self.count - number
            if missing <= 0:
                return []
            return list(self.events)[-missing:] if missing < len(self.events) else list(self.events)
