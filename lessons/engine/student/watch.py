"""`make watch`: every save is answered at once with the checks, until Ctrl-C.

What runs is what `make test` runs, the quick checks first (see tests/watched.py). This process tells of the saves, and
another one, of lessons/engine/student/runs.py, answers them.
"""

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from ..errors import CourseError
from ..paths import ROOT
from . import runs, setup

QUIET = 10  # milliseconds without another change, until what has changed is told
FOLDERS = (".course", ".ruff_cache", ".vscode", ".jupyter", ".ipynb_checkpoints", "notebooks", "venv", "env")
FILES = (r"^db\.sqlite3", r"^4913$", r"^#.*#$", r"\.md$")  # 4913: Vim asks whether it may write here
READ_AT_THE_START = re.compile(r"lessons/(engine/|__)|tests/(?!engine/|test_)|requirements|pyproject\.toml$")


def watch(stage: str) -> int:
    """Run the checks up to `stage` (default: the marker, read anew each time), now and after every save."""
    if stage and not stage.isdecimal():
        raise CourseError(f"watch: STAGE={stage} is no number. Example: make watch STAGE=4")
    words = [f"STAGE={stage}"] if stage else []
    try:
        with closing(runs.begin(["--watch", *([f"--stage={int(stage)}"] if stage else [])])) as answers:
            for changed in saves():
                if any(map(needs_new_start, changed)):
                    break
                answers.run(changed)
        print("\nThe course's own files have changed: beginning anew.", flush=True)
        setup.start_again(["watch", *words], sys.executable)
    except KeyboardInterrupt:
        print("\nStopped watching.")
    except BrokenPipeError:
        raise CourseError("The process that runs the checks has ended. To begin anew: make watch") from None
    return 0


def saves() -> Iterator[list[str]]:
    """Yield the paths that were changed, from the top of the course; first of all [], when the watch has begun."""
    from watchfiles import watch  # not before the warm process has been forked: it would find more than pytest wants

    batches = watch(
        ROOT,
        watch_filter=lambda change, path: matters(os.path.relpath(path, ROOT)),
        step=QUIET,
        debounce=20 * QUIET,
        rust_timeout=20 * QUIET,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    begun = False
    try:
        for batch in batches:
            if batch or not begun:
                yield sorted({Path(os.path.relpath(path, ROOT)).as_posix() for _, path in batch})
            begun = True
    except (OSError, RuntimeError) as error:  # too many folders for this system, for one
        raise CourseError(f"The files cannot be watched here ({error}). Check your work with: make test") from None


def matters(path: str) -> bool:
    """Tell whether a path, from the top of the course, may be one that the student has changed."""
    return not_written_by_tools()(None, path)


@functools.cache
def not_written_by_tools() -> Callable:
    from watchfiles import DefaultFilter

    return DefaultFilter(
        ignore_dirs=(*DefaultFilter.ignore_dirs, *FOLDERS),
        ignore_entity_patterns=(*DefaultFilter.ignore_entity_patterns, *FILES),
    )


def needs_new_start(path: str) -> bool:
    """Tell whether this is a file of the course's own, read when the processes began. (tests/test_mine.py is none.)"""
    return bool(READ_AT_THE_START.match(path))
