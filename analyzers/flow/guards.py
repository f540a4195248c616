"""What a test that held, or did not, says about the values in it."""

import re

from analyzers.flow import fold, ir
from analyzers.flow.models import WITHOUT
from analyzers.flow.state import Closure, State, joined
from analyzers.flow.value import CLEAN, Taint, Value, constant

_ALL = frozenset({"*"})
_WORDY = frozenset({"isdigit", "isalnum", "isalpha", "isdecimal", "isnumeric", "isidentifier"})
_HOST = frozenset({"netloc", "hostname"})
_ADDRESS = frozenset({"ssrf", "redirect"})
_MATCHERS = frozenset({"re.match", "re.fullmatch", "re.search"})
_PATTERN = re.compile(r"re\.compile\(\)\.(match|fullmatch|search)$")
_WILD = re.compile(r"(?<!\\)\.(?![^\[]*\])|\\S|\\D|\\W|\[\^|(?<!\\)\\[^wdAZbs.\-_/@+]")
NORMALISED = "normalised"
"""Among what a taint is cleaned for: dots and links in the path were resolved."""


class Guards(State):
    """Narrowing the environment by tests."""

    def assume(self, test: ir.Expr, held: bool) -> bool:
        """Narrows what is known by a test that came out as `held`; False when it cannot."""
        told = fold.truth(self.evaluate(test))
        if told is not None and told is not held:
            return False
        self._narrow(test, held)
        return True

    def _narrow(self, test: ir.Expr, held: bool) -> None:
        if isinstance(test, ir.Unary) and test.op == "Not":
            self._narrow(test.value, not held)
        elif isinstance(test, ir.Logic):
            if held is (test.op == "And"):
                self._narrow(test.left, held)
                self._narrow(test.right, held)
            else:
                self._either(test, held)
        elif isinstance(test, ir.Walrus):
            self._narrow(test.value, held)
        elif isinstance(test, ir.Compare) and len(test.rest) == 1:
            self._compared(test.left, *test.rest[0], held)
        elif isinstance(test, ir.Call):
            self._called(test, held)
        elif isinstance(test, ir.Name | ir.Attr):
            self._kept(test, held)

    def _either(self, test: ir.Logic, held: bool) -> None:
        """`a or b` that held: one of two ways, by the left side or, where that did not hold, by the right one."""
        frame = self.frame
        before = frame.env
        if before is None or not any(one.taints for one in before.values()):
            return
        frame.env = dict(before)
        left = frame.env if self.assume(test.left, held) else None
        frame.env = dict(before)
        right = frame.env if self.assume(test.left, not held) and self.assume(test.right, held) else None
        if left is not None or right is not None:
            before.update(joined(left, right) or {})
        frame.env = before

    def _kept(self, test: ir.Name | ir.Attr, held: bool) -> None:
        """A test whose answer was kept under a name; or a text, which holds nobody's word where it is empty."""
        value = self.lookup(test.id) if isinstance(test, ir.Name) else self.evaluate(test)
        if isinstance(value.ref, tuple) and value.ref[0] == "test":
            _, asked, about = value.ref
            if all(self.lookup(name) is one for name, one in about):
                self._narrow(asked, held)
        elif isinstance(value.ref, tuple) and value.ref[0] == "match" and held:
            self._clean(value.ref[1], value.ref[2] if len(value.ref) > 2 else _ALL)
        elif not held and isinstance(test, ir.Attr) and test.name == "netloc":
            self._clean(self._sources(test), _ADDRESS)
        elif not held and value.taints and value.items is None:
            self.store(test, CLEAN, changed=True)

    def remembered(self, test: ir.Expr, value: Value) -> Value:
        """The answer of a test, with what was asked, for when it is looked at later."""
        if value.ref is not None or value.constants is not None or value.items is not None:
            return value
        about = [(name, self.lookup(name)) for name in _asked_about(test)]
        if not any(one.taints for _, one in about):
            return value
        return Value(None, value.taints, None, ("test", test, about), value.unknown)

    def _compared(self, left: ir.Expr, op: str, right: ir.Expr, held: bool) -> None:
        if op in ("NotEqual", "NotIn", "IsNot"):
            op, held = {"NotEqual": "Equal", "NotIn": "In", "IsNot": "Is"}[op], not held
        if op == "Is" and isinstance(right, ir.Const) and right.value is None and isinstance(left, ir.Name | ir.Call):
            self._narrow(left, not held)
        if op == "In" and not held:
            signs = self.evaluate(left).constants or ()
            if len(signs) == 1 and isinstance(signs[0], str):
                self._clean(self._sources(right), frozenset({f"{WITHOUT}{signs[0]}"}))
        if op == "In" and held and isinstance(right, ir.Attr) and right.name == "parents":
            self.prove_path(self.evaluate(right.value))
        if not held or op not in ("Equal", "In"):
            return
        allowed = self.evaluate(right)
        if op == "In":
            self._member(left, allowed)
        elif allowed.constants is not None and not allowed.taints:
            self._pin(left, allowed)
        elif self._is_common_path(left):
            self._clean(self._sources(left), frozenset({"path"}))

    def _member(self, left: ir.Expr, allowed: Value) -> None:
        known = fold.known(allowed)
        if known.constants is not None and len(known.constants) == 1 and isinstance(known.constants[0], tuple | list | dict):
            choices = tuple(known.constants[0])
            self._pin(left, constant(*choices) if 0 < len(choices) <= 8 else CLEAN)
        elif not allowed.deep() and not isinstance(left, ir.Const):
            self._pin(left, CLEAN)

    def _pin(self, left: ir.Expr, value: Value) -> None:
        """`left` is one of known values. Of an address, only the host is; of a name, all."""
        if isinstance(left, ir.Attr) and left.name in _HOST:
            self._clean(self._sources(left), _ADDRESS)
        elif isinstance(left, ir.Name | ir.Attr | ir.Item):
            self.store(left, value, changed=True)
        elif isinstance(left, ir.Call) and self._is_common_path(left):
            self._clean(self._sources(left), frozenset({"path"}))

    def _is_common_path(self, node: ir.Expr) -> bool:
        return isinstance(node, ir.Call) and self._name(node.func) == "os.path.commonpath"

    def _called(self, test: ir.Call, held: bool) -> None:
        func = test.func
        word = func.name if isinstance(func, ir.Attr) else ""
        name = self._name(func)
        self._told_either_way(test, word, held)
        if not held:
            return
        if isinstance(func, ir.Attr) and word in _WORDY:
            self._vouch(func.value)
        elif isinstance(func, ir.Attr) and word == "startswith":
            self._prefixed(func.value, test)
        elif name in _MATCHERS and len(test.args) >= 2:
            if self.is_strict(self.evaluate(test.args[0][1]), name == "re.fullmatch"):
                self._vouch(test.args[1][1])
        elif name is not None and _PATTERN.search(name) and isinstance(func, ir.Attr) and test.args:
            if self.is_strict(self.evaluate(func.value), word == "fullmatch"):
                self._vouch(test.args[0][1])
        elif name == "builtins.isinstance" and len(test.args) == 2 and self._name(test.args[1][1]) in _NUMBERS:
            self._vouch(test.args[0][1])
        elif kinds := self.models.find(self.models.guards, name, word or (name or "").rsplit(".", 1)[-1]):
            parts = [one for _, one in test.args] + ([func.value] if isinstance(func, ir.Attr) else [])
            for one in parts:
                self._clean(self._sources(one), kinds)

    def _begins(self, value: ir.Expr, prefixes: tuple[object, ...], held: bool) -> None:
        """What a text begins with, as far as it tells whether an address leads to another site."""
        if held and prefixes == ("/",):
            self._clean(self._sources(value), frozenset({f"{WITHOUT}another beginning than /"}))
        elif (not held and "//" in prefixes) or any(isinstance(one, tuple) and "//" in one for one in prefixes):
            self._clean(self._sources(value), frozenset({f"{WITHOUT}//"}))

    def _vouch(self, value: ir.Expr) -> None:
        """A text was tested and holds nothing that means something to anybody, wherever it comes from."""
        self._clean(self._sources(value), _ALL)
        if isinstance(value, ir.Name | ir.Attr | ir.Item):
            known = self.evaluate(value)
            if known.unknown and known.items is None and known.ref is None:
                self.store(value, CLEAN, changed=True)

    def _each(self, test: ir.Comprehension, every: bool, held: bool) -> None:
        """`any(... for ...)` that did not hold, `all(... for ...)` that did: each turn tells something."""
        if every is not held or len(test.clauses) != 1 or test.clauses[0][2]:
            return
        target, source, _ = test.clauses[0]
        frame = self.frame
        over = self.evaluate(source)
        texts = fold.known(over).constants or ()
        if over.taints and every and isinstance(target, ir.Name) and self._is_of_plain_letters(test.element, target.id):
            self._clean({one.source for one in over.deep()}, _ALL)
        elif len(texts) == 1 and isinstance(texts[0], str | tuple | list) and isinstance(target, ir.Name) and frame.env is not None:
            before = frame.env.get(target.id)
            for one in texts[0][:_SIGNS_MAX]:
                frame.env[target.id] = constant(one)
                self._narrow(test.element, held)
            if before is not None:
                frame.env[target.id] = before
            else:
                frame.env.pop(target.id, None)

    def _is_of_plain_letters(self, test: ir.Expr, name: str) -> bool:
        """Whether a test of one letter lets only through what means nothing to anybody."""
        if isinstance(test, ir.Logic) and test.op == "Or":
            return self._is_of_plain_letters(test.left, name) and self._is_of_plain_letters(test.right, name)
        if isinstance(test, ir.Call) and isinstance(test.func, ir.Attr) and isinstance(test.func.value, ir.Name):
            return test.func.value.id == name and test.func.name in _WORDY
        if not isinstance(test, ir.Compare) or len(test.rest) != 1 or not isinstance(test.left, ir.Name) or test.left.id != name:
            return False
        op, allowed = test.rest[0]
        value = self.evaluate(allowed)
        given = fold.known(value).constants or ()
        plain = all(re.fullmatch(r"[\w .,@-]*", "".join(map(str, one if isinstance(one, tuple | list) else [one]))) for one in given)
        return op in ("In", "Equal") and ((bool(given) and plain) or (isinstance(value.ref, str) and value.ref in _LETTERS))

    def prove(self, args: list[tuple[str, ir.Expr]]) -> None:
        """What a function that raises on anything else took is a number, an address or a date."""
        for _, one in args[:1]:
            if isinstance(one, ir.Name | ir.Attr | ir.Item):
                self._vouch(one)

    def prove_path(self, value: Value) -> None:
        """A resolved path that was found below a folder."""
        taints = value.deep()
        if taints and all(NORMALISED in one.cleaned for one in taints):
            self._clean({one.source for one in taints}, frozenset({"path"}))

    def finds_plain(self, pattern: Value) -> bool:
        """Whether what a pattern finds can hold no character that means something to anybody."""
        texts = pattern.constants or ()
        return bool(texts) and all(isinstance(one, str) and not _WILD.search(one) for one in texts)

    def _told_either_way(self, test: ir.Call, word: str, held: bool) -> None:
        """What a test tells also when it does not hold."""
        func = test.func
        target = self.evaluate(func).ref
        if target in ("builtins.any", "builtins.all") and len(test.args) == 1 and isinstance(test.args[0][1], ir.Comprehension):
            self._each(test.args[0][1], target == "builtins.all", held)
        if word == "startswith" and test.args and isinstance(func, ir.Attr):
            self._begins(func.value, self.evaluate(test.args[0][1]).constants or (), held)
        if isinstance(target, Closure) and test.args:
            self.asked(target, test, held)

    def asked(self, closure: Closure, test: ir.Call, held: bool) -> None:
        """Narrows the arguments of a function of the tree by its answer."""
        raise NotImplementedError

    def _prefixed(self, value: ir.Expr, test: ir.Call) -> None:
        prefix = self.evaluate(test.args[0][1]) if test.args else CLEAN
        taints = self.evaluate(value).deep()
        if taints and all(NORMALISED in one.cleaned for one in taints) and not prefix.deep():
            self._clean({one.source for one in taints}, frozenset({"path"}))
        texts = prefix.constants or ()
        if texts and all(isinstance(one, str) and re.match(r"https?://[^/]+/", one) for one in texts):
            self._clean({one.source for one in taints}, _ADDRESS)

    def is_strict(self, pattern: Value, whole: bool) -> bool:
        """Whether a text that matches can hold no character that means something to anybody."""
        texts = pattern.constants or ()
        return bool(texts) and all(isinstance(one, str) and _strict(one, whole) for one in texts)

    def _name(self, node: ir.Expr) -> str | None:
        ref = self.evaluate(node).ref
        return ref if isinstance(ref, str) else None

    def _sources(self, node: ir.Expr) -> set[int]:
        return {one.source for one in self.evaluate(node).deep()}

    def _clean(self, sources: set[int], kinds: frozenset[str]) -> None:
        """Makes every value that comes from these sources harmless for `kinds`."""
        env = self.frame.env
        if env is None or not sources:
            return
        for name, value in list(env.items()):
            if any(one.source in sources for one in value.deep()):
                env[name] = _without(value, sources, kinds)


