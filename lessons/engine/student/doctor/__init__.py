"""`make doctor`: one page about this machine and this clone, made to be pasted into a question to the teacher.

Each finding is a small function that looks at one thing and mends nothing. One that breaks is itself a line of the
page, and the rest goes on.
"""

import os
import re
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from ...content.disk import marker
from ...errors import CourseError
from ...paths import ROOT
from ...repository.git import Git
from . import clone, database, machine, website
from .finding import CURE, OK, Finding

NEED_GIT = {"the branch", "your work", "the stage tags", "the database"}


def doctor(port: str) -> int:
    """Print the page, each line as soon as it is found; return 1 if anything needs a cure."""
    git, site, stage, ill = Git(ROOT), cache(website.how_far), 0, []
    with suppress(CourseError):
        stage = marker()
    looks: dict[str, Callable[[], Finding]] = {
        "Python": clone.python,
        "the packages": lambda: clone.packages("core"),
        "the packages for the browser": lambda: clone.packages("browser"),
        "the packages for Redis": lambda: clone.packages("redis"),
        "git": lambda: clone.git_itself(git),
        "the stage": lambda: Finding(OK, f"stage {marker()}, says lessons/STAGE"),
        "the branch": lambda: clone.branch(git),
        "your work": lambda: clone.work(git),
        "the stage tags": lambda: clone.tags(git),
        "the port": lambda: machine.port_free(port),
        "the settings": lambda: website.settings(site(ROOT), stage),
        "Daphne": lambda: website.daphne(site(ROOT), stage),
        "ASGI_APPLICATION": lambda: website.asgi(site(ROOT), stage),
        "the database": lambda: database.database(git),
        "Redis": lambda: machine.redis(os.environ.get("CHANNEL_REDIS_URL", ""), stage),
        "the browser": website.browser,
        "the clock": lambda: machine.clock(
            time.time(), 0 if "git" in ill else int(git.run("log", "-1", "--format=%ct"))
        ),
        "the disk": lambda: machine.disk(ROOT, tempfile.gettempdir()),
        "the line ends": lambda: clone.line_ends(
            ROOT, "" if "git" in ill else git.run("config", "core.autocrlf", ok=(0, 1))
        ),
        "the proxy": machine.proxy,
        "the folder": lambda: clone.folder(str(ROOT)),
    }
    for name, look in looks.items():
        if name in NEED_GIT and "git" in ill:
            continue
        found = look_at(name, look)
        ill += [name] if found.status == CURE else []
        for word, text in ((found.status, found.what), *(("", line) for line in found.cure.splitlines())):
            print(private(f"{word:<6}{text}"), flush=True)
    end = f"To cure: {len(ill)}. Begin with the first, then run make doctor again." if ill else "Nothing needs a cure."
    print(f"\n{end} This page can be pasted into a question to your teacher.")
    return 1 if ill else 0


def look_at(name: str, look: Callable[[], Finding]) -> Finding:
    """Return what a look finds; what goes wrong in it is a finding too."""
    try:
        return look()
    except CourseError as error:
        return Finding(CURE, f"{name}: not as it should be", str(error))
    except Exception as error:
        return Finding(CURE, f"{name} could not be looked at: {traceback.format_exception_only(error)[-1].strip()}")


def private(text: str) -> str:
    """Take out what is nobody's business: passwords, the way to the home folder, the user's name."""
    text = re.sub(r"://\S*@", "://***@", text)
    for name, value in os.environ.items():
        if re.search("SECRET|PASSW|TOKEN|_KEY", name.upper()) and len(value) > 5:
            text = text.replace(value, "***")
    flags, home = re.IGNORECASE if os.name == "nt" else 0, os.path.expanduser("~")
    for path, short in ((f"{ROOT}{os.sep}", ""), (home, "~"), (os.path.realpath(home), "~")):
        for form in (path, path.replace("\\", "/"), path.replace("\\", "\\\\")) if len(path) > 3 else ():
            text = re.sub(re.escape(form) + (r"(?!\w)" if short else ""), short, text, flags=flags)
    for user in filter(None, {os.path.basename(home), *map(os.environ.get, ("USER", "LOGNAME", "USERNAME"))}):
        text = re.sub(rf"(?<=[/\\]){re.escape(user)}(?!\w)", "NAME", text, flags=flags)
    return text
