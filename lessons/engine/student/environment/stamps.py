"""What is installed of each requirements file, and which try failed: notes in the environment. Standard library."""

import hashlib
import sys
import time
from contextlib import suppress
from pathlib import Path

from ...paths import ROOT
from . import packages

OPTIONAL = {  # extras that everybody gets, and that may be missing; and what is not there until then
    "browser": "the checks that need a browser say NOT CHECKED",
    "redis": "the checks that need Redis say NOT CHECKED (lesson 9)",
}
MISSING = "could not be installed:"  # in the stamp of an extra that earlier versions of the course could not install
AGAIN = 3600  # seconds after which an update that failed is tried once more; make setup does it at once


def requirements(extra: str) -> Path:
    return ROOT / ("requirements.txt" if extra == "core" else f"requirements-{extra}.txt")


def stamp(extra: str) -> Path:
    """The file that says what this Python's environment has got, written when the installation is through."""
    return Path(sys.prefix) / f"course-{extra}.stamp"


def fingerprint(extra: str) -> str:
    return hashlib.sha256(read(requirements(extra)).encode()).hexdigest()


def failure(extra: str) -> Path:
    """The file that says for which pins the installation failed last, and why; its time is that of the try."""
    return Path(sys.prefix) / f"course-{extra}.failed"


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def write(path: Path, text: str) -> None:
    with suppress(OSError):  # a full disk, or one that is not ours: then we will try again too often
        path.write_text(text, encoding="utf-8")


def note_success(extra: str) -> None:
    write(stamp(extra), fingerprint(extra))
    with suppress(OSError):
        failure(extra).unlink(missing_ok=True)


def succeeded(extra: str) -> bool:
    """Tell whether the extra was ever installed here, whatever the pins were."""
    told = read(stamp(extra))
    return bool(told) and MISSING not in told


def failed_lately(extra: str) -> bool:
    """Tell whether these pins were tried in vain; an hour is forgiven if something older is there."""
    if not reason_noted(extra):
        return False
    return extra in OPTIONAL and not succeeded(extra) or 0 <= time.time() - failure(extra).stat().st_mtime < AGAIN


def reason_noted(extra: str) -> str:
    """Return why the installation of these very pins failed, or nothing."""
    pins, _, why = read(failure(extra)).partition(" ")
    return why if pins == fingerprint(extra) else ""


def wrong(extra: str, deep: bool = False) -> dict[str, tuple[str, str]]:
    """Return `{name: (version wanted, version there)}` of what is not as the lock says; `deep` looks at each file."""
    text = read(requirements(extra))
    found = packages.wrong(text, packages.installed())
    if deep:
        wanted = packages.pins(text)
        found |= {name: (wanted[name], "damaged") for name in packages.damaged(wanted.keys() - found.keys())}
    return found


def stale(*extras: str) -> bool:
    """Tell whether something is to be installed for one of the extras."""
    return any(wrong(extra) and not failed_lately(extra) for extra in extras)
