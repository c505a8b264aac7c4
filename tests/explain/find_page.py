"""Faults of the page that can be seen in its HTML and JavaScript, read with patterns: a hint, not a proof."""

import re
from collections.abc import Iterator
from pathlib import Path

from lessons.engine.harness.html import elements
from tests.explain.source import Finding, nearest

EVENTS = {"submit", "message", "open", "close", "error", "click", "dblclick"}
KEYS = {"type", "message", "name", "names", "messages", "seq", "client_id", "to"}  # the words on the wire
PATTERNS = [
    # (pattern, why, hint, what makes it harmless if it stands anywhere on the page)
    (
        r"\.(innerHTML|outerHTML)\s*\+?=(?!=)(?!\s*[\"'][^\"']*[\"'];?\s*$)|insertAdjacentHTML|document\.write",
        "Text that is set like this is read as HTML: whoever writes a message can program the pages of the others.",
        "Which property takes letters as letters? (Lesson 4, step 3.)",
        r"&lt;",
    ),
    (
        r"new Websocket\b|new webSocket\b|new Web[sS]ockets\b",
        "The class of the browser is spelled WebSocket, with a capital S.",
        "How is it written in the lesson, letter by letter?",
        "",
    ),
    (
        r"(?<!new )(?<![\w.])WebSocket\(",
        "WebSocket is a class: it wants the word new before it.",
        "new WebSocket(...)?",
        "",
    ),
    (
        r"[\"'`]wss?://(127\.0\.0\.1|localhost)",
        "Host and port are written out here, and the page may come from others.",
        "Where does the page find its own address?",
        "",
    ),
    (
        r"[\"'`]wss:",
        "wss: is for pages that came by https:. This one came by http:, and the connection never stands.",
        "What does the lesson make of the page's own protocol?",
        r"https|[\"'`]ws:",
    ),
    (
        r"\.on(Message|Open|Close|Error|Submit)\s*=(?!=)",
        "JavaScript knows these names in small letters only; this one is set, and never called.",
        "How is it spelled, small letters throughout?",
        r"\.on[A-Z][a-z]+(\?\.)?[(.]",
    ),
    (
        r"JSON\.parse\((?:e|ev|evt|event|message)(\.message)?\)",
        "The text of a frame is in event.data; this is something else.",
        "Which property of the event has the text?",
        r"\.data\b|\{\s*data\b",
    ),
    (
        r"(?i)(?:socket|ws)\.send\(\s*\{",
        "An object is sent as the text [object Object].",
        "Which function makes JSON of it? (Lesson 4, step 1.)",
        r"JSON\.stringify",
    ),
    (
        r"\.send\(\s*[\w.]*\.value\s*\)",
        "The bare text is sent, and the server asks for a JSON object.",
        'How does it become {"message": ...}?',
        r"JSON\.stringify",
    ),
    (
        r"message:\s*[\w.]*(?:elements\.message|\bmessage(?:Input|Field)|\binput)\s*[},]",
        "This is the field itself, an object of the page, and not what was typed into it.",
        "Which property of a field is its text?",
        r"\.value\b(?!\s*=[^=])",
    ),
    (
        r"\|\s*safe\b|autoescape\s+off",
        "Django escapes what it writes into a page; here it is told not to. What somebody typed is read as HTML.",
        "What happens if you leave that word out?",
        "",
    ),
    (
        r"\b(?:const|let|var)\s+\w+\s*=\s*\{\{",
        "Without quotes, JavaScript takes what stands here for the name of a variable.",
        "How does the lesson hand it to the script, by way of the HTML?",
        "",
    ),
]


def findings(root: Path, stage: int) -> list[Finding]:
    """Return what is seen in templates and scripts of the student's, as far as it matters up to `stage`."""
    places = ("templates/**/*.html", "*/templates/**/*.html", "static/**/*.js", "*/static/**/*.js")
    files = sorted(path for place in places for path in root.glob(place))
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8", errors="replace") for path in files}
    whole = "\n".join(texts.values())
    found = [finding for file, text in texts.items() for finding in in_file(file, text, without_comments(whole))]
    found += [finding for file, text in texts.items() for finding in addresses(file, text, stage)]
    page = next((file for file, text in texts.items() if "WebSocket" in text), "")
    if page:
        code = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in root.glob("chat/**/*.py"))
        found += whole_page(page, texts[page], whole, KEYS | set(re.findall(r"\b(\w+)(?=[\"'=])", code)))
    elif "templates/lobby.html" in texts:
        why = "There is no WebSocket in the page: nothing in it asks for the connection."
        found.append(
            Finding(4, "templates/lobby.html", 1, why, "Is the script of step 1 in the template, and inside a block?")
        )
    return found


def in_file(file: str, text: str, whole: str) -> Iterator[Finding]:
    for number, code in enumerate(without_comments(text).splitlines(), 1):
        for pattern, why, hint, unless in PATTERNS:
            if re.search(pattern, code) and not (unless and re.search(unless, whole)):
                yield Finding(4, file, number, why, hint)
        for event in re.findall(r"addEventListener\(\s*[\"'](\w+)", code):
            if (meant := nearest(event, EVENTS)) and "dispatchEvent" not in whole:
                yield Finding(
                    4, file, number, f"No event is called {event!r}, so the function never runs.", f"Is it {meant!r}?"
                )


