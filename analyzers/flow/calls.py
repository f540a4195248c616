"""The values of calls: models of libraries, functions and classes of the tree, containers, builtins."""

from typing import Any

from analyzers.flow import containers, fold, ir
from analyzers.flow.expressions import Expressions
from analyzers.flow.guards import NORMALISED
from analyzers.flow.models import Sink
from analyzers.flow.state import CALL_DEPTH_MAX, ClassRef, Closure, Env, Frame, Instance, joined
from analyzers.flow.value import ANY, CLEAN, UNKNOWN, Taint, Value, cleaned, constant, element, join, mixed, sequence, step

Given = tuple[list[Value], dict[str, Value]]
_NORMALISERS = frozenset({"os.path.realpath", "os.path.abspath", "os.path.normpath"})
_SAFE_RESULTS = frozenset(f"builtins.{name}" for name in ("len", "bool", "isinstance", "hasattr", "id", "hash", "ord", "any", "all"))
_ELEMENTWISE = frozenset(f"builtins.{name}" for name in ("list", "tuple", "sorted", "set", "frozenset", "reversed", "iter"))
_YES_OR_NO = frozenset({"isdigit", "isalnum", "isalpha", "isdecimal", "isnumeric", "startswith", "endswith", "exists", "is_file"})


class Calls(Expressions):
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
        if isinstance(ref, Closure):
            own = f"{ref.scope.module.name}.{ref.function.name}"
            self._sinks(node, own, "", receiver, args, keywords)
            told = self._modelled(node, own, "", receiver, args, keywords)
            return told if told is not None else self._own(node, ref, receiver, args, keywords)
        if isinstance(ref, ClassRef):
            return self._made(node, ref, args, keywords)
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
        for sink in self.models.find(self.models.sinks, name, word) or ():
            if not _applies(sink, args, keywords):
                continue
            parts = [one for at, one in enumerate(args) if sink.whole or at in sink.positions]
            parts += [one for keyword, one in keywords.items() if sink.whole or keyword in sink.keywords]
            if sink.kind == "xss":  # dictionaries are sent as JSON
                parts = [one for one in parts if one.items is None or one.ref is not None]
            if sink.kind == "path":  # an upload is an open file; its name is not
                parts = [one for one in parts if not (isinstance(one.ref, str) and one.ref.endswith(_UPLOADS))]
            if sink.receiver and receiver is not None:
                parts.append(receiver)
            if parts:
                value = parts[0] if len(parts) == 1 else mixed(*parts)
                value = _program(value, keywords) if sink.program else value
                self.witness(sink.kind, value, node.node, f"`{word}` gets it")

    def _modelled(
        self, node: ir.Call, name: str | None, word: str, receiver: Value | None, args: list[Value], keywords: dict[str, Value]
    ) -> Value | None:
        models = self.models
        if name is not None and (folded := fold.builtin(name, args)) is not None and folded.constants is not None:
            return folded
        if (kinds := models.find(models.sanitizers, name, word)) is not None:
            parts = [*args, *keywords.values()] or ([receiver] if receiver is not None else [])
            return cleaned(mixed(*parts), kinds)
        if (source := models.find(models.sources, f"{name}()" if name else None, f"{word}()")) is not None:
            if source.unless_in and source.unless_in in self.frame.scope.module.tree.code:
                return UNKNOWN
            return self.tainted(source, node.node, f"{name}()" if name else None)
        if name in _NORMALISERS or word == "resolve":
            return _marked(mixed(*args, *([receiver] if word == "resolve" and receiver else [])))
        if name in ("re.match", "re.fullmatch", "re.search") and len(args) > 1:
            return Value(ref=("match", {one.source for one in args[1].deep()}) if self._strict_call(node) else None)
        if kinds := models.find(models.guards, name, word or (name or "").rsplit(".", 1)[-1]):
            guarded = [*args, *keywords.values(), *([receiver] if receiver is not None else [])]
            return Value(ref=("match", {taint.source for one in guarded for taint in one.deep()}, kinds))
        if name == "re.compile" and args and args[0].constants is not None:
            return Value(ref="re.compile()", constants=args[0].constants)
        return None

    def _strict_call(self, node: ir.Call) -> bool:
        return self.is_strict(self.evaluate(node.args[0][1]), self._name(node.func) == "re.fullmatch")

    def _plain(
        self, node: ir.Call, name: str | None, word: str, receiver: Value | None, args: list[Value], keywords: dict[str, Value]
    ) -> Value:
        """A call that no model speaks of."""
        if name is not None and name.startswith("builtins."):
            return self._builtin(name, args)
        if receiver is not None:
            folded = fold.method(receiver, word, args)
            if folded is not None:
                return folded
            if word in _YES_OR_NO:
                return CLEAN
            if containers.is_plain(receiver) and (done := containers.effect(receiver, word, args)) is not None:
                if done[1] is not None and isinstance(node.func, ir.Attr):
                    self.store(node.func.value, done[1], changed=True)
                return done[0]
            if receiver.items is not None and isinstance(receiver.ref, Instance):
                return Value(taints=mixed(receiver, *args, *keywords.values()).taints, unknown=True)
        parts = mixed(*([receiver] if receiver is not None else []), *args, *keywords.values())
        is_text = receiver is not None and name is None and not receiver.vague()
        if name is not None and not parts.taints and receiver is not None and receiver.taints:
            is_text = True
        told = Value(taints=parts.taints, ref=f"{name}()" if name else None, unknown=parts.unknown or not is_text)
        return step(told, f"`{word}` passes it on" if word else "a call passes it on", self.path, node.node, name or "")

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

    def _own(
        self, node: ir.Call, closure: Closure, receiver: Value | None, args: list[Value], keywords: dict[str, Value]
    ) -> Value:
        """A function of the tree; what it changes in its arguments is written back."""
        method = receiver is not None and isinstance(receiver.ref, Instance | ClassRef)
        paths: list[ir.Expr | None] = [None if keyword else one for keyword, one in node.args]
        if method and closure.kind != "static" and isinstance(node.func, ir.Attr):
            through_class = receiver is not None and isinstance(receiver.ref, ClassRef)
            if closure.kind == "class" or not through_class:
                args = [receiver or UNKNOWN, *args]
                paths = [node.func.value, *paths]
        if any(keyword in ("*", "**") for keyword, _ in node.args):
            paths = []
        value, after = self.invoked(closure, args, keywords, node.node)
        self._written_back(closure, paths, args, after)
        return value

    def _written_back(self, closure: Closure, paths: list[ir.Expr | None], args: list[Value], after: Env) -> None:
        for param, path, before in zip(closure.function.params, paths, args, strict=False):
            now = after.get(param.name)
            changed = now is not None and now is not before and now.items is not None
            if changed and isinstance(path, ir.Name | ir.Attr | ir.Item) and now is not None and self.frame.env is not None:
                self.store(path, now, changed=True)

    def invoke(self, closure: Closure, args: list[Value], keywords: dict[str, Value], node: Any) -> Value:
        """Runs a function of the tree for its value alone."""
        self.frame.call = node
        return self.invoked(closure, args, keywords, node)[0]

    def invoked(self, closure: Closure, args: list[Value], keywords: dict[str, Value], node: Any) -> tuple[Value, Env]:
        """The value of a call and the parameters' values at its end, from memory where the same was asked before."""
        function = closure.function
        active = sum(one.function is function for one in self.frames)
        if active > 1 or len(self.frames) > CALL_DEPTH_MAX:
            parts = mixed(*args, *keywords.values())
            return Value(taints=parts.taints, unknown=True), {}
        told, own = f"it is passed to `{function.name}`", f"{closure.scope.module.name}.{function.name}"
        args = [step(one, told, self.path, node, own) for one in args]
        keywords = {name: step(one, told, self.path, node, own) for name, one in keywords.items()}
        outer = id(closure.outer[0]) if closure.outer else 0
        key = (id(function), outer, tuple(one.key() for one in args), tuple((n, one.key()) for n, one in keywords.items()),
               self.path == self.home or id(node))  # fmt: skip
        if key not in self.memo:
            env = self._bound(closure, args, keywords)
            frame = self.enter(closure, env)
            after = {name: one for name, one in (end_of(frame) or {}).items() if name not in frame.rebound}
            # What the key knows by its address must live as long as the key: else another object could get that address.
            self.memo[key] = result(frame), after, (closure, args, keywords)
        value, after, _ = self.memo[key]
        return step(value, f"`{function.name}` returns it", self.path, node, own), after

    def enter(self, closure: Closure, env: Env, *, handler: bool = False) -> Frame:
        """Interprets a function's body with its parameters bound."""
        self.tick()
        frame = Frame(closure.scope, env, closure.function, closure.outer, handler=handler)
        self.frames.append(frame)
        try:
            self.run(closure.function.body)
        finally:
            self.frames.pop()
        return frame

    def _bound(self, closure: Closure, args: list[Value], keywords: dict[str, Value]) -> Env:
        env: Env = {}
        rest = list(args)
        spare = keywords.get("**")
        names = {one.name for one in closure.function.params}
        for param in closure.function.params:
            if param.star == "*":
                env[param.name] = sequence(rest)
                rest = []
            elif param.star == "**":
                env[param.name] = Value(items={name: one for name, one in keywords.items() if name not in names})
            elif rest:
                env[param.name] = rest.pop(0)
            elif param.name in keywords:
                env[param.name] = keywords[param.name]
            elif param.default is not None:
                env[param.name] = self._default(param.default)
                if spare is not None:
                    env[param.name] = join(env[param.name], spare)
            else:
                env[param.name] = spare or UNKNOWN
        return env

    def _default(self, node: ir.Expr) -> Value:
        return constant(node.value) if isinstance(node, ir.Const) else self.evaluate(node)

    def _made(self, node: ir.Call, of: ClassRef, args: list[Value], keywords: dict[str, Value]) -> Value:
        """A new object of a class of the tree."""
        made = Value(items={}, ref=of.object)
        start = of.find("__init__")
        if start is not None and isinstance(start.ref, Closure):
            _, after = self.invoked(start.ref, [made, *args], keywords, node.node)
            first = start.ref.function.params[0].name if start.ref.function.params else ""
            return after.get(first, made)
        items: dict[Any, Value] = dict(keywords)
        rest = mixed(*args)
        return Value(taints=rest.taints, items=items, ref=made.ref, unknown=False)


