"""What `make wire` costs: a class talks to the chat as it is, to the same on the wire, and with the page open."""

import socket
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...paths import ROOT
from ...repository.git import Git
from ...wire.server import PREFIX
from .crowd import SPEAKERS
from .race import PYTHON, Running, crowd, machine, memory, website

CLASS = 30  # tabs
ROUNDS = 25
PLAIN, TAPPED, WATCHED = "the chat", "on the wire", "on the wire, its page open"
SERVE = """
import sys
from lessons.engine.wire import child
child.main("127.0.0.1", sys.argv[1], "")
"""


def run(tabs: int) -> None:
    """Measure the last commit in rooms of so many tabs, and print it."""
    print(f"{tabs} tabs, {SPEAKERS} of them speak at once. {machine()}\n")
    print(f"{'':30}{'until all have all':>20}{'one delivery':>16}")
    with ExitStack() as stack:
        options = {"prefix": "course-tapped-", "dir": memory(), "ignore_cleanup_errors": True}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(**options)))
        servers = {}
        for name in (PLAIN, TAPPED, WATCHED):
            place = folder / name.replace(" ", "-")
            Git(ROOT).run("clone", "--quiet", str(ROOT), str(place))
            command = [PYTHON, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "mywebsite.asgi:application", "-p"]
            if name != PLAIN:
                command = [PYTHON, "-c", SERVE]
            servers[name] = stack.enter_context(Running(command, website(place, {}), "/ws/lobby/"))
        stack.enter_context(watching(servers[WATCHED].port))
        measured = crowd(tabs, ROUNDS, {name: server.door for name, server in servers.items()})
    usual = statistics.median(measured[PLAIN][2:])
    for name, seconds in measured.items():
        middle = statistics.median(seconds[2:])
        each = 1_000_000 * middle / (SPEAKERS * tabs)
        times = "" if name == PLAIN else f"  {middle / usual:.1f} times"
        print(f"{name:30}{1000 * middle:17.0f} ms{each:13.0f} us{times}")


@contextmanager
def watching(port: int) -> Iterator[None]:
    """Take what the wire's page takes, as long as it is entered."""
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(f"GET {PREFIX}events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert wire.recv(1 << 16).startswith(b"HTTP/1.1 200"), "The wire does not show its events."

        def read() -> None:
            while wire.recv(1 << 16):
                pass

        reader = threading.Thread(target=read)
        reader.start()
        yield
        wire.shutdown(socket.SHUT_RDWR)  # and so the reader ends
        reader.join()
