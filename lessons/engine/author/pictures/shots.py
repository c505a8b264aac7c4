"""The pictures of the page: one of each stage, and one of the wire. Each is kept with the hash of what it shows.

What counts is the HTML, the CSS and the script of the page, and not the pixels: those differ from browser to browser.
"""

import hashlib
import io
import re
import tomllib
from pathlib import Path
from urllib.parse import urljoin

from ...harness.html import elements
from ...harness.visitor import OverNetwork, Visitor
from ...paths import ROOT
from ...wire.record import World

HASHES = ROOT / "lessons" / "pictures.toml"
SIZE = {"width": 480, "height": 600}
WIRE_SIZE = {"width": 1440, "height": 800}
GAP = 8  # pixels between two windows
# What is another one at each visit: the token against forged forms, and a guest's number.
CHANGING = (r'(name="csrfmiddlewaretoken" value=")[^"]*', r"(Guest )\d+")
PATIENCE = 10_000  # milliseconds


def picture_of(folder: Path) -> Path:
    return folder / "page.png"


def kept() -> dict[str, str]:
    """Return the hashes of what the pictures show, by the name of the lesson's folder."""
    return tomllib.loads(HASHES.read_text(encoding="utf-8")) if HASHES.exists() else {}


def keep(hashes: dict[str, str]) -> None:
    rows = [f'{name} = "{value}"' for name, value in sorted(hashes.items())]
    head = "# What each lesson's page.png shows: a hash of the page's HTML, CSS and script. Written by: make pictures\n"
    HASHES.write_text(head + "\n".join(rows) + "\n", encoding="utf-8", newline="\n")


def hash_of_page(world: World) -> str:
    """Return the hash of the page as Ada gets it: its HTML, and every script and style sheet of ours that it names."""
    visitor = visitor_of(world, "Ada")
    page = visitor.get(path_of(world))
    assert page.status == 200, f"stage {world.number}: the page answers with HTTP {page.status}"
    text = page.html
    for pattern in CHANGING:
        text = re.sub(pattern, r"\1", text)
    named = [one.attributes.get("src") for one in elements(page.html, "script")]
    named += [one.attributes.get("href") for one in elements(page.html, "link")]
    for address in named:
        if address and not re.match(r"[a-z]+:", address):
            text += visitor.get(urljoin(path_of(world), address)).html
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def visitor_of(world: World, name: str) -> Visitor:
    """Return somebody with a name, from the stage on in which there are names."""
    if world.number >= 6:
        return world.person(name, "kitchen").visitor
    return Visitor(OverNetwork(world.address))


def path_of(world: World) -> str:
    return "/rooms/kitchen/" if world.number >= 6 else "/"


def shoot(world: World, browser, file: Path) -> None:
    """Photograph Ada's page when they have talked as the stage lets them; beside it Ben's (stages 5 to 7) or Cleo's."""
    ada = open_page(world, browser, "Ada", SIZE)
    pages = [ada]
    if world.number == 4:  # everyone is alone
        say(ada, "Hello?", pages)
    if world.number >= 5:
        ben = open_page(world, browser, "Ben", SIZE)
        pages.append(ben)
        if world.number >= 6:
            ada.get_by_text("Ada, Ben").wait_for()
        say(ben, "Hello, Ada!", pages)
        say(ada, "Hello! Who else is here?", pages)
    if world.number >= 7:
        ben.get_by_label("To", exact=True).select_option("Ada")
        say(ben, "Only the two of us.", pages)
        teacher = world.teacher()
        teacher.visitor.get(path_of(world))
        teacher.announces("kitchen", "Class starts in five minutes.")
        seen(pages, "Class starts in five minutes.")
    if world.number >= 8:  # somebody comes late, and takes Ben's place in the picture
        cleo = open_page(world, browser, "Cleo", SIZE)
        seen([cleo], "Hello! Who else is here?")
        ada.get_by_text("Ada, Ben, Cleo").wait_for()
        pages.append(cleo)
    side_by_side([page.screenshot() for page in dict.fromkeys((pages[0], pages[-1]))], file)
    for page in pages:
        page.context.close()


def side_by_side(pictures: list[bytes], file: Path) -> None:
    """Put pictures of one height next to each other, in few colours, so that the file is small."""
    from PIL import Image

    images = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    width = sum(image.width for image in images) + GAP * (len(images) - 1)
    whole = Image.new("RGB", (width, images[0].height), "black")
    at = 0
    for image in images:
        whole.paste(image, (at, 0))
        at += image.width + GAP
    whole.quantize(64).save(file, optimize=True)


def shoot_wire(world: World, browser, file: Path) -> None:
    """Photograph the wire while a message goes to two tabs."""
    context = browser.new_context(viewport=WIRE_SIZE, color_scheme="light")
    page = context.new_page()
    page.goto(f"http://{world.address}/__wire__/")
    ada, ben = open_page(world, browser, "Ada", SIZE), open_page(world, browser, "Ben", SIZE)
    ada.get_by_text("Ada, Ben").wait_for()
    say(ben, "Hello!", [ada, ben])
    page.get_by_role("button", name="websocket.receive").last.click()
    page.get_by_role("button", name="Follow").click()
    side_by_side([page.screenshot()], file)
    for one in (context, ada.context, ben.context):
        one.close()


def open_page(world: World, browser, name: str, size: dict):
    context = browser.new_context(viewport=size, color_scheme="light", reduced_motion="reduce")
    pairs = [pair.partition("=") for pair in visitor_of(world, name).cookies.split("; ") if pair]
    context.add_cookies([{"name": key, "value": value, "url": f"http://{world.address}"} for key, _, value in pairs])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://{world.address}{path_of(world)}")
    if world.number >= 4:
        page.get_by_text("You are now connected!").wait_for()
    return page


def say(page, text: str, pages: list) -> None:
    """Type a message and press Enter; wait until these pages show it."""
    field = page.get_by_label("Your message")
    field.fill(text)
    field.press("Enter")
    seen(pages, text)


def seen(pages: list, text: str) -> None:
    for page in pages:
        page.locator("[role=log]").get_by_text(text).wait_for()
