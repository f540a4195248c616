"""What operations on texts make of a stranger's word: formats that use some parts only, characters that are taken out."""

import re
import string
from collections.abc import Iterable
from typing import Any

from analyzers.flow.models import WITHOUT
from analyzers.flow.value import CLEAN, Value, cleaned, constant, item, mixed

_PERCENT = re.compile(r"%(?:\((?P<name>\w+)\))?[#0\- +]*(?P<width>\*|\d*)(?:\.(?P<digits>\*|\d+))?[hlL]?(?P<kind>[diouxXeEfFgGcrsa%])")
_NUMBER = frozenset("diouxXeEfFgGc")
_QUOTING = frozenset("ra")
_LINES = frozenset({f"{WITHOUT}\n", f"{WITHOUT}\r"})
_KEPT = re.compile(r"\[\^(?:\\[-wd.@ _]|\w(?:-\w)?|[ .@])+-?\]\+?")
"""A class of everything but letters, digits and a few marks that mean nothing."""
_REMOVED = re.compile(r"\[((?:\\.|[^\]\\^-])+)\]\+?|(\\?[^\w\s\\])|(\\[rn])")
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\0": "\0"}
_CLASSES = frozenset({"\\w", "\\d", "\\s", "\\W", "\\D", "\\S"})
_WHOLE_FOLDERS = frozenset({".."})


def quoted(value: Value) -> Value:
    """`repr(value)`: line breaks are written as escapes."""
    return cleaned(value, _LINES) if value.deep() else mixed(value)


def percent(template: str, right: Value) -> Value | None:
    """`template % right`: the parts that it uses. None where that cannot be told."""
    used: list[Value] = []
    for at, found in enumerate(one for one in _PERCENT.finditer(template) if one["kind"] != "%"):
        if found["width"] == "*" or found["digits"] == "*":
            return None
        if found["name"]:
            part = item(right, constant(found["name"]))
        else:
            part = item(right, constant(at)) if right.items is not None and right.ref is None else right
        used.append(_written(part, found["kind"]))
    return mixed(*used)


def _written(part: Value, kind: str) -> Value:
    if kind in _NUMBER:
        return CLEAN
    return quoted(part) if kind in _QUOTING else part


def filled(template: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """`template.format(*args, **keywords)`: the parts that it uses. None where that cannot be told."""
    used: list[Value] = []
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:
        return None
    for at, (_, name, spec, conversion) in enumerate(one for one in fields if one[1] is not None):
        first = re.split(r"[.\[]", name or "", maxsplit=1)[0]
        if spec and "{" in spec:
            return None
        if first.isdigit() or not first:
            number = int(first or at)
            part = args[number] if number < len(args) else None
        else:
            part = keywords.get(first)
        if part is None:
            return None
        used.append(_written(part, "r" if conversion == "r" else (spec or "s")[-1] if (spec or "s")[-1] in _NUMBER - {"c"} else "s"))
    return mixed(*used)


def replaced(receiver: Value, args: list[Value]) -> Value | None:
    """`text.replace(old, new)`: what it holds no more."""
    if len(args) != 2 or not receiver.taints:
        return None
    old, new = (one.constants for one in args)
    if not old or not new:
        return None
    gone: set[str] = set()
    for one in old:
        whole = isinstance(one, str) and (len(one) == 1 or one in _WHOLE_FOLDERS)
        if whole and not any(isinstance(text, str) and one in text for text in new):
            gone.add(one)
    return _without(receiver, gone) if len(gone) == len(old) else None


def translated(receiver: Value, args: list[Value]) -> Value | None:
    """`text.translate(table)` with a known table: what it holds no more."""
    table = args[0].constants if args else None
    if args and table is None and args[0].items is not None:
        names = [one for one in args[0].items if isinstance(one, int)]
        pairs = {name: (args[0].items[name].constants or ("?",))[0] for name in names}
    elif table and isinstance(table[0], dict):
        pairs = table[0]
    else:
        return None
    gone = {chr(name) for name, to in pairs.items() if isinstance(name, int) and 0 <= name < 0x110000 and chr(name) not in str(to or "")}
    return _without(receiver, gone)


def substituted(pattern: Value, new: Value, text: Value) -> Value | None:
    """`re.sub(pattern, new, text)`: what it holds no more; None where the pattern tells nothing."""
    if not pattern.constants or len(pattern.constants) != 1 or not isinstance(pattern.constants[0], str):
        return None
    to = [one for one in new.constants or ("<",) if isinstance(one, str)]
    if _KEPT.fullmatch(pattern.constants[0]) and all(re.fullmatch(r"[\w .-]*", one) for one in to):
        return CLEAN
    found = _REMOVED.fullmatch(pattern.constants[0])
    if found is None:
        return None
    inside = found[1] or found[2] or found[3]
    listed = [one for one in re.findall(r"\\.|.", inside, re.DOTALL) if one not in _CLASSES]
    signs = {_ESCAPES.get(one, one[-1]) for one in listed}
    return _without(text, {one for one in signs if not any(one in text for text in to)})


def _without(value: Value, gone: Iterable[str]) -> Value:
    return cleaned(value, frozenset(f"{WITHOUT}{one}" for one in gone))


def lines(receiver: Value) -> Value:
    """An element of `text.splitlines()`."""
    return cleaned(receiver, _LINES)


def sliced(value: Value, bounds: tuple[Any, ...]) -> Value | None:
    """`value[a:b:c]` with known bounds, of a known text or list; None for others."""
    at = slice(*bounds)
    if value.constants is not None:
        found = [one[at] for one in value.constants if isinstance(one, str | bytes | tuple | list)]
        return constant(*found) if found and len(found) == len(value.constants) else None
    items = value.items
    if items is None or value.ref is not None or list(items) != list(range(len(items))):
        return None
    return Value(items=dict(enumerate(list(items.values())[at])))
