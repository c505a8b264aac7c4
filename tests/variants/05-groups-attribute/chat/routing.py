from django.urls import path, re_path

from . import consumers

websocket_urlpatterns = [
    re_path(r"ws/lobby/$", consumers.ChatConsumer.as_asgi()),
    path("", consumers.RefuseConsumer.as_asgi()),
    path("<path:anything>", consumers.RefuseConsumer.as_asgi()),
]
