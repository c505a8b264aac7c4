"""Stage 4: a real server, a real network, and a page that listens."""

import json

import pytest

from lessons.engine.harness.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Playwright's own, on some systems

DAPHNE = {
    "lesson": "04",
    "look": "mywebsite/settings.py:INSTALLED_APPS",
    "section": "Step 2: a server that can",
    "hint": 'Is "daphne" the first of INSTALLED_APPS, and does the server\'s start line say ASGI/Daphne?',
}
LISTENER = {"lesson": "04", "section": "Step 1: the listener", "look": "templates/lobby.html:new WebSocket"}


@pytest.mark.check(**DAPHNE)
def test_runserver_lets_a_websocket_through(server):
    with server.tab() as ada:
        ada.receive("connection_established")
        ada.send({"message": "over the network"})
        assert ada.receive("chat").get("message") == "over the network", ada.story("chat")


@pytest.mark.check(**DAPHNE)
def test_an_odd_frame_over_the_network_gets_an_error_and_the_connection_lives_on(server):
    with server.tab() as ada:
        for odd in ("no JSON", b"\x00\xff", "[" * 100_000):
            ada.send(odd)
            ada.receive("error")
        ada.send('{"message": "half a character: \\ud83d"}')  # an error, or a chat; but not the end
        ada.send({"message": "still there?"})
        while ada.receive("chat").get("message") != "still there?":
            pass


@pytest.mark.check(
    lesson="03",
    section="Step 3: an address that does not exist",
    look="chat/routing.py:urlpatterns",
    hint='Is re_path("", ...) the last route, and does its consumer only call self.close()?',
)
def test_an_unknown_socket_is_refused_with_403_and_no_traceback(server):
    before = len(server.log())  # whatever else a server writes down is its own affair
    status = server.handshake("/ws/kitchen/of/nobody/")
    assert status == 403, f"The handshake at /ws/kitchen/of/nobody/ was answered with HTTP {status}, not 403."
    if "Traceback" in server.log()[before:]:
        raise server.fault("There is a traceback in the server's log.")


@pytest.mark.browser
@pytest.mark.check(
    **LISTENER, hint="Does the page make a new WebSocket, and put the greeting into the element with the status?"
)
def test_the_page_says_that_it_is_connected(open_page):
    ada = open_page().connect()
    assert not ada.errors, f"The page is connected, but something in it went wrong.{ada.console()}"


@pytest.mark.browser
@pytest.mark.check(**LISTENER, hint='Does send() call event.preventDefault(), and does receive() show a "chat" frame?')
def test_what_you_say_appears_in_the_log_without_a_new_page(open_page):
    ada = open_page().connect()
    ada.page.evaluate("window.sameAsBefore = true")
    ada.say("Hello, server!")
    assert ada.shows("Hello, server!"), f"The log does not show the message. It shows: {ada.log()!r}{ada.console()}"
    assert ada.page.evaluate("window.sameAsBefore === true"), (
        "The page was loaded again: the form was really submitted."
    )
    assert ada.field() == "", "The field still holds the message after it was sent."
    ada.press_send("Once more!")
    assert ada.shows("Once more!"), f"The log does not show a second message. It shows: {ada.log()!r}{ada.console()}"
    ada.send(json.dumps({"message": "Past the form!"}))
    assert ada.shows("Past the form!"), f"The server sent a message, and the log shows: {ada.log()!r}{ada.console()}"
    assert ada.log().count("Hello, server!") == 1, f"A message should stand there once. The log shows: {ada.log()!r}"


@pytest.mark.browser
@pytest.mark.check(**LISTENER, hint="Is it textContent that you set, and never innerHTML?")
def test_markup_in_a_message_stays_text(open_page):
    ada = open_page().connect()
    ada.say("<b id=bold>bold</b><img src=x>")
    assert ada.shows("<b id=bold>bold</b>"), f"The log should show the letters themselves. It shows: {ada.log()!r}"
    part = ada.page.locator("#bold, [role=log] img[src=x]")
    assert not part.count(), "The message became a part of the page: whoever writes, programs it."


@pytest.mark.browser
@pytest.mark.check(**LISTENER, hint='Does receive() have a case "error", and does it show frame.message?')
def test_the_page_shows_what_the_server_did_not_like(server, open_page):
    with server.tab() as other:
        other.send("no JSON")
        complaint = other.receive("error")["message"]
    ada = open_page().connect()
    ada.send("no JSON")
    assert ada.mentions(complaint), f"The server answered {complaint!r}, and the page does not show it.{ada.console()}"


@pytest.mark.browser
@pytest.mark.check(**LISTENER, hint='Is there a listener for "close" that changes the status?')
def test_the_page_says_when_it_is_disconnected(open_page):
    with Server() as short_lived:
        ada = open_page(short_lived).connect()
        connected = ada.status()
        short_lived.stop()
        assert ada.status_leaves(connected), f'The server is gone, and the page still says "{ada.status()}".'
