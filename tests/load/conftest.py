"""Servers with settings of their own, and time enough."""

import contextlib
import faulthandler
import sys

import pytest

from lessons.engine.harness import limit
from lessons.engine.harness.server import Server

LIMIT = 600.0  # seconds for a test: the last resort, as all that waits here has a limit of its own
limit.SECONDS = limit.LONG = limit.PATIENT = LIMIT

NO_LIMITS = {"CHAT_BURST": 10**6, "CHAT_RATE": 10**6, "CHAT_MAX_UNREAD": 10**6}


class ConfiguredServer(Server):
    """A server with this in its environment."""

    def __init__(self, **variables: object) -> None:
        super().__init__()
        self.variables = {name: str(value) for name, value in variables.items()}

    def environ(self) -> dict[str, str]:
        return {**super().environ(), **self.variables}


@pytest.fixture
def start(own_database):
    """Start servers: `start()` as it is, `start(CHAT_BURST=1000)` with this in its environment.

    Each has a copy of the website and a database of its own, and is stopped after the test.
    """
    with contextlib.ExitStack() as stack:
        yield lambda **variables: stack.enter_context(ConfiguredServer(**variables))


@pytest.fixture(autouse=True, scope="session")
def many_files():
    """Let this process and its servers have some thousand sockets open: some systems allow 256 unless asked."""
    with contextlib.suppress(ImportError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.fixture(autouse=True)
def last_words():
    """Tell where everything stands, just before it is ended."""
    faulthandler.dump_traceback_later(LIMIT - 10, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()
