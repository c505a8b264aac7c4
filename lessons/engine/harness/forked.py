"""Python processes that need not begin from nothing: forks of a helper that has Django, Channels and Daphne imported.

    process = forked.start(["manage.py", "runserver", address], cwd=place, env=environ, stdout=log)

The helper is itself a fork, made before anything of the student's was read, and with one thread. Where it has not been
`begin`-ned, which is so where the system cannot fork, each process is a new Python. A new Python takes half a second of
the processor, a fork a tenth of that. Whatever has to be shown as the student types it is started anew all the same.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from .. import process
from ..paths import ROOT

NUMBER = struct.Struct("!i")

helper: socket.socket | None = None
lock = threading.Lock()


class Fork:
    """A process that was forked for us. It does what subprocess.Popen does, as far as the checks need it."""

    def __init__(self, args: list[str], pid: int, life: int) -> None:
        self.args, self.pid = args, pid
        self.life = life  # the end of a pipe: it closes when the process is no more
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.wait(timeout=0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self.life], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            os.close(self.life)
            with lock:
                self.returncode = ask({"ended": self.pid})
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(words: list[str], cwd: Path, env: dict[str, str], stdout: IO, stderr: IO | None = None):
    """Start Python with these words, as `python manage.py ...`, `python -m ...` or `python -c ...`."""
    errors = stderr or stdout
    if not helper:
        return process.start([sys.executable, *words], cwd=cwd, env=env, stdout=stdout, stderr=errors)
    life, other_end = os.pipe()
    try:
        order = {"words": words, "cwd": str(cwd), "env": env}
        with lock:
            pid = ask(order, [stdout.fileno(), errors.fileno(), other_end])
    finally:
        os.close(other_end)
    return Fork([sys.executable, *words], pid, life)


def ask(order: dict, files: Sequence[int] = ()) -> int:
    """Give the helper an order, and open files with it; return the number that it answers."""
    data = json.dumps(order).encode()
    socket.send_fds(helper, [NUMBER.pack(len(data))], files)
    helper.sendall(data)
    return NUMBER.unpack(helper.recv(NUMBER.size, socket.MSG_WAITALL))[0]


def run(words: list[str], cwd: Path, env: dict[str, str], timeout: float) -> subprocess.CompletedProcess:
    """Run Python with these words to its end; return what it has said. Raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        running = start(words, cwd, env, out, errors)
        try:
            code = running.wait(timeout)
        except BaseException:
            running.kill()
            running.wait()
            raise
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(file.read().decode("utf-8", "replace").replace("\r\n", "\n"))
        return subprocess.CompletedProcess(running.args, code, *said)


def begin() -> None:
    """Fork the helper from this process, which must have one thread and nothing of the student's."""
    global helper
    helper, orders = socket.socketpair()
    if os.fork() == 0:
        helper.close()
        with suppress(BaseException):
            obey(orders)
        os._exit(0)
    orders.close()


def obey(orders: socket.socket) -> None:
    """What the helper does, until there are no more orders: then it ends all that it has begun."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the one that gives the orders
    gc.freeze()
    running: set[int] = set()
    while True:
        header, files, _, _ = socket.recv_fds(orders, NUMBER.size, 3)
        if not header:
            break
        order = json.loads(orders.recv(NUMBER.unpack(header)[0], socket.MSG_WAITALL))
        if "ended" in order:
            pid = order["ended"]
            orders.sendall(NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
            running.discard(pid)
            continue
        pid = os.fork()
        if not pid:
            orders.close()
            os._exit(become(order, *files))
        for file in files:
            os.close(file)
        running.add(pid)
        orders.sendall(NUMBER.pack(pid))
    for pid in running:  # none of these has been waited for, so each still has its number
        os.kill(pid, signal.SIGKILL)


def become(order: dict, out: int, errors: int, life: int) -> int:
    """In the fork: be the Python that was asked for; return its exit code. `life` stays open as long as it lives."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, file in ((1, out), (2, errors)):
        os.dup2(file, number)
    os.set_inheritable(life, False)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - these three stay open until the end
    sys.stdout, sys.stderr = map(text_stream, (1, 2))
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.path[:] = [order["cwd"], *(path for path in sys.path if path not in ("", str(ROOT)))]
    importlib.invalidate_caches()
    code = 1
    try:
        execute(order["words"])
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    return code & 255


def text_stream(number: int) -> IO:
    return open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def execute(words: list[str]) -> None:
    if words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    elif words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
