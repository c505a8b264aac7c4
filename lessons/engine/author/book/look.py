"""The finished site in a real browser that has no network: what it asks for, how it looks to axe, what its keys do."""

from pathlib import Path

PATIENCE = 30_000  # milliseconds
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 375, "height": 800}}
DRAWN = "(theme) => !document.querySelector('pre.mermaid') || document.documentElement.dataset.drawn === theme"
OPEN_ALL = "() => document.querySelectorAll('details').forEach((box) => (box.open = true))"
TOO_WIDE = "() => document.scrollingElement.scrollWidth > innerWidth"
QUICK = {"preload": False, "resultTypes": ["violations"]}  # no look into the style sheets, which a file may not read
# Contrast is what takes axe long: of the words of code that have the same colours, one is enough.
ALIKE = """
() => {
  const seen = new Set();
  for (const word of document.querySelectorAll("pre span:not(:has(*)), code span")) {
    const colors = [word, word.parentElement, word.closest("pre, code")].map((one) => {
      const { color, backgroundColor, fontSize, fontWeight, opacity } = getComputedStyle(one);
      return [color, backgroundColor, fontSize, fontWeight, opacity].join();
    }).join();
    word.toggleAttribute("data-alike", seen.has(colors));
    seen.add(colors);
  }
}
"""
AXE = """
async (options) => (await axe.run({ exclude: ["[data-alike]"] }, options)).violations.map((one) =>
  `${one.id}: ${one.help}: ` + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | "))
"""
FOCUS = "(box) => { box.querySelector(':scope > summary').focus(); return box.open; }"
# What each button copies from a console, beside what is to be typed there.
COPIED = """
() => {
  const wrong = [];
  let copied = "";
  addEventListener("copy", () => (copied = document.activeElement.value ?? getSelection().toString()));
  for (const button of document.querySelectorAll("button.copybtn")) {
    const block = document.querySelector(button.dataset.clipboardTarget).innerText.trimEnd();
    const commands = block.split("\\n").filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
    const expected = commands.length ? commands.join("\\n") : block;
    button.click();
    const [should, does] = [expected, copied.trimEnd()].map((text) => JSON.stringify(text));
    if (does !== should) wrong.push(`${should}, and it copies ${does}`);
  }
  return wrong;
}
"""


def look(folder: Path) -> list[str]:
    """Open every page; return what is wrong. Raises NoBrowser."""
    from ...harness.browser import open_browser

    found: list[str] = []
    axe = axe_script()
    with open_browser() as browser:
        page = browser.new_context(viewport=SIZES["desk"]).new_page()
        page.set_default_timeout(PATIENCE)
        block_network(page, found)
        for file in sorted(folder.rglob("*.html")):
            name = file.relative_to(folder).as_posix()
            page.emulate_media(color_scheme="light")
            page.goto(file.as_uri())
            found += [f"{name}: {fault}" for fault in faults_of(page, axe)]
        found += front(page.context.new_page(), folder)
    return found


def block_network(page, found: list[str]) -> None:
    """Let files through and nothing else; note whatever was asked for, and every error."""

    def decide(route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            found.append(f"{page.url}: asks the network for {route.request.url}")
            route.abort()

    page.context.set_offline(True)
    page.context.route("**/*", decide)
    page.on("websocket", lambda socket: found.append(f"{page.url}: opens {socket.url}"))
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    page.on("console", lambda line: line.type == "error" and found.append(f"{page.url}: {line.text}"))


def faults_of(page, axe: str) -> list[str]:
    """Look at one page: its keys and buttons, then with everything unfolded in light, in dark, and on a phone."""
    page.wait_for_function(DRAWN, arg="default")
    found = [f"Enter does not unfold {text!r}" for text in stuck(page)]
    found += [f"a button should copy {words}" for words in page.evaluate(COPIED)]
    page.evaluate(OPEN_ALL)
    page.evaluate(axe)
    page.evaluate(ALIKE)
    found += [f"in light: {line}" for line in page.evaluate(AXE, QUICK)]
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(DRAWN, arg="dark")
    page.evaluate(ALIKE)
    found += [f"in dark: {line}" for line in page.evaluate(AXE, QUICK | {"runOnly": ["color-contrast"]})]
    page.set_viewport_size(SIZES["phone"])
    if page.evaluate(TOO_WIDE):
        found.append("is wider than a phone")
    page.set_viewport_size(SIZES["desk"])
    return found


def stuck(page) -> list[str]:
    """Go to every folded box, press Enter, and return the beginning of those that do not move."""
    found = []
    for box in page.query_selector_all("details"):
        before = box.evaluate(FOCUS)
        page.keyboard.press("Enter")
        if box.evaluate("(box) => box.open") == before:
            found.append(box.inner_text()[:60])
    return found


def front(page, folder: Path) -> list[str]:
    """On the first page, press the button for dark, then search as a reader does. (A file has no summaries to show.)"""
    from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

    page.set_default_timeout(PATIENCE)
    page.goto((folder / "index.html").as_uri())
    shades = set()
    for _ in range(3):
        shades.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.locator("button.theme-toggle:visible").first.click()
    found = [] if len(shades) == 2 else [f"index.html: its button for dark shows {shades}"]
    page.get_by_role("textbox", name="Search").first.fill("consumer")
    page.keyboard.press("Enter")
    try:
        page.locator("#search-results li a").first.wait_for()
    except PlaywrightTimeoutError:
        found.append("search.html: finds nothing for 'consumer'")
    return found


def axe_script() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
