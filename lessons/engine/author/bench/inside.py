"""A message, watched from inside: python inside.py TABS, in the folder of a chat. Prints what was done when, as JSON.

`trips` are [thread, began, ended, what]: work for which the event loop has sent a thread. `frames` are [thread, when,
tab]: the moment when a browser tab gets the message. All times are milliseconds since the message came in.
"""

import asyncio
import json
import os
import sys
import threading
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mywebsite.settings")
sys.path.insert(0, os.getcwd())

from asgiref.sync import SyncToAsync

from mywebsite.asgi import application

MESSAGES = 20  # of which the quickest is shown: the others have met something else that the machine was doing

trips, frames = [], []
by_asgiref = SyncToAsync.thread_handler


def watched(self, *args, **kwargs):
    began = time.perf_counter()
    try:
        return by_asgiref(self, *args, **kwargs)
    finally:
        ended = time.perf_counter()
        inner = [arg for call in args for arg in getattr(call, "args", ())]  # asgiref wraps the call once more
        kinds = [arg["type"] for arg in inner if isinstance(arg, dict) and "type" in arg]
        trips.append((threading.current_thread().name, began, ended, kinds[0] if kinds else "other work"))


class TracedTab:
    """A tab without a network: when it gets what is written down.

    It is no AsgiTab of the harness: that one waits in another thread, and the trace would show the way there.
    """

    def __init__(self, number: int) -> None:
        host = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
        self.scope = {"type": "websocket", "path": "/ws/lobby/", "query_string": b"", "headers": host}
        self.scope |= {"client": ("127.0.0.1", 50000 + number), "subprotocols": []}
        self.number, self.events, self.got = number, asyncio.Queue(), asyncio.Queue()
        self.events.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(application(self.scope, self.events.get, self.send))

    async def send(self, event: dict) -> None:
        frame = json.loads(event.get("text", "{}"))
        if frame.get("type") == "chat":
            frames.append((threading.current_thread().name, time.perf_counter(), self.number))
        self.got.put_nowait(frame.get("type"))

    async def wait(self, kind: str) -> None:
        while await self.got.get() != kind:
            pass


async def main(number: int) -> dict:
    tabs = [TracedTab(number) for number in range(1, number + 1)]
    for tab in tabs:
        await tab.wait("people")
    seen = [await one_message(tabs) for _ in range(MESSAGES)]
    return min(seen, key=lambda one: max(when for _, when, _ in one["frames"]))


async def one_message(tabs: list[TracedTab]) -> dict:
    await asyncio.sleep(0.02)  # what is left of the message before
    trips.clear()
    frames.clear()
    began = time.perf_counter()
    tabs[0].events.put_nowait({"type": "websocket.receive", "text": '{"message": "hello"}'})
    for tab in tabs:
        await tab.wait("chat")
    await asyncio.sleep(0.02)

    def after(moment: float) -> float:
        return round(1000 * (moment - began), 2)

    return {
        "trips": [(thread, after(start), after(end), what) for thread, start, end, what in trips],
        "frames": [(thread, after(when), tab) for thread, when, tab in frames],
    }


if __name__ == "__main__":
    SyncToAsync.thread_handler = watched
    print(json.dumps(asyncio.run(main(int(sys.argv[1])))), flush=True)
    os._exit(0)  # the tabs have not left, and nobody wants to hear of it
