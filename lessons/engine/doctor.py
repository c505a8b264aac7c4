"""`make doctor`: one page about this machine and this clone, made to be pasted into a question to the teacher.

Each finding is a small function that looks at one thing and mends nothing. One that breaks is itself a line of the
page, and the rest goes on. The student's code and the browser run in a child process, with a time limit.
"""

import faulthandler
import glob
import importlib
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment

from .commands import ROOT
from .disk import marker
from .errors import CourseError
from .git import Git, GitError
from .serve import check_free
from .setup import inside_course, requirements, venv_python
from .tags import count_lessons, course_commit, lessons_of, read_tags, write_stages
from .work import refuse_if_unfinished

OK, NOTE, CURE = "ok", "note", "CURE"
NEED_GIT = {"the branch", "your work", "the stage tags"}
OLDEST_GIT = (2, 31)  # the first whose for-each-ref reads a trailer by its key, as tags.py does
PIN = re.compile(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)(?: ; (\w+) (==|!=) '([^']*)')?\s*\\?$", re.MULTILINE)
SYSTEM = {
    "sys_platform": sys.platform,
    "platform_python_implementation": platform.python_implementation(),
    "implementation_name": sys.implementation.name,
}


@dataclass(frozen=True)
class Finding:
    status: str
    what: str
    cure: str = ""


