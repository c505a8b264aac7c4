"""An exception, as it is shown to a student: in which line of their code it happened, and what Python says of it."""

import linecache
import re
import traceback
from collections.abc import Iterator

from . import project

HANDS_ON = "await super()."  # a line that only hands on to Channels: what broke stands elsewhere


def place_in_student_code(exception: BaseException) -> tuple[str, int]:
    """Return file and line of the student's code that was running when it happened; ("", 0) if none was."""
    place = getattr(exception, "place", ("", 0))
    for error in chain(exception):
        for frame in traceback.extract_tb(error.__traceback__):
            if project.is_students(frame.filename) and not (frame.line or "").startswith(HANDS_ON):
                place = (project.relative(frame.filename), frame.lineno or 0)
        debug = getattr(error, "template_debug", None)
        if debug and project.is_students(debug["name"]):  # and no template of Django's
            place = (project.relative(debug["name"]), debug["line"])
        if isinstance(error, SyntaxError) and project.is_students(error.filename or ""):
            place = (project.relative(error.filename), error.lineno or 0)
    return place


def quote_line(file: str, line: int) -> str:
    """Return `file:line: the line itself`; for line 0 only the file."""
    return f"{file}:{line}: {linecache.getline(str(project.ROOT / file), line).strip()}" if line else file


def last_line(exception: BaseException) -> str:
    last = traceback.format_exception_only(exception)[-1].strip()
    return re.sub(r" \((?:[A-Za-z]:)?[/\\][^()]*\.py\)", "", last)  # where on this machine a library lies


def chain(exception: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and the causes that it was explicitly raised from."""
    while exception is not None:
        yield exception
        exception = exception.__cause__
