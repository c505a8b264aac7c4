"""What the finders see in a solution: `python -m tests.explain FOLDER STAGE`. The exit code is 1 if it is anything."""

import sys
from pathlib import Path

from tests.explain.find import all_findings

found = all_findings(Path(sys.argv[1]), int(sys.argv[2]))
for one in found:
    print(f"{one.file}:{one.line}: called a fault, though correct: {one.why}")
sys.exit(1 if found else 0)
