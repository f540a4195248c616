"""The values of expressions."""

import re
from typing import Any

from analyzers.flow import fold, ir, texts
from analyzers.flow.guards import Guards
from analyzers.flow.models import Source
from analyzers.flow.state import ClassRef, Closure, Instance, Parent
from analyzers.flow.value import ANY, CLEAN, UNKNOWN, Taint, Trail, Value, cleaned, constant, element, item, join, mixed, sequence, step

REQUEST = "<request>"
"""The full name of an HTTP request of whatever framework."""
_MARKUP = ("markupsafe.Markup()", "flask.Markup()", "jinja2.Markup()")
_OWN_PLACE = re.compile(r"/[\w.~%-]|https?://[\w.-]+(?::\d+)?[/?#]")
_TEXT_MAX = 2000


class Expressions(Guards):
    """Evaluating expressions; calls are a layer above."""

    def evaluate(self, node: ir.Expr) -> Value:
        """The value of an expression."""
        value: Value = _MAKERS[type(node)](self, node)
        return value

    def tainted(self, source: Source, node: Any, ref: str | None = None) -> Value:
        """A stranger's word that enters here."""
        trail = Trail(f"{source.told} enters here", self.path, node)
        return Value(taints=(Taint(source.label, id(node), source.harmless, trail),), ref=ref)

    def _const(self, node: ir.Const) -> Value:
        return constant(node.value)

    def _name_of(self, node: ir.Name) -> Value:
        value = self.lookup(node.id)
        if isinstance(value.ref, str) and not value.taints and (source := self.models.sources.get(value.ref)):
            return self.tainted(source, node.node, value.ref)
        return value

    def _attr(self, node: ir.Attr) -> Value:
        return self.attribute(self.evaluate(node.value), node.name, node.node)

    def attribute(self, base: Value, name: str, node: Any) -> Value:
        """`base.name`."""
        if base.items is not None and name in base.items:
            return base.items[name]
        ref = base.ref
        if isinstance(ref, Instance):
            return self._instance_attr(base, ref, name, node)
        if isinstance(ref, ClassRef):
            return ref.find(name) or UNKNOWN
        if isinstance(ref, Parent):
            return ref.find(name) or Value(ref=ref, unknown=True)
        if isinstance(ref, str):
            full = f"{ref}.{name}"
            if not base.taints and (source := self.models.sources.get(full)):
                return self.tainted(source, node, full)
            found = self.known(full) if not base.taints else None
            return found or Value(taints=base.taints, ref=full, unknown=base.unknown)
        return Value(taints=base.deep(), unknown=base.vague())

    def _instance_attr(self, base: Value, ref: Instance, name: str, node: Any) -> Value:
        if name in ref.of.fields:
            return ref.of.fields[name]
        found = ref.of.find(name)
        if found is not None:
            if isinstance(found.ref, Closure) and found.ref.kind == "property":
                return self.invoke(found.ref, [base], {}, node)
            return found
        if name == "request":
            return Value(ref=REQUEST, unknown=True)
        for above in ref.of.names:
            full = f"{above}().{name}"
            if source := self.models.sources.get(full):
                return self.tainted(source, node, full)
            if full in self.models.members:
                return Value(taints=base.taints, ref=full, unknown=True)
        return Value(taints=base.taints, unknown=True)

    def invoke(self, closure: Closure, args: list[Value], keywords: dict[str, Value], node: Any) -> Value:
        """Runs a function of the tree."""
        raise NotImplementedError

    def _item(self, node: ir.Item) -> Value:
        base = self.evaluate(node.value)
        if isinstance(base.ref, ClassRef):  # a member of an enumeration, or a generic class
            return CLEAN if is_enumeration(base.ref) else base
        if isinstance(base.ref, Instance) and (method := base.ref.of.find("__getitem__")) is not None and isinstance(method.ref, Closure):
            return self.invoke(method.ref, [base, self.evaluate(node.key) if node.key is not None else UNKNOWN], {}, node.node)
        if node.key is None:
            bounds = [self.evaluate(one).constants for one in node.bounds]
            if all(one is not None and len(one) == 1 and isinstance(one[0], int | None) for one in bounds):
                part = texts.sliced(base, tuple((one or (None,))[0] for one in bounds))
                if part is not None:
                    return part
            if base.constants is not None:
                return CLEAN
            return Value(taints=base.deep(), unknown=base.vague()) if base.items is None else Value(items={ANY: element(base)})
        key = self.evaluate(node.key)
        if base.constants is not None and key.constants is not None:
            return _indexed(base, key)
        found = item(base, key)
        if isinstance(base.ref, str) and base.ref.endswith(".files"):
            return Value(taints=found.taints, ref=f"{base.ref}[]", unknown=True)
        return found

    def _binary(self, node: ir.Binary) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        found = self.operated(node.op, left, right, node.node)
        if node.op in ("Add", "Modulo"):
            self.put_together(found, node.node)
        return found

    def operated(self, op: str, left: Value, right: Value, node: Any) -> Value:
        """The result of an arithmetic operator."""
        if left.constants is not None and (right.constants is not None or right.items is not None):
            found = fold.binary(op, left, fold.known(right))
            if found is not None:
                return found
        if op == "BitOr" and left.items is not None and right.items is not None and left.ref is None:
            return Value(items={**left.items, **right.items})
        template = left.constants[0] if op == "Modulo" and left.constants and len(left.constants) == 1 else None
        if isinstance(template, str) and (used := texts.percent(template, self.written_parts(right, node))) is not None:
            return step(anchored(used, left), "it is put into a longer text", self.path, node)
        if op == "Add" and left.items is not None and right.items is not None and ANY not in left.items:
            return sequence([*left.items.values(), *right.items.values()])
        if op == "Add" and left.items is not None and left.ref is None:
            return Value(items={**left.items, ANY: join(left.items.get(ANY), element(right))})
        told = mixed(left, right)
        if left.ref in _MARKUP:  # what is put into markup is escaped
            told = cleaned(told, frozenset({"xss"}))
        return step(anchored(told, left) if op == "Add" else told, "it is put into a longer text", self.path, node)

    def written_parts(self, value: Value, node: Any) -> Value:
        """A value that is put into a text, or a tuple of them: objects as they write themselves."""
        if value.items is not None and value.ref is None:
            return Value(value.constants, value.taints, {name: self.written_out(one, node) for name, one in value.items.items()})
        return self.written_out(value, node)

    def written_out(self, value: Value, node: Any) -> Value:
        """`str(value)`: an object of the tree writes itself."""
        if isinstance(value.ref, Instance):
            for name in ("__str__", "__repr__"):
                method = value.ref.of.find(name)
                if method is not None and isinstance(method.ref, Closure):
                    return self.invoke(method.ref, [value], {}, node)
        return mixed(value) if value.constants is None else value

    def _joined(self, node: ir.Joined) -> Value:
        parts = [self.written_out(self.evaluate(one), node.node) for one in node.parts]
        if all(one.constants is not None and len(one.constants) == 1 for one in parts):
            text = "".join(str((one.constants or ("",))[0]) for one in parts)
            found = constant(text) if len(text) <= _TEXT_MAX else CLEAN
        else:
            found = step(anchored(mixed(*parts), parts[0] if parts else CLEAN), "it is put into a longer text", self.path, node.node)
        self.put_together(found, node.node)
        return found

    def _logic(self, node: ir.Logic) -> Value:
        left = self.evaluate(node.left)
        told = fold.truth(left)
        if told is not None:
            return left if told is (node.op == "Or") else self.evaluate(node.right)
        if node.op == "And" and left.items is None:
            left = CLEAN  # what is false holds nobody's word
        return join(left, self._under(node.left, node.op == "And", node.right))

    def _under(self, test: ir.Expr, held: bool, node: ir.Expr) -> Value:
        """The value of `node` where a test came out as `held`."""
        frame = self.frame
        before = frame.env
        if before is None:
            return self.evaluate(node)
        frame.env = dict(before)
        possible = self.assume(test, held)
        value = self.evaluate(node) if possible else CLEAN
        changed, frame.env = frame.env, before
        for name in (changed or {}).keys() - before.keys():
            before[name] = (changed or {})[name]
        return value

    def _unary(self, node: ir.Unary) -> Value:
        value = self.evaluate(node.value)
        if node.op == "Not":
            told = fold.truth(value)
            return constant(not told) if told is not None else CLEAN
        if node.op == "Minus" and value.constants is not None and all(isinstance(one, int | float) for one in value.constants):
            return constant(*(-one for one in value.constants))
        return CLEAN

    def _compare(self, node: ir.Compare) -> Value:
        left = self.evaluate(node.left)
        told: Value | None = CLEAN
        for op, side in node.rest:
            right = self.evaluate(side)
            told = fold.compare(op, left, right) if told is not None else None
            left = right
        return told if told is not None and len(node.rest) == 1 else CLEAN

    def _cond(self, node: ir.Cond) -> Value:
        told = fold.truth(self.evaluate(node.test))
        if told is not None:
            return self.evaluate(node.body if told else node.orelse)
        return join(self._under(node.test, True, node.body), self._under(node.test, False, node.orelse))

    def _sequence(self, node: ir.Sequence) -> Value:
        if any(star for star, _ in node.elements):
            whole: Value | None = None
            for star, one in node.elements:
                value = self.evaluate(one)
                whole = join(whole, element(value) if star else value)
            return Value(items={ANY: whole or CLEAN})
        return sequence([self.evaluate(one) for _, one in node.elements])

    def _mapping(self, node: ir.Mapping) -> Value:
        items: dict[Any, Value] = {}
        for key, one in node.pairs:
            value = self.evaluate(one)
            if key is None:
                items.update(value.items if value.items is not None else {ANY: element(value)})
                continue
            name = self.evaluate(key)
            single = name.constants is not None and len(name.constants) == 1
            at = (name.constants or (None,))[0] if single else ANY
            items[at] = join(items.get(ANY), value) if at is ANY else value
        return Value(items=items)

    def _comprehension(self, node: ir.Comprehension) -> Value:
        frame = self.frame
        before = frame.env
        frame.env = dict(before or {})
        possible = True
        for target, source, tests in node.clauses:
            self.spread(target, element(self.evaluate(source)))
            possible = possible and all(self.assume(test, True) for test in tests)
        value = self.evaluate(node.element) if possible else None
        if node.key is not None:
            self.evaluate(node.key)
        frame.env = before
        return Value(items={ANY: value} if value is not None else {})

    def spread(self, target: ir.Target, value: Value) -> None:
        """Assigns to a target, taking the value apart where the target is a pattern."""
        if not isinstance(target, list):
            self.store(target.value if isinstance(target, ir.Star) else target, value)
            return
        starred = any(isinstance(one, ir.Star) for one in target)
        for number, one in enumerate(target):
            if isinstance(one, ir.Star):
                self.spread(one.value, Value(items={ANY: element(value)}))
            elif value.constants is not None and not starred:
                self.spread(one, _indexed(value, constant(number)))
            else:
                self.spread(one, element(value) if starred or value.items is None else item(value, constant(number)))

    def _yield(self, node: ir.Yield) -> Value:
        value = self.evaluate(node.value) if node.value is not None else constant(None)
        self.frame.yielded = join(self.frame.yielded, element(value) if node.whole else value)
        return UNKNOWN

    def _walrus(self, node: ir.Walrus) -> Value:
        value = step(self.evaluate(node.value), f"it is kept as `{node.name}`", self.path, node.node)
        self.bind(node.name, value)
        return value

    def _lambda(self, node: ir.Lambda) -> Value:
        return Value(ref=self.closure(node.function), unknown=True)

    def closure(self, function: ir.Function) -> Closure:
        """A function as it is made here, with the names around it."""
        frame = self.frame
        inner = frame.function is not None and frame.env is not None
        return Closure(function, frame.scope, (frame.env, *frame.outer) if inner and frame.env is not None else frame.outer)

    def called(self, node: ir.Call) -> Value:
        """The value of a call."""
        return self.call(node)


