"""Which files the student has saved: for `make watch` and `make wire`, which answer each save."""

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import CourseError
from ..paths import ROOT

QUIET = 10  # milliseconds without another change, until what has changed is told
FOLDERS = (".course", ".ruff_cache", ".vscode", ".jupyter", ".ipynb_checkpoints", "notebooks", "venv", "env")
FILES = (r"^db\.sqlite3", r"^4913$", r"^#.*#$", r"\.md$")  # 4913: Vim asks whether it may write here


def changed_files() -> Iterator[list[str]]:
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
