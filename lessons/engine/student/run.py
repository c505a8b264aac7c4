"""`make run`: the student's own server, with the few things looked at first that stop beginners."""

import os
import secrets
import sys
from contextlib import suppress

from .. import process
from ..errors import CourseError
from ..harness.migrate import MIGRATE, NO_HOSTS, NO_KEY
from ..harness.port import check_free, own_addresses
from ..paths import ROOT
from ..repository import databases
from ..repository.git import Git

LOCAL = ("127.0.0.1", "localhost", "::1")
KEY = ROOT / ".course" / "key"


def run(host: str, port: str, workers: str, fresh: str) -> int:
    """Migrate the database if there is one, then run `manage.py runserver` until Ctrl-C, or so many processes.

    With `fresh`, begin with a new database, and keep the one that was there.
    """
    if not (ROOT / "manage.py").exists():
        raise CourseError("There is no manage.py yet. Lesson 0 makes it: lessons/00-django-project/README.md")
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise CourseError(f"run: PORT={port} is no port. Example: make run PORT=8001")
    if not (workers.isdecimal() and 0 < int(workers) < 65):
        raise CourseError(f"run: WORKERS={workers} is no number of processes. Example: make run WORKERS=2")
    check_free(host, int(port))
    databases.start_fresh(Git(ROOT)) if fresh else databases.sync(Git(ROOT))
    guests = own_addresses() if host in ("0.0.0.0", "::") else [] if host in LOCAL else [host]
    environ = environment(host, guests)
    ready = process.run([sys.executable, "-c", MIGRATE, *guests], cwd=ROOT, env=environ).returncode
    if ready == 1:
        raise CourseError("The website cannot be started: Python's words are above. make test tells more.")
    if ready & NO_HOSTS:
        print("The settings do not read DJANGO_ALLOWED_HOSTS: guests will get HTTP 400. See ALLOWED_HOSTS in lesson 0.")
    if ready & NO_KEY and host not in LOCAL:
        print("The settings do not read DJANGO_SECRET_KEY: who knows their key can take any name. See lesson 0.")
    print("This is a server for development: for you and your class, not for the internet. Ctrl-C stops it.")
    for guest in guests:
        print(f"For the others in the room: http://{guest}:{port}/")
    if host in ("127.0.0.1", "localhost"):
        print(f"Open http://{host}:{port}/ in your browser, in two windows.")
    sys.stdout.flush()
    if int(workers) > 1:
        from .workers import run_workers

        return run_workers(host, int(port), int(workers), environ)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return process.run_in_foreground([sys.executable, "manage.py", "runserver", address], environ)


def environment(host: str, guests: list[str]) -> dict[str, str]:
    """Return the environment of a server that listens at `host`, and is asked for by the addresses of `guests`, too.

    For this machine alone it is our own. For others it is what they may know, with a key that they do not know: with
    the one in the lessons they could sign a session in anybody's name.
    """
    hosts = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost 127.0.0.1").split() + guests
    told = {"DJANGO_SETTINGS_MODULE": "mywebsite.settings", "DJANGO_ALLOWED_HOSTS": " ".join(hosts)}
    if host in LOCAL:
        return {**os.environ, **told}
    return {**shared_environment(), **told, "DJANGO_SECRET_KEY": os.environ.get("DJANGO_SECRET_KEY") or room_key()}


def room_key() -> str:
    """Return the key of servers for the room: made at random the first time, and kept, so that sessions stay good."""
    with suppress(OSError):
        if len(kept := KEY.read_text(encoding="ascii")) >= 50:  # else its writer was interrupted
            return kept
    KEY.parent.mkdir(exist_ok=True)
    new, key = KEY.with_name(f"key-{os.getpid()}"), secrets.token_urlsafe(50)
    with open(new, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(key)
    os.replace(new, KEY)
    return key


def shared_environment() -> dict[str, str]:
    """Return what of the environment a server for the room may know: Django's error pages show it to whoever asks."""
    needed = {"PATH", "HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "COMSPEC", "PATHEXT", "VIRTUAL_ENV"}
    wanted = ("DJANGO_", "CHAT_", "CHANNEL_REDIS_URL")
    return {key: value for key, value in os.environ.items() if key.upper() in needed or key.startswith(wanted)}
