"""The stand-in for Redis hands a message to a client that is still connected, as Redis does."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest

from lessons.engine import process
from lessons.engine.harness.redis import answers
from lessons.engine.harness.server import free_port
from lessons.engine.paths import ROOT

TIMES = 10  # fakeredis alone loses more than half of them
WAITS = {
    "BZPOPMIN": ("BZPOPMIN box 5", "ZADD box 1 letter", "ZPOPMIN box"),
    "BRPOP": ("BRPOP box 5", "LPUSH box letter", "RPOP box"),
    "BLMOVE": ("BLMOVE box other LEFT RIGHT 5", "LPUSH box letter", "RPOP box"),
}


@pytest.fixture(scope="module")
def stand_in():
    """Return the port of a running stand-in."""
    with start() as (port, _):
        yield port


@contextlib.contextmanager
def start():
    for name in ("fakeredis", "lupa", "channels_redis"):
        pytest.importorskip(name, reason=f"NOT CHECKED: there is no {name} in this Python. Run: make setup")
    port = free_port()
    running = process.start([sys.executable, "-m", "lessons.engine.harness.stand_in", str(port)], cwd=ROOT)
    try:
        while not answers(port):
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(timeout=0.02)
                pytest.fail("The stand-in ended at once.")
        yield port, running
    finally:
        running.kill()
        running.wait()


class Client:
    """A connection to the stand-in, by a raw socket."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=10)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.wire.close()

    def send(self, command: str) -> None:
        words = command.encode().split()
        self.wire.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def ask(self, command: str) -> bytes:
        self.send(command)
        return self.receive()

    def receive(self) -> bytes:
        return self.wire.recv(1000)


@pytest.mark.parametrize("wait, push, pop", WAITS.values(), ids=WAITS)
def test_a_message_does_not_go_to_a_client_that_has_hung_up(stand_in, wait, push, pop):
    for number in range(TIMES):
        with Client(stand_in) as first:
            first.ask("PING")
            first.send(wait)
        with Client(stand_in) as second, Client(stand_in) as third:
            assert second.ask(push) == b":1\r\n"
            assert b"letter" in third.ask(pop), f"Lost, after {number} of {TIMES} that were not."


def test_a_message_goes_to_the_one_who_waits_and_not_to_those_who_have_hung_up(stand_in):
    with Client(stand_in) as waiting, Client(stand_in) as sender:
        for _ in range(TIMES):
            with Client(stand_in) as gone:
                gone.ask("PING")
                gone.send("BZPOPMIN box 5")
        waiting.send("BZPOPMIN box 5")
        assert sender.ask("ZADD box 1 letter") == b":1\r\n"
        assert b"letter" in waiting.receive()


def test_channels_redis_gets_a_message_after_a_receive_that_was_cancelled(stand_in):
    from channels_redis.core import RedisChannelLayer

    async def received(number: int) -> dict:
        layer = RedisChannelLayer(hosts=[f"redis://127.0.0.1:{stand_in}/0"])
        waiting = asyncio.ensure_future(layer.receive("box"))
        await asyncio.sleep(number / 200)  # wherever it is on its way then, the message is not for it
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        try:
            await layer.send("box", {"type": "letter", "number": number})
            return await asyncio.wait_for(layer.receive("box"), timeout=3)
        finally:
            await layer.flush()
            await layer.close_pools()

    for number in range(TIMES):
        assert asyncio.run(received(number))["number"] == number


@pytest.mark.skipif(os.name == "nt", reason="Windows has no Ctrl-C for a single process")
def test_ctrl_c_ends_it_though_clients_are_connected_and_wait():
    with start() as (port, running), Client(port) as idle, Client(port) as waiting:
        idle.ask("PING")
        waiting.send("BZPOPMIN box 0")
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0
