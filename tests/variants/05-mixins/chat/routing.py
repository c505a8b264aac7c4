from django.urls import path, re_path

from . import consumers

websocket_urlpatterns = [
    path("ws/lobby/", consumers.ChatConsumer.as_asgi()),
    re_path("", consumers.NoConsumer.as_asgi()),
]
