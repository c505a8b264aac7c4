"""Which stage a notebook belongs to."""

import json
import re
from pathlib import Path


def notebook_stage(path: Path) -> int:
    """Return the stage that a notebook belongs to, as its first cell says it: "Stage 2"."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return int(re.search(r"[Ss]tage (\d+)", "".join(cells[0]["source"]))[1])
