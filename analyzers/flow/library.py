"""What functions of the standard library do with values and functions that they are given."""

import configparser
import posixpath
from collections.abc import Callable
from typing import Any

from analyzers.flow import ir, texts
from analyzers.flow.expressions import Expressions
from analyzers.flow.state import ClassRef, Closure, Instance
from analyzers.flow.value import ANY, CLEAN, DEFAULTS, UNKNOWN, Value, constant, element, join, mixed, sequence

_WRITERS = {
    "json.dumps": "json", "pickle.dumps": "pickle", "marshal.dumps": "marshal", "yaml.safe_dump": "yaml", "yaml.dump": "yaml",
    "base64.b64encode": "base64", "base64.urlsafe_b64encode": "base64", "zlib.compress": "zlib",
}  # fmt: skip
_READERS = {
    "json.loads": "json", "pickle.loads": "pickle", "marshal.loads": "marshal", "yaml.safe_load": "yaml",
    "base64.b64decode": "base64", "base64.urlsafe_b64decode": "base64", "zlib.decompress": "zlib",
}  # fmt: skip
_SAME = frozenset({"copy.copy", "copy.deepcopy", "types.MappingProxyType", "asyncio.ensure_future", "asyncio.create_task",
                   "asyncio.wait_for", "asyncio.run", "typing.cast", "functools.cache", "functools.lru_cache"})  # fmt: skip
_PARSERS = frozenset({"configparser.ConfigParser()", "configparser.RawConfigParser()", "configparser.SafeConfigParser()"})
_MAKERS = frozenset(f"builtins.{name}" for name in ("list", "dict", "set", "str", "int"))
_RECORDS = frozenset({"collections.namedtuple"})


