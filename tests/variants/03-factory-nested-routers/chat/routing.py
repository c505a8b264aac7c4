"""Everything below ws/ has a router of its own."""

from channels.routing import URLRouter
from django.urls import path, re_path

from chat import consumers

lobbyConsumer = consumers.ChatConsumer.as_asgi()
refuse = consumers.RefuseConsumer.as_asgi()

anything_else = [re_path("", refuse)]

rooms = URLRouter(
    [
        re_path(r"^/?lobby/?$", lobbyConsumer),  # with or without its slashes
        re_path("", refuse),
    ]
)

sockets = [path("ws/", rooms), path("sockets/lobby/", lobbyConsumer)] + anything_else
