"""The Autobahn cases: the WebSocket protocol itself, byte by byte, to a consumer on our TidyConsumer that says it back.

Run by kosoku. What fails has to fail in the same way without Channels and without us: those are Daphne's own.
Cases 12 and 13 (compression) do not run, as Daphne offers none; 9.7.1 and 9.8.1 neither: a thousand empty messages.
"""

import json
import subprocess
import sys
from pathlib import Path

from lessons.engine.harness.server import Server
from tests.load.conftest import NO_LIMITS, ConfiguredServer

ECHO = '''
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path
from chat.base import TidyConsumer

class Echo(TidyConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data, bytes_data)

async def bare(scope, receive, send):
    """No Channels, no Django: only Daphne."""
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})

routes = URLRouter([path("ours/", Echo.as_asgi()), path("bare/", bare)])
application = ProtocolTypeRouter({"websocket": routes})
'''
EMPTY = "daphne/ws_protocol.py, handle_reply: `if message.get('text')`: an empty message is never sent"
LARGE = "daphne's limit, 1 MiB for a message (CVE-2026-44545): it drops the connection without a close frame"
DAPHNES = {
    **dict.fromkeys(["1.1.1", "1.2.1", "6.1.1", "6.1.2"], EMPTY),
    **{f"9.{group}.{case}": LARGE for group in (1, 2) for case in (4, 5, 6)},
    **{f"9.{group}.{case}": LARGE for group in (3, 4) for case in range(1, 10)},
}
OK = {"OK", "NON-STRICT", "INFORMATIONAL"}
PATIENCE = 150.0


class EchoServer(ConfiguredServer):
    """The website's files and settings, and another application."""

    def copy_website(self) -> None:
        super().copy_website()
        (self.place / "echo.py").write_text(ECHO, encoding="utf-8")
        with (self.place / "mywebsite" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write('\nASGI_APPLICATION = "echo.application"\n')


def test_the_autobahn_cases_fail_where_daphne_alone_fails(own_database, tmp_path):
    with EchoServer(**NO_LIMITS) as server:
        failed = run(server, "ours", tmp_path, ["-x", "9.7.1", "-x", "9.8.1", "-x", "12.*", "-x", "13.*"], at_least=295)
        cases = [word for case in DAPHNES for word in ("-i", case)]
        daphnes = run(server, "bare", tmp_path, cases, at_least=len(DAPHNES))
    assert not failed - DAPHNES.keys(), f"These fail, and did not before: {sorted(failed - DAPHNES.keys())}"
    assert daphnes == DAPHNES.keys(), f"With Daphne alone {sorted(DAPHNES.keys() - daphnes)} pass: then it is ours."
    assert failed == DAPHNES.keys(), f"{sorted(DAPHNES.keys() - failed)} pass now: take them off the list."


def run(server: Server, path: str, folder: Path, cases: list[str], at_least: int) -> set[str]:
    """Run these cases; return the numbers of those that fail."""
    url, out = f"ws://{server.address}/{path}/", folder / path
    kosoku = Path(sys.executable).with_name("kosoku")
    subprocess.run([kosoku, "-o", out, *cases, url], timeout=PATIENCE, stdout=-3, stderr=-3)
    (results,) = json.loads((out / "index.json").read_text(encoding="utf-8")).values()
    failed = {case for case, one in results.items() if not {one["behavior"], one["behaviorClose"]} <= OK}
    print(f"{path}: {len(results)} cases, {len(failed)} fail", flush=True)
    assert len(results) >= at_least, f"kosoku should have run {at_least} cases, and has run {len(results)}."
    return failed
