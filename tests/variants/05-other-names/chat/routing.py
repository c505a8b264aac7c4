from django.urls import path, re_path

from chat.consumers import LobbySocket, Nowhere

urls = [
    path("ws/lobby/", LobbySocket.as_asgi(), name="lobby-socket"),
    re_path(r".*", Nowhere.as_asgi()),
]
