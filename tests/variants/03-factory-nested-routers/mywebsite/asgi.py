"""ASGI entry point: classes and functions first, and what is done with them at the bottom."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application


class Website(ProtocolTypeRouter):
    """Pages come from Django, unless somebody says otherwise."""

    def __init__(self, **protocols):
        protocols.setdefault("http", get_asgi_application())
        super().__init__(protocols)


def make_application():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mywebsite.settings")
    website = Website()  # from here on Django is awake

    from chat.routing import sockets

    website.application_mapping["websocket"] = URLRouter(sockets)
    return website


application = make_application()
