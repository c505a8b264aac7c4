"""`stages` has the checks of the course, `explain` the words for what fails, `engine` the tests of the engine itself.

A test of your own goes right here: test_mine.py, say.
"""

from pathlib import Path


def load_tests(loader, tests, pattern):
    """For `python manage.py test`: leave out the checks, which only pytest can run. Tests of your own are found."""
    print("The checks of the course are not among these tests. To run them: make test (or python -m lessons test)")
    names = [path.stem for path in sorted(Path(__file__).parent.glob("test*.py"))]
    return loader.loadTestsFromNames([f"tests.{name}" for name in names])