def is_enumeration(of: ClassRef) -> bool:
    """Whether a class has only the members that its body names."""
    return any(name.startswith("enum.") for name in of.names)


def anchored(text: Value, first: Value) -> Value:
    """A text put together, whose first part is `first`: where that is of this site or names a host, it leads nowhere else.

    A lone slash is not enough: what follows may begin with another one (RFC 3986, section 4.2).
    """
    begins = first.constants or ()
    if not begins or not text.taints or not all(isinstance(one, str) and _OWN_PLACE.match(one) for one in begins):
        return text
    return cleaned(text, frozenset({"redirect"}) if any(one.startswith("/") for one in begins) else frozenset({"redirect", "ssrf"}))


def _indexed(base: Value, key: Value) -> Value:
    found: dict[Any, Any] = {}
    for one in base.constants or ():
        for at in key.constants or ():
            try:
                part = one[at]
            except (TypeError, KeyError, IndexError):
                continue
            found[type(part), repr(part)] = part
    return constant(*found.values()) if found else CLEAN


_MAKERS: dict[type, Any] = {
    ir.Const: Expressions._const, ir.Name: Expressions._name_of, ir.Attr: Expressions._attr, ir.Item: Expressions._item,
    ir.Call: Expressions.called, ir.Binary: Expressions._binary, ir.Joined: Expressions._joined, ir.Logic: Expressions._logic,
    ir.Unary: Expressions._unary, ir.Compare: Expressions._compare, ir.Cond: Expressions._cond,
    ir.Sequence: Expressions._sequence, ir.Mapping: Expressions._mapping, ir.Comprehension: Expressions._comprehension,
    ir.Yield: Expressions._yield, ir.Walrus: Expressions._walrus, ir.Lambda: Expressions._lambda,
}  # fmt: skip
