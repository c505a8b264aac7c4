"""The virtual environment: make it, fill it, step into it. Standard library only; runs with the system's Python.

Once a set-up has succeeded, no command is stopped here again: it goes on with what is there, and says in a line what is
not up to date.
"""

import hashlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import CourseError
from ..paths import ROOT, VENV
from .environment.install import NotInstalled, install, put_in, say, unfinished
from .environment.pip_output import NO_NETWORK
from .environment.place import mend_place, note
from .environment.stamps import (
    OPTIONAL,
    failed_lately,
    failure,
    fingerprint,
    note_success,
    read,
    reason_noted,
    requirements,
    stale,
    stamp,
    succeeded,
    write,
    wrong,
)

WINDOWS = os.name == "nt"


def enter(extras: tuple[str, ...], args: list[str], waits: bool = True) -> None:
    """Return inside a Python that has what can be had of the core, of `extras` and of the optional extras.

    That may mean to make the environment, to install, and to start `args` again in there. A command that does not wait
    for packages installs nothing once a set-up has succeeded, and the doctor never does: it has to speak where nothing
    can be installed. Raises CourseError if there is nothing to go on with.
    """
    patient = args[0] == "setup"
    if not inside_course():
        if not stale("core", *OPTIONAL, *extras):
            return
        if args[0] == "doctor" and not venv_works():
            return
        make_venv()
        start_again(args)
    try:
        if mend_place(VENV):
            say("This folder was copied or moved: the scripts in .venv now lead here.")
    except OSError as error:
        say(f"The scripts in .venv lead to another folder, and could not be written anew ({error}). Delete .venv.")
    needed = ["core", *extras, *(extra for extra in OPTIONAL if extra not in extras)]
    installs = args[0] != "doctor" and (waits or not succeeded("core"))
    wanted = [each for each in needed if installs and wrong(each, patient) and (patient or not failed_lately(each))]
    if unfinished() or wanted:
        try:
            with setup_lock() as held:
                bring_up(wanted, extras, patient, held)
        except OSError as error:  # such as a disk without room for the lock
            if patient or not succeeded("core"):
                raise
            say(f"Nothing could be installed: {error}.")
        importlib.invalidate_caches()  # what was installed a moment ago can be imported now
    say_what_is_old(needed)


def bring_up(wanted: list[str], extras: tuple[str, ...], patient: bool, held: int) -> None:
    """Go on with an installation that was stopped, then install what is wanted. Raises NotInstalled."""
    if unfinished():
        say("Going on with an installation that was stopped ...")
        try:
            put_in(held)
        except NotInstalled as error:
            say(f"That could not be done: {error.why}.")
    hasty = not patient and succeeded("core")  # something can be used in the meantime
    offline = ""
    for extra in wanted:
        names = list(wrong(extra, patient))  # anew: another terminal may have installed it in between
        usable, needed = succeeded(extra), extra == "core" or extra in extras
        if not names:
            continue
        if offline:  # one look at the network is enough
            write(failure(extra), f"{fingerprint(extra)} {offline}")
            continue
        if extra == "core" and not usable:
            say("Installing Django, Channels, Daphne and pytest. Once only; it may take a minute ...")
        else:
            say(f"Installing {'what has changed in ' if usable else ''}{requirements(extra).name} ...")
        try:
            install(requirements(extra), names, hasty, held)
            note_success(extra)
        except NotInstalled as error:
            write(failure(extra), f"{fingerprint(extra)} {error.why}")
            offline = error.why if hasty and error.why == NO_NETWORK else ""
            if needed and (patient or not usable):
                if succeeded("core"):
                    say("What was installed before goes on working.")
                raise
            if not usable:
                say(f"{error}\nUntil then {OPTIONAL[extra]}.")


def say_what_is_old(extras: list[str]) -> None:
    """Say in one line which packages of a set-up that once succeeded are not as the course wants them now."""
    old, why = {}, ""
    for extra in extras:
        found = wrong(extra)
        if found and succeeded(extra):
            old |= found
            why = why or reason_noted(extra)
        elif not found and not (succeeded(extra) and read(stamp(extra)) == fingerprint(extra)):
            note_success(extra)
    if old:
        shown = [f"{name} {there or 'is missing'} (the course has {pin})" for name, (pin, there) in old.items()]
        more = f" and {len(shown) - 2} more" if len(shown) > 2 else ""
        because = f" The last try failed: {why}." if why else ""
        say(f"Not up to date: {', '.join(shown[:2])}{more}.{because} To bring it up to date: make setup")


