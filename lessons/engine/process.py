"""Processes that end with this one, however this one ends: `start` in place of subprocess.Popen.

    server = process.start([sys.executable, "manage.py", "runserver"], cwd=folder)

On Windows a job object holds them, and the system ends them all with its last handle. Elsewhere a guardian does it: one
small process beside us, which is told what runs. It reads from a pipe, and the end of that pipe is our end, be it by
SIGKILL. (Linux' parent-death signal would come too early: it comes with the end of the *thread* that started a process.
It does not reach a grandchild either, such as the second process of runserver.) Standard library only.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from .paths import ROOT

GUARDIAN = """
import os, signal, subprocess, sys

def parents():
    "Return {process: its parent} of this machine. What leads a session of its own is left out: it wants to be alone."
    found = {}
    for name in filter(str.isdecimal, os.listdir("/proc") if os.path.isdir("/proc/self") else []):
        try:
            with open(f"/proc/{name}/stat", errors="replace") as file:
                state, parent, group, session = file.read().rpartition(")")[2].split()[:4]
            found[int(name)] = int(parent) if session != name else 0
        except OSError:
            pass
    if not found:
        lines = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=-1, stderr=-3, text=True).stdout.splitlines()
        found = dict(map(int, line.split()) for line in lines)
    return found

def with_descendants(wanted):
    found, parent_of = set(wanted), parents()
    while more := {pid for pid, parent in parent_of.items() if parent in found and pid not in found}:
        found |= more
    return found - {os.getpid()}

def send(number, pids):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass

running = set()
for line in sys.stdin:
    (running.add if line[0] == "+" else running.discard)(int(line[1:]))
found = set()
while running and (more := with_descendants(running) - found):  # stopped, so that they cannot begin another one
    send(signal.SIGSTOP, more)
    found |= more
send(signal.SIGKILL, found)
"""
KILL_ON_JOB_CLOSE = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
LIMITS = 9  # JobObjectExtendedLimitInformation

lock = threading.Lock()
guardian: subprocess.Popen | None = None
pipe = -1  # what the guardian reads from; the end that only this process holds
job = None  # Windows: the job object, a handle that nobody closes


class Process(subprocess.Popen):
    """A process that ends with this one. Everything else is as in Popen."""

    guarded = False

    def __init__(self, command: Sequence[str | os.PathLike], **options) -> None:
        if os.name != "nt":
            tell_guardian()  # the guardian is there before whatever it has to guard
        super().__init__(command, **options)
        if os.name == "nt":
            put_into_job(int(self._handle))
        else:
            tell_guardian(f"+{self.pid}\n")
            self.guarded = True

    def poll(self) -> int | None:
        return self.forget_if_ended(super().poll())

    def wait(self, timeout: float | None = None) -> int:
        return self.forget_if_ended(super().wait(timeout))

    def forget_if_ended(self, code: int | None) -> int | None:
        """Let the guardian forget a process that has ended: the system gives its number to another one."""
        if code is not None and self.guarded:
            self.guarded = False
            tell_guardian(f"-{self.pid}\n")
        return code


def start(command: Sequence[str | os.PathLike], **options) -> Process:
    """Start a process; the options are those of subprocess.Popen. It ends with this one at the latest."""
    return Process(command, **options)


def start_with_browser(command: Sequence[str | os.PathLike], **options) -> subprocess.Popen:
    """Start a program that opens the student's own browser, which must not end with us.

    Elsewhere a browser leads a session of its own. In Windows' job object it would be like all others.
    """
    return subprocess.Popen(command, **options) if os.name == "nt" else start(command, **options)


def run(
    command: Sequence[str | os.PathLike], timeout: float | None = None, check: bool = False, **options
) -> subprocess.CompletedProcess:
    """Run a command to its end, as subprocess.run does: `input` and `capture_output` mean the same.

    Raises subprocess.TimeoutExpired, and with `check` subprocess.CalledProcessError.
    """
    data = options.pop("input", None)
    if data is not None:
        options["stdin"] = subprocess.PIPE
    if options.pop("capture_output", False):
        options["stdout"] = options["stderr"] = subprocess.PIPE
    with start(command, **options) as process:
        try:
            out, errors = process.communicate(data, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(command, process.returncode, out, errors)
    if check:
        done.check_returncode()
    return done


def run_in_foreground(
    command: Sequence[str | os.PathLike],
    environ: dict[str, str],
    started: Callable = lambda child: None,
    start: Callable = start,
) -> int:
    """Run a command from the top of the course to its end; return its exit code.

    It gets Ctrl-C from the terminal just as we do, and SIGTERM from us. `started` is called with the process at once.
    """
    with start(command, cwd=ROOT, env=environ) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        with suppress(KeyboardInterrupt):
            started(child)
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue


def tell_guardian(line: str = "") -> None:
    """Tell the guardian, which is started when it is first needed."""
    global guardian, pipe
    with lock:
        if guardian is None:
            end, pipe = os.pipe()
            quiet = subprocess.DEVNULL
            guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", GUARDIAN],
                cwd="/",
                stdin=end,
                stdout=quiet,
                stderr=quiet,
                start_new_session=True,  # what ends our group, or closes our terminal, does not end it
            )
            os.close(end)
            guardian.returncode = 0  # it outlives us, so nobody asks for its code
        with suppress(BrokenPipeError):  # somebody has ended it
            os.write(pipe, line.encode())


def forget_guardian() -> None:
    """In a fork of this process: what was started belongs to its parent, and so does the guardian."""
    global guardian, lock
    lock = threading.Lock()
    if guardian is not None:
        os.close(pipe)
        guardian = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_guardian)


def put_into_job(handle: int) -> None:
    """Windows: put a process into the job object of this one. All that it starts will belong to the job, too."""
    global job
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = wintypes.HANDLE
    kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
    kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)
    kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
    with lock:
        if job is None:
            job = kernel.CreateJobObjectW(None, None)
            size = ctypes.c_size_t
            basic = [
                ("PerProcessUserTimeLimit", ctypes.c_int64),
                ("PerJobUserTimeLimit", ctypes.c_int64),
                ("LimitFlags", wintypes.DWORD),
                ("MinimumWorkingSetSize", size),
                ("MaximumWorkingSetSize", size),
                ("ActiveProcessLimit", wintypes.DWORD),
                ("Affinity", size),
                ("PriorityClass", wintypes.DWORD),
                ("SchedulingClass", wintypes.DWORD),
            ]
            more = [("IoInfo", ctypes.c_uint64 * 6), ("Memory", size * 4)]
            limits = type("ExtendedLimits", (ctypes.Structure,), {"_fields_": basic + more})()
            limits.LimitFlags = KILL_ON_JOB_CLOSE
            kernel.SetInformationJobObject(job, LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
    kernel.AssignProcessToJobObject(job, handle)  # where it says no, the process is one like any other
