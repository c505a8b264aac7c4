"""Faults of what lesson 11 adds: a `dispatch` of one's own, and frames that are ready.

Read is all of chat/, for the base class, whoever posts and whoever gets it stand in different files.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.explain.find_layer import kind_of
from tests.explain.find_post import functions_that_post
from tests.explain.source import Finding, Trees, calls, last_name, methods, places, trees_of

FRAMES = {"chat", "announcement", "people"}  # what a browser gets, and no consumer has a method for


def findings(root: Path) -> list[Finding]:
    """Return what is seen in the modules of the student's app."""
    trees = trees_of(root)
    found = []
    for file, tree in trees.items():
        for owner in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            for method in methods(owner):
                if method.name == "dispatch":
                    found += faults_of_dispatch(file, method)
        for finder in (frames_for_methods, frames_without_json):
            found += finder(file, tree)
    return found + list(events_without_method(trees))


def faults_of_dispatch(file: str, method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Finding]:
    awaited = {id(node.value) for node in ast.walk(method) if isinstance(node, ast.Await)}
    if isinstance(method, ast.FunctionDef) and not method.decorator_list:
        yield Finding(
            11, file, method.lineno, "Channels awaits dispatch, in the event loop, and this is a plain def.",
            "Which word is missing in front of def?",
        )  # fmt: skip
    for call in calls(method, "dispatch", "to_browser"):
        parent_is_task = any(call in task.args for task in calls(method, "create_task", "ensure_future"))
        if id(call) not in awaited and not parent_is_task and isinstance(method, ast.AsyncFunctionDef):
            yield Finding(
                11, file, call.lineno,
                f"{last_name(call.func)} is async: without await it makes a coroutine, and does nothing.",
                "Which word is missing in front of it?",
            )  # fmt: skip
    for call in calls(method, "to_browser"):
        if call.args and last_name(call.args[0]) in places(method):
            yield Finding(
                11, file, call.lineno, "This hands the letter on with its envelope, and no server knows a ready.frame.",
                'Which type does ASGI want, and what belongs to "text"?',
            )  # fmt: skip
    for call in calls(method, "create_task", "ensure_future"):
        yield Finding(
            11, file, call.lineno,
            "A task of its own: dispatch comes back at once, and the next letter may overtake this one, in any order.",
            "What has to be done with before Channels fetches the next letter?",
        )  # fmt: skip
    for call in calls(method, "send", "send_json"):
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "self":
            yield Finding(
                11, file, call.lineno,
                "self.send is for the thread: it waits for the loop, and this is the loop.",
                "What did __call__ keep, as self.to_browser?",
            )  # fmt: skip


def frames_for_methods(file: str, tree: ast.Module) -> Iterator[Finding]:
    """What a browser should get, posted as a letter that calls a method."""
    for call in calls(tree, "tell_room"):
        event = call.args[1] if len(call.args) > 1 else None
        kind = kind_of(event) if isinstance(event, ast.Dict) else None
        if kind and kind.value in FRAMES:
            yield Finding(
                11, file, call.lineno,
                f"tell_room posts a letter for a method, and {kind.value!r} is a frame for the browsers.",
                "Is it show_room, or which method should get it?",
            )  # fmt: skip


def frames_without_json(file: str, tree: ast.Module) -> Iterator[Finding]:
    for event in (node for node in ast.walk(tree) if isinstance(node, ast.Dict)):
        kind = kind_of(event)
        if kind and kind.value == "ready.frame":
            for value in event.values:
                if last_name(value) == "frame" or any(calls(value, "str", "repr")):
                    yield Finding(
                        11, file, value.lineno, "A frame that is ready is a text with JSON in it, and this is none.",
                        "Which function makes JSON of a dictionary? json.dumps?",
                    )  # fmt: skip


def events_without_method(trees: Trees) -> Iterator[Finding]:
    """Letters to a group for which no class has a method, and which no dispatch knows."""
    known = {method.name for tree in trees.values() for owner in ast.walk(tree) if isinstance(owner, ast.ClassDef)
             for method in methods(owner)}  # fmt: skip
    named = {text for tree in trees.values() for text in compared(tree)}
    posts = {name for tree in trees.values() for name in functions_that_post(tree)}
    for file, tree in trees.items():
        for call in calls(tree, *posts):
            for kind in filter(None, map(kind_of, (event for event in call.args if isinstance(event, ast.Dict)))):
                handler = str(kind.value).replace(".", "_")
                if handler not in known | FRAMES and kind.value not in named:
                    yield Finding(
                        11, file, kind.lineno,
                        f"A letter of type {kind.value!r} calls a method {handler}, and no consumer has one.",
                        "Is it a frame for the browsers? Then show_room. Or is dispatch to know it?",
                    )  # fmt: skip


def compared(tree: ast.Module) -> Iterator[str]:
    """Yield the texts with which something is compared: `event["type"] == "ready.frame"`."""
    for node in ast.walk(tree):
        parts = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        parts += [node.value] if isinstance(node, ast.MatchValue) else []
        for part in parts:
            yield from (
                one.value for one in ast.walk(part) if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )
