"""What methods of lists, dicts, sets, texts and files in memory do to the object and what they give."""

from collections.abc import Callable
from typing import Any

from analyzers.flow.value import ANY, CLEAN, DEFAULTS, Value, constant, element, item, join, mixed, sequence, with_item

Effect = tuple[Value, Value | None]
"""What the call gives, and the object afterwards (None: as before)."""


def effect(receiver: Value, word: str, args: list[Value], keywords: dict[str, Value]) -> Effect | None:
    """What a method of a container does; None for methods not known here."""
    if isinstance(receiver.ref, str) and receiver.ref in _SPECIAL:
        maker = _SPECIAL[receiver.ref].get(word)
        return maker(receiver, [*args, *keywords.values()]) if maker is not None else None
    if word == "update" and keywords:
        args = [*args[:1], Value(items=dict(keywords))]
    maker = _METHODS.get(word)
    return maker(receiver, args) if maker is not None else None


def _listed(value: Value) -> list[Value] | None:
    """The elements in order, where every place is known."""
    items = value.items
    if items is None or list(items) != list(range(len(items))):
        return None
    return list(items.values())


def _append(receiver: Value, args: list[Value]) -> Effect | None:
    if len(args) != 1:
        return None
    parts = _listed(receiver)
    if parts is not None:
        return constant(None), sequence([*parts, args[0]])
    return constant(None), with_item(receiver, CLEAN, args[0])


def _insert(receiver: Value, args: list[Value]) -> Effect | None:
    if len(args) != 2:
        return None
    parts = _listed(receiver)
    at = args[0].constants
    if parts is not None and at is not None and len(at) == 1 and isinstance(at[0], int):
        parts.insert(at[0], args[1])
        return constant(None), sequence(parts)
    return constant(None), with_item(receiver, CLEAN, args[1])


def _extend(receiver: Value, args: list[Value]) -> Effect | None:
    if len(args) != 1:
        return None
    parts, more = _listed(receiver), _listed(args[0])
    if parts is not None and more is not None:
        return constant(None), sequence([*parts, *more])
    return constant(None), with_item(receiver, CLEAN, element(args[0]))


def _pop(receiver: Value, args: list[Value]) -> Effect | None:
    parts = _listed(receiver)
    at = args[0].constants if args else (-1,)
    if at is None or len(at) != 1 or receiver.items is None:
        return element(receiver), None
    if parts is not None and isinstance(at[0], int) and -len(parts) <= at[0] < len(parts):
        taken = parts.pop(at[0])
        return taken, sequence(parts)
    rest = {name: one for name, one in receiver.items.items() if name != at[0]}
    return _get(receiver, args)[0], Value(receiver.constants, receiver.taints, rest, receiver.ref, receiver.unknown)


def _popleft(receiver: Value, _: list[Value]) -> Effect | None:
    return _pop(receiver, [constant(0)])


def _remove(receiver: Value, args: list[Value]) -> Effect | None:
    parts = _listed(receiver)
    if parts is None or len(args) != 1 or args[0].constants is None:
        return None
    for number, one in enumerate(parts):
        if one.constants == args[0].constants:
            return constant(None), sequence(parts[:number] + parts[number + 1 :])
    return constant(None), Value(items={ANY: element(receiver)})


def _clear(receiver: Value, _: list[Value]) -> Effect | None:
    return constant(None), Value(items={}, ref=receiver.ref)


def _get(receiver: Value, args: list[Value]) -> Effect:
    if receiver.items is None or not args:
        return mixed(receiver), None
    found: Value | None = None
    keys = args[0].constants
    if keys is not None and all(key in receiver.items or ANY not in receiver.items for key in keys):
        for key in keys:
            found = join(found, receiver.items[key] if key in receiver.items else args[1] if len(args) > 1 else constant(None))
        return found or CLEAN, None
    found = item(receiver, args[0])
    return (join(found, args[1]) if len(args) > 1 else found), None


