"""The heartbeat of this process. A thread of its own: it beats while consumers are busy."""

import functools
import logging
import threading
import time

from django.db import close_old_connections

from chat import people
from chat.post import show_people

BEAT = 2  # seconds


@functools.cache  # the second call does nothing: one heart is enough
def start():
    threading.Thread(target=run, name="heartbeat", daemon=True).start()


def run():
    while True:
        time.sleep(BEAT)
        try:
            close_old_connections()
            for room in people.beat():
                show_people(room)
        except Exception:  # no database, no Redis: the next beat tries again
            logging.getLogger(__name__).warning("A heartbeat failed.", exc_info=True)
