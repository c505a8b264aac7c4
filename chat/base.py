"""What our consumer stands on."""

from contextlib import suppress

from channels.db import database_sync_to_async
from channels.generic.websocket import WebsocketConsumer


class TidyConsumer(WebsocketConsumer):
    """Calls disconnect() when the consumer breaks, too.

    Channels itself calls it only when the browser leaves. Here we step in between
    Channels and our synchronous methods, so this one method is `async`.
    """

    async def __call__(self, scope, receive, send):
        try:
            await super().__call__(scope, receive, send)
        except Exception:
            with suppress(Exception):  # the goodbye may fail for the same reason
                await database_sync_to_async(self.disconnect)(1011)
            raise