def _setdefault(receiver: Value, args: list[Value]) -> Effect | None:
    if len(args) != 2:
        return None
    items, key = receiver.items or {}, args[0].constants
    known = key is not None and len(key) == 1 and ANY not in items and not receiver.taints
    if known and key is not None and isinstance(key[0], str | int):
        if key[0] in items:
            return items[key[0]], None
        return args[1], with_item(receiver, args[0], args[1])
    new = join(item(receiver, args[0]), args[1]) if items else args[1]
    return new, with_item(receiver, args[0], new)


def _update(receiver: Value, args: list[Value]) -> Effect | None:
    items = dict(receiver.items or {})
    for one in args:
        items.update(one.items if one.items is not None else {ANY: element(one)})
    return constant(None), Value(receiver.constants, receiver.taints, items, receiver.ref, receiver.unknown)


def _keys(receiver: Value, _: list[Value]) -> Effect | None:
    if receiver.items is None or ANY in receiver.items:
        return None
    return sequence([constant(name) for name in receiver.items]), None


def _values(receiver: Value, _: list[Value]) -> Effect | None:
    return (sequence(list(receiver.items.values())), None) if receiver.items is not None else None


def _items(receiver: Value, _: list[Value]) -> Effect | None:
    if receiver.items is None:
        return None
    pairs = [sequence([CLEAN if name is ANY else constant(name), one]) for name, one in receiver.items.items()]
    return sequence(pairs), None


def _copy(receiver: Value, _: list[Value]) -> Effect | None:
    return receiver, None


def _write(receiver: Value, args: list[Value]) -> Effect | None:
    """Of a buffer: what was written comes out again by any reading method."""
    if len(args) != 1 or not (args[0].deep() or receiver.taints):
        return None
    both = mixed(Value(taints=receiver.taints, unknown=receiver.unknown), args[0])
    return CLEAN, Value(None, both.taints, receiver.items, receiver.ref, both.unknown)


_METHODS: dict[str, Callable[[Value, list[Value]], Effect | None]] = {
    "append": _append, "add": _append, "appendleft": lambda r, a: _insert(r, [constant(0), *a]), "insert": _insert,
    "extend": _extend, "pop": _pop, "remove": _remove, "clear": _clear, "get": _get, "setdefault": _setdefault,
    "update": _update, "popleft": _popleft, "get_nowait": _popleft,
    "put_nowait": _append, "keys": _keys, "values": _values, "items": _items, "copy": _copy, "write": _write, "put": _append,
}  # fmt: skip


def _section(receiver: Value, args: list[Value]) -> Effect | None:
    return constant(None), with_item(receiver, args[0], Value(items={})) if args else None


def _set_option(receiver: Value, args: list[Value]) -> Effect | None:
    if len(args) != 3:
        return None
    inner = item(receiver, args[0])
    if inner.items is None:
        inner = Value(items={}, taints=inner.taints, unknown=inner.unknown)
    return constant(None), with_item(receiver, args[0], with_item(inner, args[1], args[2]))


def _get_option(receiver: Value, args: list[Value]) -> Effect | None:
    return (item(item(receiver, args[0]), args[1]), None) if len(args) > 1 else None


def _set_variable(receiver: Value, args: list[Value]) -> Effect | None:
    return CLEAN, Value(items={"value": args[0]}, ref=receiver.ref) if args else None


def _get_variable(receiver: Value, args: list[Value]) -> Effect | None:
    if receiver.items is None or "value" not in receiver.items:
        return mixed(receiver, *args), None
    return receiver.items["value"], None


_SPECIAL: dict[Any, dict[str, Callable[[Value, list[Value]], Effect | None]]] = {
    "configparser.ConfigParser()": {"add_section": _section, "set": _set_option, "get": _get_option, "read_dict": _update},
    "contextvars.ContextVar()": {"set": _set_variable, "get": _get_variable},
}  # fmt: skip


def is_plain(value: Value) -> bool:
    """Whether it is a list, dict or the like, not an object of the tree or a library's."""
    return value.ref is None or (isinstance(value.ref, str) and (value.ref in _BUFFERS or value.ref in _SPECIAL))


_BUFFERS: frozenset[Any] = frozenset({"io.StringIO()", "io.BytesIO()", "queue.Queue()", "collections.deque()", "builtins.list()",
                                      "builtins.dict()", "builtins.set()", DEFAULTS, "collections.OrderedDict()"})  # fmt: skip
