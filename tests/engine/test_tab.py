"""`make tab NAME=Ada`: the name is chosen on the page, as a browser does it, and goes along with the handshake."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from lessons.engine.errors import CourseError
from lessons.engine.harness.asgi_tab import AsgiTab, Loop
from lessons.engine.student import tab

PAGE = """<form><input name=message></form><form method=post action=/enter/>
<input type=hidden name=token value=42><input name=name value=Guest><input name=room value=lobby></form>"""


class Website(BaseHTTPRequestHandler):
    """A page with a chooser; it takes names of at most ten letters. Every handshake is refused, and remembered."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade"):
            self.server.handshakes.append((self.path, self.headers.get("Cookie")))
            self.answer(403)
        else:
            self.answer(200, {"Set-Cookie": "token=42; Path=/"}, self.server.page)

    def do_POST(self):
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        right = self.path == "/enter/" and fields["token"] == ["42"] and self.headers["Cookie"] == "token=42"
        name = fields["name"][0]
        if right and fields["room"] == ["lobby"] and len(name) <= 10:
            self.answer(302, {"Location": "/", "Set-Cookie": f"session={name}:signed; Path=/"})
        else:
            self.answer(400, body=self.server.refusal)

    def answer(self, status, headers=None, body=""):
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def website(monkeypatch):
    monkeypatch.setattr(tab, "marker", lambda: 6)
    with ThreadingHTTPServer(("127.0.0.1", 0), Website) as server:
        server.handshakes, server.page, server.refusal = [], PAGE, ""
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def open_tab(website, name: str, where: str = "ws/the kitchen/") -> int:
    return tab.open_tab(where, str(website.server_address[1]), name)


def test_what_came_is_shown_until_it_is_quiet(capsys):
    async def greets(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": '{"type": "chat"}'})
        await receive()

    loop = Loop()
    one = AsgiTab(loop, greets).connect()
    tab.show_all(one)
    one.close()
    loop.close()
    assert capsys.readouterr().out == '<- {"type": "chat"}\n'


def test_a_name_goes_along_with_the_handshake(website, capsys):
    assert open_tab(website, "Ada") == 1
    assert website.handshakes == [("/ws/the%20kitchen/", "token=42; session=Ada:signed")]
    assert capsys.readouterr().out.endswith("The server answered the handshake with HTTP 403.\n")


def test_without_a_name_nothing_is_asked_of_the_page(website):
    assert open_tab(website, "") == 1
    assert website.handshakes == [("/ws/the%20kitchen/", None)]


def test_a_name_that_the_website_does_not_take_is_told(website):
    with pytest.raises(CourseError, match="^tab: the website does not take NAME=A{11}. It answered with HTTP 400.$"):
        open_tab(website, "A" * 11)


def test_what_the_website_says_about_the_name_is_told(website):
    website.refusal = "<main><h1>Sorry</h1><p>Somebody is\n called that.</p><p>To the lobby</p></main>"
    with pytest.raises(CourseError, match="answered with HTTP 400: Somebody is called that.$"):
        open_tab(website, "A" * 11)


def test_a_page_without_a_chooser_is_told(website):
    website.page = "<form><input name=message></form>"
    with pytest.raises(CourseError, match="^tab: NAME=Ada cannot be chosen. The page at / has no form with a field"):
        open_tab(website, "Ada")


def test_a_server_that_does_not_run_is_told(website, capsys):
    port = website.server_address[1]
    website.shutdown()
    website.server_close()
    assert tab.open_tab("ws/lobby/", str(port), "Ada") == 1
    assert f"Nothing answers at 127.0.0.1:{port}. Start the server" in capsys.readouterr().out


@pytest.mark.parametrize("stage", [0, 3, 5])
def test_before_lesson_6_there_are_no_names(stage, monkeypatch):
    monkeypatch.setattr(tab, "marker", lambda: stage)
    said = f"^tab: NAME=Ada has to wait. This is lesson {stage}, and names come with lesson 6.$"
    with pytest.raises(CourseError, match=said):
        tab.open_tab("ws/lobby/", "8000", "Ada")


def test_a_page_of_another_website_has_to_wait_for_a_server(monkeypatch):
    monkeypatch.setattr(tab, "marker", lambda: 3)
    with pytest.raises(CourseError, match=r"ORIGIN=https://evil\.example has to wait"):
        tab.open_tab("ws/lobby/", "8000", "", "https://evil.example")
