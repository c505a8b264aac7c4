"""`make redis`: a Redis of one's own, in a terminal of its own, until Ctrl-C. Nothing is kept on disk."""

import os
import sys

from .errors import CourseError
from .serve import check_free, wait_for


def serve_redis(port: str) -> int:
    """Start redis-server, or the stand-in where there is none, and say how the other terminals find it.

    Raises CourseError where there is neither, or no free port.
    """
    from tests.redis_server import GET_IT, STAND_IN, NoRedis, answers, command, is_stand_in

    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise CourseError(f"redis: PORT={port} is no port. Example: make redis PORT=6380")
    there = answers(int(port))
    try:
        words = command(int(port))
        if not there:
            check_free("127.0.0.1", int(port), "redis")
            if is_stand_in():
                print(f"{STAND_IN}\nIt is for trying out, never for a real server. {GET_IT}")
    except NoRedis as error:
        raise CourseError(str(error)) from None
    if there:
        print(f"A Redis answers at 127.0.0.1:{port} already: take that one. (One of your own: make redis PORT=6380)")
    else:
        print(f"Redis listens at 127.0.0.1:{port}. It keeps nothing on disk. Ctrl-C stops it.")
    print("In every other terminal, before you start anything there:")
    print(f"    {setting(port)}", flush=True)
    return 0 if there else wait_for(words, dict(os.environ))


def setting(port: str) -> str:
    """Return the line that tells a terminal of this system where Redis is."""
    url = f"redis://127.0.0.1:{port}/0"
    return f'$env:CHANNEL_REDIS_URL = "{url}"' if sys.platform == "win32" else f"export CHANNEL_REDIS_URL={url}"
