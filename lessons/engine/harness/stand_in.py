"""The stand-in for Redis: the TCP server of fakeredis, which is written in Python, at a port of this machine.

    python -m lessons.engine.harness.stand_in 6379

A client of Redis may wait for a message (BZPOPMIN, BRPOP and others) and hang up. fakeredis 2.40.0 goes on waiting for
it and hands it the next message, which is lost. channels_redis hangs up like that whenever it cancels a wait. So this
server checks that its client is still connected before it hands anything out, as Redis does.
"""

import contextlib
import select
import socket
import sys
from collections.abc import Callable

from fakeredis import TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler


class Handler(TCPFakeRequestHandler):
    """Serves one client, in a thread of its own."""

    def setup(self) -> None:
        super().setup()
        fake = self.current_client.get_socket()
        wait = fake._blocking  # calls `take` at once, and after every change, until it returns something

        def wait_for_connected_client(timeout: float | None, take: Callable, shape: Callable | None = None) -> object:
            return wait(timeout, lambda first: self.check_client() or take(first), shape)

        fake._blocking = wait_for_connected_client

    def check_client(self) -> None:
        """Raise ConnectionError if the client has hung up: that ends its thread."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionAbortedError("The client has hung up.")


class StandIn(TcpFakeServer):
    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), server_type="redis")
        self.RequestHandlerClass = Handler
        self.daemon_threads = True  # else Ctrl-C would wait for every client to go


def main(port: int) -> None:
    """Be the stand-in, until Ctrl-C or until the process is ended."""
    with contextlib.suppress(KeyboardInterrupt):
        StandIn(port).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
