from django.urls import path, re_path

from chat.consumers import RefuseConsumer, RoomConsumer

websocket_urlpatterns = [
    path("ws/<slug:room>/", RoomConsumer.as_asgi()),
    re_path(r"^.*$", RefuseConsumer.as_asgi()),
]
