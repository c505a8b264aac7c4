"""What the checks may expect of the machine they run on.

Where a program is missing, a check says NOT CHECKED. In CI (the environment variable CI) that is a failure.
COURSE_BARE=1 says that this run plays a bare machine, without Redis, browser and nginx (`.ci/bare` makes one): there a
program may be missing in CI too.
"""

import os


def is_bare() -> bool:
    """Tell whether this run plays a bare machine: then only what the PATH shows is there."""
    return bool(os.environ.get("COURSE_BARE"))


def needs_every_program() -> bool:
    """Tell whether everything that the checks can use has to be there."""
    return bool(os.environ.get("CI")) and not is_bare()
