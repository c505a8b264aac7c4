"""A mixin for consumers that break."""

import logging

from channels.db import database_sync_to_async


class SaysGoodbye:
    said_goodbye = False

    async def __call__(self, *args, **kwargs):
        try:
            return await super().__call__(*args, **kwargs)
        finally:
            if not self.said_goodbye:
                await database_sync_to_async(self.goodbye)()

    def goodbye(self):
        self.said_goodbye = True
        try:
            self.leave()
        except Exception:
            logging.exception("left without a word")

    def disconnect(self, code):
        self.goodbye()