def _without(value: Value, sources: set[int], kinds: frozenset[str], depth: int = 4) -> Value:
    taints = []
    for one in value.taints:
        if one.source not in sources:
            taints.append(one)
        elif "*" not in kinds:
            taints.append(Taint(one.label, one.source, one.cleaned | kinds, one.trail))
    items = value.items
    if items is not None and depth:
        items = {name: _without(one, sources, kinds, depth - 1) for name, one in items.items()}
    ref = value.ref if len(taints) == len(value.taints) else None
    return Value(value.constants, tuple(taints), items, ref, value.unknown)


def _asked_about(test: ir.Expr) -> set[str]:
    """The names in a test."""
    if isinstance(test, ir.Name):
        return {test.id}
    if isinstance(test, ir.Attr | ir.Unary):
        return _asked_about(test.value)
    if isinstance(test, ir.Logic):
        return _asked_about(test.left) | _asked_about(test.right)
    if isinstance(test, ir.Compare):
        return _asked_about(test.left).union(*(_asked_about(one) for _, one in test.rest))
    if isinstance(test, ir.Call):
        return _asked_about(test.func).union(*(_asked_about(one) for _, one in test.args))
    return set()


_SIGNS_MAX = 40
_LETTERS = frozenset(f"string.{name}" for name in ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits"))
_NUMBERS = ("builtins.int", "builtins.float", "builtins.bool", "uuid.UUID")


def _strict(text: str, whole: bool) -> bool:
    anchored = whole or (text.startswith(("^", r"\A")) and text.endswith(("$", r"\Z", r"\z")))
    return anchored and not _WILD.search(text)
