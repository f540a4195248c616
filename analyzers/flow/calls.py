"""The values of calls: models of libraries, functions and classes of the tree, containers, builtins."""

import re
from typing import Any

from analyzers.flow import containers, fold, ir, texts
from analyzers.flow.expressions import anchored
from analyzers.flow.functions import Functions
from analyzers.flow.guards import NORMALISED
from analyzers.flow.library import settings
from analyzers.flow.models import Sink
from analyzers.flow.state import ClassRef, Closure, Instance, Parent
from analyzers.flow.value import (
    ANY,
    CLEAN,
    UNKNOWN,
    Taint,
    Trail,
    Value,
    cleaned,
    constant,
    decoded,
    element,
    encoded,
    mixed,
    sequence,
    step,
)

Given = tuple[list[Value], dict[str, Value]]
_NORMALISERS = frozenset({"os.path.realpath", "os.path.abspath", "os.path.normpath"})
_SAFE_RESULTS = frozenset(f"builtins.{name}" for name in ("len", "bool", "isinstance", "hasattr", "id", "hash", "ord", "any", "all"))
_ELEMENTWISE = frozenset(f"builtins.{name}" for name in ("list", "tuple", "sorted", "set", "frozenset", "reversed", "iter"))
_YES_OR_NO = frozenset({"isdigit", "isalnum", "isalpha", "isdecimal", "isnumeric", "startswith", "endswith", "exists", "is_file"})


