"""Clients of a running server: the handshake and the frames of RFC 6455, by the library websockets.

    with server.tab("/ws/lobby/") as ada:
        ada.send({"message": "hello"})
        ada.receive("chat")

The library is imported where it is needed: a check says in words when it is missing.
"""

import contextlib
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from . import patience, step_log
from .tab import NoFrame, Tab, read_frame

PATIENCE = 2.5  # seconds until a frame that has not come counts as not sent: over the network things take longer
ANSWER = 25.0  # seconds until a page or a handshake counts as not answered: it is asked only once


def connect(url: str, **how: object):
    """Return a connection to enter; `how` is as in `options`. Raises InvalidStatus where the handshake is refused."""
    from websockets.sync.client import connect

    return connect(url, **options(url, **how))


def options(url: str, cookies: str = "", origin: str | None = "", **more: object) -> dict[str, object]:
    """Return what the library has to know: cookies, and the Origin of a page of this server or another; None: none."""
    page = urlsplit(url)
    own = f"{'https' if page.scheme == 'wss' else 'http'}://{page.netloc}"
    headers = {"Cookie": cookies} if cookies else None
    return {
        "origin": own if origin == "" else origin,
        "additional_headers": headers,
        "proxy": None,
        "max_queue": None,
        **more,
    }


def status_of(handshake: Callable[[], contextlib.AbstractContextManager]) -> int:
    """Open a connection and close it; return the HTTP status of the handshake: 101 means it was accepted."""
    from websockets.exceptions import InvalidStatus

    try:
        with handshake():
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def code_of(error) -> int:
    """Return the code of a ConnectionClosed: 1006 if the server has said none."""
    return error.rcvd.code if error.rcvd else 1006


class NetworkTab(Tab):
    """A tab at a server: it needs the server's `address`, `origin`, and `fault` for what its log says."""

    def __init__(self, server, path: str, cookies: str = "") -> None:
        super().__init__(path)
        self.server, self.cookies = server, cookies
        self.patience = PATIENCE

    def __enter__(self):
        from websockets.exceptions import InvalidStatus

        url = f"ws://{self.server.address}{self.path}"
        try:
            self.connection = connect(url, cookies=self.cookies, origin=self.server.origin, open_timeout=ANSWER)
        except InvalidStatus as error:
            status = error.response.status_code
            raise self.fault(f"The server answered the handshake at {self.path} with HTTP {status}.") from None
        self.socket = self.connection.__enter__()
        self.accepted = True
        step_log.note(f"a tab connected over the network to {self.path.lstrip('/')}")
        return self

    def __exit__(self, *exception) -> None:
        self.connection.__exit__(*exception)

    def fault(self, message: str) -> NoFrame:
        return self.server.fault(message)

    def vanish(self) -> None:
        """End the connection without a word, as the system does for a browser that has crashed."""
        step_log.note("a tab over the network crashed")
        self.socket.socket.shutdown(socket.SHUT_RDWR)

    def write(self, data: str | bytes) -> None:
        self.socket.send(data)

    def next_frame(self, kind: str | None) -> dict | int:
        from websockets.exceptions import ConnectionClosed

        def within(seconds: float) -> tuple:
            with contextlib.suppress(TimeoutError):
                return (self.socket.recv(timeout=seconds),)
            return ()

        try:
            came = patience.wait(within, self.patience)
        except ConnectionClosed as error:
            return code_of(error)
        if not came:
            raise NoFrame(self.story(kind))
        return read_frame(came[0])
