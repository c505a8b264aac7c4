"""What the student's Python source shows without being run: faults that make no error, or the wrong one.

Read with `ast`, never imported. Each finder yields Findings: the file, the line, one sentence why, and what to do next.
A finder has to be silent on every correct solution (tests/variants is the proof), so it looks only for what is wrong
however one writes.
"""

import ast
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

METHODS = {"connect", "disconnect", "receive", "receive_json", "send", "send_json", "accept", "close"}
SETTINGS = {"INSTALLED_APPS", "ASGI_APPLICATION", "CHANNEL_LAYERS", "TEMPLATES", "ROOT_URLCONF", "ALLOWED_HOSTS"}
SETTINGS |= {"MIDDLEWARE", "SESSION_ENGINE", "DATABASES", "STATIC_URL"}
LAYER = {"group_add", "group_discard", "group_send"}
CONSUMERS, ROUTING, ASGI = "chat/consumers.py", "chat/routing.py", "mywebsite/asgi.py"
SETTINGS_FILE, URLS, VIEWS = "mywebsite/settings.py", "mywebsite/urls.py", "chat/views.py"


@dataclass(frozen=True)
class Finding:
    """`stage` is the first one at which it matters."""

    stage: int
    file: str
    line: int
    why: str
    hint: str


Trees = dict[str, ast.Module]  # {file: what stands in it}
Finder = Callable[[str, ast.Module, str], Iterator[Finding]]


def findings(root: Path, stage: int, finders_of: dict[str, list[Finder]]) -> list[Finding]:
    """Return what the finders see in the student's files, as far as it matters up to `stage`."""
    found = []
    for file, finders in finders_of.items():
        path = root / file
        try:
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text)
        except (OSError, SyntaxError, ValueError):  # missing, half typed: the exception itself says more
            continue
        for finder in finders:
            found += finder(file, tree, text)
    return sorted((one for one in found if one.stage <= stage), key=lambda one: one.stage)


def trees_of(root: Path) -> Trees:
    """Return the modules of the student's app, with the commands of manage.py last."""
    trees = {}
    for path in sorted(root.glob("chat/**/*.py"), key=lambda path: ("management" in path.parts, path)):
        try:
            trees[path.relative_to(root).as_posix()] = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):  # half typed: the exception itself says more
            continue
    return trees


def consumers(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """Yield the classes that inherit from something called ...Consumer."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("Consumer" in ast.unparse(base) for base in node.bases):
            yield node


def only_channels(owner: ast.ClassDef) -> bool:
    """Tell whether a class has no bases but those of Channels: others may have more methods, and call more."""
    return {last_name(base) for base in owner.bases} <= {"WebsocketConsumer", "JsonWebsocketConsumer"}


def methods(owner: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in owner.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Yield the calls of something that ends in one of these names: `self.accept()`, `accept()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and last_name(node.func) in names:
            yield node


def last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def places(method: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Return the parameters that take an argument without its name."""
    return [argument.arg for argument in method.args.posonlyargs + method.args.args]


def targets(node: ast.AST) -> list[str]:
    """Return the names to which a statement gives a value: `name = 1`, `name: int = 1`."""
    left = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [last_name(target) for target in left]


def nearest(name: str, known: set[str]) -> str:
    """Return the known name that somebody who wrote `name` must have meant; "" if it is one, or like none."""
    if name in known:
        return ""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return close[0] if close else ""


def layer_calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Yield the calls that reach the layer's methods: `async_to_sync(...group_send)(...)`, or `...group_send(...)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        inner = node.func.args[0] if isinstance(node.func, ast.Call) and node.func.args else node.func
        if last_name(inner) in names:
            yield node
