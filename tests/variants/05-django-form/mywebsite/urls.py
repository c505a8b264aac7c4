from chat.views import LobbyView
from django.urls import path

urlpatterns = [path("", LobbyView.as_view(), name="lobby")]
