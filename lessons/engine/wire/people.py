"""Those who visit a stage's server while its scene is recorded: people with cookies, and their tabs."""

from ..harness.visitor import OverNetwork, Visitor
from ..harness.ws_client import NetworkTab

PATIENCE = 30  # seconds until something counts as not happening


class Person:
    """Somebody with a name and cookies, in a room."""

    def __init__(self, world, name: str, room: str) -> None:
        self.world, self.name, self.room = world, name, room
        self.visitor = Visitor(OverNetwork(world.address))
        if name:
            self.visitor.choose(name, room)

    def tab(self, since: int | None = None) -> "RecordedTab":
        query = "" if since is None else f"?since={since}"
        one = self.world.tab(f"{self.name}'s", f"/ws/{self.room}/{query}", self.visitor.cookies)
        one.hears("people")
        return one

    def enters(self, room: str) -> "RecordedTab":
        """Open a tab as a member, who has no need to choose a name."""
        self.name, self.room = "the teacher", room
        return self.tab()

    def logs_out(self) -> None:
        self.visitor.get(f"/rooms/{self.room}/")
        self.visitor.post_to("/logout/", {})

    def announces(self, room: str, text: str) -> None:
        self.visitor.post_to(f"/rooms/{room}/announce/", {"message": text})


class RecordedTab(NetworkTab):
    """A tab of a scene. It stays open until the world ends, or it leaves."""

    def __init__(self, world, path: str, cookies: str, letter: str) -> None:
        """`letter` is the one that the tap gives it."""
        super().__init__(world, path, cookies)
        self.world, self.letter, self.patience = world, letter, PATIENCE
        world.stack.enter_context(self)

    def says(self, frame: object, answer: str) -> None:
        """Send a frame, and wait for one of this type."""
        self.send(frame)
        self.hears(answer)

    def hears(self, kind: str) -> None:
        """Wait for a frame of this type; the others on the way are passed over."""
        self.receive(kind)

    def is_closed(self) -> None:
        """Wait until the server has closed the connection."""
        self.ended()
        self.ends()

    def leaves(self) -> None:
        self.socket.close()
        self.ends()

    def ends(self) -> None:
        self.world.until(lambda event: event["source"] == f"consumer:{self.letter}" and event["label"] == "ends")