class Library(Expressions):
    """Calls of the standard library whose result is known better than as a mixture of what they are given."""

    def library(self, node: ir.Call, name: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        """What a function gives; None for functions that are not known here."""
        if name in _READERS and args:
            return written_by(args[0], _READERS[name])
        if name in _WRITERS and args and name not in self.models.encoders and name not in self.models.sanitizers:
            return self.write_down(name, args, mixed(*args, *keywords.values()))
        if name in _SAME and args:
            return args[-1] if name == "typing.cast" else args[0]
        if f"{name}()" in _PARSERS:
            return Value(items={}, ref="configparser.ConfigParser()")
        if name in _RECORDS and len(args) > 1:
            return _record(args[1])
        if name in ("functools.reduce", "builtins.map", "builtins.filter") and len(args) > 1:
            return self._applied_to_each(name, node, args)
        maker = _BUILTINS.get(name)
        return maker(self, node, args, keywords) if maker is not None else None

    def write_down(self, name: str | None, args: list[Value], found: Value) -> Value:
        """The text or bytes that a value was written as, with the value, for whoever reads it again."""
        kind = _WRITERS.get(name or "")
        if kind is None or not args:
            return found
        return Value(None, found.taints, None, ("written", kind, args[0]), found.unknown)

    def applied(self, function: Value, args: list[Value], keywords: dict[str, Value], node: Any) -> Value:
        """What a function gives that is called by somebody else's code."""
        ref = function.ref
        if isinstance(ref, tuple) and ref[0] == "partial":
            return self.applied(ref[1], [*ref[2], *args], {**ref[3], **keywords}, node)
        if isinstance(ref, tuple) and ref[0] == "record":
            return record_of(ref[1], args, keywords)
        if isinstance(ref, Closure):
            return self.invoke(ref, args, keywords, node)
        if isinstance(ref, ClassRef):
            return self.made(node, ref, args, keywords)
        return mixed(function if function.taints else CLEAN, *args, *keywords.values())

    def made(self, node: Any, of: ClassRef, args: list[Value], keywords: dict[str, Value]) -> Value:
        """A new object of a class of the tree."""
        raise NotImplementedError

    def _applied_to_each(self, name: str, node: ir.Call, args: list[Value]) -> Value:
        each = element(args[1])
        if name == "builtins.filter":
            return args[1] if args[1].items is not None else Value(items={ANY: each})
        if name == "builtins.map":
            return Value(items={ANY: self.applied(args[0], [each], {}, node.node)})
        start = args[2] if len(args) > 2 else each
        once = self.applied(args[0], [start, each], {}, node.node)
        return join(start, once)

    def _set_attribute(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        name = args[1].constants if len(args) > 2 else None
        target = node.args[0][1] if node.args else None
        if name is None or len(name) != 1 or not isinstance(name[0], str) or not isinstance(target, ir.Name | ir.Attr | ir.Item):
            return None
        self.store(ir.Attr(target, name[0], node.node), args[2])
        return constant(None)

    def _get_attribute(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        name = args[1].constants if len(args) > 1 else None
        if name is None or len(name) != 1 or not isinstance(name[0], str):
            return None
        return self.attribute(args[0], name[0], node.node)

    def _zip(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        parts = [_listed(one) for one in args]
        if not parts or any(one is None for one in parts):
            return None
        return sequence([sequence(list(row)) for row in zip(*(one or [] for one in parts), strict=False)])

    def _dict(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        if not args:
            return Value(items=dict(keywords))
        pairs = _listed(args[0])
        if pairs is None or not all(one.items is not None and len(one.items) == 2 for one in pairs):
            whole = args[0].items if args[0].items is not None and args[0].ref is None and pairs is None else None
            return Value(items={**whole, **keywords}) if whole is not None else None
        items: dict[Any, Value] = {}
        for one in pairs:
            key, value = (one.items or {}).values()
            items[key.constants[0] if key.constants and isinstance(key.constants[0], str | int) else ANY] = value
        return Value(items={**items, **keywords})

    def _text(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return self.written_out(args[0], node.node) if args and isinstance(args[0].ref, Instance) else None

    def _repr(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return texts.quoted(args[0]) if args and args[0].constants is None else None

    def _range(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        bounds = [one.constants[0] for one in args if one.constants is not None and len(one.constants) == 1]
        if len(bounds) != len(args) or not bounds or not all(isinstance(one, int) and abs(one) <= 8 for one in bounds):
            return None
        if len(bounds) == 3 and bounds[2] == 0:
            return None
        return sequence([constant(one) for one in range(*bounds)])

    def _reversed(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        parts = _listed(args[0]) if args else None
        return sequence(parts[::-1]) if parts is not None else None

    def _enumerate(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        parts = _listed(args[0]) if len(args) == 1 else None
        return sequence([sequence([constant(at), one]) for at, one in enumerate(parts)]) if parts is not None else None

    def _sorted(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return Value(items={ANY: element(args[0])}) if args else None

    def _partial(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return Value(ref=("partial", args[0], args[1:], keywords)) if args else None

    def _replaced(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return Value(None, args[0].taints, {**(args[0].items or {}), **keywords}, args[0].ref, args[0].unknown) if args else None

    def _namespace(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return Value(items=dict(keywords))

    def _gather(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return sequence(args)

    def _chain(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        return _chained(args)

    def _path(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        parts = [str(one.constants[0]) for one in args if one.constants is not None and len(one.constants) == 1]
        return constant(posixpath.join(*parts)) if parts and len(parts) == len(args) else None

    def _defaults(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        made = args[0].ref if args else None
        return Value(items={}, ref=DEFAULTS) if isinstance(made, str) and made in _MAKERS else None

    def _list(self, node: ir.Call, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        parts = _listed(args[0]) if args else []
        return sequence(parts) if parts is not None else None


_BUILTINS: dict[str, Callable[[Library, ir.Call, list[Value], dict[str, Value]], Value | None]] = {
    "builtins.setattr": Library._set_attribute, "builtins.getattr": Library._get_attribute, "builtins.zip": Library._zip,
    "builtins.dict": Library._dict, "collections.OrderedDict": Library._dict, "builtins.str": Library._text,
    "builtins.repr": Library._repr, "builtins.range": Library._range, "builtins.reversed": Library._reversed,
    "builtins.enumerate": Library._enumerate, "builtins.sorted": Library._sorted,
    "functools.partial": Library._partial, "dataclasses.replace": Library._replaced, "types.SimpleNamespace": Library._namespace,
    "asyncio.gather": Library._gather, "itertools.chain": Library._chain, "collections.ChainMap": Library._chain,
    "os.path.join": Library._path, "collections.defaultdict": Library._defaults, "collections.deque": Library._list,
    "builtins.list": Library._list, "builtins.tuple": Library._list, "queue.Queue": Library._list,
}  # fmt: skip


def written_by(value: Value, kind: str) -> Value | None:
    """What was written down as this text, where the same library wrote it."""
    ref = value.ref
    return ref[2] if isinstance(ref, tuple) and ref[0] == "written" and ref[1] == kind else None


def record_of(fields: tuple[str, ...], args: list[Value], keywords: dict[str, Value]) -> Value:
    """A named tuple: its parts by number and by name."""
    parts = [args[at] if at < len(args) else keywords.get(name, CLEAN) for at, name in enumerate(fields)]
    return Value(items={**dict(enumerate(parts)), **dict(zip(fields, parts, strict=True))})


def _record(fields: Value) -> Value:
    names: tuple[str, ...] = ()
    if fields.constants and isinstance(fields.constants[0], str):
        names = tuple(fields.constants[0].replace(",", " ").split())
    elif (parts := _listed(fields)) is not None:
        names = tuple(str(one.constants[0]) for one in parts if one.constants)
    return Value(ref=("record", names)) if names else UNKNOWN


def _listed(value: Value) -> list[Value] | None:
    items = value.items
    if value.constants is not None and len(value.constants) == 1 and isinstance(value.constants[0], tuple | list):
        return [constant(one) for one in value.constants[0]]
    if items is None or value.ref is not None or list(items) != list(range(len(items))):
        return None
    return list(items.values())


def _chained(args: list[Value]) -> Value:
    parts = [_listed(one) for one in args]
    if all(one is not None for one in parts):
        return sequence([value for one in parts for value in one or ()])
    if all(one.items is not None and ANY not in one.items for one in args):
        return Value(items={name: value for one in reversed(args) for name, value in (one.items or {}).items()})
    return Value(items={ANY: element(mixed(*args))})


def settings(text: str) -> dict[Any, Value] | None:
    """What a settings file in the form that `configparser` reads holds; None where it is not one."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {name: Value(items={key: constant(value) for key, value in parser[name].items()}) for name in parser.sections()}
