from django.urls import path

from chat.views import LobbyView

urlpatterns = [
    path("", LobbyView.as_view(), name="lobby"),
]