class Calls(Functions):
    """Evaluating calls."""

    def call(self, node: ir.Call) -> Value:
        """The value of a call, with all it does."""
        self.tick()
        self.frame.call = node.node
        func = node.func
        receiver = self.evaluate(func.value) if isinstance(func, ir.Attr) else None
        target = self.evaluate(func)
        args, keywords = self._given(node)
        self.frame.call = node.node
        ref = self._found(target, [*args, *keywords.values()])
        word = func.name if isinstance(func, ir.Attr) else func.id if isinstance(func, ir.Name) else ""
        if isinstance(ref, Instance) and (method := ref.of.find("__call__")) is not None and isinstance(method.ref, Closure):
            return self.invoke(method.ref, [target, *args], keywords, node.node)
        if isinstance(ref, tuple) and ref[0] in ("partial", "record"):
            return self.applied(target, args, keywords, node.node)
        if isinstance(receiver, Value) and isinstance(receiver.ref, Parent):
            return self.above(node, receiver.ref, ref, args, keywords)
        if isinstance(ref, Closure):
            own = f"{ref.scope.module.name}.{ref.function.name}"
            self._sinks(node, own, "", receiver, args, keywords)
            told = self._modelled(node, own, "", receiver, args, keywords)
            return told if told is not None else self.own(node, ref, receiver, args, keywords)
        if isinstance(ref, ClassRef):
            return self.made(node.node, ref, args, keywords)
        name = ref if isinstance(ref, str) else None
        self._sinks(node, name, word, receiver, args, keywords)
        if name is not None and name in self.models.exits:
            self.frame.env = None
            return CLEAN
        found = self._modelled(node, name, word, receiver, args, keywords)
        if found is None:
            found = self._plain(node, name, word, receiver, args, keywords)
        return found

    def _found(self, target: Value, args: list[Value]) -> Any:
        """What is called. A name from another file is looked up where the answer can matter: that file must be parsed."""
        ref = target.ref
        if isinstance(ref, str) and "(" not in ref and (self.path == self.home or any(one.deep() for one in args)):
            found = self.resolve(ref)
            if found is not None and isinstance(found.ref, Closure | ClassRef):
                return found.ref
        return ref

    def _given(self, node: ir.Call) -> Given:
        args: list[Value] = []
        keywords: dict[str, Value] = {}
        for keyword, one in node.args:
            value = self.evaluate(one)
            if keyword == "*":
                known = value.items is not None and ANY not in value.items
                args.extend((value.items or {}).values() if known else [element(value)])
            elif keyword == "**":
                for name, part in (value.items if value.items is not None else {ANY: element(value)}).items():
                    keywords[name if isinstance(name, str) else "**"] = part
            elif keyword:
                keywords[keyword] = value
            else:
                args.append(value)
        return args, keywords

    def _sinks(
        self, node: ir.Call, name: str | None, word: str, receiver: Value | None, args: list[Value], keywords: dict[str, Value]
    ) -> None:
        found = self.models.find(self.models.sinks, name, word)
        if found is None and word in self.models.inner and isinstance(node.func, ir.Attr) and isinstance(node.func.value, ir.Attr):
            found = self.models.sinks.get(f"*.{node.func.value.name}.{word}")
        for sink in found or ():
            if not _applies(sink, args, keywords) or (sink.key and not is_key(sink.key, args[:1])):
                continue
            if sink.weak:
                self._chosen(sink, node, name, args, keywords)
                continue
            parts = [one for at, one in enumerate(args) if sink.whole or at in sink.positions]
            parts += [one for keyword, one in keywords.items() if sink.whole or keyword in sink.keywords]
            if sink.kind == "xss":  # dictionaries are sent as JSON
                parts = [one for one in parts if one.items is None or one.ref is not None]
            if sink.kind == "log":
                parts = _logged(args, parts)
            if sink.kind == "deserialize":  # what this program wrote itself is no stranger's
                parts = [CLEAN if isinstance(one.ref, tuple) and one.ref[0] == "written" else one for one in parts]
            if sink.kind == "path":  # an upload is an open file; its name is not
                parts = [one for one in parts if not (isinstance(one.ref, str) and one.ref.endswith(_UPLOADS))]
            if sink.receiver and receiver is not None:
                parts.append(receiver)
            if parts:
                value = parts[0] if len(parts) == 1 else sequence(args) if sink.program and sink.whole else mixed(*parts)
                value = _command(value, keywords) if sink.program else value
                self.witness(sink.kind, value, node.node, f"`{word}` gets it")

    def _modelled(
        self, node: ir.Call, name: str | None, word: str, receiver: Value | None, args: list[Value], keywords: dict[str, Value]
    ) -> Value | None:
        models = self.models
        if name is not None and (folded := fold.builtin(name, args)) is not None and folded.constants is not None:
            return folded
        if name is not None and (known := self.library(node, name, args, keywords)) is not None:
            return known
        own = [receiver] if receiver is not None else []
        if name in models.encoders or f"*.{word}" in models.encoders:
            return self.write_down(name, args, encoded(mixed(*args, *own)))
        if name in models.decoders or f"*.{word}" in models.decoders:
            return decoded(mixed(*args, *keywords.values()))
        if (kinds := models.find(models.sanitizers, name, word)) is not None:
            if name in _PROVING and self.frame.env is not None:
                self.prove(node.args)
            return self.write_down(name, args, self._sanitized(node, name, mixed(*([*args, *keywords.values()] or own)), kinds))
        if (source := models.find(models.sources, f"{name}()" if name else None, f"{word}()")) is not None:
            if source.unless_in and source.unless_in in self.frame.scope.module.tree.code:
                return UNKNOWN
            return self.tainted(source, node.node, f"{name}()" if name else None)
        if name in _NORMALISERS or word == "resolve":
            return cleaned(mixed(*args, *(own if word == "resolve" else [])), frozenset({NORMALISED}))
        if name == "builtins.super" and not args:
            return self.super()
        return self._tested(node, name, word, [*args, *keywords.values(), *own])

    def _sanitized(self, node: ir.Call, name: str | None, value: Value, kinds: frozenset[str]) -> Value:
        """A value made harmless for some kinds, also as far as nobody knows where it comes from."""
        found = cleaned(value, kinds)
        if not found.unknown or self.path != self.home or name == "builtins.str":
            return found
        nobody = Taint(NOBODY, id(node.node), kinds, Trail("what is not known enters here", self.path, node.node))
        return Value(taints=(*found.taints, nobody))

    def _tested(self, node: ir.Call, name: str | None, word: str, given: list[Value]) -> Value | None:
        """A test or a search whose answer is looked at later; None for other calls."""
        if name in ("re.match", "re.fullmatch", "re.search") and len(given) > 1:
            if self._strict_call(node):
                return Value(ref=("match", {one.source for one in given[1].deep()}))
            return CLEAN if self.finds_plain(given[0]) else Value(taints=given[1].deep(), unknown=given[1].vague())
        if name == "re.sub" and len(given) > 2:
            return texts.substituted(given[0], given[1], given[2])
        if kinds := self.models.find(self.models.guards, name, word or (name or "").rsplit(".", 1)[-1]):
            return Value(ref=("match", {taint.source for one in given for taint in one.deep()}, kinds))
        if name == "re.compile" and given and given[0].constants is not None:
            return Value(ref="re.compile()", constants=given[0].constants)
        return None

    def _strict_call(self, node: ir.Call) -> bool:
        return self.is_strict(self.evaluate(node.args[0][1]), self._name(node.func) == "re.fullmatch")

    def _plain(
        self, node: ir.Call, name: str | None, word: str, receiver: Value | None, args: list[Value], keywords: dict[str, Value]
    ) -> Value:
        """A call that no model speaks of."""
        if name is not None and name.startswith("builtins.") and "(" not in name:
            return self._builtin(name, args)
        if receiver is not None and (found := self._method(node, word, receiver, args, keywords)) is not None:
            return found
        parts = mixed(*([receiver] if receiver is not None else []), *args, *keywords.values())
        is_text = receiver is not None and name is None and not receiver.vague()
        if name is not None and not parts.taints and receiver is not None and receiver.taints:
            is_text = True
        told = Value(taints=parts.taints, ref=f"{name}()" if name else None, unknown=parts.unknown or not is_text)
        return step(told, f"`{word}` passes it on" if word else "a call passes it on", self.path, node.node, name or "")

    def _method(self, node: ir.Call, word: str, receiver: Value, args: list[Value], keywords: dict[str, Value]) -> Value | None:
        """A method of a text, a container or an object; None where nothing is known of it."""
        folded = fold.method(receiver, word, args) if not keywords else None
        if folded is not None and word == "format":
            self.put_together(folded, node.node)
        if folded is None:
            folded = self._of_text(receiver, word, args, keywords, node)
        if folded is not None:
            return folded
        if word in _YES_OR_NO:
            return CLEAN
        if word in ("read", "read_string") and receiver.ref == "configparser.ConfigParser()" and isinstance(node.func, ir.Attr):
            self.store(node.func.value, self._configured(receiver, word, args), changed=True)
            return CLEAN
        if word == "relative_to":  # raises where the path leads out of the folder
            self.prove_path(receiver)
        if containers.is_plain(receiver) and (done := containers.effect(receiver, word, args, keywords)) is not None:
            if done[1] is not None and isinstance(node.func, ir.Attr):
                self.store(node.func.value, done[1], changed=True)
            return done[0]
        if receiver.items is not None and isinstance(receiver.ref, Instance):
            return Value(taints=mixed(receiver, *args, *keywords.values()).taints, unknown=True)
        return None

    def _of_text(self, receiver: Value, word: str, args: list[Value], keywords: dict[str, Value], node: ir.Call) -> Value | None:
        """A method of a text of which more is known than where it comes from; None for others."""
        template = receiver.constants[0] if receiver.constants and len(receiver.constants) == 1 else None
        if isinstance(template, str) and word in ("format", "format_map"):
            given = keywords if word == "format" else (args[0].items or {}) if args else {}
            outs = {name: self.written_out(one, node.node) for name, one in given.items() if isinstance(name, str)}
            used = texts.filled(template, [self.written_out(one, node.node) for one in args], outs)
            if used is not None:
                self.put_together(used, node.node)
                return step(anchored(used, receiver), "it is put into a longer text", self.path, node.node)
            return None
        if isinstance(receiver.ref, tuple) and receiver.ref[0] == "written" and word in ("encode", "decode"):
            return receiver
        if not receiver.taints or receiver.items is not None:
            return None
        if word == "replace":
            return texts.replaced(receiver, args)
        if word == "translate":
            return texts.translated(receiver, args)
        if word == "splitlines":
            return Value(items={ANY: texts.lines(receiver)})
        return None

    def _chosen(self, sink: Sink, node: ir.Call, name: str | None, args: list[Value], keywords: dict[str, Value]) -> None:
        """What the program chooses where some choices are bad: an argument, or the function itself where none counts."""
        parts = [one for at, one in enumerate(args) if sink.whole or at in sink.positions]
        parts += [one for keyword, one in keywords.items() if sink.whole or keyword in sink.keywords]
        if not sink.positions and not sink.keywords and not sink.whole:
            parts = [constant(name)]
        for one in parts:
            known = self.resolve(one.ref) if isinstance(one.ref, str) and "(" not in one.ref and self.path == self.home else None
            self.choose(sink.kind, sink.weak, known or one, node.node)

    def _configured(self, receiver: Value, word: str, args: list[Value]) -> Value:
        """A parser of settings after it read a text or a file of the tree."""
        given = args[0].constants if args else None
        text = given[0] if given is not None and len(given) == 1 and isinstance(given[0], str) else None
        if text is not None and word == "read":
            text = self.settings_file(text)
        items = settings(text) if text is not None else None
        if items is None:
            return Value(receiver.constants, receiver.taints, receiver.items, receiver.ref, unknown=True)
        return Value(None, receiver.taints, {**(receiver.items or {}), **items}, receiver.ref)

    def _builtin(self, name: str, args: list[Value]) -> Value:
        if name in _SAFE_RESULTS:
            return fold.builtin(name, args) or CLEAN
        if name in _ELEMENTWISE and len(args) == 1:
            return args[0] if args[0].items is not None else Value(items={ANY: element(args[0])})
        if name == "builtins.dict" and not args:
            return Value(items={})
        if name in ("builtins.list", "builtins.set", "builtins.tuple"):
            return Value(items={})
        if name == "builtins.enumerate" and args:
            return Value(items={ANY: sequence([CLEAN, element(args[0])])})
        if name == "builtins.zip":
            return Value(items={ANY: sequence([element(one) for one in args])})
        if name == "builtins.range":
            return Value(items={ANY: CLEAN})
        folded = fold.builtin(name, args)
        if folded is not None:
            return folded
        parts = mixed(*args)
        return Value(taints=parts.taints, ref=f"{name}()", unknown=parts.unknown or name not in _KNOWN_BUILTINS)



