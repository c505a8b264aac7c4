"""The windows of the checks' browser: one that was used is as good as new, or it is thrown away."""

import http.server
import threading
from types import SimpleNamespace

import pytest

from lessons.engine.harness.browser import NoBrowser, open_browser
from lessons.engine.harness.page import Page
from lessons.engine.harness.window import Windows

LEAVE_TRACES = """
async () => {
  localStorage.kept = sessionStorage.kept = "yes";
  document.cookie = "kept=yes; max-age=1000";
  await new Promise((done) => (indexedDB.open("kept").onsuccess = done));
  console.error("kept");
}
"""
TRACES = """
async () => [
  localStorage.kept, sessionStorage.kept, document.cookie, (await indexedDB.databases()).length, window.kept,
  Math.abs(Date.now() - performance.timeOrigin - performance.now()) > 60_000,
]
"""
NONE = [None, None, "", 0, None, False]


@pytest.fixture(scope="module")
def windows():
    try:
        with open_browser() as browser:
            yield Windows(browser)
    except NoBrowser:
        pytest.skip("NOT CHECKED: there is no browser")


class Website(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<p role="status">here</p>')

    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="module")
def website():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Website) as server:
        threading.Thread(target=server.serve_forever).start()
        yield SimpleNamespace(address=f"127.0.0.1:{server.server_port}", get=lambda path: (200, ""))
        server.shutdown()


def test_a_window_that_was_used_is_used_again_without_a_trace(windows, website):
    first = windows.open(strict=False)
    page = Page(first, website)
    page.page.evaluate("kept = 'yes'")
    page.page.evaluate(LEAVE_TRACES)
    page.page.set_default_timeout(1)
    assert page.errors == ["kept"]
    windows.take_back(first)
    again = windows.open(strict=False)
    assert again is first
    page = Page(again, website)
    assert (page.page.evaluate(TRACES), page.errors, page.alerts) == (NONE, [], [])
    windows.take_back(again)


@pytest.mark.parametrize("kind", ["closed", "with its own clock", "strict", "hung", "with a second page"])
def test_a_window_that_cannot_be_as_good_as_new_is_thrown_away(windows, website, kind):
    window = windows.open(strict=kind == "strict")
    page = Page(window, website)
    match kind:
        case "closed":
            page.page.close()
        case "with its own clock":
            page.stop_the_clock()
        case "hung":
            page.be_patient(0.1)
            page.page.evaluate("setTimeout(() => { while (true); })")
        case "with a second page":
            page.page.evaluate("void window.open('about:blank')")
    windows.take_back(window)
    other = windows.open(strict=False)
    assert other is not window
    assert Page(other, website).page.evaluate(TRACES) == NONE
    windows.take_back(other)
