"""Rules of users, from a folder of Python files: our Rule and Visitor, and visitors that only know libcst or Fixit.

A visitor that knows nothing of us runs where it calls `self.report(node, message)`, as Fixit's rules do; `MESSAGE`, `VALID`
and `INVALID` of theirs are its message and examples (https://fixit.readthedocs.io/en/stable/guide/builtins.html). One that
reports in no way that is known is not run, and told of.
"""

import ast
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import libcst as cst

from analyzers.finding import Diagnostic
from analyzers.rule import Rule, name_of
from analyzers.visitors import USERS, Visitor

_LIBCST = (cst.BatchableCSTVisitor, cst.CSTVisitor, cst.CSTTransformer)


@dataclass(frozen=True)
class Loaded:
    """What a folder holds: rules and visitors, by name, and what is said of classes that are none though they look so."""

    rules: tuple[type[Rule], ...]
    told: tuple[Diagnostic, ...] = ()


def load(folder: Path) -> Loaded:
    """Runs the files of `folder`; raises whatever they raise. The engine takes visitors for rules."""
    found: set[type[Any]] = set()
    told: list[Diagnostic] = []
    for path in sorted(folder.glob("*.py")):
        module = _run(path)
        lines = {one.name: one.lineno for one in ast.walk(ast.parse(path.read_bytes())) if isinstance(one, ast.ClassDef)}
        for kind in _classes(module):
            if issubclass(kind, Rule | Visitor):
                found.add(kind)
            elif issubclass(kind, _LIBCST) and _visits(kind):
                why = _why_not(kind)
                if why:
                    told.append(Diagnostic(path.name, lines.get(kind.__name__, 0), f"the class {kind.__name__} is not run: {why}"))
                else:
                    found.add(_adapted(kind))
    return Loaded(tuple(sorted(found, key=name_of)), tuple(told))


def _run(path: Path) -> ModuleType:
    name = f"{USERS}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} cannot be loaded as Python")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _classes(module: ModuleType) -> Iterator[type[Any]]:
    return (one for _, one in inspect.getmembers(module, inspect.isclass) if one.__module__ == module.__name__)


def _visits(kind: type) -> bool:
    """Whether the class itself or a base of the user's looks at nodes."""
    return any(name.startswith(("visit_", "leave_")) or name in ("on_visit", "on_leave") for name in _own(kind))


def _why_not(kind: type) -> str:
    if issubclass(kind, cst.CSTTransformer):
        return "it is a transformer, which changes code; a rule looks and reports, so derive it from analyzers.visitors.Visitor"
    if any("report" in _names(one.__code__) for one in _own(kind).values() if isinstance(one, FunctionType)):
        return ""
    return "it never calls `self.report(node, message)`, so it could find nothing; derive it from analyzers.visitors.Visitor"


def _own(kind: type) -> Mapping[str, Any]:
    """What the class and its bases outside libcst define."""
    bases = [one for one in reversed(kind.__mro__) if not one.__module__.startswith(("libcst", "builtins", "abc", "typing"))]
    return {name: value for one in bases for name, value in vars(one).items()}


def _names(code: CodeType) -> set[str]:
    return set(code.co_names).union(*(_names(one) for one in code.co_consts if isinstance(one, CodeType)))


def _adapted(kind: type[Any]) -> type[Any]:
    """The class with the ways of our Visitor, under its own name."""
    message = str(getattr(kind, "MESSAGE", ""))
    space = {
        "__module__": kind.__module__, "__doc__": kind.__dict__.get("__doc__") or message or f"{kind.__name__} reports this.",
        "report": Visitor.report, "valid": _sources(kind, "valid"), "invalid": _sources(kind, "invalid"),
    }  # fmt: skip
    return type(kind.__name__, (kind, Visitor), space)


def _sources(kind: type[Any], word: str) -> tuple[str, ...]:
    """Examples as ours or as Fixit's, which may be objects with their `code`."""
    given = getattr(kind, word, None) or getattr(kind, word.upper(), None) or ()
    return tuple(one if isinstance(one, str) else str(getattr(one, "code", one)) for one in given)