def doctor(port: str) -> int:
    """Print the page, each line as soon as it is found; return 1 if anything needs a cure."""
    git, site, stage, ill = Git(ROOT), cache(website), 0, []
    with suppress(CourseError):
        stage = marker()
    looks: dict[str, Callable[[], Finding]] = {
        "Python": python,
        "the packages": lambda: packages("core"),
        "the packages for the browser": lambda: packages("browser"),
        "git": lambda: git_itself(git),
        "the stage": lambda: Finding(OK, f"stage {marker()}, says lessons/STAGE"),
        "the branch": lambda: branch(git),
        "your work": lambda: work(git),
        "the stage tags": lambda: tags(git),
        "the port": lambda: port_free(port),
        "the settings": lambda: settings(site(ROOT), stage),
        "Daphne": lambda: daphne(site(ROOT), stage),
        "ASGI_APPLICATION": lambda: asgi(site(ROOT), stage),
        "Redis": lambda: redis(os.environ.get("CHANNEL_REDIS_URL", ""), stage),
        "the browser": browser,
        "the clock": lambda: clock(time.time(), 0 if "git" in ill else int(git.run("log", "-1", "--format=%ct"))),
        "the disk": lambda: disk(ROOT, tempfile.gettempdir()),
        "the line ends": lambda: line_ends(ROOT, "" if "git" in ill else git.run("config", "core.autocrlf", ok=(0, 1))),
        "the proxy": proxy,
        "the folder": lambda: folder(str(ROOT)),
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


def python() -> Finding:
    what = f"Python {platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}"
    if not inside_course():
        return Finding(CURE, f"{what}, and not the course's own in .venv", "Run: deactivate. Then: make setup")
    if sys.version_info >= (3, 14):
        return Finding(NOTE, f"{what}, in .venv: newer than 3.13, the newest that the course is sure of")
    return Finding(OK, f"{what}, the course's own in .venv")


def packages(extra: str) -> Finding:
    """Compare what is installed with the lock."""
    file = requirements(extra)
    wanted = pins(file.read_text(encoding="utf-8"))
    there = {name: installed(name) for name in wanted}
    wrong = [f"{name} {there[name] or 'missing'} (not {pin})" for name, pin in wanted.items() if there[name] != pin]
    if extra != "core" and not any(there.values()):
        return Finding(NOTE, f"{file.name}: not installed, and optional. To try again: make setup")
    if wrong:
        pip = f"{venv_python().relative_to(ROOT)} -m pip install --require-hashes -r {file.name}"
        return Finding(CURE, f"{file.name}: {', '.join(wrong[:5])}{' ...' if wrong[5:] else ''}", f"Run: {pip}")
    main = [f"{name} {there[name]}" for name in ("django", "channels", "daphne", "playwright") if name in there]
    return Finding(OK, f"{file.name}: {len(there)} packages as they should be ({', '.join(main)})")


def pins(text: str) -> dict[str, str]:
    """Return `{name: version}` of a lock; a line for another system, or with a marker of several parts, is not in."""
    return {
        name: version
        for name, version, key, sign, value in PIN.findall(text)
        if not key or (key in SYSTEM and (SYSTEM[key] == value) == (sign == "=="))
    }


def installed(name: str) -> str:
    try:
        return metadata.version(name) or ""
    except metadata.PackageNotFoundError:
        return ""


def git_itself(git: Git) -> Finding:
    """Git is there, new enough, and the course is a repository of its own."""
    version = git.run("--version")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_GIT:
        cure = "Get 2.31 or newer from https://git-scm.com/downloads"
        return Finding(CURE, f"{version} is too old for the stage tags", cure)
    if git.is_repository():
        return Finding(OK, f"{version}, and the course is a repository")
    if (git.root / ".git").exists():
        git.run("rev-parse", "--show-toplevel", "HEAD")  # says itself what is wrong
    cure = "Get the course with git clone, not as a ZIP file. Copy what you have typed into the clone."
    return Finding(CURE, f"{version}, but this folder is no repository of its own", cure)


def branch(git: Git) -> Finding:
    """Say where HEAD is; on the branch of a lesson, the stage marker has to be that lesson's."""
    name = git.run("symbolic-ref", "-q", "--short", "HEAD", ok=(0, 1))
    what = f"branch {name or '(none)'}, at {git.run('describe', '--tags', '--always', '--match=stage-*')}"
    if course := course_commit(git, "HEAD"):
        what += f", of the course at {course[:9]}"
    number = re.match(r"work/(\d\d)-", name)
    if number and int(number[1]) != marker(git.root):
        cure = f"Write {int(number[1])} into lessons/STAGE, and nothing else."
        return Finding(CURE, f"{what}; but lessons/STAGE says {marker(git.root)}", cure)
    return Finding(OK, what)


def work(git: Git) -> Finding:
    """Count what is not committed; no merge, rebase or lock may stand in the way of saving it."""
    try:
        refuse_if_unfinished(git)
    except CourseError as error:
        return Finding(CURE, "your work cannot be saved now:", str(error).removesuffix(" Nothing was moved."))
    changes = git.run("--no-optional-locks", "status", "--porcelain", "-z", "--no-renames", "-uall")
    if count := changes.count("\0"):
        return Finding(NOTE, f"changed or new, and not committed: {count}. make start commits that before it moves.")
    return Finding(OK, "your work is committed, all of it")


def tags(git: Git) -> Finding:
    """The stage tags are there, of this course, and those of this very commit are what its lessons make."""
    head = git.run("rev-parse", "HEAD")
    base, found = course_commit(git, head) or head, read_tags(git)
    missing = {f"stage-{number:02}" for number in range(count_lessons(git, head))} - set(found)
    others = {course for course, _ in found.values()} - {base}
    ours = {course for course in others if git.is_ancestor(course, base) or git.is_ancestor(base, course)} | {base}
    wrong = {tag for tag, (course, _) in found.items() if course not in ours}
    with suppress(GitError):  # a clone of a stage alone lacks the course's own commit
        lessons = lessons_of(git, base)
        made = {lesson.tag: own for lesson, own in zip(lessons, write_stages(git, base, lessons), strict=True)}
        wrong |= {tag for tag, (course, own) in found.items() if course == base and own != made.get(tag)}
    if missing or wrong:
        what = f"stage tags missing, moved or not of this course: {', '.join(sorted(missing | wrong))}"
        delete = f"git tag -d {' '.join(sorted(wrong))}, then " if wrong else ""
        return Finding(CURE, what, f"{delete}git switch main, then make stages")
    return Finding(OK, f"{len(found)} stage tags, all of this course and where they belong")


def line_ends(root: Path, autocrlf: str) -> Finding:
    """The course's own files have \\n, as in the repository; Windows' ends in a student's file do no harm."""
    files = [name for name in ("lessons/STAGE", "Makefile", "requirements.txt", "manage.py") if (root / name).exists()]
    windows = [name for name in files if b"\r\n" in (root / name).read_bytes()]
    setting = f"core.autocrlf is {autocrlf or 'not set'}"
    if own := [name for name in windows if name != "manage.py"]:
        cure = f"git config core.autocrlf false, then git restore {' '.join(own)} (or save them with LF in your editor)"
        return Finding(CURE, f"line ends were turned into Windows' in {', '.join(own)} ({setting})", cure)
    if windows:
        return Finding(NOTE, f"manage.py has Windows' line ends; Python does not mind ({setting})")
    return Finding(OK, f"line ends are as they should be ({setting})")


def folder(path: str) -> Finding:
    what = f"the folder is {path}"
    if cloud := re.search("OneDrive|Dropbox|iCloud|Google ?Drive", path, re.IGNORECASE):
        return Finding(NOTE, f"{what}: {cloud[0]} may hold files while git works; a folder outside of it is calmer")
    if " " in path or not path.isascii():
        return Finding(NOTE, f"{what}, with a space in it, or a letter beyond a to z: that is fine")
    return Finding(OK, what)


def child(call: str, folder: Path, limit: float) -> tuple[dict, str]:
    """Call a function of this module in a process of its own; return the facts it told in time, and its last words."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from lessons.engine import doctor"
    script += f"; sys.path[0] = ''; doctor.{call}"  # from here on imports come from the folder
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


def website(folder: Path, limit: float = 10) -> dict:
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
    from tests.browser import NoBrowser, candidates, open_browser

    out = take_stdout()
    found = [way["executable_path"] for way in candidates() if "executable_path" in way]
    print(json.dumps({"found": found}), file=out, flush=True)
    with suppress(NoBrowser), open_browser() as browser:
        print(json.dumps({"started": f"{browser.browser_type.name} {browser.version}"}), file=out, flush=True)


def browser() -> Finding:
    """The checks drive a browser if there is one; only one that is there and does not start is ill."""
    if not installed("playwright"):
        return Finding(NOTE, "a browser is not tried without Playwright; the checks that need one say NOT CHECKED")
    facts, _ = child("probe_browser()", ROOT, 30)
    if "started" in facts:
        return Finding(OK, f"a browser starts: {facts['started']}")
    if found := facts.get("found", ["(which one, it does not tell)"]):
        cure = "Start it by hand, to see what it says. Until it starts, the checks that need one say NOT CHECKED."
        return Finding(CURE, f"a browser is there and does not start: {', '.join(found)}", cure)
    return Finding(NOTE, "no Chrome, Edge or Chromium was found; the checks that need one say NOT CHECKED")


def port_free(port: str) -> Finding:
    if not (port.isdecimal() and 0 < int(port) < 65536):
        return Finding(CURE, f"PORT={port} is no port", "Example: make doctor PORT=8001")
    try:
        check_free("127.0.0.1", int(port))
    except CourseError as error:
        what, _, cure = str(error).partition(". ")
        pid, name = holder(int(port))
        with suppress(OSError):
            if os.readlink(f"/proc/{pid}/cwd") == str(ROOT):
                what = f"port {port} is held by this course's own server, process {pid}, {name}"
                return Finding(NOTE, f"{what}. Stop it with Ctrl-C in its window before you start another.")
        who = f"It is held by process {pid}, {name}." if pid else "The system does not tell who holds it."
        return Finding(CURE, what if "reserved" in what else f"{what}. {who}", cure)
    return Finding(OK, f"port {port} is free")


def holder(port: int) -> tuple[str, str]:
    """Return number and name of the process that listens on a port: from Linux' /proc, or by lsof, or by netstat."""
    tables = (Path(table).read_text() for table in glob.glob("/proc/net/tcp*") if os.access(table, os.R_OK))
    rows = [row.split() for table in tables for row in table.splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
    for link in glob.iglob("/proc/[0-9]*/fd/*") if sockets else ():
        with suppress(OSError):
            if os.readlink(link) in sockets:
                pid = link.split("/")[2]
                return pid, Path(f"/proc/{pid}/comm").read_text().strip()
    if found := re.search(r"p(\d+)\nc(.*)", said("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc")):
        return found[1], found[2]
    if found := re.search(rf"TCP +\S+:{port} +\S+:0 +\S+ +(\d+)", said("netstat", "-ano")):
        return found[1], said("tasklist", "/FI", f"PID eq {found[1]}", "/FO", "CSV", "/NH").split(",")[0].strip('" \n')
    return "", ""


def said(*command: str) -> str:
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=5).stdout
    return ""


def redis(url: str, stage: int) -> Finding:
    """Say PING to Redis; one that wants a password first is there too."""
    if stage < 9 or not url:
        return Finding(NOTE, f"Redis: not needed {'before stage 9' if stage < 9 else 'without CHANNEL_REDIS_URL'}")
    if url.startswith(("rediss://", "unix://")):
        return Finding(NOTE, f"Redis: make doctor cannot ask by {url.partition(':')[0]}://")
    try:
        place = (urlsplit(url).hostname, urlsplit(url).port or 6379)
    except ValueError:
        place = (None, 0)
    if not place[0] or urlsplit(url).scheme != "redis":
        return Finding(CURE, "CHANNEL_REDIS_URL is no address", "Example: CHANNEL_REDIS_URL=redis://127.0.0.1:6379/0")
    try:
        with socket.create_connection(place, timeout=3) as wire:
            wire.sendall(b"PING\r\n")
            answer = wire.recv(100).decode(errors="replace").strip() or "it hangs up"
    except OSError as error:
        answer = str(error)
    if answer.startswith(("+PONG", "-NOAUTH")):
        return Finding(OK, f"Redis answers at {place[0]}:{place[1]}")
    cure = "Start it (redis-server), or unset CHANNEL_REDIS_URL: messages then stay within the server."
    return Finding(CURE, f"Redis does not answer PING at {place[0]}:{place[1]} ({answer})", cure)


def clock(now: float, commit: int) -> Finding:
    """The clock cannot be before the last commit (a day is forgiven), nor in another age."""
    what = time.strftime("the clock says %Y-%m-%d %H:%M %z", time.localtime(now))
    if now < commit - 86400:
        what += time.strftime(", but the last commit is of %Y-%m-%d", time.localtime(commit))
    elif 2025 <= time.localtime(now).tm_year <= 2100:
        return Finding(OK, what)
    return Finding(CURE, what, "Set the clock of this machine.")


def disk(*places: Path | str) -> Finding:
    """The course's folder and the temporary one, where checks run, have room."""
    free = min(shutil.disk_usage(place).free for place in places) // 10**6
    if free < 500:
        return Finding(CURE, f"the disk is nearly full: {free} MB free", "Make room: 500 MB at least.")
    return Finding(OK, f"the disk has {free / 1000:.1f} GB free")


def proxy() -> Finding:
    """A proxy must not come between a browser tab and the student's own server."""
    found = {key: url for key, url in getproxies_environment().items() if key in ("http", "https", "all", "ws", "wss")}
    if not found:
        return Finding(OK, "no proxy in the environment")
    hosts = {url.rpartition("@")[2].rpartition("://")[2].split("/")[0] for url in found.values()}
    what = f"a proxy in the environment: {', '.join(sorted(hosts))}"
    if bare := [host for host in ("127.0.0.1", "localhost") if not proxy_bypass_environment(host)]:
        cure = "Add to the environment variable no_proxy: localhost,127.0.0.1"
        return Finding(CURE, f"{what}; also for {' and '.join(bare)}, that is your own server", cure)
    return Finding(OK, f"{what}; not for your own server")
