"""Small lessons for the tests: what a real one has, and no more."""

FILE = "lessons/00-toy/README.md"


def lesson(number: int, *body: str, title: str = "A toy") -> bytes:
    """Return a README with each part of `body` in a paragraph of its own, from line 3 on."""
    return "\n\n".join([f"# Lesson {number}: {title}", *body, ""]).encode()


def lessons(*bodies: str) -> dict[str, bytes]:
    """Return the files of a course whose lesson N has the Nth body."""
    return {f"lessons/{number:02}-toy/README.md": lesson(number, body) for number, body in enumerate(bodies)}


def block(text: str, info: str = "python", path: str = "chat/a.py") -> str:
    """Return a fenced block under its path; `text` ends with a newline or is empty."""
    return f"**`{path}`**\n```{info}\n{text}```\n"
