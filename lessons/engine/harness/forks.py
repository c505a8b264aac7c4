"""What a process needs that forks runs of the checks, and what each run needs that is to leave nothing behind."""

import gc
import importlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Collection
from contextlib import suppress

from ..paths import ROOT

WARM = """
asgiref.testing channels.generic.websocket channels.layers channels.routing daphne.http_protocol daphne.ws_protocol
django.conf.urls django.contrib.staticfiles.finders django.core.asgi django.core.cache.backends.locmem
django.core.management.commands.makemigrations django.core.management.commands.migrate django.core.servers.basehttp
django.core.wsgi django.middleware.csrf django.shortcuts django.template.context_processors
django.template.defaulttags django.template.loader_tags django.template.loaders.cached
django.template.loaders.filesystem django.templatetags.cache django.templatetags.l10n django.templatetags.tz
django.test django.utils.translation.reloader django.views.csrf django.views.debug django.views.defaults
django.views.generic pdb playwright.sync_api twisted.internet.asyncioreactor websockets.sync.client
"""
"""What a run will import. daphne.server is not among it: it makes an event loop, and that is not for sharing."""


def warm_up(checks: bool = True, but: Collection[str] = ()) -> None:
    """Import what runs need, but for some modules; what is broken or not installed is their business."""
    files = [f"tests.stages.{path.stem}" for path in ROOT.glob("tests/stages/test_stage_*.py")] if checks else []
    for name in [name for name in [*WARM.split(), *files] if name not in but]:
        with suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def lead_a_group(folder: str) -> None:
    """Make this process the first of a group, apart from the terminal's, with a folder for whatever is temporary."""
    if os.name == "nt":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder))
    os.environ["no_proxy"] = "*"  # servers are here; and a fork that asks macOS for its proxies may crash
    tempfile.tempdir = None
    importlib.invalidate_caches()


def end_after(parents_end: Callable[[], object], folder: str) -> None:
    """End this process and its group when `parents_end()` returns, for then nobody else does."""

    def wait_and_end() -> None:
        parents_end()
        shutil.rmtree(folder, ignore_errors=True)
        kill_group(os.getpid())

    threading.Thread(target=wait_and_end, daemon=True).start()


def kill_group(leader: int) -> None:
    if os.name == "nt":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(leader)], capture_output=True)
        return
    for kill in (os.killpg, os.kill):  # a leader only just born leads no group yet
        with suppress(ProcessLookupError, PermissionError):
            kill(leader, signal.SIGKILL)
