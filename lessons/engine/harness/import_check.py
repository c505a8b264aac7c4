"""What Python says of `import mywebsite.asgi` in a process of its own, as the command `daphne` does it.

The process is begun before the first check, so that it costs no time. Where a warm process forks the runs, it is a fork
of that one too, where neither settings nor anything of the student's has been read either.
"""

import os
import select
import subprocess
import sys
from collections.abc import Callable

from .. import process
from ..paths import ROOT

PATIENCE = 30.0  # seconds
IMPORT = """
import sys, traceback
try:
    import mywebsite.asgi
    from channels.routing import ProtocolTypeRouter
    assert isinstance(mywebsite.asgi.application, ProtocolTypeRouter), "application is no ProtocolTypeRouter"
except BaseException as error:
    sys.exit(traceback.format_exception_only(error)[-1].strip())
"""
FINE = b"fine"
TOO_LONG = f"(nothing: it has not come to an end within {PATIENCE:.0f} s)"

forked: Callable[[], Callable[[], str]] | None = None
"""What lets the fork of this process begin, where `fork` was called."""


def start() -> Callable[[], str]:
    """Begin to import; return a function that waits for what Python says. "" means that all is well."""
    return forked() if forked else start_python()


def start_python() -> Callable[[], str]:
    environ = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    python = process.start([sys.executable, "-c", IMPORT], cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)

    def said() -> str:
        try:
            _, said = python.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            python.kill()
            python.communicate()
            return TOO_LONG
        return said.strip() if python.returncode else ""

    return said


def fork() -> None:
    """Fork this process, which must have one thread and nothing of the student's. The fork waits for `start`."""
    global forked
    (answer, tell), (order, give) = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.close(give)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        try:
            if os.read(order, 1):  # nothing comes when this check is not among those that run
                exec(IMPORT, {"__name__": "__main__"})
                os.write(tell, FINE)
        except SystemExit as error:
            os.write(tell, str(error.code).encode("utf-8", "replace"))
        finally:
            os._exit(0)
    os.close(tell)
    os.close(order)

    def begin() -> Callable[[], str]:
        os.write(give, b".")
        return said

    def said() -> str:
        if not select.select([answer], [], [], PATIENCE)[0]:
            return TOO_LONG
        words = os.read(answer, 5000)
        return "" if words == FINE else words.decode("utf-8", "replace").strip() or "(nothing: its process has ended)"

    forked = begin
