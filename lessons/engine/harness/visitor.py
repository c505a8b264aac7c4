"""Somebody who visits the website as a browser does, cookies and all, and chooses a name and a room.

    ada = Visitor(InProcess(loop))
    ada.choose("Ada", room="kitchen")
    tab("/ws/kitchen/", cookies=ada.cookies)

How a page is fetched is the business of the two classes at the end: in this process, or over the network.
"""

import urllib.error
import urllib.request
from dataclasses import dataclass
from http.cookiejar import Cookie, CookieJar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from . import step_log
from .asgi_tab import Loop
from .html import Form, elements, forms
from .ws_client import ANSWER


@dataclass
class Page:
    """What came in the end, after all redirects, and from which path."""

    status: int
    path: str
    html: str


class Visitor:
    """`page` is the one that is open; `cookies` is the header that goes along with the next request or handshake."""

    def __init__(self, browse) -> None:
        self.browse = browse
        self.page: Page | None = None

    @property
    def cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.browse.cookies())

    def get(self, path: str) -> Page:
        """Open a page."""
        step_log.note(f"asked for the page {step_log.shortened(path)}")
        self.page = self.browse(quote(path, safe="/%?&="), None)
        return self.page

    def choose(self, name: str, room: str | None = None) -> Page:
        """Fill in the chooser of the lobby's page and send it; None leaves the room as it stands there."""
        form = self.chooser()
        filled = {**form.fields, "name": name, "room": form.fields["room"] or "lobby" if room is None else room}
        step_log.note(f"chose the name {step_log.shortened(name)} and the room {step_log.shortened(filled['room'])}")
        return self.post(form, filled)

    def chooser(self) -> Form:
        """Return the form on the page / that has a field "name" and a field "room"; AssertionError if there is none."""
        page = self.page = self.browse("/", None)
        assert page.status == 200, f"The page at / answered with HTTP {page.status}, not 200."
        found = [form for form in forms(page.html) if {"name", "room"} <= form.fields.keys()]
        if not found:
            step_log.note("asked for the page /")
        assert found, 'The page at / has no form with a field called "name" and a field called "room".'
        method = found[0].attributes.get("method", "get").lower()
        assert method == "post", "The form with the name and the room asks with GET: it should be a POST."
        return found[0]

    def post(self, form: Form, fields: dict[str, str]) -> Page:
        """Send a form of the page that is open, with these fields."""
        self.page = self.browse(urljoin(self.page.path, form.attributes.get("action", "")), fields)
        return self.page

    def post_to(self, path: str, fields: dict[str, str], token: bool = True) -> Page:
        """Send these fields to an address, with the token that the forms of the open page have, or without."""
        how = "" if token else ", without its hidden field"
        step_log.note(f"sent {step_log.shortened(fields)} to {step_log.shortened(path)}{how}")
        name = "csrfmiddlewaretoken"
        found = [form.fields[name] for form in forms(self.page.html) if token and name in form.fields]
        self.page = self.browse(quote(path, safe="/%?&="), {**fields, **({name: found[0]} if found else {})})
        return self.page

    def leads_on(self) -> bool:
        """Tell whether the page that is open is a room, or has a link to one that works."""
        page = self.page
        if elements(page.html, role="log"):
            return True
        links = [urljoin(page.path, link.attributes.get("href", "")) for link in elements(page.html, "a")]
        here = [link for link in links if link.startswith("/")]
        return any(self.browse(link, None).status == 200 for link in dict.fromkeys(here))


class InProcess:
    """Fetches by Django's own test client: no server, and an exception in a view comes out here.

    The views run beside the loop of the tabs, so that they find the tabs' channel layer.
    """

    def __init__(self, loop: Loop, cookies: dict[str, str] | None = None) -> None:
        from django.test import Client

        self.loop, self.client = loop, Client(enforce_csrf_checks=True)
        for name, value in (cookies or {}).items():
            self.client.cookies[name] = value

    def __call__(self, path: str, fields: dict[str, str] | None) -> Page:
        if fields is None:
            response = self.loop.call(self.client.get, path, follow=True)
        else:
            kind = "application/x-www-form-urlencoded"
            response = self.loop.call(self.client.post, path, urlencode(fields), content_type=kind, follow=True)
        final = response.redirect_chain[-1][0] if response.redirect_chain else path
        return Page(response.status_code, urlsplit(final).path, response.content.decode())

    def cookies(self) -> list[tuple[str, str]]:
        return [(cookie.key, cookie.coded_value) for cookie in self.client.cookies.values()]


class OverNetwork:
    """Fetches from a server that runs at `address`, host and port."""

    def __init__(self, address: str, cookies: dict[str, str] | None = None) -> None:
        self.address, self.jar = address, CookieJar()
        for name, value in (cookies or {}).items():
            self.jar.set_cookie(session_cookie(name, value, address.partition(":")[0]))
        no_proxy = urllib.request.ProxyHandler({})
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), no_proxy)

    def __call__(self, path: str, fields: dict[str, str] | None) -> Page:
        data = None if fields is None else urlencode(fields).encode()
        try:
            response = self.opener.open(f"http://{self.address}{path}", data, timeout=ANSWER)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return Page(response.status, urlsplit(response.url).path, response.read().decode(errors="replace"))

    def cookies(self) -> list[tuple[str, str]]:
        return [(cookie.name, cookie.value) for cookie in self.jar]


def session_cookie(name: str, value: str, host: str) -> Cookie:
    """Return a cookie as a browser keeps it that got it from this host, for all pages there."""
    return Cookie(0, name, value, None, False, host, False, False, "/", True, False, None, True, None, None, {})
