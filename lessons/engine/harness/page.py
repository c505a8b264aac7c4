"""A page in a window of the browser, seen as a person sees it."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from . import patience, step_log
from .html import elements
from .window import PATIENCE, Window

BUTTON = "({form}) => [...form.elements].find(one => one.type === 'submit') ?? form.querySelector('button')"
# Fill in the form with the fields "name" and "room", and send it as its button does; it may be folded away.
CHOOSE = """
(words) => {
  const fields = (form) => Object.keys(words).map((name) => form.elements.namedItem(name));
  const form = [...document.forms].find((form) => fields(form).every(Boolean));
  if (!form) return false;
  for (const field of fields(form)) field.value = words[field.name];
  setTimeout(() => form.requestSubmit());
  return true;
}
"""
# What the page says outside of its log and of what is folded away.
OUTSIDE = """
(text) => {
  const log = document.querySelector('[role="log"]');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT);
  while (walker.nextNode()) {
    const own = [...walker.currentNode.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const seen = walker.currentNode.checkVisibility() && !walker.currentNode.closest("summary, script");
    if (seen && !log.contains(walker.currentNode) && own.some((node) => node.data.includes(text))) return true;
  }
  return false;
}
"""
LOG = """document.querySelector('[role="log"]')"""
# The log, or the first box around it that can be scrolled; tell whether there is one.
TO_THE_TOP = f"""
() => {{
  const boxes = [];
  for (let box = {LOG}; box; box = box.parentElement) boxes.push(box);
  const scrolls = (box) =>
    box === document.scrollingElement || !["visible", "clip"].includes(getComputedStyle(box).overflowY);
  window.courseBox = boxes.find((box) => box.scrollHeight > box.clientHeight + 50 && scrolls(box));
  if (window.courseBox) courseBox.scrollTop = 0;
  return Boolean(window.courseBox);
}}
"""
LOADING = 20.0  # seconds until a page counts as not coming: it is asked for only once


class Page:
    """One window on the lobby, seen as a person sees it: by roles and texts. `errors` is the browser's console.

    It looks past the page's content security policy, which does not let our own scripts wait inside of it. A `strict`
    window leaves the policy alone: then only what needs no such script can be asked.
    """

    def __init__(self, window: Window, server, path: str = "/", cookies: Iterable[tuple[str, str]] = ()) -> None:
        self.plain = status_of(server.get("/")[1])  # before any script has run
        self.window, self.page = window, window.page
        self.errors, self.alerts = window.errors, window.alerts
        self.be_patient(PATIENCE)
        self.page.set_default_navigation_timeout(1000 * LOADING)
        step_log.note("opened the page in a browser window")
        url = f"http://{server.address}"
        self.page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies])
        self.page.goto(url + path)

    def leave(self) -> None:
        """Go away, as somebody does who closes the window. The window itself is kept."""
        step_log.note("left the page")
        self.page.goto("about:blank")

    def stop_the_clock(self) -> None:
        """Let time stand still in this window, from the next page on: `page.clock` moves it."""
        self.window.spoilt = True
        self.page.clock.install()

    def connect(self) -> "Page":
        """Wait until the page is greeted and says that it is connected, and return it."""
        greeted = self.comes_true(lambda: self.page.wait_for_function("window.courseSocket?.greeted"))
        assert greeted, (
            f"The page was not greeted: it has no WebSocket, or none that came about{self.socket(' at ')}."
            f"{self.console()}"
        )
        before = self.page.evaluate("courseSocket.statusBefore")
        assert self.status_leaves(before) and self.status_leaves(self.plain), (
            f'The page still says "{self.status()}" (the element with role="status"), as it did before its script ran.'
            f"{self.console()}"
        )
        return self

    def status(self) -> str:
        return self.page.get_by_role("status").first.inner_text().strip()

    def status_leaves(self, old: str) -> bool:
        """Tell whether the status says anything other than `old` before patience runs out."""
        script = """old => document.querySelector('[role="status"], output').innerText.trim() !== old"""
        return self.comes_true(lambda: self.page.wait_for_function(script, arg=old))

    def box(self):
        """Return the field for messages: the first one that does not belong to the chooser of name and room."""
        boxes = self.page.get_by_role("textbox")
        number = boxes.evaluate_all("(all) => all.findIndex((one) => !one.form?.elements.namedItem('room'))")
        return boxes.nth(max(number, 0))

    def say(self, text: str) -> None:
        """Type a message and press Enter."""
        step_log.note(f"typed {text!r} and pressed Enter")
        field = self.box()
        field.fill(text)
        if field.evaluate("field => field.tagName") == "TEXTAREA":  # where Enter may begin a new line
            self.press_send(text)
        else:
            field.press("Enter")

    def press_send(self, text: str) -> None:
        """Type a message and press the button of the form: the one that submits it, wherever it stands, if one does."""
        field = self.box()
        field.fill(text)
        field.evaluate_handle(BUTTON).as_element().click()

    def choose(self, name: str, room: str) -> "Page":
        """Fill in the chooser, send it, and wait for the page that comes; return the window."""
        step_log.note(f"chose the name {name!r} and the room {room!r} in a browser window")
        with self.page.expect_navigation():
            found = self.page.evaluate(CHOOSE, {"name": name, "room": room})
            assert found, f'The page has no form with a field "name" and a field "room".{self.console()}'
        return self

    def whisper(self, to: str, text: str) -> None:
        """Choose somebody in the select that offers the name, and say it."""
        step_log.note(f"chose {to!r} in a browser window")
        choice = self.page.locator("select").filter(has=self.page.locator("option", has_text=to))
        offered = self.comes_true(lambda: choice.first.select_option(label=to))
        assert offered, f"The page has no <select> that offers {to}, who is here.{self.console()}"
        self.say(text)

    def path(self) -> str:
        return urlsplit(self.page.url).path

    def socket(self, before: str = "") -> str:
        """Return the address of the page's socket, as ws/lobby/, behind some words; "" if it has none."""
        url = self.page.evaluate("window.courseSocket?.url ?? ''")
        return url and before + urlsplit(url).path.removeprefix("/")

    def lists(self, text: str, there: bool = True) -> bool:
        """Tell whether these letters come to stand on the page outside of the log, or go away, before patience ends."""
        script = f"([text, there]) => ({OUTSIDE})(text) === there"
        return self.comes_true(lambda: self.page.wait_for_function(script, arg=[text, there]))

    def send(self, frame: str) -> None:
        """Send a frame through the page's own socket, past whatever the page's form does not let through."""
        self.page.evaluate("frame => WebSocket.prototype.send.call(courseSocket, frame)", frame)

    def be_patient(self, seconds: float) -> None:
        """Wait longer from now on: something slow is on its way."""
        self.patience = seconds
        self.page.set_default_timeout(1000 * (patience.at_most(seconds) if patience.is_crowded() else seconds))

    def read_at_the_top(self) -> None:
        """Move to the top of the log, or of the page where it is the page that moves."""
        there = self.page.evaluate(TO_THE_TOP)
        assert there, "The log is longer than the window, and neither the log nor the page can be scrolled."

    def moved_down(self) -> float:
        return self.page.evaluate("courseBox.scrollTop")

    def keeps(self, text: str) -> bool:
        """Tell whether these letters come to stand in the field again, or in the log, before patience runs out."""
        field = self.page.get_by_role("textbox").first.element_handle()
        script = f"([text, field]) => field.value.includes(text) || ({LOG}).innerText.includes(text)"
        return self.comes_true(lambda: self.page.wait_for_function(script, arg=[text, field]))

    def field(self) -> str:
        return self.box().input_value()

    def log(self) -> str:
        return self.page.get_by_role("log").first.inner_text()

    def shows(self, text: str) -> bool:
        """Tell whether the log shows these letters before patience runs out."""
        return self.comes_true(self.page.get_by_role("log").first.get_by_text(text).first.wait_for)

    def mentions(self, text: str) -> bool:
        """Tell whether these letters stand anywhere on the page, or in an alert, before patience runs out."""
        stands = self.comes_true(self.page.get_by_text(text).first.wait_for)
        return stands or any(text in alert for alert in self.alerts)

    def comes_true(self, wait) -> bool:
        from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

        def look(seconds: float) -> bool:
            self.page.set_default_timeout(1000 * seconds)
            try:
                wait()
            except PlaywrightTimeoutError:
                return False
            return True

        try:
            return patience.wait(look, self.patience)
        finally:
            self.be_patient(self.patience)

    def console(self) -> str:
        """What the browser's console says in red, as a sentence to put behind another."""
        return "".join(f"\nThe browser's console: {line}" for line in self.errors[:2])


def status_of(html: str) -> str:
    statuses = elements(html, role="status") or elements(html, tag="output")
    return statuses[0].text if statuses else ""