def addresses(file: str, text: str, stage: int) -> Iterator[Finding]:
    """The socket's address: written out, it has to be that of a room; put together, it has to end with a slash."""
    code = without_comments(text)

    def line(found: re.Match) -> int:
        return code.count("\n", 0, found.start()) + 1

    for found in re.finditer(r"[\"'`/}]ws/(?:\$\{[^}]*\}|\{\{[^}]*\}\})[`\"'?]", code):
        why = "The address of a socket ends with a slash, and this one does not: no route fits it."
        yield Finding(6, file, line(found), why, "Which sign comes behind the name of the room in the route?")
    for found in re.finditer(r"[\"'`/}]ws/([\w/-]*)(?=[\"'`])(?!.\s*\+)", code):
        room = stage >= 6 and re.fullmatch(r"[\w-]+/", found[1])
        if found[1] != "lobby/" and not room:
            why = f"The page asks for ws/{found[1]}, and the consumer is at ws/lobby/."
            yield Finding(4, file, line(found), why, "Are the two the same, slash by slash? (chat/routing.py)")


def frames_of_the_page(file: str, text: str, keys: set[str]) -> Iterator[Finding]:
    """What the page reads out of a frame: by JSON.parse, and by keys that the server sends."""
    rows = list(enumerate(text.splitlines(), 1))
    if "JSON.parse" not in text and "<script" in text:
        number = next((number for number, row in rows if ".data" in row), 1)
        yield Finding(4, file, number, "A frame comes as text, and nothing makes an object of it.", "JSON.parse?")
    for name in re.findall(r"(\w+) = JSON\.parse\((?!.*textContent)", text):
        if re.search(rf"id=[\"']{name}[\"']|\b{name} = (?!JSON)", text):
            continue  # a name for several things
        for number, row in rows:
            for key in re.findall(rf"(?<![\w.]){name}\.(\w+)", row):
                if key not in keys:
                    why = f"No frame of the server has a key {key!r}."
                    meant = nearest(key, KEYS) or ("names" if "people" in row else "message")
                    yield Finding(4, file, number, why, f"Is it {name}.{meant}?")


def lines_outside_of_blocks(text: str) -> list[int]:
    """Return the line of a script below the last block of a template that extends another one."""
    last = text.rfind("{% endblock")
    script = text.find("<script", last)
    return [text.count("\n", 0, script) + 1] if "{% extends" in text and last >= 0 and script >= 0 else []


def without_comments(text: str) -> str:
    """Return as many lines, with nothing where a comment stood."""
    text = re.sub(r"(?<!\S)/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    return "\n".join(re.sub(r"(?<!:)//.*", "", line) for line in text.splitlines())


def whole_page(file: str, text: str, whole: str, keys: set[str]) -> Iterator[Finding]:
    """What only the page as a whole can tell: ids that are not there, listeners that are missing."""
    ids = {element.attributes.get("id") for element in elements(whole)}
    ids |= set(re.findall(r"json_script:[\"']([\w-]+)", whole))
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r"(?:getElementById\(\s*[\"'`]|querySelector\(\s*[\"'`]#)([\w-]+)(?![\w-]|\$)", line):
            if name not in ids and not name.startswith("id_"):  # as Django calls the fields of its forms
                why = f"The script looks for an element with the id {name!r}, and the page has none."
                yield Finding(4, file, number, why, "What is the id of that element in the HTML?")
    yield from frames_of_the_page(file, text, keys)
    for number in lines_outside_of_blocks(text):
        why = "A template that extends another one is used by its blocks only: what stands outside is left out."
        yield Finding(4, file, number, why, "Does the script stand above the last {% endblock %}?")
    if found := re.search(r"<script[^>]*\ssrc=[^>]*>\s*[^<\s]", text):
        why = "A script element with a src ignores what stands between its tags."
        yield Finding(4, file, text.count("\n", 0, found.start()) + 1, why, "Does the src belong there?")
    if re.search(r"<button[^>]*\sdisabled", whole) and not re.search(
        r"disabled\s*=\s*|removeAttribute|toggleAttribute", whole.replace("disabled = true", "")
    ):
        number = next(number for number, row in enumerate(text.splitlines(), 1) if "<button" in row)
        yield Finding(
            4, file, number, "The button is disabled, and nothing ever enables it.", "When may it be pressed?"
        )
    if (found := re.search(r"\.reset\(\)(?![^}]*\.value\s*=)", text)) and "<select" in whole:
        why = "reset() sets every field of the form back, and the choice to whom with them."
        yield Finding(7, file, text.count("\n", 0, found.start()) + 1, why, "Which field alone should be emptied?")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "WebSocket" in row)
    opened = re.findall(r"new WebSocket\((?!\s*[\"'`]wss:)", without_comments(text))  # wss: instead of the other
    if len(opened) > 1 and "setTimeout" not in text:
        yield Finding(
            4, file, line, "The page opens two sockets, so it hears everything twice.", "Which of them can go?"
        )
    if not re.search("preventDefault|onsubmit|return false", whole) and "submit" in whole:
        why = "Nothing keeps the form from doing what forms do: to ask for the page again."
        number = next((number for number, row in enumerate(text.splitlines(), 1) if "submit" in row), line)
        yield Finding(4, file, number, why, "Which call stops the browser's own submit?")
    if not re.search(r"[\"']close[\"']|onclose|(?<![\w.])close\s*[:(]", whole):
        yield Finding(
            4, file, line, "Nobody listens for the end of the connection.", 'Which event comes then? ("close")'
        )
    types = re.findall(r"(?:case\s+|type\s*===?\s*)[\"'](\w+)[\"']", whole)
    alike = [kind for kind in types if kind.startswith(("chat", "message"))]
    if alike and "chat" not in alike and "close" not in types:  # else these are types of events
        why = f"The page waits for frames of type {alike[0]}, and the server sends chat."
        number = next((number for number, row in enumerate(text.splitlines(), 1) if alike[0] in row), line)
        yield Finding(4, file, number, why, 'Is there a case "chat"?')
