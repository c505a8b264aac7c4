from channels.generic.websocket import WebsocketConsumer
from channels.exceptions import DenyConnection
from django.urls import path, re_path

from . import rooms  # noqa: F401 - registers <room:...>
from .consumers import ChatConsumer


class Refuse(WebsocketConsumer):
    def connect(self):
        raise DenyConnection


websocket_urlpatterns = [
    path("ws/<room:name>/", ChatConsumer.as_asgi()),
    re_path("", Refuse.as_asgi()),
]
