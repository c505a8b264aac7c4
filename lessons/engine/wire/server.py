"""Serves the page at /__wire__/, and the events as they happen (server-sent events, HTML standard section 9.2).

An ASGI application around the student's: what is asked below /__wire__/ is answered here, all else goes on.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from .events import sentence
from .recorder import Recorder

PREFIX = "/__wire__/"
PAGE = Path(__file__).parent / "page"
FILES = {"": "index.html", "wire.js": "wire.js", "wire.css": "wire.css"}
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
EVERY = 0.05  # seconds between two looks for new events
AT_ONCE = 300  # events in one batch
LOCAL = ("127.0.0.1", "localhost", "[::1]")
POLICY = b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; img-src data:"


def serve_page(application: Callable, recorder: Recorder, facts: dict) -> Callable:
    """Return an ASGI application that answers below /__wire__/, and hands on all else.

    `facts` is what the page should know of this website: its stage, and what there is to tap.
    """
    facts = {**facts, "run": secrets.token_hex(4)}

    async def around(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await application(scope, receive, send)
        elif not is_local(scope):
            await answer(send, 403, "text/plain", b"The wire is for this machine alone.")
        elif scope["path"] == f"{PREFIX}events":
            await stream(recorder, facts, scope, receive, send)
        elif scope["path"].startswith(f"{PREFIX}mark-"):  # a word of the recorder's: up to here
            path = scope["path"].removeprefix("/__wire__")
            recorder.record("note", "django", "django", f"mark {path}", extra={"mark": True})
            await answer(send, 200, "text/plain", b"")
        else:
            await file(scope["path"].removeprefix(PREFIX), send)

    return around


def is_local(scope: dict) -> bool:
    """Tell whether the page was asked for under a name of this machine: another name may lead here, too."""
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    return host.rpartition(":")[0] in LOCAL if ":" in host.rpartition("]")[2] else host in LOCAL


async def file(name: str, send: Callable) -> None:
    """Answer with a file of the page. What is shown is the code of this course, so nothing is kept by the browser."""
    if name not in FILES:
        await answer(send, 404, "text/plain", b"There is no such file.")
        return
    path = PAGE / FILES[name]
    await answer(send, 200, TYPES[path.suffix], path.read_bytes())


async def answer(send: Callable, status: int, kind: str, body: bytes) -> None:
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", POLICY),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(recorder: Recorder, facts: dict, scope: dict, receive: Callable, send: Callable) -> None:
    """Send what is kept, and then each event, until the page is closed."""
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send(part(f"retry: 500\nevent: facts\ndata: {json.dumps(facts)}\n\n"))
    seen = position(dict(scope["headers"]).get(b"last-event-id", b""), facts["run"])
    left = asyncio.ensure_future(closed(receive))
    try:
        while not left.done():
            batch = recorder.after(seen)[:AT_ONCE]
            if batch:
                seen = batch[-1].number
                data = json.dumps([{**event.as_dict(), "text": sentence(event)} for event in batch])
                await send(part(f"id: {facts['run']} {seen}\ndata: {data}\n\n"))
            await asyncio.sleep(0 if len(batch) == AT_ONCE else EVERY)
    finally:
        left.cancel()


async def closed(receive: Callable) -> None:
    """Return when the browser has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def position(last: bytes, run: str) -> int:
    """Return the number of the event that a page has seen last, 0 if that was in another run."""
    name, _, number = last.decode("latin-1").partition(" ")
    return int(number) if name == run and number.isdecimal() else 0


def part(text: str) -> dict:
    return {"type": "http.response.body", "body": text.encode("utf-8", "replace"), "more_body": True}