def _applies(sink: Sink, args: list[Value], keywords: dict[str, Value]) -> bool:
    if len(args) > sink.positional_max:
        return False
    for name, value in sink.unless.items():
        harmless = value if isinstance(value, list) else [value]
        given = keywords[name].constants if name in keywords else None
        if given and all(one in harmless for one in given):
            return False
    named = [one.ref.rsplit(".", 1)[-1] for one in (*args, *keywords.values()) if isinstance(one.ref, str)]
    if not sink.unless_given.isdisjoint([*named, *keywords]):
        return False
    return all(
        name in keywords and keywords[name].constants in ((value,), None) and not keywords[name].taints for name, value in sink.when.items()
    )  # what the sender says of its own request no other site can make a browser say


def _command(value: Value, keywords: dict[str, Value]) -> Value:
    """Of a command given as a list, the program, and what a shell is told with `-c`; all of it where a shell reads it."""
    shell = fold.truth(keywords["shell"]) if "shell" in keywords else False
    if value.items is None or shell is not False:
        return value
    first, flag = (value.items.get(at, CLEAN) for at in (0, 1))
    names = [str(one).rsplit("/", 1)[-1].lower() for one in first.constants or ()]
    if any(name in _SHELLS for name in names) and any(_ORDERS.fullmatch(str(one)) for one in flag.constants or ()):
        return mixed(first, value.items.get(2, CLEAN))
    return first


