"""What a client knows of a room that has a history (lesson 8): its messages in order, and whether one is missing."""


class RoomLog:
    """`messages` are those that came, in order, without gaps; `questions` is how often one was missing."""

    def __init__(self) -> None:
        self.messages: list[dict] = []
        self.seen: int | None = None  # the number of the last message; None before the first history
        self.asked: int | None = None  # what `seen` was at the last question
        self.questions = 0

    def keep(self, message: dict) -> None:
        self.seen = message["seq"]
        self.messages.append(message)

    def misses(self, frame: dict) -> bool:
        """Keep what is new in a frame of the server; tell whether it shows a gap that was not asked for yet."""
        if frame["type"] == "history":
            for message in frame["messages"]:
                if self.seen is None or message["seq"] > self.seen:
                    self.keep(message)
            self.seen = self.seen or 0
        elif frame["type"] == "chat" and self.seen is not None:
            if frame["seq"] == self.seen + 1:
                self.keep(frame)
            elif frame["seq"] > self.seen and self.asked != self.seen:
                self.questions += 1
                return True
        return False
