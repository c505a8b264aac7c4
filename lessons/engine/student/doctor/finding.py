"""What a look at one thing finds: a line of the page, and the cure below it if it is ill."""

from dataclasses import dataclass

OK, NOTE, CURE = "ok", "note", "CURE"


@dataclass(frozen=True)
class Finding:
    status: str
    what: str
    cure: str = ""
