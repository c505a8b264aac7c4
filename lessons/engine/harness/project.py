"""The student's project: its settings, its ASGI application, its consumer. Found by what they do, not by name."""

import importlib
import inspect
import os
from pathlib import Path

from ..paths import ROOT

COURSE = {"tests", "lessons", "notebooks", ".venv", ".git"}  # at the top of the course, and not the student's
OWN_SETTINGS = ("DJANGO_", "CHAT_", "CHANNEL_")  # with these names a terminal tells the website its database, its Redis

KEY = "the key of the checks, and long enough for a real server"  # where the settings read DJANGO_SECRET_KEY

problem: BaseException | None = None
"""What went wrong when the settings were read; until it is mended no other check can say anything."""


def load() -> None:
    """Read the settings and start Django, once; keep what goes wrong in `problem`."""
    global problem
    for name in os.environ.keys() - own_environ().keys():  # the student's database and Redis, which no check touches
        del os.environ[name]
    os.environ.update(DJANGO_SETTINGS_MODULE="mywebsite.settings", DJANGO_SECRET_KEY=KEY)
    try:
        importlib.import_module("mywebsite.settings")
        import django

        django.setup()
        allow_this_machine()
    except (Exception, SystemExit) as error:
        problem = error
        forget_settings()


def own_environ() -> dict[str, str]:
    """Return the environment without what it tells the website: for whatever must not meet the student's own data."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}


def forget_settings() -> None:
    """Leave no half-read settings behind: pytest-django would go on with them, and drown the reason."""
    from django.conf import empty, settings

    settings._wrapped = empty
    del os.environ["DJANGO_SETTINGS_MODULE"]


def allow_this_machine() -> None:
    """Keep Django's rule "with DEBUG and no ALLOWED_HOSTS, this machine may ask": pytest-django turns DEBUG off."""
    from django.conf import settings

    if settings.DEBUG and not settings.ALLOWED_HOSTS:
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


def has_database() -> bool:
    """Tell whether the settings name a database: Django itself puts one called dummy where there is none."""
    from django.conf import settings

    engine = settings.DATABASES.get("default", {}).get("ENGINE", "")
    return bool(engine) and not engine.endswith(".dummy")


def is_drill() -> bool:
    """Tell whether this is a branch that `make drill` has made."""
    try:
        return "/drill-" in (ROOT / ".git" / "HEAD").read_text(encoding="utf-8")
    except OSError:  # no clone, or a work tree of one
        return False


def is_students(path: str) -> bool:
    """Tell whether a file is the student's own."""
    try:
        place = Path(path).resolve().relative_to(ROOT)
    except ValueError:
        return False
    return place.parts[0] not in COURSE and (ROOT / place).is_file()


def relative(path: str) -> str:
    """Return a path of the course as it stands in messages: from its top, with slashes."""
    return Path(path).resolve().relative_to(ROOT).as_posix()


def asgi_application():
    """Return the object that ASGI_APPLICATION names, as Daphne would find it."""
    from django.conf import settings

    name = getattr(settings, "ASGI_APPLICATION", None)
    assert name, "mywebsite/settings.py has no ASGI_APPLICATION."
    module, _, attribute = name.rpartition(".")
    application = getattr(importlib.import_module(module), attribute, None) if module else None
    assert application, f"ASGI_APPLICATION is {name!r}, and there is no such object."
    return application


def router():
    """Return the application, which has to be a ProtocolTypeRouter with an "http" application."""
    from channels.routing import ProtocolTypeRouter

    application = asgi_application()
    assert isinstance(application, ProtocolTypeRouter), (
        f"The application in mywebsite/asgi.py should be a ProtocolTypeRouter, and is {describe(application)}."
    )
    assert "http" in application.application_mapping, (
        'The ProtocolTypeRouter in mywebsite/asgi.py has no "http", so no page would come.'
    )
    return application


def shares_one_consumer(application) -> bool:
    """Tell whether a route leads to a consumer made once for all: ChatConsumer() where as_asgi() belongs."""
    from channels.consumer import AsyncConsumer

    routes = getattr(application.application_mapping.get("websocket"), "routes", [])
    return any(isinstance(getattr(route, "callback", None), AsyncConsumer) for route in routes)


def describe(thing: object) -> str:
    return f"the class {thing.__name__} itself" if inspect.isclass(thing) else f"a {type(thing).__name__}"


def lone_consumer():
    """Return an application that is the consumer alone, with no routing around it."""
    return with_later_scope(consumer_class().as_asgi())


def consumer_class() -> type:
    """Return the WebsocketConsumer that chat/consumers.py (or a package) defines; of several, the busiest."""
    from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer

    folder = ROOT / "chat"
    others = ", ".join(path.name for path in sorted(folder.glob("*.py")) if path.name != "__init__.py")
    assert any((folder / name).exists() for name in ("consumers.py", "consumers")), (
        f"There is no chat/consumers.py. In chat there is: {others or 'nothing'}."
    )
    module = importlib.import_module("chat.consumers")
    own = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__.startswith(module.__name__)]
    family = [c for c in own if issubclass(c, WebsocketConsumer)]
    consumers = [c for c in family if not any(c in other.__mro__[1:] for other in family)]  # no base classes
    assert consumers or not any(issubclass(c, AsyncWebsocketConsumer) for c in own), (
        "The consumer in chat/consumers.py is an AsyncWebsocketConsumer; this course writes the synchronous kind."
    )
    assert consumers, "chat/consumers.py has no class that inherits from WebsocketConsumer."
    return max(consumers, key=lambda consumer: len(vars(consumer)))


def with_later_scope(application):
    """Give a lone consumer what routing, sessions and logins will put into its scope in later lessons."""

    async def wrapped(scope, receive, send):
        later = {"url_route": {"args": (), "kwargs": {"room": "lobby"}}, "session": {}, "user": anonymous_user()}
        return await application({**later, **scope}, receive, send)

    return wrapped


def anonymous_user():
    """Return the user of a visitor who has not logged in; None where the website has no users yet."""
    from django.apps import apps

    if not apps.is_installed("django.contrib.auth"):
        return None
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()
