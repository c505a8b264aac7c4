"""`make test`: the checks of a stage and of all before it, by pytest. With V=1 in this very process."""

import os
import sys
from contextlib import suppress

from ..errors import CourseError
from ..paths import ROOT


def test(stage: str, v: str) -> int:
    """Run the checks up to `stage` (default: the marker); return pytest's exit code."""
    if stage and not stage.isdecimal():
        raise CourseError(f"test: STAGE={stage} is no number. Example: make test STAGE=4")
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # of another project of the student's, perhaps
    sys.path.insert(0, str(ROOT))
    options = [f"--stage={int(stage)}"] if stage else []
    if v:
        in_full([*options, "--full", "-v"])
    from tests import lanes

    return lanes.run(options)


def in_full(options: list[str]) -> None:
    """Let pytest report by itself, in this process, and leave it.

    It leaves by os._exit: a consumer that loops for ever would keep its thread, and so the process, alive.
    """
    import pytest

    code = pytest.main(options)
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(int(code))
