"""Entering functions and classes of the tree: parameters, what they give, and what they change in their arguments."""

from typing import Any

from analyzers.flow import ir
from analyzers.flow.expressions import is_enumeration
from analyzers.flow.library import Library
from analyzers.flow.state import CALL_DEPTH_MAX, ClassRef, Closure, Env, Frame, Instance, Parent, joined
from analyzers.flow.value import ANY, CLEAN, UNKNOWN, Value, constant, join, mixed, sequence, step


class Functions(Library):
    """Calls of what the tree defines."""

    def own(
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
        self.written_back(closure, paths, args, after)
        return value

    def written_back(self, closure: Closure, paths: list[ir.Expr | None], args: list[Value], after: Env) -> None:
        """Gives the caller's names what a function made of the objects behind them."""
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
        if self.path == self.home and self.frame.function is not function:
            self.reached.add(id(function))
        active = sum(one.function is function for one in self.frames)
        if active > 1 or len(self.frames) > CALL_DEPTH_MAX:
            parts = mixed(*args, *keywords.values())
            return Value(taints=parts.taints, unknown=True), {}
        told, own = f"it is passed to `{function.name}`", f"{closure.scope.module.name}.{function.name}"
        args = [step(one, told, self.path, node, own) for one in args]
        keywords = {name: step(one, told, self.path, node, own) for name, one in keywords.items()}
        outer = id(closure.outer[0]) if closure.outer else 0
        key = (id(function), outer, tuple(one.key() for one in args), tuple((n, one.key()) for n, one in keywords.items()),
               self.path == self.home or id(node), self.shared_changes)  # fmt: skip
        if key not in self.memo:
            env = self.bound(closure, args, keywords)
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

    def bound(self, closure: Closure, args: list[Value], keywords: dict[str, Value]) -> Env:
        """The parameters of a function with what they are given."""
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

    def made(self, node: Any, of: ClassRef, args: list[Value], keywords: dict[str, Value]) -> Value:
        """A new object of a class of the tree."""
        if is_enumeration(of):
            return CLEAN
        made = Value(items={}, ref=of.object)
        start = of.find("__init__")
        if start is not None and isinstance(start.ref, Closure):
            _, after = self.invoked(start.ref, [made, *args], keywords, node)
            first = start.ref.function.params[0].name if start.ref.function.params else ""
            return after.get(first, made)
        names = list(of.parameters())
        items: dict[Any, Value] = {**dict(zip(names, args, strict=False)), **keywords}
        for name in names:
            default = of.find(name)
            if name not in items and default is not None and not isinstance(default.ref, Closure):
                items[name] = default
        return Value(taints=mixed(*args[len(names):]).taints, items=items, ref=made.ref, unknown=False)

    def super(self) -> Value:
        """`super()` in a method."""
        for frame in reversed(self.frames):
            function = frame.function
            if function is None or function.owner is None or not function.params:
                continue
            name = function.params[0].name
            me = (frame.env or {}).get(name, UNKNOWN)
            of = me.ref.of if isinstance(me.ref, Instance) else me.ref if isinstance(me.ref, ClassRef) else None
            above = of.above(function.owner) if of is not None else []
            return Value(ref=Parent(above, me, name), unknown=True)
        return UNKNOWN

    def above(self, node: ir.Call, parent: Parent, ref: Any, args: list[Value], keywords: dict[str, Value]) -> Value:
        """`super().method(...)`; what a class outside the tree is given it may keep."""
        path = ir.Name(parent.name, node.node)
        if isinstance(ref, Closure):
            own = [] if ref.kind == "static" else [parent.me]
            value, after = self.invoked(ref, [*own, *args], keywords, node.node)
            if own and not any(keyword in ("*", "**") for keyword, _ in node.args):
                self.written_back(ref, [path], own, after)
            return value
        given = mixed(*args, *keywords.values())
        me = parent.me
        if given.taints and self.frame.env is not None:
            both = tuple(dict.fromkeys(me.taints + given.taints))
            self.store(path, Value(me.constants, both, me.items, me.ref, me.unknown), changed=True)
        return Value(taints=tuple(dict.fromkeys(me.taints + given.taints)), unknown=True)

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
