"""The virtual environment: make it, fill it, step into it. Standard library only; runs with the system's Python."""

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CourseError
from ..paths import ROOT, VENV

WINDOWS = os.name == "nt"
OPTIONAL = {  # extras that everybody gets, and that may be missing; and what is not there until then
    "browser": "the checks that need a browser say NOT CHECKED",
    "redis": "the checks that need Redis say NOT CHECKED (lesson 9)",
}
MISSING = "could not be installed:"  # in the stamp of one that is missing


def enter(extras: tuple[str, ...], args: list[str]) -> None:
    """Return inside a Python that has everything installed; otherwise install it and start `args` again in there."""
    if not stale("core", *OPTIONAL, *extras):
        return
    if not inside_course():
        make_venv()
        start_again(args)
    with setup_lock():
        install(extras)
    importlib.invalidate_caches()  # what was installed a moment ago can be imported now


def inside_course() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def start_again(args: list[str], python: str = "") -> None:
    """Become the course's own Python, or this one. Windows cannot replace a process, so there a child does the work."""
    command = [python or str(venv_python()), "-m", "lessons", *args]
    if WINDOWS:
        from ..process import start_with_browser
        from .run import wait_for  # at Ctrl-C, too, the child decides when it is through

        raise SystemExit(wait_for(command, dict(os.environ), start=start_with_browser))
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
        if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=subprocess.DEVNULL).returncode:
            raise CourseError(
                "Python could not make a virtual environment; its words are above.\n"
                "On Debian and Ubuntu: sudo apt install python3-venv. Then run the same command again."
            )


def venv_works() -> bool:
    """Tell whether .venv has a Python of the right age, and pip. A half-made one has not."""
    probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([venv_python(), "-c", probe], capture_output=True).returncode == 0
    except OSError:
        return False


def install(extras: tuple[str, ...]) -> None:
    """Install the core, the optional extras and `extras`, each only if it is not there as it should be."""
    if stale("core"):
        say("Installing Django, Channels, Daphne and pytest. Once only; it may take a minute ...")
        pip("core")
    for extra in extras:
        if stale(extra):
            say(f"Installing {requirements(extra).name} ...")
            pip(extra)
    for extra, lacking in OPTIONAL.items():
        if stale(extra):
            try:
                pip(extra)
            except CourseError as error:
                say(f"{error}\nUntil then {lacking}. To try again: make setup")
                stamp(extra).write_text(f"{MISSING} {fingerprint(extra)}", encoding="utf-8")


def pip(extra: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    environ = {**os.environ, "PIP_USER": "0"}  # a user's pip.conf may say otherwise, and would install elsewhere
    done = subprocess.run(
        [*command, "--require-hashes", "-r", str(requirements(extra))], env=environ, stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        said = "\n".join("  " + line for line in done.stderr.strip().splitlines()[-4:])
        raise CourseError(
            f"pip could not install {requirements(extra).name}:\n{said}\n"
            "Is there a network, and a proxy that pip must know? Then run the same command again."
        )
    stamp(extra).write_text(fingerprint(extra), encoding="utf-8")


def requirements(extra: str) -> Path:
    return ROOT / ("requirements.txt" if extra == "core" else f"requirements-{extra}.txt")


def stamp(extra: str) -> Path:
    """The file that says what this Python's environment has got, written when the installation is through."""
    return Path(sys.prefix) / f"course-{extra}.stamp"


def fingerprint(extra: str) -> str:
    return hashlib.sha256(requirements(extra).read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def stale(*extras: str) -> bool:
    """Tell whether this Python lacks one of the extras, or has an older version of its pins."""
    for extra in extras:
        try:
            if fingerprint(extra) not in stamp(extra).read_text(encoding="utf-8"):
                return True
        except OSError:
            return True
    return False


@contextmanager
def setup_lock() -> Iterator[None]:
    """Two terminals may set up at once: the second one waits. The system frees the lock of a killed process."""
    name = hashlib.sha256(str(VENV).encode()).hexdigest()[:16]
    with open(Path(tempfile.gettempdir()) / f"course-setup-{name}.lock", "a+b") as file:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            while True:  # LK_LOCK gives up after ten seconds
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    time.sleep(0.5)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def report() -> None:
    """`make setup`: enter() has done what was to be done, but for an optional extra that failed some time ago."""
    if failed := [extra for extra in OPTIONAL if MISSING in stamp(extra).read_text(encoding="utf-8")]:
        for extra in failed:
            stamp(extra).unlink()
        install(())
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


def say(line: str) -> None:
    print(line, flush=True)
