"""The sockets of the chat: which address leads to which consumer."""

from django.urls import path, re_path

from chat import consumers

websocket_urlpatterns = [
    path("ws/lobby/", consumers.ChatConsumer.as_asgi()),
    re_path("", consumers.RefuseConsumer.as_asgi()),  # last: it fits every address
]
