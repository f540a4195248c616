"""Interpreting statements: every way through a function that constants and tests leave open."""

from typing import Any

from analyzers.flow import containers, ir
from analyzers.flow.calls import Calls, is_key
from analyzers.flow.state import CALL_DEPTH_MAX, ClassRef, Closure, Env, Frame, joined, widened
from analyzers.flow.value import CLEAN, UNKNOWN, Value, constant, element, join, step

_KINDS = {"staticmethod": "static", "classmethod": "class", "property": "property", "cached_property": "property"}
TURNS = 2
"""How often a loop's body is read."""
UNROLLED_MAX = 8
UNROLLED_DEEP_MAX = 2
"""A loop over so few known things is read turn by turn, and so is one in it."""


class Interpreter(Calls):
    """Running blocks of statements in the current frame."""

    _turning = 0

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
                if isinstance(node.value, ir.Compare | ir.Call | ir.Unary | ir.Logic):
                    value = self.remembered(node.value, value)
                elif isinstance(node.value, ir.Name) and value.items is not None:
                    self.frame.aliased |= {target.id, node.value.id}
                self.bind(target.id, step(value, f"it is kept as `{target.id}`", self.path, target.node))
            else:
                self._item_sink(target, value)
                self._attribute_sink(target, value)
                self.spread(target, value)

    def _item_sink(self, target: ir.Target, value: Value) -> None:
        """`session[key] = value` and `response.headers[key] = value` are sinks of their own."""
        if not isinstance(target, ir.Item):
            return
        base = self.evaluate(target.value)
        name = base.ref if isinstance(base.ref, str) else None
        word = target.value.name if isinstance(target.value, ir.Attr) else ""
        for sink in self.models.find(self.models.sinks, f"{name}[]" if name else None, f"{word}[]") or ():
            key = self.evaluate(target.key) if target.key is not None else CLEAN
            if not sink.whole or (sink.key and not is_key(sink.key, [key])):
                continue
            if sink.weak:
                self.choose(sink.kind, sink.weak, value, target.node)
                continue
            self.witness(sink.kind, value, target.node, f"`{word or name}` keeps it")
            self.witness(sink.kind, key, target.node, f"`{word or name}` keeps it")

    def _attribute_sink(self, target: ir.Target, value: Value) -> None:
        """`response.data = value` is one too."""
        if not isinstance(target, ir.Attr) or f"{target.name}=" not in self.models.set_attributes:
            return
        ref = self.evaluate(target.value).ref
        if not isinstance(ref, str):  # an object of the file: writing out what is known of it would take seconds
            return
        for sink in self.models.sinks.get(f"{ref}.{target.name}=", ()):
            self.witness(sink.kind, value, target.node, f"`{target.name}` keeps it")

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
                self.lived.add(id(block))
                self.run(block)
                ways.append(frame.env)
            else:
                self.rule_out(block)
                ways.append(None)
        frame.env = joined(ways[0], ways[1])

    def _while(self, node: ir.While) -> None:
        self._loop(node.body, node.orelse, test=node.test)

    def _for(self, node: ir.For) -> None:
        source = self.evaluate(node.iter)
        parts = _few(source)
        if parts is not None and self._turning < UNROLLED_DEEP_MAX:
            self._unrolled(node, parts)
            return
        value = element(source)
        self._loop(node.body, node.orelse, target=node.target, value=value, empty=source.items == {} and not source.taints)

    def _unrolled(self, node: ir.For, parts: list[Value]) -> None:
        """A loop over few known things, turn by turn."""
        frame = self.frame
        outer = frame.jumps
        after: Env | None = None
        self._turning += 1
        for one in parts:
            if frame.env is None:
                break
            frame.jumps = []
            self.spread(node.target, one)
            self.run(node.body)
            for word, env in frame.jumps:
                if word == "Break":
                    after = joined(after, env)
                else:
                    frame.env = joined(frame.env, env)
        self._turning -= 1
        frame.jumps = outer
        if frame.env is not None:
            self.run(node.orelse)
        frame.env = joined(frame.env, after)

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
                self.rule_out(body)
                frame.env = start
                break
            self.lived.add(id(body))
            if target is not None:
                self.spread(target, value)
            self.run(body)
            frame.env = widened(start, joined(start, frame.env))
        env = frame.env if frame.env is not None else before
        for _, one in frame.jumps:
            env = joined(env, one)
        frame.jumps = outer
        frame.env = env
        self.run(orelse)

    def _try(self, node: ir.Try) -> None:
        frame = self.frame
        before = dict(frame.env or {})
        self.raised.append([])
        self.run(node.body)
        raised = self.raised.pop()
        after = frame.env
        middle = joined(before, after)
        if frame.env is not None:
            self.run(node.orelse)
        ways = frame.env
        for name, block in node.handlers:
            frame.env = dict(middle or before)
            if name:
                self.bind(name, _caught(raised))
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
        if frame.asked is not None:
            frame.env = dict(frame.env)
            if self.assume(node.value or ir.Const(None), frame.asked):
                frame.answers.append(frame.env)
        if frame.handler:
            self._answered(value, node)
        frame.returned = join(frame.returned, value)
        frame.ends.append(frame.env)
        frame.env = None

    def _answered(self, value: Value, node: ir.Return) -> None:
        """What a page returns: a text, or a tuple of it and what goes with it."""
        if self.answers_event:
            self._answered_event(value, node)
            return
        if isinstance(node.value, ir.Sequence) and value.items and 0 in value.items:
            value = value.items[0]
        if value.items is None and (value.ref is None or isinstance(value.ref, tuple)):
            self.witness("xss", value, node.node, "the response's body holds it")

    def _answered_event(self, value: Value, node: ir.Return) -> None:
        """A response as a dictionary: https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html."""
        items = value.items or {}
        headers = {str(name).lower(): one for name, one in (items["headers"].items or {}).items()} if "headers" in items else {}
        told = headers.get("content-type", CLEAN).constants or ()
        if "body" in items and any("html" in str(one) for one in told):
            self.witness("xss", items["body"], node.node, "the response's body holds it")
        for name, one in headers.items():
            self.witness("redirect" if name == "location" else "header", one, node.node, f"the header `{name}` holds it")

    def asked(self, closure: Closure, test: ir.Call, held: bool) -> None:
        """Narrows the arguments of a function of the tree by its answer: only its ways to that answer count."""
        given = [(one, self.evaluate(one)) for keyword, one in test.args if not keyword]
        entered = sum(one.function is closure.function for one in self.frames)
        if entered or len(self.frames) > CALL_DEPTH_MAX or not any(one.taints for _, one in given) or len(given) != len(test.args):
            return
        method = isinstance(test.func, ir.Attr) and closure.kind != "static" and closure.function.owner is not None
        receiver = [self.evaluate(test.func.value)] if method and isinstance(test.func, ir.Attr) else []
        env = self.bound(closure, [*receiver, *(one for _, one in given)], {})
        frame = Frame(closure.scope, env, closure.function, closure.outer, asked=held)
        self.frames.append(frame)
        try:
            self.run(closure.function.body)
        finally:
            self.frames.pop()
        if frame.env is not None and not held:
            frame.answers.append(frame.env)
        after: Env | None = None
        for one in frame.answers:
            after = joined(after, one)
        for param, (path, before) in zip(closure.function.params[len(receiver):], given, strict=False):
            now = (after or {}).get(param.name)
            narrowed = now is not None and now is not before and param.name not in frame.rebound
            if narrowed and now is not None and isinstance(path, ir.Name | ir.Attr | ir.Item):
                self.store(path, now, changed=True)

    def _leave(self, node: ir.Leave) -> None:
        value = self.evaluate(node.value) if node.value is not None else None
        if value is not None and self.raised:
            self.raised[-1].append(value)
        frame = self.frame
        if node.word != "Raise" and frame.env is not None:
            frame.jumps.append((node.word, frame.env))
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
                self.rule_out(case.body)
                continue
            self.lived.add(id(case.body))
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
        for one in node.items:
            key = self.evaluate(one.key) if one.key is not None else CLEAN
            done = containers.effect(self.evaluate(one.value), "pop", [key], {})
            if done is not None and done[1] is not None:
                self.store(one.value, done[1], changed=True)

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