def inside_course() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def start_again(args: list[str], python: str = "") -> None:
    """Become the course's own Python, or this one. Windows cannot replace a process, so there a child does the work."""
    command = [python or str(venv_python()), "-m", "lessons", *args]
    if WINDOWS:
        from ..process import run_in_foreground, start_with_browser

        # At Ctrl-C, too, the child decides when it is through.
        raise SystemExit(run_in_foreground(command, dict(os.environ), start=start_with_browser))
    sys.stdout.flush()
    os.execv(command[0], command)


def venv_python() -> Path:
    return VENV / "Scripts" / "python.exe" if WINDOWS else VENV / "bin" / "python"


def make_venv() -> None:
    if venv_works():
        return
    with setup_lock():
        if venv_works():
            return
        say("Making a virtual environment in .venv ...")
        if not (packages_are_ours() and run_venv() and venv_works()) and not run_venv("--clear"):
            raise CourseError(
                "Python could not make a virtual environment; its words are above.\n"
                "On Debian and Ubuntu: sudo apt install python3-venv. Then run the same command again."
            )
        write(note(VENV), str(VENV.resolve()))


def run_venv(*options: str) -> bool:
    return not subprocess.run([sys.executable, "-m", "venv", *options, str(VENV)], stdout=subprocess.DEVNULL).returncode


def packages_are_ours() -> bool:
    """Tell whether .venv was made by a Python of this version which has gone: its packages can be kept."""
    version = re.search(r"(?m)^version(?:_info)? = (\d+)\.(\d+)", read(VENV / "pyvenv.cfg"))
    if not version or tuple(map(int, version.groups())) != sys.version_info[:2]:
        return False
    for link in (VENV / "bin").glob("python*"):
        link.unlink()  # it may lead to where no Python is any more, and venv would leave it so
    return True


def venv_works() -> bool:
    """Tell whether .venv has a Python of the right age, and pip. A half-made one has not."""
    probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([venv_python(), "-c", probe], capture_output=True).returncode == 0
    except OSError:
        return False


@contextmanager
def setup_lock() -> Iterator[int]:
    """Two terminals may set up at once: the second one waits. The system frees the lock of a killed process.

    Gives the locked file: a process that inherits it holds the lock, too.
    """
    name = hashlib.sha256(str(VENV).encode()).hexdigest()[:16]
    with open(Path(tempfile.gettempdir()) / f"course-setup-{name}.lock", "a+b") as file:
        said = False
        while not locked(file):
            if not said:
                say("Another terminal is setting up; this one waits for it ...")
            said = True
            time.sleep(0.5)
        yield file.fileno()


def locked(file: BinaryIO) -> bool:
    """Try to lock a file."""
    try:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def report() -> None:
    """`make setup`: enter() has done what was to be done; say what is there."""
    for extra, lacking in OPTIONAL.items():
        if wrong(extra):
            say(f"{requirements(extra).name} is not installed, and optional: {lacking}.")
    say(f"Ready: Python {sys.version.split()[0]} in {Path(sys.prefix).name}. Step into it in every new terminal:")
    say("  .venv\\Scripts\\Activate.ps1" if WINDOWS else "  source .venv/bin/activate")


def lock() -> None:
    """Resolve each requirements*.in for all systems and Python versions at once, with the hashes of every file."""
    uv = shutil.which("uv")
    if not uv:
        raise CourseError("lock: uv is not installed. Get it with: pip install uv")
    core_first = sorted(ROOT.glob("requirements*.in"), key=lambda path: (len(path.name), path.name))
    for source in core_first:
        options = ["--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
        target = source.with_suffix(".txt").name
        if subprocess.run(
            [uv, "pip", "compile", *options, "--custom-compile-command", "make lock", "-o", target, source.name]
        ).returncode:
            raise CourseError(f"{source.name}: uv could not resolve it; its words are above.")
        say(f"{target} is up to date.")
