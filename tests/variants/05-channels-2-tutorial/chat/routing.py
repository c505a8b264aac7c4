from django.urls import re_path

from . import consumers

websocket_urlpatterns = [
    re_path(r'^ws/(?P<room_name>lobby)/$', consumers.ChatConsumer.as_asgi()),
    re_path(r'^.*$', consumers.UnknownRoomConsumer.as_asgi()),
]
