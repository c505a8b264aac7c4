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
from collections.abc import Iterator
from contextlib import contextmanager

from .. import process
from ..content.disk import marker
from ..errors import CourseError
from ..paths import ROOT

GRACE = 3.0  # seconds for one to end
LISTENS = "Listening."  # what a process says as soon as it has started: one that dies before will die again
NO_SHARING = (
    "run: on this system two processes cannot share a port. Start them one by one, make run and make run PORT=8001,"
    " each in a terminal of its own. On a real server a proxy stands in front of them: lesson 10 has one, nginx."
)
IN_MEMORY = (
    "NO REDIS: CHANNEL_REDIS_URL is not set, so the processes do not hear each other, and who sees whom is a matter"
    " of luck. Lesson 9, step 2."
)
WORKER = f"""
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
    application=command.get_application({{}}),
    endpoints=[sys.argv[1]],
    signal_handlers=True,
    action_logger=command.log_action,
    ready_callable=lambda: print({LISTENS!r}),
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
    if (stage := marker()) < 9:
        raise CourseError(
            f"run: WORKERS={number} has to wait. This is lesson {stage}, and several processes come with lesson 9."
        )
    if not hasattr(os, "fork"):
        raise CourseError(NO_SHARING)
    environ = {**environ, "PYTHONUNBUFFERED": "1"}
    layer = process.run([sys.executable, "-c", LAYER], cwd=ROOT, env=environ, stdout=subprocess.PIPE)
    if layer.returncode:
        raise CourseError("run: there is no channel layer to use: Python's words are above. make test tells more.")
    if layer.stdout.startswith(b"in memory"):
        print(IN_MEMORY)
    print(f"{number} processes behind one port. They do not notice when you save a file: Ctrl-C, and start them again.")
    with listening(host, port) as door:
        words = [sys.executable, "-c", WORKER, f"fd:fileno={door.fileno()}"]
        died = threading.Event()
        workers = [Worker(n, words, door.fileno(), environ, died) for n in range(1, number + 1)]
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while all(worker.look_after() for worker in workers):
                died.wait()
                died.clear()
            return 1
        except KeyboardInterrupt:
            return 0
        finally:
            signal.signal(signal.SIGTERM, before)
            for worker in workers:  # all first, then wait for each: they take their time side by side
                worker.process.terminate()
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
    """One process of the website; `died` is set whenever it has ended."""

    def __init__(
        self, number: int, words: list[str], door: int, environ: dict[str, str], died: threading.Event
    ) -> None:
        self.number, self.words, self.door, self.environ, self.died = number, words, door, environ, died
        self.start()

    def start(self) -> None:
        # In a group of its own: Ctrl-C comes to us alone, and we end them all.
        self.process = process.start(
            self.words, cwd=ROOT, env=self.environ, stdin=-1, stdout=-1, stderr=subprocess.STDOUT, encoding="utf-8",
            errors="replace", pass_fds=(self.door,), start_new_session=True,
        )  # fmt: skip
        self.young = True
        self.speaker = threading.Thread(target=self.speak, args=(self.process,), daemon=True)
        self.speaker.start()
        self.say(f"process {self.process.pid} starts")

    def speak(self, child: subprocess.Popen) -> None:
        with child.stdout as lines:
            for line in lines:
                self.say(line.rstrip())
                if line.rstrip() == LISTENS:
                    self.young = False
        child.wait()
        self.died.set()

    def say(self, line: str) -> None:
        print(f"[{self.number}] {line}", flush=True)

    def look_after(self) -> bool:
        """Start it again if it has died; return whether that makes sense."""
        if self.process.poll() is None:
            return True
        self.process.stdin.close()
        self.speaker.join(1)
        self.say(f"process {self.process.pid} has died" + (", while it was starting: all end." if self.young else "."))
        if self.young:
            return False
        self.start()
        return True

    def end(self) -> None:
        """Wait for one that was asked to terminate; after a while kill it."""
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()  # not before: it ends without a word when nobody holds the other end
        self.speaker.join(1)
