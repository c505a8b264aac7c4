"""Faults of views that can be seen in their source."""

import ast
from collections.abc import Iterator

from tests.explain.source import Finding, calls, last_name

OF_A_SESSION = {"modified", "accessed", "session_key", "serializer"}  # what one may set on the object itself


def views_without_return(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "request":
            returns = any(isinstance(inner, ast.Return) and inner.value for inner in ast.walk(node))
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if not returns and not raises and not any(calls(tree, node.name)):
                yield Finding(
                    0, file, node.lineno, f"The view {node.name} gives nothing back.",
                    "Which word in front of render(...) hands the page over?",
                )  # fmt: skip


def session_as_object(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    """request.session.name = ... is lost without a word: only what is set with brackets is stored."""
    for node in ast.walk(tree):
        for target in node.targets if isinstance(node, ast.Assign) else []:
            of_session = isinstance(target, ast.Attribute) and last_name(target.value) == "session"
            if of_session and target.attr not in OF_A_SESSION:
                yield Finding(
                    6, file, node.lineno,
                    "A session is a dictionary: what is set with a dot is not stored, and gone with this request.",
                    f'Is it session["{target.attr}"]?',
                )  # fmt: skip


def reads_the_address_of_a_post(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any("require_POST" in ast.unparse(d) for d in node.decorator_list):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and ast.unparse(inner) == "request.GET":
                    yield Finding(
                        6, file, inner.lineno,
                        "request.GET holds what stands in the address. What a form sends with POST is somewhere else.",
                        "Is it request.POST?",
                    )  # fmt: skip


def without_the_token(file: str, tree: ast.Module, text: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
            if last_name(decorator) == "csrf_exempt":
                yield Finding(
                    6, file, decorator.lineno,
                    "csrf_exempt lets every website send this form in the name of your visitors.",
                    "Is {% csrf_token %} inside of the form, so that you do not need it?",
                )  # fmt: skip


FINDERS = [views_without_return, session_as_object, reads_the_address_of_a_post, without_the_token]