def is_key(wanted: str, given: list[Value]) -> bool:
    """Whether what is given is this name, in whatever case."""
    return any(one.constants is not None and wanted in [str(text).lower() for text in one.constants] for one in given)


def _logged(args: list[Value], parts: list[Value]) -> list[Value]:
    """What a log's line holds: the format decides how its arguments are written."""
    template = args[0].constants[0] if len(args) > 1 and args[0].constants and len(args[0].constants) == 1 else None
    used = texts.percent(template, sequence(args[1:])) if isinstance(template, str) else None
    return [used] if used is not None else parts


NOBODY = "nobody"
"""The label of what comes from where nobody looked, once something was done to it."""
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "cmd", "cmd.exe", "powershell", "pwsh"})
_ORDERS = re.compile(r"-\w*c|/[cC]|-[cC]ommand")
_PROVING = frozenset({"builtins.int", "builtins.float", "uuid.UUID", "decimal.Decimal", "ipaddress.ip_address", "ipaddress.ip_network",
                      "datetime.date.fromisoformat", "datetime.datetime.fromisoformat", "datetime.datetime.strptime"})  # fmt: skip
"""What raises unless a text is a number, an address or a date: after it, the text is."""
_UPLOADS = (".files[]", ".files.get()")
_KNOWN_BUILTINS = frozenset(f"builtins.{name}" for name in ("str", "repr", "bytes", "format", "chr", "max", "min", "sum", "abs",
                                                            "bytearray", "ascii", "next", "hex", "oct", "bin", "compile"))  # fmt: skip
