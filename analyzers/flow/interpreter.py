"""Interpreting statements: every way through a function that constants and tests leave open."""

from typing import Any

from analyzers.flow import ir
from analyzers.flow.calls import Calls
from analyzers.flow.state import ClassRef, Closure, Env, Frame, joined, widened
from analyzers.flow.value import CLEAN, UNKNOWN, Value, constant, element, join, step

_KINDS = {"staticmethod": "static", "classmethod": "class", "property": "property", "cached_property": "property"}
TURNS = 2
"""How often a loop's body is read."""


class Interpreter(Calls):
    """Running blocks of statements in the current frame."""

    def run(self, block: ir.Block) -> None:
        """Interprets statements in the current frame until nothing more can run."""
        for one in block:
            if self.frame.env is None:
                return
            self.tick()
            _RUNNERS[type(one)](self, one)

    def _assign(self, node: ir.Assign) -> None:
        value = self.evaluate(node.value)
        for target in node.targets:
            if isinstance(target, ir.Name):
                self.bind(target.id, step(value, f"it is kept as `{target.id}`", self.path, target.node))
            else:
                self._item_sink(target, value)
                self.spread(target, value)

    def _item_sink(self, target: ir.Target, value: Value) -> None:
        """`session[key] = value` and `response.headers[key] = value` are sinks of their own."""
        if not isinstance(target, ir.Item):
            return
        base = self.evaluate(target.value)
        name = base.ref if isinstance(base.ref, str) else None
        word = target.value.name if isinstance(target.value, ir.Attr) else ""
        for sink in self.models.find(self.models.sinks, f"{name}[]" if name else None, f"{word}[]") or ():
            if not sink.whole:
                continue
            self.witness(sink.kind, value, target.node, f"`{word or name}` keeps it")
            if target.key is not None:
                self.witness(sink.kind, self.evaluate(target.key), target.node, f"`{word or name}` keeps it")

    def _augment(self, node: ir.Augment) -> None:
        old, more = self.evaluate(node.target), self.evaluate(node.value)
        self.store(node.target, self.operated(node.op, old, more, node.node))

    def _do(self, node: ir.Do) -> None:
        self.evaluate(node.value)

    def _if(self, node: ir.If) -> None:
        frame = self.frame
        before = frame.env
        self.evaluate(node.test)
        if frame.env is None or before is None:
            return
        ways: list[Env | None] = []
        start = frame.env
        for held, block in ((True, node.body), (False, node.orelse)):
            frame.env = dict(start)
            if self.assume(node.test, held):
                self.run(block)
                ways.append(frame.env)
            else:
                ways.append(None)
        frame.env = joined(ways[0], ways[1])

    def _while(self, node: ir.While) -> None:
        self._loop(node.body, node.orelse, test=node.test)

    def _for(self, node: ir.For) -> None:
        source = self.evaluate(node.iter)
        value = element(source)
        self._loop(node.body, node.orelse, target=node.target, value=value, empty=source.items == {} and not source.taints)

    def _loop(
        self, body: ir.Block, orelse: ir.Block, *, test: ir.Expr | None = None, target: ir.Target = None,
        value: Value = CLEAN, empty: bool = False,
    ) -> None:  # fmt: skip
        frame = self.frame
        outer, frame.jumps = frame.jumps, []
        before = frame.env
        for _ in range(0 if empty else TURNS):
            if frame.env is None:
                break
            start = frame.env
            frame.env = dict(start)
            if test is not None and not self.assume(test, True):
                frame.env = start
                break
            if target is not None:
                self.spread(target, value)
            self.run(body)
            frame.env = widened(start, joined(start, frame.env))
        env = frame.env if frame.env is not None else before
        for one in frame.jumps:
            env = joined(env, one)
        frame.jumps = outer
        frame.env = env
        self.run(orelse)

    def _try(self, node: ir.Try) -> None:
        frame = self.frame
        before = dict(frame.env or {})
        self.run(node.body)
        after = frame.env
        middle = joined(before, after)
        if frame.env is not None:
            self.run(node.orelse)
        ways = frame.env
        for name, block in node.handlers:
            frame.env = dict(middle or before)
            if name:
                self.bind(name, UNKNOWN)
            self.run(block)
            ways = joined(ways, frame.env)
        dead = ways is None
        frame.env = ways if ways is not None else dict(middle or before)
        self.run(node.final)
        if dead:
            frame.env = None

    def _with(self, node: ir.With) -> None:
        for context, target in node.items:
            value = self.evaluate(context)
            if target is not None:
                self.spread(target, self._entered(value))
        self.run(node.body)

    def _entered(self, value: Value) -> Value:
        """What `with` gives to its name: what `__enter__` returns, what a generator yields, or the object."""
        of = getattr(value.ref, "of", None)
        enter = of.find("__enter__") or of.find("__aenter__") if isinstance(of, ClassRef) else None
        if enter is not None and isinstance(enter.ref, Closure):
            return self.invoke(enter.ref, [value], {}, enter.ref.function.node)
        return element(value) if value.items is not None and value.ref is None else value

    def _return(self, node: ir.Return) -> None:
        frame = self.frame
        value = self.evaluate(node.value) if node.value is not None else constant(None)
        if frame.env is None:
            return
        if frame.handler and value.items is None and value.ref is None:
            self.witness("xss", value, node.node, "the response's body holds it")
        frame.returned = join(frame.returned, value)
        frame.ends.append(frame.env)
        frame.env = None

    def _leave(self, node: ir.Leave) -> None:
        if node.value is not None:
            self.evaluate(node.value)
        frame = self.frame
        if node.word != "Raise" and frame.env is not None:
            frame.jumps.append(frame.env)
        frame.env = None

    def _match(self, node: ir.Match) -> None:
        frame = self.frame
        subject = self.evaluate(node.subject)
        start = frame.env or {}
        left = subject.constants
        after: Env | None = None
        for case in node.cases:
            if left == ():
                break
            if case.constants is not None and left is not None and not any(one in case.constants for one in left):
                continue
            frame.env = dict(start)
            if case.constants is not None and isinstance(node.subject, ir.Name):
                self.bind(node.subject.id, constant(*case.constants))
            for name in case.names:
                self.bind(name, subject if len(case.names) == 1 and subject.items is None else element(subject))
            if case.guard is None or self.assume(case.guard, True):
                self.run(case.body)
                after = joined(after, frame.env)
            if left is not None and case.guard is None:
                left = tuple(one for one in left if case.constants is not None and one not in case.constants)
        if left != () and not _is_total(node):
            after = joined(after, start)
        frame.env = after

    def _import(self, node: ir.Import) -> None:
        for name, full in node.names:
            if name == "*":
                module = self.resolve(f"{full}.*")
                for inner, value in ((module.items or {}) if module is not None else {}).items():
                    self.bind(inner, value)
            elif name:
                self.bind(name, self.known(full) or Value(ref=full, unknown=True))

    def _forget(self, node: ir.Forget) -> None:
        for name in node.names:
            if self.frame.env is not None:
                self.frame.env.pop(name, None)

    def _function(self, node: ir.Function) -> None:
        closure = self.closure(node)
        value = Value(ref=closure, unknown=True)
        for one in reversed(node.decorators):
            plain = one.func if isinstance(one, ir.Call) else one
            word = plain.id if isinstance(plain, ir.Name) else plain.name if isinstance(plain, ir.Attr) else ""
            if word in _KINDS:
                closure.kind = _KINDS[word]
                continue
            decorator = self.evaluate(one)
            if isinstance(decorator.ref, Closure):
                wrapped = self.invoke(decorator.ref, [value], {}, node.node)
                value = wrapped if isinstance(wrapped.ref, Closure) else value
        self.bind(node.name, value)

    def _class(self, node: ir.Class) -> None:
        frame = self.frame
        made = ClassRef(node, frame.scope, {})
        for base in node.bases:
            ref = self.evaluate(base).ref
            if isinstance(ref, str) and self.path == self.home and (found := self.resolve(ref)) is not None:
                ref = found.ref
            if isinstance(ref, ClassRef):
                made.bases.append(ref)
                made.names += ref.names
            elif isinstance(ref, str):
                made.names.append(ref)
        inner = Frame(frame.scope, made.env, None, frame.outer)
        self.frames.append(inner)
        try:
            self.run(node.body)
        finally:
            self.frames.pop()
        made.env = inner.env or made.env
        self.bind(node.name, Value(ref=made, unknown=True))


def _is_total(node: ir.Match) -> bool:
    return any(case.constants is None and case.guard is None and len(case.names) <= 1 for case in node.cases)


_RUNNERS: dict[type, Any] = {
    ir.Assign: Interpreter._assign, ir.Augment: Interpreter._augment, ir.Do: Interpreter._do, ir.If: Interpreter._if,
    ir.While: Interpreter._while, ir.For: Interpreter._for, ir.Try: Interpreter._try, ir.With: Interpreter._with,
    ir.Return: Interpreter._return, ir.Leave: Interpreter._leave, ir.Match: Interpreter._match, ir.Import: Interpreter._import,
    ir.Forget: Interpreter._forget, ir.Function: Interpreter._function, ir.Class: Interpreter._class,
}  # fmt: skip
