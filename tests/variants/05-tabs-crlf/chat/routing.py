from django.urls import path, re_path
from . import consumers

websocket_urlpatterns = [
	path('ws/lobby/', consumers.ChatConsumer.as_asgi()),
	re_path(r'', consumers.RefuseConsumer.as_asgi()),
]
