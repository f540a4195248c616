"""Whose code a function is: the program's own, a library's, or Python's."""

import re
from collections.abc import Collection

from profiler.tree import Function

OWN, LIBRARY, RUNTIME = "own", "library", "runtime"
_PACKAGES = re.compile(r"(?:^|[/\\])(?:site|dist)-packages[/\\]")
_STANDARD = re.compile(r"(?:^|[/\\])lib(?:64)?[/\\](?:python|pypy)\d\.\d+[/\\]|[/\\]Lib[/\\]|^<frozen |^<string>$")


def kind(function: Function, own_packages: Collection[str] = ()) -> str:
    """OWN, LIBRARY or RUNTIME. A deployed program lies among the libraries, so its packages are named."""
    if function.name.partition(".")[0] in own_packages:
        return OWN
    if _PACKAGES.search(function.file):
        return LIBRARY
    if _STANDARD.search(function.file) or not function.file:
        return RUNTIME
    return OWN


def place(function: Function) -> str:
    """The file as a person says it: from its package on, without the folders that all files there have in common."""
    if function.file.startswith("<"):
        return function.file
    package = function.name.partition(".")[0]
    at = function.file.rfind(f"/{package}/")
    if at >= 0:
        return function.file[at + 1 :]
    cut = _PACKAGES.search(function.file) or _STANDARD.search(function.file)
    return function.file[cut.end() :] if cut and cut.end() < len(function.file) else function.file


def short_name(function: Function) -> str:
    """The name without its module, which the file says: `Condition.wait` of `threading.Condition.wait`."""
    parts = function.name.split(".")
    folders = function.file.removesuffix(".py").removesuffix("/__init__").split("/")
    for count in range(len(parts) - 1, 0, -1):
        if folders[-count:] == parts[:count]:
            return ".".join(parts[count:])
    return function.name
