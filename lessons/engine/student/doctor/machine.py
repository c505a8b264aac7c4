"""The machine: the port and who holds it, Redis, the clock, the disk and the proxy."""

import glob
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment

from ...errors import CourseError
from ...harness.port import check_free
from ...paths import ROOT
from .finding import CURE, NOTE, OK, Finding


def port_free(port: str) -> Finding:
    if not (port.isdecimal() and 0 < int(port) < 65536):
        return Finding(CURE, f"PORT={port} is no port", "Example: make doctor PORT=8001")
    try:
        check_free("127.0.0.1", int(port))
    except CourseError as error:
        what, _, cure = str(error).partition(". ")
        pid, name = holder(int(port))
        with suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == str(ROOT):
                what = f"port {port} is held by this course's own server, process {pid}, {name}"
                return Finding(NOTE, f"{what}. Stop it with Ctrl-C in its window before you start another.")
        who = f"It is held by process {pid}, {name}." if pid else "The system does not tell who holds it."
        return Finding(CURE, what if "reserved" in what else f"{what}. {who}", cure)
    return Finding(OK, f"port {port} is free")


def holder(port: int) -> tuple[str, str]:
    """Return number and name of the process that listens on a port: from Linux' /proc, or by lsof, or by netstat."""
    tables = (Path(table).read_text() for table in glob.glob("/proc/net/tcp*") if os.access(table, os.R_OK))
    rows = [row.split() for table in tables for row in table.splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
    for link in glob.iglob("/proc/[0-9]*/fd/*") if sockets else ():
        with suppress(OSError):
            if os.readlink(link) in sockets:
                pid = link.split("/")[2]
                return pid, Path(f"/proc/{pid}/comm").read_text().strip()
    if found := re.search(r"p(\d+)\nc(.*)", said("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc")):
        return found[1], found[2]
    if found := re.search(rf"TCP +\S+:{port} +\S+:0 +\S+ +(\d+)", said("netstat", "-ano")):
        return found[1], said("tasklist", "/FI", f"PID eq {found[1]}", "/FO", "CSV", "/NH").split(",")[0].strip('" \n')
    return "", ""


def said(*command: str) -> str:
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=5).stdout
    return ""


def redis(url: str, stage: int) -> Finding:
    """Say PING to Redis; one that wants a password first is there too."""
    if stage < 9 or not url:
        return Finding(NOTE, f"Redis: not needed {'before stage 9' if stage < 9 else 'without CHANNEL_REDIS_URL'}")
    if url.startswith(("rediss://", "unix://")):
        return Finding(NOTE, f"Redis: make doctor cannot ask by {url.partition(':')[0]}://")
    try:
        place = (urlsplit(url).hostname, urlsplit(url).port or 6379)
    except ValueError:
        place = (None, 0)
    if not place[0] or urlsplit(url).scheme != "redis":
        return Finding(CURE, "CHANNEL_REDIS_URL is no address", "Example: CHANNEL_REDIS_URL=redis://127.0.0.1:6379/0")
    try:
        with socket.create_connection(place, timeout=3) as wire:
            wire.sendall(b"PING\r\n")
            answer = wire.recv(100).decode(errors="replace").strip() or "it hangs up"
    except OSError as error:
        answer = str(error)
    if answer.startswith(("+PONG", "-NOAUTH")):
        return Finding(OK, f"Redis answers at {place[0]}:{place[1]}")
    cure = "Start it (make redis), or unset CHANNEL_REDIS_URL: messages then stay within the server."
    return Finding(CURE, f"Redis does not answer PING at {place[0]}:{place[1]} ({answer})", cure)


def clock(now: float, commit: int) -> Finding:
    """The clock cannot be before the last commit (a day is forgiven), nor in another age."""
    what = time.strftime("the clock says %Y-%m-%d %H:%M %z", time.localtime(now))
    if now < commit - 86400:
        what += time.strftime(", but the last commit is of %Y-%m-%d", time.localtime(commit))
    elif 2025 <= time.localtime(now).tm_year <= 2100:
        return Finding(OK, what)
    return Finding(CURE, what, "Set the clock of this machine.")


def disk(*places: Path | str) -> Finding:
    """The course's folder and the temporary one, where checks run, have room."""
    free = min(shutil.disk_usage(place).free for place in places) // 10**6
    if free < 500:
        return Finding(CURE, f"the disk is nearly full: {free} MB free", "Make room: 500 MB at least.")
    return Finding(OK, f"the disk has {free / 1000:.1f} GB free")


def proxy() -> Finding:
    """A proxy must not come between a browser tab and the student's own server."""
    found = {key: url for key, url in getproxies_environment().items() if key in ("http", "https", "all", "ws", "wss")}
    if not found:
        return Finding(OK, "no proxy in the environment")
    hosts = {url.rpartition("@")[2].rpartition("://")[2].split("/")[0] for url in found.values()}
    what = f"a proxy in the environment: {', '.join(sorted(hosts))}"
    if bare := [host for host in ("127.0.0.1", "localhost") if not proxy_bypass_environment(host)]:
        cure = "Add to the environment variable no_proxy: localhost,127.0.0.1"
        return Finding(CURE, f"{what}; also for {' and '.join(bare)}, that is your own server", cure)
    return Finding(OK, f"{what}; not for your own server")
