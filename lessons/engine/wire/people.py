"""Those who visit a stage's server while its scene is recorded: people with cookies, and their tabs."""

from contextlib import suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ..harness.visitor import OverNetwork, Visitor
from .events import type_of
from .scenes import as_text

PATIENCE = 30  # seconds until something counts as not happening


class Person:
    """Somebody with a name and cookies, in a room."""

    def __init__(self, world, name: str, room: str) -> None:
        self.world, self.name, self.room = world, name, room
        self.visitor = Visitor(OverNetwork(world.address))
        if name:
            self.visitor.choose(name, room)

    def tab(self, since: int | None = None) -> "Tab":
        query = "" if since is None else f"?since={since}"
        one = self.world.tab(f"{self.name}'s", f"/ws/{self.room}/{query}", self.visitor.cookies)
        one.hears("people")
        return one

    def enters(self, room: str) -> "Tab":
        """Open a tab as a member, who has no need to choose a name."""
        self.name, self.room = "the teacher", room
        return self.tab()

    def logs_out(self) -> None:
        self.visitor.get(f"/rooms/{self.room}/")
        self.visitor.post_to("/logout/", {})

    def announces(self, room: str, text: str) -> None:
        self.visitor.post_to(f"/rooms/{room}/announce/", {"message": text})


class Tab:
    """A tab over the network."""

    def __init__(self, world, path: str, cookies: str, letter: str) -> None:
        """`letter` is the one that the tap gives it."""
        self.world, self.letter = world, letter
        headers = {"Cookie": cookies} if cookies else None
        url = f"ws://{world.address}{path}"
        self.socket = connect(url, origin=f"http://{world.address}", additional_headers=headers, proxy=None)
        world.stack.callback(self.socket.close)

    def says(self, frame: object, answer: str) -> None:
        """Send a frame, and wait for one of this type."""
        self.sends(as_text(frame), answer)

    def sends(self, text: str, answer: str) -> None:
        self.socket.send(text)
        self.hears(answer)

    def hears(self, kind: str) -> None:
        """Wait for a frame of this type; the others on the way are passed over."""
        while type_of(self.socket.recv(timeout=PATIENCE)) != kind:
            pass

    def is_closed(self) -> None:
        """Wait until the server has closed the connection."""
        with suppress(ConnectionClosed):
            while True:
                self.socket.recv(timeout=PATIENCE)
        self.ends()

    def leaves(self) -> None:
        self.socket.close()
        self.ends()

    def ends(self) -> None:
        self.world.until(lambda event: event["source"] == f"consumer:{self.letter}" and event["label"] == "ends")
