"""The command `make wire`: looks whether it may, then begins the server, anew after every save."""

import subprocess
import sys
from contextlib import suppress

from .. import process
from ..errors import CourseError
from ..harness.file_changes import changed_files
from ..harness.migrate import MIGRATE
from ..harness.port import check_free
from ..paths import ROOT
from ..repository import databases
from ..repository.git import Git
from . import child
from .server import PREFIX

NOT_IN_DEVELOPMENT = 4  # the exit code of the look at the settings
READY = f"""
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mywebsite.settings")
from django.conf import settings
if not settings.DEBUG:
    raise SystemExit({NOT_IN_DEVELOPMENT})
{MIGRATE}
"""
LOCAL = ("127.0.0.1", "localhost", "::1")


def wire(host: str, port: str, text: str) -> int:
    """Serve the website with a tap on it, until Ctrl-C. Raises CourseError where it must not, or cannot."""
    if host not in LOCAL:
        raise CourseError(
            f"wire: HOST={host} would show everything that is said to the whole room. It runs on this machine alone:"
            " leave HOST away, and show your screen."
        )
    if not (ROOT / "manage.py").exists():
        raise CourseError("There is no manage.py yet. Lesson 0 makes it: lessons/00-django-project/README.md")
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise CourseError(f"wire: PORT={port} is no port. Example: make wire PORT=8001")
    check_free(host, int(port))
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"The chat:  {address}/\nThe wire:  {address}{PREFIX}\nFor development only. Ctrl-C stops it.", flush=True)
    if not has_daphne():
        print("This brings a Daphne of its own. Your runserver cannot speak WebSocket before lesson 4.", flush=True)
    server = Server(host, port, text)
    try:
        for changed in changed_files():
            if changed:
                print(f"{', '.join(changed)}: beginning anew.", flush=True)
            if server.begin() == NOT_IN_DEVELOPMENT:
                raise CourseError(
                    "wire: the settings say DEBUG = False. The wire shows all that is said: it is for development only."
                )
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        server.end()
    return 0


def has_daphne() -> bool:
    """Tell whether runserver is Daphne's already. A text search: the settings may be broken at the moment."""
    with suppress(OSError):
        return '"daphne"' in (ROOT / "mywebsite" / "settings.py").read_text(encoding="utf-8").replace("'", '"')
    return False


class Server:
    """The process that serves. It holds nothing that would have to be kept, so it is simply ended."""

    def __init__(self, host: str, port: str, text: str) -> None:
        self.words = [host, port, text]
        self.process: subprocess.Popen | None = None

    def begin(self) -> int:
        """Begin it, or begin it anew. Return what speaks against it as an exit code, 0 if nothing does.

        A website that cannot be loaded does not: the page says what is wrong with it.
        """
        self.end()
        databases.sync(Git(ROOT))
        ready = process.run([sys.executable, "-c", READY], cwd=ROOT, stderr=subprocess.DEVNULL).returncode
        if ready != NOT_IN_DEVELOPMENT:
            command = [sys.executable, "-m", child.__name__, *self.words]
            self.process = process.start(command, cwd=ROOT, stdin=subprocess.PIPE)  # it ends when this pipe does
        return ready if ready == NOT_IN_DEVELOPMENT else 0

    def end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.communicate()
