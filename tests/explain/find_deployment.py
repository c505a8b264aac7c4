"""Faults on the way to a real server that can be seen in the settings."""

import ast
from collections.abc import Iterator

from tests.explain.source import Finding, targets

SESSIONS = "django.contrib.sessions"


def settings(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    """What the settings of lesson 6 and of lesson 10 should not say."""
    named = {name: node for node in tree.body for name in targets(node)}
    said = {name: strings(node) for name, node in named.items()}
    if "*" in said.get("ALLOWED_HOSTS", ()):
        why = "A * among the hosts stands for every website, and so the pages of all of them get a socket."
        yield Finding(6, file, named["ALLOWED_HOSTS"].lineno, why, "Which names does this server have?")
    if "*" in said.get("ORIGINS", ()):
        why = "A * among the origins stands for the pages of every website."
        yield Finding(10, file, named["ORIGINS"].lineno, why, "Whose pages may open a socket here?")
    half_done = SESSIONS in said.get("INSTALLED_APPS", ())  # else step 2 has not been typed yet
    if half_done and any("signed_cookies" in engine for engine in said.get("SESSION_ENGINE", ())):
        why = "With signed_cookies the session lies in the browser alone: the server can neither find it nor end it."
        yield Finding(10, file, named["SESSION_ENGINE"].lineno, why, "Does lesson 10 still have this line?")
    if "INSTALLED_APPS" in named and "SESSION_ENGINE" not in named and SESSIONS not in said["INSTALLED_APPS"]:
        why = f"{SESSIONS} is not installed, and sessions lie in a table now."
        yield Finding(10, file, named["INSTALLED_APPS"].lineno, why, f'Is "{SESSIONS}" one of INSTALLED_APPS?')
    for number, row in enumerate(text.splitlines(), 1):
        if "unsafe-" in row.partition("#")[0]:
            why = "What is called unsafe- lets run what the policy is there to stop."
            yield Finding(10, file, number, why, "What does the page need it for, and could that be a file?")
    if "SECURE_SSL_REDIRECT" in named and "True" in ast.unparse(named["SECURE_SSL_REDIRECT"]):
        why = "This sends every page to https:, on your own machine too, where nobody answers there."
        yield Finding(10, file, named["SECURE_SSL_REDIRECT"].lineno, why, "Does it stand below if not DEBUG:?")
    if "DEBUG" in named and ast.unparse(named["DEBUG"]).startswith("DEBUG = bool("):
        why = "bool(...) of a text is true whenever there is anything in it, a 0 too."
        yield Finding(10, file, named["DEBUG"].lineno, why, 'What does os.environ.get(...) == "1" say?')


def strings(node: ast.AST) -> list[str]:
    """Return the texts that stand in a piece of code."""
    found = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return [value for value in found if isinstance(value, str)]


FINDERS = [settings]
