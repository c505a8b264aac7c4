"""A course folder that was copied or moved takes its `.venv` along; its scripts then lead to the old place."""

import re
import sys
import venv
from contextlib import suppress
from importlib import metadata
from pathlib import Path


def note(folder: Path) -> Path:
    """The file in an environment that says where the environment was when its scripts were written."""
    return folder / "course-place.txt"


def moved(folder: Path) -> bool:
    """Tell whether the environment is at another place than its scripts lead to."""
    here = str(folder.resolve())
    try:
        return note(folder).read_text(encoding="utf-8") != here
    except OSError:  # not made by this version of the course
        scripts = [path for name in ("bin", "Scripts") for path in [folder / name / "activate"] if path.exists()]
        return not all(here in script.read_text(encoding="utf-8", errors="replace") for script in scripts)


def mend_place(folder: Path) -> bool:
    """Write the scripts of this Python's own environment anew if they lead elsewhere; tell whether they did."""
    ill = moved(folder)
    if ill:
        write_scripts(folder.resolve())
    if ill or not note(folder).exists():
        with suppress(OSError):  # somebody else's environment: then we will look again
            note(folder).write_text(str(folder.resolve()), encoding="utf-8")
    return ill


def write_scripts(folder: Path) -> None:
    """Write `activate` as Python's venv does, and the script of each package as pip does."""
    builder = venv.EnvBuilder(prompt=prompt(folder))
    context = builder.ensure_directories(str(folder))
    builder.setup_scripts(context)
    config = folder / "pyvenv.cfg"
    told = re.sub(r"(?m)^(command = .* -m venv ).*$", lambda line: line[1] + str(folder), config.read_text("utf-8"))
    config.write_text(told, encoding="utf-8")
    with suppress(ImportError):  # pip's own tool: it knows Windows' .exe, and paths with a space
        from pip._vendor.distlib.scripts import ScriptMaker

        maker = ScriptMaker(None, context.bin_path)
        maker.clobber, maker.variants, maker.set_mode = True, {""}, True
        for package in metadata.distributions(path=[place for place in sys.path if str(folder) in place]):
            for point in package.entry_points.select(group="console_scripts"):
                maker.make(f"{point.name} = {point.value}")
                if point.name == "pip":
                    maker.make(f"pip{sys.version_info[0]}.{sys.version_info[1]} = {point.value}")


def prompt(folder: Path) -> str | None:
    found = re.search(r"(?m)^prompt = '?(.*?)'?$", (folder / "pyvenv.cfg").read_text(encoding="utf-8"))
    return found[1] if found else None
