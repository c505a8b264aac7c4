"""`make test`: the checks of a stage and of all before it, by pytest, in this very process."""

import os
import sys
from contextlib import suppress

from ..errors import CourseError
from ..paths import ROOT


def test(stage: str, v: str) -> int:
    """Run the checks up to `stage` (default: the marker) and leave the process with pytest's exit code.

    It leaves by os._exit: a consumer that loops for ever would keep its thread, and so the process, alive.
    """
    if stage and not stage.isdecimal():
        raise CourseError(f"test: STAGE={stage} is no number. Example: make test STAGE=4")
    import pytest

    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # of another project of the student's, perhaps
    sys.path.insert(0, str(ROOT))
    options = [f"--stage={int(stage)}"] if stage else []
    code = pytest.main([*options, *(["--full", "-v"] if v else [])])
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(int(code))
