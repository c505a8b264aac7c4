"""Faults in the use of the channel layer that can be seen in the consumer's source: groups, events, async_to_sync."""

import ast
from collections.abc import Iterator

from tests.explain.source import (
    LAYER,
    Finding,
    calls,
    consumers,
    last_name,
    layer_calls,
    methods,
    only_channels,
    places,
    targets,
)


def unawaited_layer_calls(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    wrapped = set()
    for call in calls(tree, "async_to_sync"):
        for argument in call.args:
            if isinstance(argument, ast.Call) and last_name(argument.func) in LAYER:
                wrapped.add(argument)
                name = last_name(argument.func)
                yield Finding(
                    5,
                    file,
                    argument.lineno,
                    f"The brackets: {name} is called here, before async_to_sync has it.",
                    f"async_to_sync(the function)(its arguments): where does {name}'s own bracket open?",
                )
    awaited = {node.value for node in ast.walk(tree) if isinstance(node, ast.Await)}
    for call in calls(tree, *LAYER, "send"):
        if call not in wrapped | awaited and "channel_layer" in ast.unparse(call.func):
            name = last_name(call.func)
            yield Finding(
                5,
                file,
                call.lineno,
                f"{name} is an async method: called like this it makes a coroutine, and nothing is done.",
                f"What stands around the other calls of the channel layer, as async_to_sync(...{name})(...)?",
            )


def events_without_a_handler(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    own = {method.name for owner in classes for method in methods(owner)}
    own |= {name for owner in classes for node in owner.body for name in targets(node)}
    elsewhere = not all(map(only_channels, consumers(tree)))
    for call in layer_calls(tree, "group_send"):
        event = call.args[1] if len(call.args) > 1 else None
        if not isinstance(event, ast.Dict):
            continue
        keys = {
            key.value: value
            for key, value in zip(event.keys, event.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        if "type" not in keys and None not in event.keys:
            yield Finding(
                5,
                file,
                event.lineno,
                'The event has no "type", so no consumer in the group knows which of its methods should get it.',
                "Which key of the event names the method?",
            )
    for handler, kind in event_kinds(tree).items():
        if handler not in own and not elsewhere:
            yield Finding(
                5,
                file,
                kind.lineno,
                f"An event of type {kind.value!r} goes to a method {handler}, and there is none:"
                " every consumer in the group crashes.",
                "Is the method called as the type, with _ for the dot?",
            )


def different_groups(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    made = {name: [call for call in layer_calls(tree, name) if call.args] for name in LAYER}
    for name in ("group_send", "group_discard"):
        literal = all(isinstance(call.args[0], ast.Constant) for call in made["group_add"] + made[name])
        joined, meant = ([ast.unparse(call.args[0]) for call in made[one]] for one in ("group_add", name))
        if literal and joined and meant and not set(joined) & set(meant):
            yield Finding(
                5,
                file,
                made[name][0].lineno,
                f"Tabs join the group {joined[0]}, and {name} speaks of the group {meant[0]}.",
                "Are they the same, letter by letter?",
            )


def kind_of(event: ast.Dict) -> ast.Constant | None:
    """Return the type of an event, where it is written out."""
    for key, value in zip(event.keys, event.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant):
            return value
    return None


def event_kinds(tree: ast.AST) -> dict[str, ast.Constant]:
    """Return the types of all events, {method that gets it: where it stands}: those in group_send, or with a dot."""
    sent = {event for call in layer_calls(tree, "group_send") for event in outermost_dicts(call)}
    kinds = {}
    for node in ast.walk(tree):
        kind = kind_of(node) if isinstance(node, ast.Dict) else None
        if kind and isinstance(kind.value, str) and (node in sent or "." in kind.value):
            kinds.setdefault(kind.value.replace(".", "_"), kind)
    return kinds


def outermost_dicts(node: ast.AST) -> Iterator[ast.Dict]:
    """Yield the dictionaries in a call, but none within another: a frame that an event carries is no event."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Dict):
            yield child
        else:
            yield from outermost_dicts(child)


def handlers_without_event(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for owner in consumers(tree):
        for method in methods(owner):
            if method.name in event_kinds(tree) and len(places(method)) < 2 and not method.args.vararg:
                yield Finding(
                    5,
                    file,
                    method.lineno,
                    f"Channels calls {method.name} with the event, and the method has no place for it.",
                    f"Is it def {method.name}(self, event)?",
                )


def handlers_that_say_nothing(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for owner in consumers(tree):
        for method in methods(owner):
            if method.name in event_kinds(tree) and not any(isinstance(node, ast.Call) for node in ast.walk(method)):
                yield Finding(
                    5,
                    file,
                    method.lineno,
                    f"{method.name} gets the event, and hands nothing on: it calls nothing.",
                    "Which call sends a frame to the browser of this consumer?",
                )


def groups_without_members(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    sends = list(layer_calls(tree, "group_send"))
    elsewhere = not all(map(only_channels, consumers(tree)))
    if sends and "group_add" not in text and "groups" not in text and not elsewhere:
        yield Finding(
            5,
            file,
            sends[0].lineno,
            "There is a group_send, and no group_add: nobody is in the group.",
            "When should a consumer join? (Lesson 5, step 1.)",
        )


def answers_twice(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    """receive posts to the group, and answers its own tab as well."""
    for owner in consumers(tree):
        for method in methods(owner):
            if not any(layer_calls(method, "group_send")) or method.name in event_kinds(tree):
                continue
            for call in beside(method, "group_send"):
                if last_name(call.func) in ("send", "send_json") and "'chat'" in ast.unparse(call):
                    yield Finding(
                        5,
                        file,
                        call.lineno,
                        "The message goes to its own tab here, and through the group once more: it is seen twice.",
                        "Which of the two reaches everyone?",
                    )


def beside(method: ast.AST, name: str) -> Iterator[ast.Call]:
    """Yield the calls that stand in one block with a call of the layer: where one is made, the other is made too."""
    for node in ast.walk(method):
        for block in (getattr(node, "body", []), getattr(node, "orelse", [])):
            together = [one.value for one in block if isinstance(one, ast.Expr)] if isinstance(block, list) else []
            if any(any(layer_calls(one, name)) for one in together):
                yield from (one for one in together if isinstance(one, ast.Call))


FINDERS = [
    handlers_that_say_nothing,
    groups_without_members,
    answers_twice,
    unawaited_layer_calls,
    events_without_a_handler,
    different_groups,
    handlers_without_event,
]
