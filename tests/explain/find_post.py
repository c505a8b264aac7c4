"""Faults of what speaks to the consumers from anywhere: functions that post letters, views, commands.

Read is all of chat/, file by file and then as a whole, for a letter is often posted in one file and opened in another.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.explain.find_layer import event_kinds, kind_of, unawaited_layer_calls
from tests.explain.source import (
    CONSUMERS,
    METHODS,
    Finding,
    Trees,
    calls,
    consumers,
    last_name,
    layer_calls,
    methods,
    only_channels,
    places,
    trees_of,
)

Posts = dict[str, int]  # {function that posts an event: at which place it takes the event}


def findings(root: Path) -> list[Finding]:
    """Return what is seen in the modules of the student's app."""
    trees = trees_of(root)
    posts = {name: place for tree in trees.values() for name, place in functions_that_post(tree).items()}
    found = []
    for file, tree in trees.items():
        for finder in (groups_that_are_mailboxes, consumers_made_by_hand):
            found += finder(file, tree)
        found += unawaited_layer_calls(file, tree, "") if file != CONSUMERS else []
        for finder in (odd_events, async_views):
            found += finder(file, tree, posts)
    return found + list(events_without_receiver(trees))


def functions_that_post(tree: ast.Module) -> Posts:
    """Return the functions whose event is one of their own parameters, as `tell_room(room, event)`."""
    found = {}
    for node in tree.body:
        for call in layer_calls(node, "group_send", "send") if isinstance(node, ast.FunctionDef) else []:
            event = call.args[1] if len(call.args) == 2 else None
            if isinstance(event, ast.Name) and event.id in places(node) and node.name not in METHODS:
                found[node.name] = places(node).index(event.id)
    return found


def groups_that_are_mailboxes(file: str, tree: ast.Module) -> Iterator[Finding]:
    for call in layer_calls(tree, "group_send"):
        if call.args and last_name(call.args[0]) == "channel_name":
            yield Finding(
                7, file, call.lineno, "group_send wants the name of a group, and this is the address of one mailbox.",
                "Which method of the channel layer puts one letter into one mailbox?",
            )  # fmt: skip


def consumers_made_by_hand(file: str, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        made = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(made, ast.Call) and last_name(made.func).endswith("Consumer"):
            yield Finding(
                7, file, made.lineno, "A consumer that is made here has no browser at its other end.",
                "How does a letter come to the consumers that are there already?",
            )  # fmt: skip


def odd_events(file: str, tree: ast.Module, posts: Posts) -> Iterator[Finding]:
    for call in calls(tree, *posts):
        place = posts[last_name(call.func)]
        event = call.args[place] if len(call.args) > place else None
        if isinstance(event, ast.Dict) and None not in event.keys and not kind_of(event):
            yield Finding(
                7, file, event.lineno, 'The event has no "type", so no consumer knows which of its methods gets it.',
                "Which key of the event names the method?",
            )  # fmt: skip
        if isinstance(event, ast.Constant | ast.JoinedStr):
            yield Finding(
                7, file, call.lineno, "An event is a dictionary, and this is a text.",
                "Which two keys does the event in the lesson have?",
            )  # fmt: skip


def async_views(file: str, tree: ast.Module, posts: Posts) -> Iterator[Finding]:
    for node in ast.walk(tree):
        is_view = isinstance(node, ast.AsyncFunctionDef) and "request" in places(node)
        if is_view and any(calls(node, "async_to_sync", *posts)):
            yield Finding(
                7, file, node.lineno, "An async view runs in the event loop itself, and there async_to_sync refuses.",
                "What happens if you remove the word async?",
            )  # fmt: skip


def events_without_receiver(trees: Trees) -> Iterator[Finding]:
    """Events of a view or a command for which no class in the app has a method."""
    own = {method.name for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
           for method in methods(node)}  # fmt: skip
    if CONSUMERS not in trees or not all(map(only_channels, consumers(trees[CONSUMERS]))):
        return
    for file, tree in trees.items():
        for handler, kind in event_kinds(tree).items():
            if file != CONSUMERS and handler not in own:
                yield Finding(
                    7, file, kind.lineno,
                    f"An event of type {kind.value!r} goes to a method {handler} of the consumer, and there is none.",
                    "Is the method called as the type, with _ for the dot?",
                )  # fmt: skip
