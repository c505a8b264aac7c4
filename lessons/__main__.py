"""`python -m lessons COMMAND NAME=value ...`, the twin of `make COMMAND NAME=value ...` on every system.

Runs with any Python, so that an old one gets a sentence and not a SyntaxError: nothing here is newer than Python 2.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "This course needs Python 3.11 or newer, and this is Python %d.%d (%s).\n"
        "Install one from https://www.python.org/downloads/, then name it: make setup PYTHON=python3.12"
        " (without make: python3.12 -m lessons setup)." % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

from lessons.engine.cli import main

sys.exit(main(sys.argv[1:]))
