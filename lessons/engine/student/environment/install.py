"""Install packages with pip in two steps, so that a stop at any moment leaves something that works or can go on.

First all wheels are fetched into `.venv/course-wheels`: that needs the network, and touches nothing else. Then they are
put in from there, without a network; a stop in the middle of that is made good by the next command. Standard library.
"""

import importlib.util
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path

from ... import process
from ...errors import CourseError
from . import packages
from .pip_output import FULL, collected, reason

WHEELS = Path(sys.prefix) / "course-wheels"
FETCHED = WHEELS / "fetched"  # is there from the end of the first step to the end of the second
PATIENT = 8  # seconds without a word, after which we say that it goes on
HASTY = ("--retries", "1", "--timeout", "5")  # where something older can be used in the meantime
BASIC = ("--no-input", "--disable-pip-version-check", "--no-color")


class NotInstalled(CourseError):
    """pip failed. The message ends with the package and the reason; `why` is the reason alone."""

    def __init__(self, lock: str, output: str) -> None:
        package, self.why, cure = reason(output)
        said = "".join(f"  {line}\n" for line in output.strip().splitlines()[-4:])
        super().__init__(
            f"pip could not install {lock}. Its last words:\n{said}"
            f"Not installed: {package or lock}: {self.why}. {cure}".rstrip()
            + " Then run: make setup"
        )


def install(lock: Path, names: list[str], hasty: bool, held: int) -> None:
    """Install these packages of a lock. Raises NotInstalled; what was there before then still works.

    `held` is the file that is locked meanwhile; pip holds it, too, and so it stays locked when we are killed.
    """
    if not importlib.util.find_spec("pip"):
        subprocess.run([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    shutil.rmtree(WHEELS, ignore_errors=True)
    try:
        WHEELS.mkdir()
        wanted = WHEELS / "wanted.txt"
        wanted.write_text(packages.blocks(lock.read_text(encoding="utf-8"), names), encoding="utf-8")
        fetch = ("wheel", "--no-deps", "--require-hashes", "--wheel-dir", str(WHEELS), "-r", str(wanted))
        run_pip(lock.name, [*fetch, *(HASTY if hasty else ())], len(names), held)
        need = sum(size(wheel) for wheel in WHEELS.glob("*.whl")) * 3 // 2
        if shutil.disk_usage(sys.prefix).free < need + 2**22:
            raise NotInstalled(lock.name, f"{FULL[0]}: {need // 2**20 + 4} MB are needed")
        FETCHED.write_text(lock.name, encoding="utf-8")
    except OSError as error:
        raise NotInstalled(lock.name, str(error)) from None
    finally:
        if not FETCHED.exists():
            shutil.rmtree(WHEELS, ignore_errors=True)
    put_in(held)


def size(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        return sum(item.file_size for item in archive.infolist())


def unfinished() -> bool:
    """Tell whether an installation was stopped while it put the packages in."""
    return FETCHED.exists()


def put_in(held: int) -> None:
    """Do the second step, or do it again. Raises NotInstalled."""
    lock, wheels = FETCHED.read_text(encoding="utf-8"), sorted(wheel.name for wheel in WHEELS.glob("*.whl"))
    names = [packages.normal(wheel.partition("-")[0]) for wheel in wheels]
    remove_halves(names)
    say(f"  putting {len(wheels)} package{'s' * (len(wheels) > 1)} into {Path(sys.prefix).name}")
    options = ("install", "--no-index", "--no-deps", "--force-reinstall", "--no-warn-script-location")
    run_pip(lock, [*options, *(os.path.join(".", wheel) for wheel in wheels)], 0, held)
    importlib.invalidate_caches()
    if broken := packages.damaged(names):
        raise NotInstalled(lock, f"ERROR: files are missing after the installation of {', '.join(broken)}")
    shutil.rmtree(WHEELS, ignore_errors=True)
    FETCHED.unlink(missing_ok=True)


def remove_halves(names: list[str]) -> None:
    """Remove what a killed pip leaves behind and would stumble over: half a .dist-info, and its own `~` folders."""
    for place in filter(lambda place: Path(sys.prefix) in Path(place).parents, sys.path):
        for folder in Path(place).glob("*.dist-info"):
            mine = packages.normal(folder.stem.rpartition("-")[0]) in names
            if mine and not ((folder / "RECORD").exists() and (folder / "METADATA").exists()):
                shutil.rmtree(folder, ignore_errors=True)
        for left in Path(place).glob("~*"):
            shutil.rmtree(left, ignore_errors=True)


def run_pip(lock: str, args: list[str], total: int, held: int) -> None:
    """Run pip, with a line for each package that it collects. Raises NotInstalled if it fails."""
    environ = {**os.environ, "PIP_USER": "0", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}  # pip.conf may set user
    environ = {name: value for name, value in environ.items() if name not in ("PIP_QUIET", "PIP_VERBOSE")}
    pip = process.start(
        [sys.executable, "-m", "pip", *args, *BASIC, "--progress-bar", "off"],
        cwd=WHEELS,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=() if os.name == "nt" else (held,),
    )
    try:
        output = "".join(follow(pip, total))
        code = pip.wait()
    except BaseException:
        pip.kill()
        pip.wait()
        raise
    if code:
        raise NotInstalled(lock, output or f"ERROR: pip was stopped by signal {-code}")


def follow(pip: subprocess.Popen, total: int) -> list[str]:
    """Return what pip prints, and tell meanwhile how far it has come, at least every few seconds."""
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in pip.stdout:
            heard.put(line)
        heard.put("")

    threading.Thread(target=listen, daemon=True).start()
    lines, count, at, begun = [], 0, "", time.monotonic()
    while True:
        try:
            line = heard.get(timeout=PATIENT)
        except queue.Empty:
            say(f"  still {f'at {at}' if at else 'at it'}, for {time.monotonic() - begun:.0f} s")
            continue
        if not line:
            return lines
        lines.append(line)
        if total and (package := collected(line)):
            count, at, begun = count + 1, " ".join([packages.normal(package[0]), *package[1:]]), time.monotonic()
            say(f"  {count} of {max(count, total)}: {at}")


def say(line: str) -> None:
    with suppress(BrokenPipeError):
        print(line, flush=True)
