"""What every consumer of this website needs that is a member of a group."""

from asgiref.sync import async_to_sync


class Member:
    """Mixin: joins `group` with the connection and leaves it with the connection.

    Whoever inherits from it has on_connect and on_disconnect instead of connect and disconnect.
    """

    group: str

    def connect(self):
        async_to_sync(self.channel_layer.group_add)(self.group, self.channel_name)
        self.accept()
        self.on_connect()

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(self.group, self.channel_name)
        self.on_disconnect(code)

    def on_connect(self):
        """Called when the connection stands."""

    def on_disconnect(self, code):
        """Called when it does not stand any more."""
