"""What one of our processes has started ends with it, also when that one is killed."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from lessons.engine import process

from .toy import ROOT

PATIENCE = 60  # seconds: the machine may have other work too
SLEEPS = "import time; time.sleep(600)"
HAS_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {SLEEPS!r}])"
PARENT = f"""
import sys, threading, time
from lessons.engine import process
def begin():
    process.start([sys.executable, "-S", "-c", {HAS_A_CHILD!r}])
    process.start([sys.executable, "-S", "-c", {SLEEPS!r}], start_new_session=True)
beginner = threading.Thread(target=begin)
beginner.start()
beginner.join()  # the end of the thread is not the end of what it has started
print("begun", flush=True)
time.sleep(600)
"""
SERVERS = """
import os, sys, time
from lessons.engine.harness.redis import Redis
from lessons.engine.harness.server import LoneServer
with Redis() as redis, LoneServer(redis_url=redis.url) as server:
    print(redis.port, server.port, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def begin():
    """Start a Python that runs this code, and whose output all that it starts can write to."""
    begun = []

    def start(code: str) -> subprocess.Popen:
        begun.append(subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True))
        return begun[-1]

    yield start
    for one in begun:
        one.kill()
        one.wait()
        one.stdout.close()


def test_children_and_grandchildren_end_with_a_parent_that_is_killed(begin):
    parent = begin(PARENT)
    assert parent.stdout.readline() == "begun\n"
    parent.kill()
    parent.communicate(timeout=PATIENCE)  # it returns when nobody can write any more: all have ended


def test_the_servers_of_the_checks_end_with_checks_that_are_killed(begin):
    parent = begin(SERVERS)
    ports = [int(port) for port in parent.stdout.readline().split()]
    assert all(map(answers, ports)) and len(ports) == 2
    parent.kill()
    parent.wait()
    end = time.monotonic() + PATIENCE
    while any(map(answers, ports)):  # each look takes as long as the answer
        assert time.monotonic() < end, "A server has outlived the checks that started it."


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT CHECKED: this system cannot fork")
def test_a_fork_has_a_guardian_of_its_own(begin):
    """Else the end of the parent would not be noticed while a fork of it lives."""
    parent = begin(
        "import os, sys, time\n"
        "from lessons.engine import process\n"
        f"process.start([sys.executable, '-S', '-c', {SLEEPS!r}])\n"
        "if not (fork := os.fork()):\n"
        "    os.close(1)\n"
        "    time.sleep(600)\n"
        "print(fork, flush=True)\n"
        "time.sleep(600)\n"
    )
    fork = int(parent.stdout.readline())
    try:
        parent.kill()
        parent.communicate(timeout=PATIENCE)
    finally:
        os.kill(fork, signal.SIGKILL)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="NOT CHECKED: this system has no /proc")
def test_what_leads_a_session_of_its_own_is_left_alone(begin):
    """As the student's browser does, which a program has opened: it holds more than ours."""
    opens = (
        "import subprocess, sys\n"
        f"browser = subprocess.Popen([sys.executable, '-S', '-c', {SLEEPS!r}], stdout=-3, start_new_session=True)\n"
        "print(browser.pid, flush=True)\n"
        "browser.wait()\n"
    )
    parent = begin(
        "import sys, time\n"
        "from lessons.engine import process\n"
        f"process.start([sys.executable, '-S', '-c', {opens!r}])\n"
        "time.sleep(600)\n"
    )
    browser = int(parent.stdout.readline())
    try:
        parent.kill()
        parent.communicate(timeout=PATIENCE)
        with open(f"/proc/{browser}/stat") as file:
            assert file.read().split()[2] not in "TZ"
    finally:
        os.kill(browser, signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="on Windows nobody keeps a list: the job object does")
def test_a_process_that_has_ended_is_forgotten(monkeypatch):
    told = []
    monkeypatch.setattr(process, "tell_guardian", lambda line="": told.append(line))
    one = process.start([sys.executable, "-S", "-c", ""])
    one.wait(PATIENCE)
    one.poll()
    assert told == ["", f"+{one.pid}\n", f"-{one.pid}\n"]


def test_a_command_is_run_to_its_end():
    upper = "import sys; print(sys.stdin.read().upper())"
    done = process.run([sys.executable, "-c", upper], input="ada", text=True, stdout=-1)
    assert (done.returncode, done.stdout) == (0, "ADA\n")
    with pytest.raises(subprocess.CalledProcessError):
        process.run([sys.executable, "-c", "raise SystemExit(3)"], check=True)
    with pytest.raises(subprocess.TimeoutExpired):
        process.run([sys.executable, "-c", SLEEPS], timeout=0.1)


def test_the_servers_of_a_command_that_is_killed_end_with_it(student):
    """`make run` is killed, and with it runserver and the second process that runserver starts for itself."""
    student.put({"manage.py": f"import subprocess, sys\nprint('served', flush=True)\n{HAS_A_CHILD}\n".encode()})
    student.put({"mywebsite/settings.py": b"DATABASES = {}\nALLOWED_HOSTS = ['*']\nSECRET_KEY = 'a'\n"})
    command = [sys.executable, "-B", "-m", "lessons", "run", f"PORT={free_port()}"]
    with subprocess.Popen(command, cwd=student.root, stdin=-3, stdout=-1, stderr=-2, text=True) as run:
        said = ""
        while "served" not in said:
            line = run.stdout.readline()
            assert line, said
            said += line
        run.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        run.communicate(timeout=PATIENCE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
