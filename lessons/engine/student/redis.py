"""`make redis`: a Redis of one's own, in a terminal of its own, until Ctrl-C. Nothing is kept on disk."""

import os
import subprocess
import sys
from contextlib import suppress

from ..errors import CourseError
from ..harness.port import check_free
from ..process import run_in_foreground


def serve_redis(port: str) -> int:
    """Start redis-server, or the stand-in where there is none, and say how the other terminals find it.

    Raises CourseError where there is neither, or no free port.
    """
    from ..harness.redis import GET_IT, STAND_IN, NoRedis, answers, command, is_stand_in

    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise CourseError(f"redis: PORT={port} is no port. Example: make redis PORT=6380")
    there = answers(int(port))
    try:
        words = command(int(port))
        if not there:
            check_free("127.0.0.1", int(port), "redis")
            if is_stand_in():
                print(f"{STAND_IN}\nIt is for trying out, never for a real server. {GET_IT}", flush=True)
    except NoRedis as error:
        raise CourseError(str(error)) from None
    if there:
        say(
            f"A Redis answers at 127.0.0.1:{port} already: take that one. (One of your own: make redis PORT=6380)", port
        )
        return 0

    def started(process: subprocess.Popen) -> None:
        while not answers(int(port)):
            with suppress(subprocess.TimeoutExpired):  # the wait is the pause between two tries
                process.wait(timeout=0.02)
                raise CourseError(
                    f"redis: Redis has ended before it answered at 127.0.0.1:{port}. If it says why, that is above."
                    f" Try another port: make redis PORT={int(port) % 65535 + 1}"
                )
        say(f"Redis listens at 127.0.0.1:{port}. It keeps nothing on disk. Ctrl-C stops it.", port)

    return run_in_foreground(words, dict(os.environ), started)


def say(what: str, port: str) -> None:
    """Print what there is, and how the other terminals find it."""
    print(what)
    print("In every other terminal, before you start anything there:")
    print(f"    {setting(port)}", flush=True)


def setting(port: str) -> str:
    """Return the line that tells a terminal of this system where Redis is."""
    url = f"redis://127.0.0.1:{port}/0"
    return f'$env:CHANNEL_REDIS_URL = "{url}"' if sys.platform == "win32" else f"export CHANNEL_REDIS_URL={url}"
