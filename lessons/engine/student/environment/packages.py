"""The packages: what a lock file asks for in this Python, and what is there. Changes nothing; standard library only."""

import ast
import operator
import os
import platform
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata

PIN = re.compile(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)(?: ; (.*?))?\s*\\?$", re.MULTILINE)
SYSTEM = {  # the names in a marker, see "Environment markers" of Python's packaging guide
    "os_name": os.name,
    "sys_platform": sys.platform,
    "platform_system": platform.system(),
    "platform_machine": platform.machine(),
    "platform_python_implementation": platform.python_implementation(),
    "implementation_name": sys.implementation.name,
    "python_version": ".".join(platform.python_version_tuple()[:2]),
    "python_full_version": platform.python_version(),
}
OPERATORS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda part, all: part in all,
    ast.NotIn: lambda part, all: part not in all,
}


def pins(text: str) -> dict[str, str]:
    """Return `{name: version}` of what a lock asks for in this Python and on this system."""
    return {normal(name): version for name, version, marker in PIN.findall(text) if not marker or holds(marker)}


def holds(marker: str) -> bool:
    """Tell whether a marker such as `sys_platform == 'win32' and python_version < '3.12'` is true here.

    A marker is also an expression of Python's; anything but comparisons, `and` and `or` raises ValueError.
    """
    return truth(ast.parse(marker, mode="eval").body)


def truth(node: ast.expr) -> bool:
    match node:
        case ast.BoolOp(op=ast.And()):
            return all(map(truth, node.values))
        case ast.BoolOp(op=ast.Or()):
            return any(map(truth, node.values))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            sides = [
                SYSTEM[side.id] if isinstance(side, ast.Name) else ast.literal_eval(side) for side in (left, right)
            ]
            if any(isinstance(side, ast.Name) and side.id.endswith("version") for side in (left, right)):
                sides = [tuple(map(int, re.findall(r"\d+", side)[:3])) for side in sides]
            return OPERATORS[type(sign)](*sides)
    raise ValueError(f"a marker that is not understood: {ast.unparse(node)}")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, str]:
    """Return `{name: version}` of the packages that Python finds and whose installation came to its end.

    The names of folders tell it: importlib.metadata reads a file of each, which takes 20 times as long.
    """
    found = {}
    for place in reversed(sys.path):
        with suppress(OSError):
            for folder in os.listdir(place or "."):
                if folder.endswith(".dist-info") and os.path.exists(
                    os.path.join(place, folder, "RECORD")
                ):  # pip's last
                    name, _, version = folder.removesuffix(".dist-info").rpartition("-")
                    found[normal(name)] = version
    return found


def wrong(text: str, there: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return `{name: (version asked for, version there or "")}` of each pin that is not met."""
    return {name: (pin, there.get(name, "")) for name, pin in pins(text).items() if there.get(name) != pin}


def damaged(names: Iterable[str]) -> list[str]:
    """Return those packages of which a file is missing, or has another size than when it was installed."""
    return [name for name in names if not whole(name)]


def whole(name: str) -> bool:
    try:
        files = metadata.distribution(name).files or []
        own = [file for file in files if file.size is not None and ".." not in file.parts]  # scripts may be rewritten
        return all(os.stat(file.locate()).st_size == file.size for file in own)
    except (OSError, metadata.PackageNotFoundError):
        return False


def blocks(text: str, names: Iterable[str]) -> str:
    """Return the part of a lock that asks for these packages, with their hashes."""
    parts = re.split(r"(?m)^(?=[\w])", text)
    return "".join(part for part in parts if (pin := PIN.search(part)) and normal(pin[1]) in names)
