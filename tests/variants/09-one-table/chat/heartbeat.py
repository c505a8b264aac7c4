"""A timer of this process that prolongs its tabs."""

import logging
import threading

from django.db import connection

from chat import people
from chat.post import tell_room


class Heartbeat(threading.Thread):
    lock = threading.Lock()
    one = None

    @classmethod
    def start_once(cls):
        with cls.lock:
            if cls.one is None:
                cls.one = cls(daemon=True)
                cls.one.start()

    def run(self):
        pause = threading.Event()
        while not pause.wait(2.5):
            try:
                for room in people.prolong():
                    tell_room(room, {"type": "people.changed"})
            except Exception:
                logging.exception("no heartbeat")
            finally:
                connection.close()
