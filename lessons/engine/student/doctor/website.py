"""The student's website, and a browser to see it: both are tried in a child process, with a time limit."""

import faulthandler
import importlib
import json
import os
import re
import subprocess
import sys
import traceback
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from ...paths import ROOT
from ..environment.packages import installed
from .finding import CURE, NOTE, OK, Finding


def child(call: str, folder: Path, limit: float, module: str = "website") -> tuple[dict, str]:
    """Call a function of this package in a process of its own; return the facts it told in time, and its last words."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from lessons.engine.student.doctor import {module}"
    script += f"; sys.path[0] = ''; {module}.{call}"  # from here on imports come from the folder
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "mywebsite.settings", "PYTHONDONTWRITEBYTECODE": "1"}
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        told = subprocess.run([sys.executable, "-c", script], cwd=folder, env=environ, timeout=limit, **options).stdout
    except subprocess.TimeoutExpired as error:
        told = error.stdout or b""
    lines = told.decode("utf-8", "replace").splitlines()
    facts = [json.loads(line) for line in takewhile(lambda line: line.startswith('{"'), lines)]
    return {key: value for fact in facts for key, value in fact.items()}, "\n".join(lines[len(facts) :])


def take_stdout():
    """Return the child's stdout for what we tell; whatever else prints, prints into the void from now on."""
    out = open(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - until the end
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return out


def probe_website(limit: float) -> None:
    """In the child: import the student's settings and application as the server does, and tell how far that goes."""
    out = take_stdout()
    faulthandler.dump_traceback_later(limit, exit=True, file=out)
    try:
        importlib.import_module("mywebsite.settings")
        import django
        from django.conf import settings
        from django.core.management import get_commands

        django.setup()
        apps, name = list(map(str, settings.INSTALLED_APPS)), str(getattr(settings, "ASGI_APPLICATION", None) or "")
        print(json.dumps({"apps": apps, "runserver": get_commands()["runserver"], "name": name}), file=out, flush=True)
        module, _, attribute = name.rpartition(".")
        getattr(importlib.import_module(module), attribute)
        print(json.dumps({"application": True}), file=out, flush=True)
    except BaseException as error:
        while error.__cause__:
            error = error.__cause__
        traceback.print_exception(error, chain=False, file=out)
    out.flush()
    os._exit(0)


def how_far(folder: Path, limit: float = 10) -> dict:
    """Return how far the student's website comes: `apps`, `application`, and the `story` of what stopped it."""
    facts, words = child(f"probe_website({limit})", folder, limit + 5)
    endless = words.startswith("Timeout (")  # by faulthandler: the innermost frame first, and é written as \\xe9
    if endless:
        words = re.sub(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4}))", lambda code: chr(int(code[1] or code[2], 16)), words)
    why = f"no end after {limit:g} seconds" if endless else (words.splitlines() or ["Python ended without a word"])[-1]
    frames = re.findall(rf'File "{re.escape(os.path.realpath(folder) + os.sep)}(.+?)", line (\d+)', words)
    own = [f"{name}:{line}" for name, line in frames if not re.match(r"\.venv|lessons\W|tests\W", name)]
    return {**facts, "story": f"{why} ({own[0 if endless else -1]})" if own else why}


def settings(site: dict, stage: int) -> Finding:
    if "apps" in site:
        return Finding(OK, "the settings can be read, and Django starts with them")
    if stage == 0 and not (ROOT / "mywebsite" / "settings.py").exists():
        return Finding(NOTE, "there is no mywebsite/settings.py yet: lesson 0 makes it")
    return Finding(CURE, f"Django does not start with your settings: {site['story']}", "make test explains it.")


def daphne(site: dict, stage: int) -> Finding:
    """Daphne has to come before what brings a runserver of its own; first is the simple rule."""
    if "apps" not in site:
        return Finding(NOTE, "Daphne: not to be seen before Django starts")
    if not site["runserver"].startswith("django."):
        return Finding(OK, f"Daphne: runserver is that of {site['runserver']}")
    if stage < 4:
        return Finding(NOTE, "Daphne: not needed before stage 4")
    there = "not the first" if any(app.startswith("daphne") for app in site["apps"]) else "not"
    cure = 'Put "daphne" first into INSTALLED_APPS in mywebsite/settings.py, as lesson 4 does.'
    return Finding(CURE, f"Daphne is {there} in INSTALLED_APPS: runserver is that of {site['runserver']}", cure)


def asgi(site: dict, stage: int) -> Finding:
    if "apps" not in site:
        return Finding(NOTE, "ASGI_APPLICATION: not to be seen before Django starts")
    if "application" in site:
        return Finding(OK, f"ASGI_APPLICATION is {site['name']}, and can be imported")
    if stage < 1:
        return Finding(NOTE, "ASGI_APPLICATION: not needed before stage 1")
    if not site["name"]:
        return Finding(CURE, "mywebsite/settings.py has no ASGI_APPLICATION", "Lesson 1 has the line.")
    return Finding(CURE, f"{site['name']} cannot be imported: {site['story']}", "make test explains it.")


def probe_browser() -> None:
    """In the child: tell which browsers are on the PATH, then start one as the checks do."""
    from ...harness.browser import NoBrowser, candidates, open_browser

    out = take_stdout()
    found = [way["executable_path"] for way in candidates() if "executable_path" in way]
    print(json.dumps({"found": found}), file=out, flush=True)
    with suppress(NoBrowser), open_browser() as browser:
        print(json.dumps({"started": f"{browser.browser_type.name} {browser.version}"}), file=out, flush=True)


def browser() -> Finding:
    """The checks drive a browser if there is one; only one that is there and does not start is ill."""
    if "playwright" not in installed():
        return Finding(NOTE, "a browser is not tried without Playwright; the checks that need one say NOT CHECKED")
    facts, _ = child("probe_browser()", ROOT, 30)
    if "started" in facts:
        return Finding(OK, f"a browser starts: {facts['started']}")
    if found := facts.get("found", ["(which one, it does not tell)"]):
        cure = "Start it by hand, to see what it says. Until it starts, the checks that need one say NOT CHECKED."
        return Finding(CURE, f"a browser is there and does not start: {', '.join(found)}", cure)
    return Finding(NOTE, "no Chrome, Edge or Chromium was found; the checks that need one say NOT CHECKED")
