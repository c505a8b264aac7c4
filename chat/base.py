"""What our consumer stands on."""

import asyncio
import logging
from contextlib import suppress
from contextvars import Context

from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import WebsocketConsumer
from django.conf import settings

from chat.limits import address_of

# Why we hang up: 4000 and what HTTP would answer. A consumer may send 1000, and 3000 to 4999.
LOGGED_OUT = 4401
MEMBERS_ONLY = 4403
TOO_LARGE = 4413
TOO_MANY = 4429  # frames, or connections


class TidyConsumer(WebsocketConsumer):
    """Calls disconnect() when the consumer breaks, too.

    Channels itself calls it only when the browser leaves. And it hangs up on whoever
    sends faster than we can read: Daphne would keep it all in memory. Here we step in
    between Channels and our synchronous methods, so some methods are `async`.

    A frame that is ready for the browser goes past the thread.
    """

    async def __call__(self, scope, receive, send):
        self.to_browser = send
        unread = asyncio.Queue()
        reader = asyncio.create_task(self.read_ahead(receive, send, unread))
        try:
            await super().__call__(scope, unread.get, send)
        except (Exception, asyncio.CancelledError):
            with suppress(Exception):  # the goodbye may fail for the same reason
                goodbye = database_sync_to_async(self.disconnect)(1011)
                await asyncio.shield(asyncio.create_task(goodbye, context=Context()))
            if not reader.done():  # else it has hung up, and what we had to say came too late
                raise
        finally:
            reader.cancel()

    async def dispatch(self, event):
        """Hand a frame that is ready straight to the browser. All else is for the thread."""
        if event.get("type") == "ready.frame":
            await self.to_browser({"type": "websocket.send", "text": event["text"]})
        else:
            await super().dispatch(event)

    async def read_ahead(self, receive, send, unread):
        """Daphne to the frames that wait for us. Too many of them make way for one goodbye."""
        while unread.qsize() < settings.CHAT_MAX_UNREAD:
            unread.put_nowait(await receive())
        self.log_end(TOO_MANY)
        await send({"type": "websocket.close", "code": TOO_MANY})
        while not unread.empty():
            unread.get_nowait()
        unread.put_nowait({"type": "websocket.disconnect", "code": TOO_MANY})

    def hang_up(self, code):
        """Close, and end here: after a mere close() we would still receive what is under way."""
        self.log_end(code)
        self.close(code=code)
        self.disconnect(code)
        raise StopConsumer

    def log_end(self, code):
        """For those who watch over the server: where, who and why, and not what was said."""
        where, who = self.scope["path"], address_of(self.scope)
        logging.getLogger(__name__).info("Closed %s for %s with code %s.", where, who, code)
