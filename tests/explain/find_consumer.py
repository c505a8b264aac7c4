"""Faults of a consumer that can be seen in its source: names, parameters, async, what belongs to which object."""

import ast
from collections.abc import Iterator

from tests.explain.source import (
    METHODS,
    Finding,
    calls,
    consumers,
    last_name,
    methods,
    nearest,
    only_channels,
    places,
)


def misspelt_methods(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for owner in consumers(tree):
        own = {method.name for method in methods(owner)}
        used = {last_name(call.func) for call in ast.walk(owner) if isinstance(call, ast.Call)}
        for method in methods(owner):
            meant = nearest(method.name, {"connect", "disconnect", "receive"} - own)
            if meant and only_channels(owner) and method.name not in METHODS | used:
                yield Finding(
                    2,
                    file,
                    method.lineno,
                    f"Channels calls a method {meant}, and finds only the empty one of the base class.",
                    f"Is {method.name} spelled as Channels spells it: {meant}?",
                )


def methods_inside_methods(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for owner in consumers(tree):
        for method in methods(owner):
            for inner in ast.walk(method):
                inside = isinstance(inner, ast.FunctionDef) and inner is not method and places(inner)[:1] == ["self"]
                if inside and inner.name in METHODS:
                    yield Finding(
                        2,
                        file,
                        inner.lineno,
                        f"{inner.name} stands inside {method.name}, so it is no method of the class.",
                        f"How far in does def {inner.name} begin, and how far def {method.name}?",
                    )
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and places(node)[:1] == ["self"]:
            yield Finding(
                2,
                file,
                node.lineno,
                f"{node.name} stands outside of the class, so it is no method of it.",
                "How far in do the methods of the class begin?",
            )


def async_methods(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for owner in consumers(tree):
        if any("Async" in ast.unparse(base) for base in owner.bases):
            yield Finding(
                2,
                file,
                owner.lineno,
                "An AsyncWebsocketConsumer wants async def and await everywhere; this course writes the other kind.",
                "Does the class inherit from WebsocketConsumer?",
            )
            continue
        for method in methods(owner):
            if isinstance(method, ast.AsyncFunctionDef):
                yield Finding(
                    2,
                    file,
                    method.lineno,
                    f"{method.name} is async, in a synchronous consumer: so nobody runs the coroutine that it makes.",
                    "What happens if you remove the word async?",
                )


def signatures(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    wanted = {"receive": "self, text_data=None, bytes_data=None", "disconnect": "self, code", "connect": "self"}
    for owner in consumers(tree):
        for method in methods(owner):
            if method.name not in wanted or method.args.vararg or method.args.kwarg or method.decorator_list:
                continue
            names = {argument.arg for argument in method.args.args + method.args.kwonlyargs}
            needed = len(places(method)) - len(method.args.defaults)
            right = {
                "receive": {"text_data", "bytes_data"} <= names and needed <= 1,
                "disconnect": len(places(method)) >= 2 and needed <= 2,
                "connect": needed == 1,
            }
            if not right[method.name]:
                shown = wanted[method.name]
                yield Finding(
                    2,
                    file,
                    method.lineno,
                    f"Channels calls {method.name} in its own way, and these parameters do not fit.",
                    f"Is it def {method.name}({shown})?",
                )


def no_accept(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for owner in consumers(tree):
        for method in methods(owner):
            answers = any(
                any(calls(part, "accept", "close", "connect"))
                or any(isinstance(node, ast.Raise) for node in ast.walk(part))
                for part in with_helpers(owner, method)
            )
            if method.name == "connect" and only_channels(owner) and not answers:
                yield Finding(
                    2,
                    file,
                    method.lineno,
                    "connect neither accepts nor closes, so the browser waits in the middle of the handshake.",
                    "Should this one say yes (self.accept) or no (self.close)?",
                )


def with_helpers(owner: ast.ClassDef, method: ast.FunctionDef | ast.AsyncFunctionDef) -> list:
    """Return a method, the methods of its class that it calls, those that they call, and so on."""
    own = {one.name: one for one in methods(owner)}
    parts = [method]
    for part in parts:  # grows on the way
        called = [last_name(node.func) for node in ast.walk(part) if isinstance(node, ast.Call)]
        parts += [own[name] for name in dict.fromkeys(called) if name in own and own[name] not in parts]
    return parts


def stored_on_the_class(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for owner in consumers(tree):
        for method in methods(owner):
            for node in ast.walk(method):
                for target in node.targets if isinstance(node, ast.Assign) else []:
                    if isinstance(target, ast.Attribute) and ast.unparse(target.value) == owner.name:
                        yield Finding(
                            6,
                            file,
                            node.lineno,
                            f"{owner.name} is the class, and all tabs share it: the last one that connects wins.",
                            f"Where would it belong to one tab alone: self.{target.attr}?",
                        )


FINDERS = [
    misspelt_methods,
    methods_inside_methods,
    async_methods,
    signatures,
    no_accept,
    stored_on_the_class,
]
