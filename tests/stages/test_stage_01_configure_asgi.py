"""Stage 1: an entrance for several protocols. Nothing to see yet, so the object itself is looked at."""

import pytest

from lessons.engine.harness import project, step_log


@pytest.mark.check(
    lesson="01",
    section="Step 2: one entrance, several protocols",
    look="mywebsite/settings.py:ASGI_APPLICATION",
    hint='Is ASGI_APPLICATION "mywebsite.asgi.application", and application = ProtocolTypeRouter({"http": ...})?',
)
def test_the_settings_lead_to_a_router_for_protocols():
    step_log.note("looked at the object that ASGI_APPLICATION names")
    project.router()


@pytest.mark.check(
    lesson="01",
    section="Step 2: one entrance, several protocols",
    look="mywebsite/asgi.py:get_asgi_application(",
    hint='Does "http" lead to get_asgi_application(), called, with its brackets?',
)
def test_the_lobby_comes_through_the_new_entrance_too(loop, database):
    step_log.note("asked for the page /, over ASGI")
    assert loop.run(get(project.asgi_application(), "/")) == 200, "Over ASGI the page at / is not 200."


@pytest.mark.check(
    lesson="01",
    section="In your own project",
    look="mywebsite/asgi.py:setdefault",
    hint="Is this the order in asgi.py: os.environ.setdefault, get_asgi_application(), imports of your own code?",
)
def test_asgi_py_can_be_the_first_file_that_python_reads(fresh_import):
    step_log.note("began a new Python with nothing but: import mywebsite.asgi")
    assert not fresh_import, f"python -c 'import mywebsite.asgi' says: {fresh_import}"


async def get(application, path: str) -> int:
    """Ask an ASGI application for a page, as a server does; return the status."""
    import asyncio

    from asgiref.testing import ApplicationCommunicator

    headers = [(b"host", b"localhost")]  # every browser sends it, and Django's CommonMiddleware looks at it
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": path, "query_string": b""}
    scope["headers"] = headers
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "http.request"})
    event = await communicator.receive_output(timeout=5)
    status = event["status"]
    while event.get("more_body", True):
        event = await communicator.receive_output(timeout=5)
    await asyncio.wait_for(communicator.future, timeout=5)
    return status
