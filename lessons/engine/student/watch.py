"""`make watch`: every save is answered at once with the checks, until Ctrl-C.

What runs is what `make test` runs, the quick checks first (see tests/watched.py). This process tells of the saves, and
another one, of lessons/engine/student/runs.py, answers them.
"""

import re
import sys
from contextlib import closing

from ..errors import CourseError
from ..harness.file_changes import changed_files
from . import runs, setup

READ_AT_THE_START = re.compile(r"lessons/(engine/|__)|tests/(?!engine/|test_)|requirements|pyproject\.toml$")


def watch(stage: str) -> int:
    """Run the checks up to `stage` (default: the marker, read anew each time), now and after every save."""
    if stage and not stage.isdecimal():
        raise CourseError(f"watch: STAGE={stage} is no number. Example: make watch STAGE=4")
    words = [f"STAGE={stage}"] if stage else []
    try:
        with closing(runs.begin(["--watch", *([f"--stage={int(stage)}"] if stage else [])])) as answers:
            for changed in changed_files():
                if any(map(needs_restart, changed)):
                    break
                answers.run(changed)
        print("\nThe course's own files have changed: beginning anew.", flush=True)
        setup.start_again(["watch", *words], sys.executable)
    except KeyboardInterrupt:
        print("\nStopped watching.")
    except BrokenPipeError:
        raise CourseError("The process that runs the checks has ended. To begin anew: make watch") from None
    return 0


def needs_restart(path: str) -> bool:
    """Tell whether this is a file of the course's own, read when the processes began. (tests/test_mine.py is none.)"""
    return bool(READ_AT_THE_START.match(path))
