"""Der Chat im Vorraum (»Lobby«). Alle Namen sind deutsch, mit Umlauten und ß; nur die Wörter auf der Leitung nicht."""

import json

from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

HÖCHSTLÄNGE = 500  # Zeichen; die Seite erlaubt genauso viele


class UngültigeNachricht(ValueError):
    """Was der Browser geschickt hat, ist keine Nachricht. Der Text sagt, warum."""


class ChatConsumer(WebsocketConsumer):
    """Für jeden Tab gibt es einen eigenen."""

    def connect(self):
        # Zwei Gruppen: Durchsagen gehen an das ganze Haus, Nachrichten nur an den Vorraum.
        async_to_sync(self.channel_layer.group_add)("haus", self.channel_name)
        async_to_sync(self.channel_layer.group_add)("lobby", self.channel_name)
        self.accept()
        # Auch die Begrüßung kommt über das eigene Postfach: so bleibt alles in der Reihenfolge.
        async_to_sync(self.channel_layer.send)(self.channel_name, {"type": "begrüßung"})

    def disconnect(self, code):
        for gruppe in ("lobby", "haus"):
            async_to_sync(self.channel_layer.group_discard)(gruppe, self.channel_name)

    def receive(self, text_data=None, bytes_data=None):
        """Vom Browser zum Server."""
        try:
            äußerung = self.prüfe(text_data)
        except UngültigeNachricht as fehler:
            self.antworte(type="error", message=str(fehler))
            return
        async_to_sync(self.channel_layer.group_send)("lobby", {"type": "neue.äußerung", "äußerung": äußerung})

    def prüfe(self, text_data):
        """Gib die Nachricht zurück, falls es eine ist."""
        try:
            rahmen = json.loads(text_data)
        except (TypeError, ValueError, RecursionError) as fehler:
            raise UngültigeNachricht("Das war kein JSON. Möglich wäre: {\"message\": \"Grüß Gott!\"}") from fehler
        match rahmen:
            case {"message": str(äußerung)} if not äußerung.strip():
                raise UngültigeNachricht("Die Nachricht ist leer.")
            case {"message": str(äußerung)} if len(äußerung) > HÖCHSTLÄNGE:
                raise UngültigeNachricht(f"Die Nachricht ist länger als {HÖCHSTLÄNGE} Zeichen.")
            case {"message": str(äußerung)}:
                return äußerung
        raise UngültigeNachricht("Da fehlt die Nachricht.")

    # Ab hier: aus der Gruppe zum Browser.

    def begrüßung(self, ereignis):
        self.antworte(type="connection_established", message="Schön, dass du da bist!")

    def neue_äußerung(self, ereignis):
        self.antworte(type="chat", message=ereignis["äußerung"])

    def durchsage(self, ereignis):
        self.antworte(type="chat", message=f"Durchsage: {ereignis['text']}")

    def antworte(self, **rahmen):
        text = json.dumps(rahmen, ensure_ascii=False)
        self.send(text.encode(errors="replace").decode())  # ein halbes Schriftzeichen ginge nicht über die Leitung


class ÜberflüssigeVerbindung(WebsocketConsumer):
    """Für alle Adressen, die es nicht gibt."""

    def connect(self):
        self.close()
