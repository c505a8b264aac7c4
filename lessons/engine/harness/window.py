"""Windows of the browser, kept from check to check."""

from urllib.parse import urlsplit

WATCH = """
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    window.courseSocket = this;
    this.addEventListener("open", () => (this.statusBefore = courseStatus()));  // first of all listeners
    this.addEventListener("message", () => setTimeout(() => (this.greeted = true)));  // after all listeners
  }
};
window.courseStatus = () => document.querySelector('[role="status"], output').innerText.trim();
"""
PATIENCE = 2.5  # seconds until the page counts as not doing it


class Window:
    """A window of the browser, with cookies and storage of its own. It is kept from check to check, see `Windows`."""

    def __init__(self, browser, strict: bool) -> None:
        self.spoilt = strict  # it cannot be made as good as new
        self.page = browser.new_page(bypass_csp=not strict)
        self.page.add_init_script(WATCH)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self.note)
        self.page.on("dialog", self.read_alert)
        self.protocol = self.page.context.new_cdp_session(self.page)
        self.begin()

    def begin(self) -> None:
        self.errors: list[str] = []
        self.alerts: list[str] = []

    def note(self, line) -> None:
        """Keep what is red in the console, but for the icon that a browser asks for by itself."""
        if line.type == "error" and not line.location["url"].endswith("/favicon.ico"):
            self.errors.append(line.text)

    def read_alert(self, dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.accept()

    def clear(self) -> bool:
        """Leave the page, and forget all that websites have left here. Tell whether the window can be used again."""
        if self.spoilt or self.page.is_closed() or len(self.page.context.pages) > 1:
            return False
        self.page.set_default_timeout(1000 * PATIENCE)
        self.page.set_default_navigation_timeout(1000 * PATIENCE)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.page.url))
        if origin.startswith("http"):  # by a call that has an end, where a script of the page's has none
            self.page.wait_for_function("() => { sessionStorage.clear(); return true; }")
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        self.page.context.clear_permissions()
        self.protocol.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        return True

    def close(self) -> None:
        self.page.context.close()


class Windows:
    """The windows of one browser. A new one costs a second of the processor, one that is used again a tenth of it."""

    def __init__(self, browser) -> None:
        self.browser = browser
        self.free: list[Window] = []

    def open(self, strict: bool) -> Window:
        """Return a window that looks as if nobody had ever used it."""
        if strict or not self.free:
            return Window(self.browser, strict)
        window = self.free.pop()
        window.begin()
        return window

    def take_back(self, window: Window) -> None:
        from playwright.sync_api import Error

        try:
            again = window.clear()
        except Error:  # a page that hangs, or has crashed
            again = False
        if again:
            self.free.append(window)
        else:
            window.close()
