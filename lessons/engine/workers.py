"""`make run WORKERS=2`: several processes of the website behind one port, and this process, which looks after them.

It opens the port once and lets each of them listen there; the system gives every connection to one of them. What they
say comes out here, the number of the process in front. One that dies is started again, unless it died while starting.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .commands import ROOT
from .errors import CourseError

YOUNG = 3.0  # seconds: a process that dies before that will die again
GRACE = 3.0  # seconds for one to end
NO_SHARING = (
    "run: on this system two processes cannot share a port. Start them one by one, make run and make run PORT=8001,"
    " each in a terminal of its own. On a real server a proxy stands in front of them: lesson 10 has one, nginx."
)
IN_MEMORY = (
    "NO REDIS: CHANNEL_REDIS_URL is not set, so the processes do not hear each other, and who sees whom is a matter"
    " of luck. Lesson 9, step 2."
)
WORKER = """
import os
import sys
import threading
import django
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()  # end with whoever started this
django.setup()
from daphne.management.commands.runserver import Command
from django.conf import settings
command = Command()
sys.exit(command.server_cls(
    application=command.get_application({}),
    endpoints=[sys.argv[1]],
    signal_handlers=True,
    action_logger=command.log_action,
).run())
"""
LAYER = """
import django
django.setup()
from channels.layers import InMemoryChannelLayer, channel_layers
print("in memory" if isinstance(channel_layers["default"], InMemoryChannelLayer) else "outside")
"""


def run_workers(host: str, port: int, number: int, environ: dict[str, str]) -> int:
    """Serve with so many processes until Ctrl-C; return 1 if one cannot start."""
    if not hasattr(os, "fork"):
        raise CourseError(NO_SHARING)
    environ = {**environ, "PYTHONUNBUFFERED": "1"}
    layer = subprocess.run([sys.executable, "-c", LAYER], cwd=ROOT, env=environ, stdout=subprocess.PIPE)
    if layer.stdout.startswith(b"in memory"):
        print(IN_MEMORY)
    print(f"{number} processes behind one port. They do not notice when you save a file: Ctrl-C, and start them again.")
    with listening(host, port) as door:
        words = [sys.executable, "-c", WORKER, f"fd:fileno={door.fileno()}"]
        workers = [Worker(n, words, door.fileno(), environ) for n in range(1, number + 1)]
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while all(worker.look_after() for worker in workers):
                time.sleep(0.1)  # nothing to wait for: the next look
            return 1
        except KeyboardInterrupt:
            return 0
        finally:
            signal.signal(signal.SIGTERM, before)
            for worker in workers:
                worker.end()


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            raise CourseError(f"run: several processes cannot listen at {host} (nor at IPv6): {error}.") from None
        door.listen(128)
        yield door


class Worker:
    """One process of the website."""

    def __init__(self, number: int, words: list[str], door: int, environ: dict[str, str]) -> None:
        self.number, self.words, self.door, self.environ = number, words, door, environ
        self.start()

    def start(self) -> None:
        # In a group of its own: Ctrl-C comes to us alone, and we end them all.
        self.process = subprocess.Popen(
            self.words, cwd=ROOT, env=self.environ, stdin=-1, stdout=-1, stderr=subprocess.STDOUT, text=True,
            errors="replace", pass_fds=(self.door,), start_new_session=True,
        )  # fmt: skip
        self.began = time.monotonic()
        self.speaker = threading.Thread(target=self.speak, args=(self.process.stdout,), daemon=True)
        self.speaker.start()
        self.say(f"process {self.process.pid} starts")

    def speak(self, lines) -> None:
        with lines:
            for line in lines:
                self.say(line.rstrip())

    def say(self, line: str) -> None:
        print(f"[{self.number}] {line}", flush=True)

    def look_after(self) -> bool:
        """Start it again if it has died; return whether that makes sense."""
        if self.process.poll() is None:
            return True
        self.process.stdin.close()
        self.speaker.join(1)
        young = time.monotonic() - self.began < YOUNG
        self.say(f"process {self.process.pid} has died" + (", while it was starting: all end." if young else "."))
        if not young:
            self.start()
        return not young

    def end(self) -> None:
        self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.speaker.join(1)
