"""The lessons, and in `lessons.engine` the tool that makes every stage's code from them."""


def load_tests(loader, tests, pattern):
    """For `python manage.py test`: the tests of the tool are none of the website's."""
    return loader.suiteClass()
