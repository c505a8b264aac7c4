"""The server process of `make wire`: the student's application, tapped, behind a Daphne of its own.

It is begun as `python -m lessons.engine.wire.child HOST PORT TEXT [ALONE]`, and ended without ceremony at the next
save.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable

from ..content.disk import marker
from ..paths import ROOT
from .events import Event, sentence
from .recorder import Recorder
from .server import PREFIX, serve_page
from .tap import Tap

NOT_LOADED = "The website cannot be loaded"


def main(host: str, port: str, text: str, alone: str = "") -> None:
    """Serve until the process is ended, or the one that has begun it.

    `text` "1": print each event. `alone`: serve the consumer, with no route before it.
    """
    threading.Thread(target=end_with_parent, daemon=True).start()
    recorder = Recorder(Printer() if text == "1" else None)
    tap = Tap(recorder, ROOT)
    facts = {"stage": marker(), "missing": "", "problem": ""}
    try:
        application = website(tap, facts, alone)
    except Exception as error:  # whatever it is, the page says it, and the next save tries again
        place = tap.place_of(error)
        facts["problem"] = f"{type(error).__name__}: {error}"
        recorder.record("error", "django", "django", facts["problem"], payload=place)
        print(f"{NOT_LOADED}: {facts['problem']}\n{place}", flush=True)
        application = broken(facts)
    else:
        application = tap.wrap(application)
    listen(host, port, serve_page(application, recorder, facts))


def end_with_parent() -> None:
    """Our input is a pipe of the parent's. It ends with the parent, however that came to its end."""
    sys.stdin.buffer.read()
    os._exit(0)


def website(tap: Tap, facts: dict, alone: str) -> Callable:
    """Load the student's application as a server would, with a tap on the consumers and on the channel layer."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mywebsite.settings")
    import django
    from django.conf import settings
    from django.utils.module_loading import import_string

    django.setup()
    tap.listen_to_consumers()
    tap.listen_to_routers()
    application = import_string(getattr(settings, "ASGI_APPLICATION", None) or "mywebsite.asgi.application")
    if settings.DEBUG and "django.contrib.staticfiles" in settings.INSTALLED_APPS:
        from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler

        application = ASGIStaticFilesHandler(application)
    layer = None
    if getattr(settings, "CHANNEL_LAYERS", None):
        from channels.layers import get_channel_layer

        layer = get_channel_layer()
    if layer is not None:
        tap.layer_tap.listen_to(layer)
    facts["missing"] = missing(application, layer)
    if alone:
        from ..harness import project

        return project.lone_consumer()
    return application


def missing(application: Callable, layer: object) -> str:
    """Return what there is not yet to see, and with which lesson it comes; "" when all is there."""
    inner = getattr(application, "application", application)
    if "websocket" not in getattr(inner, "application_mapping", {}):
        return "So far only HTTP goes over this wire. Sockets come with lessons 3 and 4, and groups with lesson 5."
    if layer is None:
        return "The page opens a socket from lesson 4 on, and groups and mailboxes come with lesson 5."
    return ""


def broken(facts: dict) -> Callable:
    """Return an application that says of every page that the website could not be loaded."""

    async def application(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        text = f"{NOT_LOADED}: {facts['problem']}\nMore at {PREFIX} and by: make test\n"
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})

    return application


def listen(host: str, port: str, application: Callable) -> None:
    """Run Daphne until the process is ended."""
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server

    logging.getLogger("daphne").setLevel(logging.ERROR)
    logging.getLogger("django.request").setLevel(logging.ERROR)
    endpoints = build_endpoint_description_strings(host=host, port=int(port))
    Server(application, endpoints=endpoints, ready_callable=lambda: print("Listening.", flush=True)).run()


class Printer:
    """Prints each event as a line, with the names of the consumers as soon as they are known."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        if "name" in event.extra:
            self.names[event.source] = event.extra["name"]
        print(sentence(event, self.names), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
