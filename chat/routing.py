"""The sockets of the chat: which address leads to which consumer."""

from django.urls import re_path

from chat import consumers

websocket_urlpatterns = [
    re_path(r"^ws/(?P<room>[-a-zA-Z0-9_]{1,50})/$", consumers.ChatConsumer.as_asgi()),
    re_path("", consumers.RefuseConsumer.as_asgi()),  # last: it fits every address
]