def result(frame: Frame) -> Value:
    """What a finished function gives: its returns, or for a generator what it yields."""
    if frame.yielded is not None or (frame.function is not None and frame.function.generator):
        return Value(items={ANY: frame.yielded or CLEAN})
    return frame.returned or constant(None)


def end_of(frame: Frame) -> Env | None:
    """What the names are when the function ends, on whatever way."""
    env = frame.env
    for one in frame.ends:
        env = joined(env, one)
    return env


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


def _program(value: Value, keywords: dict[str, Value]) -> Value:
    """Of a command given as a list, the program; all of it where a shell reads it."""
    shell = fold.truth(keywords["shell"]) if "shell" in keywords else False
    if value.items is None or shell is not False:
        return value
    return value.items.get(0, CLEAN)


def _marked(value: Value) -> Value:
    """A path in which dots and links were resolved."""
    taints = tuple(Taint(one.label, one.source, one.cleaned | {NORMALISED}, one.trail) for one in value.taints)
    return Value(taints=taints, unknown=value.unknown)


_UPLOADS = (".files[]", ".files.get()")
_KNOWN_BUILTINS = frozenset(f"builtins.{name}" for name in ("str", "repr", "bytes", "format", "chr", "max", "min", "sum", "abs",
                                                            "bytearray", "ascii", "next", "hex", "oct", "bin"))  # fmt: skip
