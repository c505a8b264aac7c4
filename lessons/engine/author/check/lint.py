"""ruff and djade on the course and on each stage; import-linter on the course (its contracts are in pyproject.toml)."""

import os
import subprocess
import sys
from pathlib import Path

RUN = [sys.executable, "-m"]
DJADE = Path(sys.executable).with_name("djade.exe" if os.name == "nt" else "djade")  # a program, not a module
IMPORTS = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache', '--no-logo'])"


def lint(place: Path, *what: str) -> list[str]:
    templates = [str(path) for path in sorted((place / "templates").rglob("*.html"))]
    return (
        run([*RUN, "ruff", "check", "--quiet", "--no-cache", *what], place)
        + run([*RUN, "ruff", "format", "--quiet", "--no-cache", "--check", *what], place)
        + run([str(DJADE), "--check", "--target-version", "5.2", *templates], place)
    )


def wrong_imports(place: Path) -> list[str]:
    """Return what import-linter says of the course in a folder: nothing if all contracts are kept."""
    return run([sys.executable, "-c", IMPORTS], place)


def run(command: list[str], place: Path) -> list[str]:
    """Run a command; return its output as the problem if it failed."""
    done = subprocess.run(command, cwd=place, stdout=-1, stderr=subprocess.STDOUT)
    return [done.stdout.decode("utf-8", "replace").strip()] if done.returncode else []
