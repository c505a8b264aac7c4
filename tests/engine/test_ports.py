"""Checks that run side by side do not get in each other's way."""

import errno
import socket
import subprocess
import sys
import time

import pytest

from lessons.engine.harness.redis import NoRedis, Redis, answers, is_stand_in
from lessons.engine.harness.server import free_port

linux = pytest.mark.skipif(sys.platform != "linux", reason="NOT CHECKED: only Linux lets a port be reserved")


@linux
def test_a_port_is_given_out_once_also_before_a_server_listens_there():
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError) as error:
        other.bind(("127.0.0.1", port))
    assert error.value.errno == errno.EADDRINUSE
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_server_listens_at_its_port_and_after_its_end_another_one_does():
    port = free_port()
    for _ in range(2):
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
        with subprocess.Popen(command, stdout=-3, stderr=-3) as server:
            end = time.monotonic() + 60
            while not listens(port):
                assert server.poll() is None and time.monotonic() < end
            server.kill()


def test_redis_listens_at_such_a_port():
    try:
        is_stand_in()
    except NoRedis as error:
        pytest.skip(f"NOT CHECKED: {error}")
    with Redis() as redis:
        assert answers(redis.port)


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
