"""Welche Adresse zu welchem Consumer führt."""

from django.urls import path, re_path

from chat.consumers import ChatConsumer, ÜberflüssigeVerbindung

# Der Rückfall für alles Übrige; er steht in der Liste unten zuletzt.
alleAnderenAdressen = re_path("", ÜberflüssigeVerbindung.as_asgi())
chatConsumer = ChatConsumer.as_asgi()

websocket_urlpatterns = [
    path("ws/lobby/", chatConsumer, name="vorraum"),
    alleAnderenAdressen,
]
