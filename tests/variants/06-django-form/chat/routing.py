from django.urls import re_path

from chat.consumers import ChatConsumer, RefuseConsumer

websocket_urlpatterns = [
    re_path(r"^ws/([A-Za-z0-9_-]{1,32})/$", ChatConsumer.as_asgi()),
    re_path(r"", RefuseConsumer.as_asgi()),
]