def _few(source: Value) -> list[Value] | None:
    """What a loop over a known sequence gives turn by turn; None where it is long or not known."""
    if source.items is not None and source.ref is None:
        listed = 0 < len(source.items) <= UNROLLED_MAX and list(source.items) == list(range(len(source.items)))
        return list(source.items.values()) if listed else None
    if source.constants is not None and len(source.constants) == 1:
        one = source.constants[0]
        return [constant(part) for part in one] if isinstance(one, tuple | list) and 0 < len(one) <= UNROLLED_MAX else None
    return None


def _caught(raised: list[Value]) -> Value:
    """What a handler's name stands for: what is seen to be raised, or anything else."""
    found: Value | None = None
    for one in raised:
        found = join(found, one)
    return Value(None, found.taints, found.items, found.ref, unknown=True) if found is not None else UNKNOWN


def _is_total(node: ir.Match) -> bool:
    return any(case.constants is None and case.guard is None and len(case.names) <= 1 for case in node.cases)


_RUNNERS: dict[type, Any] = {
    ir.Assign: Interpreter._assign, ir.Augment: Interpreter._augment, ir.Do: Interpreter._do, ir.If: Interpreter._if,
    ir.While: Interpreter._while, ir.For: Interpreter._for, ir.Try: Interpreter._try, ir.With: Interpreter._with,
    ir.Return: Interpreter._return, ir.Leave: Interpreter._leave, ir.Match: Interpreter._match, ir.Import: Interpreter._import,
    ir.Forget: Interpreter._forget, ir.Function: Interpreter._function, ir.Class: Interpreter._class,
}  # fmt: skip
