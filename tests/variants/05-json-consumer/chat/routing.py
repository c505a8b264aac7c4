from django.urls import re_path

from .consumers import ChatConsumer, RefuseConsumer

websocket_urlpatterns = [
    re_path(r"^ws/lobby/$", ChatConsumer.as_asgi()),
    re_path(r"^", RefuseConsumer.as_asgi()),
]
