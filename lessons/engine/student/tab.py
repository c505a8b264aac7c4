"""`make tab`: one browser tab in the terminal. It shows every frame, and where your code raises, the line that did.

Lessons 0 and 1 ask the application in mywebsite/asgi.py, lesson 2 the consumer itself, lesson 3 the application again,
and from lesson 4 on it goes over the network to the server that runs.
"""

import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException

from ..content.disk import marker
from ..errors import CourseError
from ..paths import ROOT

QUIET = 0.3  # seconds without a frame until the next line is read from a file; a person needs no such wait
HELP = 'Type a message and press Enter. It is sent as {"message": ...}; a line that begins with ! is sent as it is.'


def open_tab(where: str, port: str, name: str, origin: str = "") -> int:
    """Open a tab at `where`, as somebody called `name` if there is one; return 1 if no connection came or it broke.

    `origin` is the website whose page it says it is, if it is none of the server's own.
    """
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise CourseError(f"tab: PORT={port} is no port. Example: make tab PORT=8001")
    path = "/" + where.lstrip("/")
    stage = marker()
    if name and stage < 6:
        raise CourseError(f"tab: NAME={name} has to wait. This is lesson {stage}, and names come with lesson 6.")
    if stage >= 4:
        return over_the_network(stage, f"ws://127.0.0.1:{port}{path.replace(' ', '%20')}", name, origin)
    if origin:
        raise CourseError(f"tab: ORIGIN={origin} has to wait. This is lesson {stage}, and no server is asked yet.")
    return without_a_server(stage, path)


def without_a_server(stage: int, path: str) -> int:
    """Call the student's application as a server would, by the tab that the checks use."""
    sys.path.insert(0, str(ROOT))
    from ..harness import project
    from ..harness.asgi_tab import AsgiTab, Loop
    from ..harness.tab import NoFrame

    project.load()
    if project.problem:
        return crashed(project.problem, "The settings of the website cannot be read.")
    direct = stage == 2
    target = "the consumer in chat/consumers.py" if direct else "the application in mywebsite/asgi.py"
    print(f"Lesson {stage}: {'through' if stage == 3 else 'straight to'} {target}, no server between.")
    if direct and not any((ROOT / "chat" / name).exists() for name in ("consumers.py", "consumers")):
        print("There is no chat/consumers.py yet. Step 1 of the lesson writes it.")
        return 1
    loop, tab = Loop(), None
    try:
        application = project.lone_consumer() if direct else website_application()
        print(f"Opening {path.lstrip('/')} ...")
        tab = AsgiTab(loop, application, path)
        if not tab.connect().accepted:
            print("The handshake was refused.")
            return 1
        show_all(tab)
        converse(lambda text: (tab.send(text), show_all(tab)))
        tab.close()
    except NoFrame as error:
        print(error)
        return 1
    except Exception as error:
        alive = "The consumer has crashed. This connection is dead: the tab would have to open a new one."
        return crashed(
            error.__cause__ or error, alive if tab and tab.accepted else "The connection did not come about."
        )
    finally:
        if tab:
            tab.abandon()
        loop.close()
    return 0


def show_all(tab) -> None:
    """Show what has come from the server, until it is quiet."""
    from ..harness.tab import NoFrame

    with suppress(NoFrame):
        while True:
            print(f"<- {as_shown(tab.next_event(seconds=QUIET))}", flush=True)


def as_shown(event: dict) -> str:
    """A frame's text as it is; anything else that a consumer may do, by its ASGI event."""
    text = event.get("text")
    if text is not None and not isinstance(text, str):
        return f"{text!r}  (This is a {type(text).__name__}, and no text: is json.dumps missing?)"
    return text or json.dumps(event, default=repr)


def website_application():
    """Return the website's ASGI application: what ASGI_APPLICATION names, or asgi.py's own before that is set."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    return import_string(getattr(settings, "ASGI_APPLICATION", "mywebsite.asgi.application"))


def crashed(error: BaseException, consequence: str) -> int:
    """Say where in the student's files it happened, what, and what follows from it."""
    from ..harness.failure import last_line, place_in_student_code, quote_line

    file, line = place_in_student_code(error)
    if file:
        print(quote_line(file, line))
    print(last_line(error))
    print(consequence, flush=True)
    return 1


def cookies_of(name: str, address: str) -> str:
    """Choose a name on the page of the server at `address`, as a browser would; return the cookies that came."""
    sys.path.insert(0, str(ROOT))
    from ..harness.html import elements
    from ..harness.visitor import OverNetwork, Visitor

    visitor = Visitor(OverNetwork(address))
    try:
        page = visitor.choose(name)
    except (AssertionError, HTTPException) as error:
        raise CourseError(f"tab: NAME={name} cannot be chosen. {error}") from None
    if page.status != 200:
        said = " ".join(element.text for element in elements(page.html, "p")[:1])
        answer = f"HTTP {page.status}: {said}" if said else f"HTTP {page.status}."
        raise CourseError(f"tab: the website does not take NAME={name}. It answered with {answer}")
    return visitor.cookies


def over_the_network(stage: int, url: str, name: str, origin: str) -> int:
    """Speak to a running server; frames are shown whenever they come."""
    from urllib.parse import urlsplit

    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

    from ..harness.ws_client import code_of, connect

    print(f"Lesson {stage}: over the network, to {url}")
    page = urlsplit(url)
    heard = threading.Event()

    def listen() -> None:
        try:
            for frame in socket:
                print(f"<- {frame}", flush=True)
                heard.set()
        except ConnectionClosed as error:
            print(f"The server closed the connection, code {code_of(error)}. Its terminal says why.", flush=True)

    def speak(text: str) -> None:
        heard.clear()
        try:
            socket.send(text)
        except ConnectionClosed:
            raise EOFError from None
        wait()

    def wait() -> None:
        heard.wait(0.5 if sys.stdin.isatty() else 2)  # so that the answer comes before the next prompt
        while not sys.stdin.isatty() and heard.wait(QUIET):
            heard.clear()

    try:
        cookies = cookies_of(name, page.netloc) if name else ""
        with connect(url, cookies=cookies, origin=origin) as socket:
            listener = threading.Thread(target=listen, daemon=True)
            listener.start()
            wait()
            converse(speak)
        listener.join(2)
    except InvalidStatus as error:
        print(f"The server answered the handshake with HTTP {error.response.status_code}.")
        return 1
    except InvalidHandshake as error:
        print(f"What answers at {page.netloc} is no WebSocket server: {error}.")
        return 1
    except OSError:
        print(f"Nothing answers at {page.netloc}. Start the server in another terminal: make run PORT={page.port}")
        return 1
    return 0


def converse(speak: Callable[[str], None]) -> None:
    """Read lines and send them, until the end of the input (Ctrl-D, on Windows Ctrl-Z and Enter)."""
    person = sys.stdin.isatty()
    if person:
        print(HELP)
    while True:
        try:
            line = input("> " if person else "")
        except EOFError:
            return
        if not person:
            print(f"> {line}")
        if line:
            text = line[1:] if line.startswith("!") else json.dumps({"message": line}, ensure_ascii=False)
            print(f"-> {text}", flush=True)
            try:
                speak(text)
            except EOFError:
                return
