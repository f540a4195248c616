"""The one place that parses Python: libcst's trees exactly, in half of libcst's time.

libcst's native parser makes every node by a call of its Python class, and half of the time goes there: the constructor of a
frozen dataclass stores each field through `object.__setattr__` and then checks what the parser has just read, and before each
node the package `libcst` is imported anew. So, once for each process, the node classes get constructors that store straight
into their slots and check nothing, and the parser is called where an import is one look into `sys.modules`. A node that is not
parsed but made is no longer checked either; what rules make is written out and parsed (see `mending`). Python stores into a
slot quickly only where no `__setattr__` is defined, so nodes are no longer frozen: that nobody writes to one, mypy sees.

Node classes are abstract base classes too, for which `isinstance` is some ten times as slow as for others, since classes may be
registered with these. With libcst's nobody registers any, so they get a metaclass that does not ask.

A class that is not built as expected keeps its own constructor, so that another libcst is slower and not wrong.
"""

import abc
import builtins
import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields, is_dataclass
from threading import Lock
from types import MemberDescriptorType
from typing import Any

import libcst as cst
from libcst._parser.detect_config import convert_to_utf8
from libcst._parser.types.config import PartialParserConfig

_METHODS = ("__init__", "__setattr__", "__delattr__")
_Methods = tuple[Callable[..., None], ...]
"""A class's own way to make and to change its objects, in the order of _METHODS."""


def parse_module(source: str | bytes) -> cst.Module:
    """The tree of a file. Bytes are decoded as the file itself declares.

    Raises cst.ParserSyntaxError for what is no Python, and for bytes what `tokenize.detect_encoding` and decoding raise.
    """
    _install()
    encoding, text = convert_to_utf8(source, partial=PartialParserConfig())
    with uncollected():
        module: cst.Module = _native(text, encoding)
    return module


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps the cycle collector from searching trees for cycles, which they do not have, as they grow."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def checked() -> Iterator[None]:
    """Gives libcst its own constructors for a while, to compare with; not for several threads."""
    _install()
    for kind, (own, _) in _constructors.items():
        _build(kind, own)
    try:
        yield
    finally:
        for kind, (_, quick) in _constructors.items():
            _build(kind, quick)


_constructors: dict[type[cst.CSTNode], tuple[_Methods, _Methods]] = {}
_installing = Lock()


def _install() -> None:
    if _constructors:
        return
    with _installing:
        if _constructors:
            return
        made: dict[type[cst.CSTNode], tuple[_Methods, _Methods]] = {}
        for kind in vars(cst).values():
            if not isinstance(kind, type) or not issubclass(kind, cst.CSTNode):
                continue
            if type(kind) is abc.ABCMeta:
                kind.__class__ = _Plain  # type: ignore[assignment]
            if (quick := _quick(kind)) is not None:
                own = tuple(kind.__dict__[name] for name in _METHODS)
                made[kind] = own, (quick, object.__setattr__, object.__delattr__)
                _build(kind, made[kind][1])
        _constructors.update(made)


class _Plain(abc.ABCMeta):
    """The metaclass of abstract base classes, with the usual `isinstance`."""

    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__


def _build(kind: type[cst.CSTNode], methods: _Methods) -> None:
    for name, method in zip(_METHODS, methods, strict=True):
        type.__setattr__(kind, name, method)


def _quick(kind: type[cst.CSTNode]) -> Callable[..., None] | None:
    """A constructor with the same parameters that stores straight into the slots; None for a class built otherwise."""
    if not is_dataclass(kind) or any(name not in kind.__dict__ for name in _METHODS) or kind.__post_init__ is not cst.CSTNode.__post_init__:
        return None
    names: dict[str, Any] = {"MISSING": MISSING}
    params, body = [], []
    for number, one in enumerate(fields(kind)):
        slot = next((found for base in kind.__mro__ if (found := base.__dict__.get(one.name)) is not None), None)
        if not isinstance(slot, MemberDescriptorType) or not one.init or one.kw_only:
            return None
        param, value = _stored(one, number, names)
        params.append(param)
        body.append(f"self.{one.name} = {value}")
    exec(f"def __init__({', '.join(['self', *params])}):\n    {'; '.join(body) or 'pass'}\n", names)  # noqa: S102
    made: Callable[..., None] = names["__init__"]
    return made


def _stored(one: "Field[Any]", number: int, names: dict[str, Any]) -> tuple[str, str]:
    """A field as a parameter, and the expression of what is stored of it."""
    if one.default is not MISSING:
        names[f"default{number}"] = one.default
        return f"{one.name}=default{number}", one.name
    if one.default_factory is not MISSING:
        names[f"make{number}"] = one.default_factory
        return f"{one.name}=MISSING", f"make{number}() if {one.name} is MISSING else {one.name}"
    return one.name, one.name


def _import(name: str, *rest: Any) -> Any:
    """What the native parser calls before each node: PyImport_Import takes `__import__` from its caller's globals.

    It heeds no answer but looks into `sys.modules` itself.
    """
    return None if name in sys.modules else builtins.__import__(name, *rest)


def _with_quick_imports() -> Callable[[str, str], cst.Module]:
    names = {"__builtins__": {**vars(builtins), "__import__": _import}, "native": importlib.import_module("libcst.native").parse_module}
    exec("def parse(text, encoding):\n    return native(text, encoding)\n", names)  # noqa: S102
    parse: Callable[[str, str], cst.Module] = names["parse"]
    return parse


_native = _with_quick_imports()
