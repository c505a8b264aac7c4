"""One browser tab, without a browser or a server: it calls the ASGI application as a server would.

    ada = tab("/ws/lobby/")
    ada.send({"message": "hello"})
    ada.receive("chat")

Plain synchronous calls. Underneath is one event loop in a thread of its own, the same for all tabs: a channel layer
belongs to the loop in which it was first used. (Not in the main thread, where Playwright has a loop running.)
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine

from . import limit, patience, project, step_log
from .tab import NoFrame, Tab, read_frame

PATIENCE = 1.0  # seconds until a frame that has not come counts as not sent
SHORT = 1.0  # seconds for a consumer to say goodbye where nobody looks any more


class Crashed(AssertionError):
    """The student's code raised an exception; it is the `__cause__`."""


class Loop:
    """An event loop in a thread of its own; `run` waits for a coroutine from outside.

    `call` waits for a plain function. Like a consumer it runs in a thread beside the loop, always the same one: there a
    view finds the channel layer of the tabs, and the database.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine: Coroutine) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def call(self, function: Callable, *args, **kwargs) -> object:
        from asgiref.sync import sync_to_async

        return self.run(sync_to_async(function)(*args, **kwargs))

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class AsgiTab(Tab):
    """A tab that will ask for `path`; `connect` begins. `accepted` tells how the handshake ended."""

    def __init__(self, loop: Loop, application, path: str = "/ws/lobby/", cookies: str = "", headers=None) -> None:
        super().__init__(path)
        self.loop, self.cookies = loop, cookies
        self.headers = {"host": "localhost", "origin": "http://localhost", **(headers or {})}  # None: not sent
        self.events = queue.SimpleQueue()  # what the application has sent; None when it has come to its end
        self.loop.run(self.begin(application))

    async def begin(self, application) -> None:
        self.to_server = asyncio.Queue()
        self.task = asyncio.ensure_future(application(self.scope(self.path), self.to_server.get, self.from_server))
        self.task.add_done_callback(lambda task: self.events.put(None))

    async def from_server(self, event: dict) -> None:
        self.events.put(event)

    def put(self, event: dict) -> None:
        """Hand an event to the application."""
        self.loop.loop.call_soon_threadsafe(self.to_server.put_nowait, event)

    def scope(self, path: str) -> dict:
        """What a server knows of a connection from the start (ASGI specification, WebSocket connection scope)."""
        address, _, query = path.partition("?")
        cookie = [(b"cookie", self.cookies.encode())] if self.cookies else []
        return {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": address,
            "raw_path": address.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(key.encode(), value.encode()) for key, value in self.headers.items() if value] + cookie,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
            "subprotocols": [],
        }

    def connect(self) -> "AsgiTab":
        """Ask for the connection and wait for the answer; return the tab."""
        step_log.note(f"a browser tab connected to {self.path.lstrip('/')}")
        self.put({"type": "websocket.connect"})
        answer = self.next_event()["type"]
        if answer == "websocket.send":
            raise NoFrame("The consumer sent a frame before it accepted the connection.")
        self.accepted = answer == "websocket.accept"
        return self

    def cancel(self) -> None:
        """End the application as Daphne does ten seconds after the browser has gone, if it is still busy."""
        step_log.note("the server cancelled the consumer of a tab that had gone")
        self.loop.loop.call_soon_threadsafe(self.task.cancel)

    def write(self, data: str | bytes) -> None:
        self.put({"type": "websocket.receive", "bytes" if isinstance(data, bytes) else "text": data})

    def next_frame(self, kind: str | None) -> dict | int:
        event = self.next_event(kind)
        if event["type"] == "websocket.close":
            return event.get("code", 1000)
        if event["type"] != "websocket.send":
            raise NoFrame(
                f'The consumer handed the server an event of type "{event["type"]}". What is for a browser is of type'
                ' "websocket.send".'
            )
        return read_frame(event.get("text"))

    def next_event(self, kind: str | None = None, seconds: float = PATIENCE) -> dict:
        """Return the next ASGI event from the application; raise NoFrame when patience runs out, or Crashed."""
        for event in patience.wait(self.event_within, seconds):
            if event is not None:
                return event
            self.events.put(None)
        if self.task.done() and self.task.exception():
            raise Crashed(f"The consumer crashed. {self.story(kind)}") from self.task.exception()
        raise but_running(NoFrame(self.story(kind)))

    def event_within(self, seconds: float) -> tuple[dict | None, ...]:
        """Return the next event, if it comes within this time: None is the end."""
        try:
            return (self.events.get(timeout=seconds),)
        except queue.Empty:
            return ()

    def close(self) -> None:
        """Leave, as a closed browser window does, and wait until the consumer has said goodbye."""
        step_log.note("the tab was closed")
        if not self.task.done():
            self.put({"type": "websocket.disconnect", "code": 1001})

        async def end(seconds: float) -> bool:
            await asyncio.wait({self.task}, timeout=seconds)
            return self.task.done()

        if not patience.wait(lambda seconds: self.loop.run(end(seconds)), PATIENCE):
            raise but_running(NoFrame(f"The tab at {self.path} has left, and its consumer does not come to an end."))
        if self.task.exception():
            raise Crashed("The consumer crashed when its tab left.") from self.task.exception()

    def abandon(self) -> None:
        """End whatever is left, without asking how. Somebody with a name leaves first, and so every list of names."""
        if self.cookies:
            self.put({"type": "websocket.disconnect", "code": 1001})

        async def end():
            if self.cookies:
                await asyncio.wait({self.task}, timeout=SHORT)
            self.task.cancel()
            await asyncio.wait({self.task}, timeout=PATIENCE)
            if self.task.done() and not self.task.cancelled():
                self.task.exception()  # looked at, so that asyncio does not complain

        self.loop.run(end())


def but_running(error: NoFrame) -> NoFrame:
    """Look whether the student's code is the reason: it has not come back."""
    file, _, line = limit.still_running_in(project.is_students).rpartition(":")
    if not file:
        return error
    longer = NoFrame(f"{error}\nYour code has not come back: it still runs.")
    longer.place = (project.relative(file), int(line))
    return longer
