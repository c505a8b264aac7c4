"""Whether the imports of the course point one way: the contracts in pyproject.toml, checked by import-linter."""

import subprocess
import sys
from pathlib import Path

LINT = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache', '--no-logo'])"


def wrong_imports(place: Path) -> list[str]:
    """Return what import-linter says of the course in a folder: nothing if all contracts are kept."""
    done = subprocess.run([sys.executable, "-c", LINT], cwd=place, stdout=-1, stderr=subprocess.STDOUT)
    return [done.stdout.decode("utf-8", "replace").strip()] if done.returncode else []
