"""Hears what goes over the wire: a wrapper around the ASGI application. (layer_tap.py has the one around the layer.)

Not a line of the student's code is changed. Two names inside of Channels are exchanged: `await_many_dispatch`, through
which every event comes to a consumer, and `get_handler_name`, which is asked in the thread in which the handler runs.
"""

import asyncio
import functools
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from pathlib import Path

from .events import as_payload, letters
from .layer_tap import InFlight, LayerTap
from .recorder import Recorder, actor, cause

SLOW = 0.1  # seconds: a handler that takes longer is told of
METHODS = {"websocket_connect": "connect", "websocket_receive": "receive", "websocket_disconnect": "disconnect"}


class Tap:
    """Everything that is heard goes to the recorder. `root`: the folder of the student's files."""

    def __init__(self, recorder: Recorder, root: Path) -> None:
        self.recorder, self.root = recorder, root
        self.tabs = 0
        self.in_flight: InFlight = {}
        self.layer_tap = LayerTap(recorder, self.in_flight)

    # The application

    def wrap(self, application: Callable) -> Callable:
        """Return an ASGI application that does the same and is heard."""

        @functools.wraps(application, updated=())
        async def tapped(scope: dict, receive: Callable, send: Callable) -> None:
            kinds = {"websocket": self.websocket, "http": self.http}
            handle = kinds.get(scope["type"])
            await (handle(application, scope, receive, send) if handle else application(scope, receive, send))

        return tapped

    async def http(self, application: Callable, scope: dict, receive: Callable, send: Callable) -> None:
        first = self.recorder.record(
            "http", "http", "django", f"{scope['method']} {path_of(scope)}", payload=describe_scope(scope)
        )
        actor.set("django")
        cause.set(first)

        async def answer(event: dict) -> None:
            if event["type"] == "http.response.start":
                self.recorder.record("http", "django", "http", f"HTTP {event['status']}", cause=first)
            await send(event)

        with self.errors("django"):
            await application(scope, receive, answer)

    async def websocket(self, application: Callable, scope: dict, receive: Callable, send: Callable) -> None:
        tab = letters(self.tabs)
        self.tabs += 1
        browser, consumer = f"browser:{tab}", f"consumer:{tab}"
        actor.set(consumer)
        asked = f"GET {path_of(scope)}"
        cause.set(self.recorder.record("handshake", browser, consumer, asked, payload=describe_scope(scope)))

        async def hear() -> dict:
            event = await receive()
            number = self.recorder.record("frame", browser, consumer, event["type"], payload=frame_of(event))
            self.in_flight[id(event)] = event, number
            return event

        async def say(event: dict) -> None:
            self.recorder.record("frame", consumer, browser, event["type"], payload=frame_of(event), cause=cause.get())
            await send(event)

        try:
            with self.errors(consumer):
                await application(scope, hear, say)
        finally:
            self.layer_tap.forget(consumer)
            self.recorder.record("note", consumer, consumer, "ends", cause=cause.get(), extra={"ended": tab})

    @contextmanager
    def errors(self, participant: str):
        """Tell of an exception that nobody has caught, and let it go on."""
        try:
            yield
        except Exception as error:
            self.recorder.record(
                "error",
                participant,
                participant,
                f"{type(error).__name__}: {error}",
                payload=self.place_of(error),
                cause=cause.get(),
            )
            raise

    def place_of(self, error: BaseException) -> str:
        """Return the file, line and text of the student's code in which it happened, the last one first."""
        places = [(frame.filename, frame.lineno, frame.line) for frame in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError) and error.filename:
            places.append((error.filename, error.lineno, (error.text or "").strip()))
        return "\n".join(
            f"{Path(file).relative_to(self.root).as_posix()}:{line}: {text}"
            for file, line, text in reversed(places)
            if self.is_students(file)
        )

    def is_students(self, filename: str) -> bool:
        path = Path(filename)
        inside = path.is_relative_to(self.root) and not path.is_relative_to(self.root / "lessons")
        return inside and not any(part.startswith(".") for part in path.relative_to(self.root).parts)

    # The consumers

    def listen_to_consumers(self) -> None:
        """Hear which event comes to which handler, and in which thread that runs."""
        from channels import consumer

        consumer.await_many_dispatch = self.dispatching(consumer.await_many_dispatch)
        consumer.get_handler_name = self.naming(consumer.get_handler_name)

    def listen_to_routers(self) -> None:
        """Hear through which of Channels' routers a connection comes."""
        from channels import routing

        for router in (routing.ProtocolTypeRouter, routing.URLRouter):
            router.__call__ = self.routing(router.__name__, router.__call__)

    def routing(self, name: str, call: Callable) -> Callable:
        @functools.wraps(call)
        async def heard(router: object, scope: dict, receive: Callable, send: Callable) -> None:
            me = actor.get()
            what = f'type "{scope["type"]}"' if name == "ProtocolTypeRouter" else f'path "{scope["path"]}"'
            told = {"payload": what, "cause": cause.get(), "extra": {"router": name}}
            cause.set(self.recorder.record("http" if scope["type"] == "http" else "note", me, me, name, **told))
            await call(router, scope, receive, send)

        return heard

    def dispatching(self, await_many_dispatch: Callable) -> Callable:
        async def heard(callables: list[Callable], dispatch: Callable[[dict], Awaitable]) -> None:
            bound = getattr(dispatch, "__self__", None) or dispatch.args[0]  # a synchronous one is a partial
            name = type(bound).__name__
            me = actor.get()
            self.recorder.record(
                "note", me, me, f"{name}()", cause=cause.get(), extra={"name": f"{name} {me.partition(':')[2]}"}
            )

            async def handle(event: dict) -> None:
                cause.set(self.in_flight.pop(id(event), (None, None))[1])
                began = time.perf_counter()
                await dispatch(event)
                took = time.perf_counter() - began
                if took > SLOW:
                    self.recorder.record(
                        "note", me, me, f"that took {took:.2f} s", cause=cause.get(), extra={"took": took}
                    )

            await await_many_dispatch(callables, handle)

        return heard

    def naming(self, get_handler_name: Callable) -> Callable:
        def heard(event: dict) -> str:
            name = get_handler_name(event)
            me = actor.get()
            number = self.recorder.record(
                "handler", me, me, f"{METHODS.get(name, name)}()", thread=thread(), cause=cause.get()
            )
            cause.set(number)
            return name

        return heard


def path_of(scope: dict) -> str:
    """Return what was asked for, as it stands in the address of a browser."""
    query = scope.get("query_string", b"").decode("latin-1")
    return scope["path"] + (f"?{query}" if query else "")


def describe_scope(scope: dict) -> str:
    """Return what a reader wants to see of a scope."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", [])}
    shown = {key: scope.get(key) for key in ("type", "path", "client", "server", "subprotocols") if scope.get(key)}
    query = scope.get("query_string", b"").decode("latin-1")
    return as_payload({**shown, **({"query_string": query} if query else {}), "headers": headers})


def frame_of(event: dict) -> str:
    """Return the text of a frame; else what there is to an event besides its type."""
    told = {key: value for key, value in event.items() if key != "type" and value is not None}
    text = told.pop("text", None)
    if text is not None and not told:
        return as_payload(text)
    return as_payload({**told, "text": text} if text is not None else told) if told else ""


def thread() -> str:
    """Return the name of the thread in which this runs, "event loop" for the one of the loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return threading.current_thread().name
    return "event loop"
