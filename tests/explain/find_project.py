"""Faults of settings, routes and asgi.py that can be seen in their source."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from django.conf import global_settings

from tests.explain.source import ROUTING, SETTINGS, URLS, Finding, calls, last_name, nearest, targets


def misspelt_settings(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    names = {name: node for node in tree.body for name in targets(node)}
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for name, node in names.items():
        meant = nearest(name, SETTINGS - set(names))
        if meant and name not in read and not hasattr(global_settings, name):
            stage = {"ASGI_APPLICATION": 1, "CHANNEL_LAYERS": 5, "MIDDLEWARE": 6, "SESSION_ENGINE": 6}.get(meant, 0)
            yield Finding(
                stage, file, node.lineno, f"Django and Channels read a setting {meant}; {name} is read by nobody.",
                f"Is it spelled {meant}?",
            )  # fmt: skip


def glued_strings(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    """Two strings in a list with no comma between them are one string to Python."""
    previous = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        if previous and token.type == previous.type == tokenize.STRING and inside_list(tree, token.start[0]):
            yield Finding(
                0,
                file,
                previous.start[0],
                f"Without a comma, Python glues {previous.string} and {token.string} together.",
                "Is there a comma at the end of this line?",
            )
        previous = token


def inside_list(tree: ast.Module, line: int) -> bool:
    lists = [node for node in ast.walk(tree) if isinstance(node, ast.List)]
    return any(node.lineno <= line <= node.end_lineno for node in lists)


def asgi_order(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    at_once = ast.Module([node for node in tree.body if not isinstance(node, kinds)], [])  # the others run when called
    awake = min((call.lineno for call in calls(at_once, "get_asgi_application", "setup")), default=0)
    for node in tree.body:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if node.lineno < awake and any(name.split(".")[0] == "chat" for name in names):
            yield Finding(
                1,
                file,
                node.lineno,
                "Your own code is imported before get_asgi_application() has woken Django up.",
                "What would happen here if chat imported a model?",
            )
    for call in calls(at_once, "setdefault"):
        if awake and call.lineno > awake:
            yield Finding(
                1,
                file,
                call.lineno,
                "get_asgi_application() runs before Django knows which settings are meant.",
                "Which of the two lines has to come first?",
            )


def asgi_router(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for call in calls(tree, "ProtocolTypeRouter"):
        if call.args and isinstance(call.args[0], ast.Dict):
            for key in call.args[0].keys:
                written = str(getattr(key, "value", "")).lower()
                meant = "websocket" if written in ("ws", "wss") else nearest(written, {"http", "websocket"})
                odd = isinstance(key, ast.Constant) and key.value not in ("http", "websocket", "channel", "lifespan")
                if odd and (meant or str(key.value).lower() in ("http", "websocket")):
                    meant = meant or str(key.value).lower()
                    yield Finding(
                        1,
                        file,
                        key.lineno,
                        f"{key.value!r} is no protocol that a server speaks of.",
                        f"Is the key spelled {meant!r}?",
                    )
    assignments = [node for node in tree.body if targets(node)]
    assigned = [node for node in assignments if "application" in targets(node)]
    for node in assignments:
        if not assigned and any(calls(node, "ProtocolTypeRouter")):
            yield Finding(
                1,
                file,
                node.lineno,
                "The settings ask for something called application, and nothing in this file is.",
                "What does the lesson call the router?",
            )
    routed = [any(calls(node, "ProtocolTypeRouter")) for node in assigned]
    if any(routed) and not routed[-1]:
        yield Finding(
            1,
            file,
            assigned[-1].lineno,
            "application is assigned twice, and the last one wins.",
            "Which of the two should stay?",
        )


def routes_below_all(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    """A route that fits everything, and others below it that nobody can reach."""
    lists = [node.elts for node in ast.walk(tree) if isinstance(node, ast.List)]
    for call in (route for one in lists for route in one[:-1] if isinstance(route, ast.Call)):
        pattern = call.args[0] if call.args else None
        if last_name(call.func) == "re_path" and isinstance(pattern, ast.Constant) and pattern.value in ("", ".*", "^"):
            yield Finding(
                3,
                file,
                call.lineno,
                "This route fits every address, and the first route that fits wins: those below are never asked.",
                "Where does it have to stand?",
            )


def routes_below_a_path(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    """A route with <path:...>, and others below it that begin like it."""
    for one in (node.elts for node in ast.walk(tree) if isinstance(node, ast.List)):
        routes = [route for route in one if isinstance(route, ast.Call) and route.args]
        patterns = [str(getattr(route.args[0], "value", "")) for route in routes]
        for index, (route, pattern) in enumerate(zip(routes, patterns, strict=True)):
            front, takes_all, _ = pattern.partition("<path:")
            hidden = [other for other in patterns[index + 1 :] if other.startswith(front)]
            if takes_all and hidden:
                yield Finding(
                    6,
                    file,
                    route.lineno,
                    f"The first route that fits wins, and <path:...> fits everything: {hidden[0]!r} is never asked.",
                    "Which of the two has to stand first?",
                )


def routes(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    made = {name for node in tree.body for name in targets(node)}
    for call in calls(tree, "path", "re_path"):
        if len(call.args) < 2:
            continue
        pattern, target = call.args[0], call.args[1]
        if isinstance(pattern, ast.Constant) and re.match(r"\^?/(?!\?)", str(pattern.value)):
            yield Finding(
                0 if file == URLS else 3,
                file,
                pattern.lineno,
                "The route begins with a slash. Django has taken that one away already, so it fits no address.",
                "How do the routes in the lesson begin?",
            )
        if last_name(call.func) == "path" and "(?P<" in str(getattr(pattern, "value", "")):
            yield Finding(
                6, file, pattern.lineno,
                "path() knows no regular expressions: it looks for an address with these very signs in it.",
                "Which function reads such a pattern? (re_path)",
            )  # fmt: skip
        if file == ROUTING and isinstance(target, ast.Attribute) and target.attr == "as_asgi":
            yield Finding(3, file, target.lineno, "as_asgi is named here, and not called.", "Are its brackets there?")
        elif file == ROUTING and last_name(target).endswith("Consumer") and last_name(target) not in made:
            yield Finding(
                3, file, target.lineno, "The route leads to the class itself, which is no ASGI application.",
                "What does the lesson write behind the name of the consumer?",
            )  # fmt: skip
        elif file == ROUTING and isinstance(target, ast.Call) and last_name(target.func).endswith("Consumer"):
            yield Finding(
                3, file, target.lineno,
                "One consumer is made here, when the file is read, and all tabs share it.",
                "Which call makes a new consumer for every connection?",
            )  # fmt: skip


FINDERS_OF_SETTINGS = [glued_strings, misspelt_settings]
FINDERS_OF_ASGI = [asgi_order, asgi_router]
FINDERS_OF_ROUTING = [routes, routes_below_all]
