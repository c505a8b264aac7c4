"""Stage 3: the address ws/lobby/ leads to the consumer, through the front door."""

import pytest

from lessons.engine.harness import project, step_log


@pytest.mark.check(
    lesson="03",
    section="Step 2: the entrance",
    look="mywebsite/asgi.py:ProtocolTypeRouter(",
    hint='Is there a "websocket" in mywebsite/asgi.py, with a URLRouter around the list of chat/routing.py?',
)
def test_the_entrance_leads_websockets_to_a_router_for_addresses():
    step_log.note("looked at the protocols that the application in mywebsite/asgi.py knows")
    mapping = project.router().application_mapping
    assert "websocket" in mapping, 'The ProtocolTypeRouter in mywebsite/asgi.py has no "websocket".'


@pytest.mark.check(
    lesson="03",
    section="Step 1: the addresses",
    look="chat/routing.py:ws/",
    hint='Does chat/routing.py say path("ws/lobby/", ...as_asgi()): no slash before, one behind?',
)
def test_the_address_of_the_lobby_leads_to_the_consumer(tab):
    ada = tab("/ws/lobby/", application=project.asgi_application())
    assert ada.accepted, "The handshake at ws/lobby/ was refused."
    ada.receive("connection_established")


@pytest.mark.check(
    lesson="03",
    section="Step 1: the addresses",
    look="chat/routing.py:ws/",
    hint="Does the route say ChatConsumer.as_asgi(), and not ChatConsumer()?",
)
def test_every_tab_has_a_consumer_of_its_own(tab):
    ada = tab(application=project.asgi_application())
    ben = tab(application=project.asgi_application())
    ada.receive("connection_established")
    ben.receive("connection_established")
    ada.send({"message": ""})
    ada.receive("error")  # with one consumer for all, this one would be told to Ben


@pytest.mark.check(
    lesson="03",
    section="Step 3: an address that does not exist",
    look="chat/routing.py:urlpatterns",
    hint='Is there a last route, re_path("", ...), to a consumer that calls self.close() in connect()?',
)
@pytest.mark.parametrize("path", ["/ws/kitchen/of/nobody/", "/"])
def test_an_address_that_does_not_exist_is_refused_without_a_crash(tab, path):
    assert not tab(path, application=project.asgi_application()).accepted, f"The socket at {path} was accepted."
