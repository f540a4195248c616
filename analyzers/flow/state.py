"""What the interpreter keeps while it runs: frames, modules, what functions and classes are, and what was seen at sinks."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from analyzers.flow import ir
from analyzers.flow.models import Models
from analyzers.flow.value import CLEAN, Taint, Trail, Value, constant, join, with_item

STEPS_MAX = 150_000
"""Statements and calls that one file's analysis may take; the same on every machine, unlike a clock."""
CALL_DEPTH_MAX = 8
SAFE, VAGUE, TAINTED = "safe", "vague", "tainted"
CHOICE = "choice"
"""The label of what nobody but the program decides."""

Env = dict[str, Value]
Met = tuple[str, int]
"""What a sink got, and the function that it began with, by its address."""


class Exhausted(Exception):
    """The file takes more steps than the limit."""


@dataclass(slots=True, eq=False)
class Scope:
    """A module that is or was interpreted. `env` are its names."""

    module: ir.Module
    env: Env = field(default_factory=dict)
    ready: bool = False


@dataclass(slots=True, eq=False)
class Closure:
    """A function with the names around it."""

    function: ir.Function
    scope: Scope
    outer: tuple[Env, ...] = ()
    kind: str = ""
    """"static", "class", "property" or ""."""


@dataclass(slots=True, eq=False)
class ClassRef:
    """A class: what its body binds, its bases where they are known, and what its methods keep on `self`."""

    ir: ir.Class
    scope: Scope
    env: Env
    bases: list["ClassRef"] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The full names of bases outside the tree."""
    fields: Env = field(default_factory=dict)
    object: "Instance" = field(init=False)
    """What stands for any object of it: one for all, so that calls with equal objects are known as the same."""

    def __post_init__(self) -> None:
        self.object = Instance(self)

    def above(self, owner: Any, depth: int = 8) -> "list[ClassRef]":
        """The bases of the class among this one and its own bases that `owner` describes."""
        if self.ir is owner or not depth:
            return self.bases
        return next((found for one in self.bases if (found := one.above(owner, depth - 1))), [])

    def parameters(self, depth: int = 8) -> dict[str, str]:
        """What its objects are made of where a decorator or base writes the constructor: annotated names, the bases' first."""
        found: dict[str, str] = {}
        for one in self.bases if depth else ():
            found |= one.parameters(depth - 1)
        return found | self.ir.fields

    def find(self, name: str, depth: int = 8) -> Value | None:
        """What the class or a base binds `name` to."""
        if name in self.env:
            return self.env[name]
        for one in self.bases if depth else ():
            if (found := one.find(name, depth - 1)) is not None:
                return found
        return None


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class in the tree; what it holds are the items of its value."""

    of: ClassRef


@dataclass(slots=True, eq=False)
class Parent:
    """`super()`: an object as the classes above its own see it."""

    bases: list[ClassRef]
    me: Value
    name: str
    """What the method calls the object."""

    def find(self, name: str) -> Value | None:
        """What a class above binds `name` to."""
        return next((found for one in self.bases if (found := one.find(name)) is not None), None)


@dataclass(slots=True, eq=False)
class Frame:
    """One function, class body or module being interpreted. `env` is None where nothing more runs."""

    scope: Scope
    env: Env | None
    function: ir.Function | None = None
    outer: tuple[Env, ...] = ()
    call: cst.CSTNode | None = None
    """The call that is being made from here."""
    returned: Value | None = None
    yielded: Value | None = None
    ends: list[Env] = field(default_factory=list)
    jumps: list[tuple[str, Env]] = field(default_factory=list)
    """What is known at each `break` and `continue`, with that word."""
    rebound: set[str] = field(default_factory=set)
    handler: bool = False
    asked: bool | None = None
    """Which answer is looked for, where only the ways to that answer count."""
    answers: list[Env] = field(default_factory=list)
    aliased: set[str] = field(default_factory=set)
    """Names of which several may stand for one object."""


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A stranger's word at a sink."""

    kind: str
    taint: Taint
    node: cst.CSTNode
    """Where to report it: in the file under review, even if the sink is in another."""
    sink: Trail


class State:
    """Data and the small operations on it; the layers above interpret."""

    def __init__(
        self, models: Models, resolve: Callable[[str], Value | None], known: Callable[[str], Value | None]
    ) -> None:
        self.models = models
        self.resolve = resolve
        """What a full name stands for in the tree; reads files for it."""
        self.known = known
        """The same among the files that were read."""
        self.frames: list[Frame] = []
        self.hits: dict[tuple[int, str], Hit] = {}
        self.seen: dict[int, tuple[cst.CSTNode, dict[str, set[Met]]]] = {}
        """For each sink of the file under review, by kind, what its values were in the contexts met."""
        self.about: dict[cst.CSTNode | None, dict[str, set[Met]]] = {}
        """The same for each function of the file under review, together."""
        self.reached: set[int] = set()
        """Functions of that file that others of it call, by their address."""
        self.texts: dict[int, tuple[cst.CSTNode, set[Met]]] = {}
        """Texts of the file under review that are put together, and whose word is in them."""
        self.answers_event = False
        """Whether what is entered answers events of AWS Lambda: a dictionary that becomes the response."""
        self.home = ""
        self.steps = 0
        self.memo: dict[Any, Any] = {}
        self.settings_file: Callable[[str], str | None] = lambda _: None
        """The text of a settings file of the tree, by the path that the program opens it with."""
        self.shared_changes = 0
        """How often a stranger's word got into a module's names: what was known of calls before may be so no more."""
        self.raised: list[list[Value]] = []
        """For each `try` being run, what was raised in it."""
        self.dead: dict[int, ir.Block] = {}
        """Blocks of the file under review that some test ruled out, by their address."""
        self.lived: set[int] = set()

    @property
    def frame(self) -> Frame:
        """The innermost one."""
        return self.frames[-1]

    @property
    def path(self) -> str:
        """The file whose code runs."""
        return self.frame.scope.module.path

    def tick(self) -> None:
        """Counts a step. Raises Exhausted."""
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise Exhausted

    def evaluate(self, node: ir.Expr) -> Value:
        """The value of an expression."""
        raise NotImplementedError

    def call(self, node: ir.Call) -> Value:
        """The value of a call, with all it does."""
        raise NotImplementedError

    def run(self, block: ir.Block) -> None:
        """Interprets statements in the current frame."""
        raise NotImplementedError

    def lookup(self, name: str) -> Value:
        """The value of a name."""
        frame = self.frame
        if frame.env is not None and name in frame.env:
            return frame.env[name]
        for env in (*frame.outer, frame.scope.env):
            if name in env:
                return env[name]
        if name == "__name__" and self.path != self.home:
            return constant(frame.scope.module.name)  # imported, so what `__main__` does is not done
        return Value(ref=f"builtins.{name}", unknown=True)

    def bind(self, name: str, value: Value) -> None:
        """Gives a name a new value."""
        frame = self.frame
        if frame.function is not None and name in frame.function.shared:
            self._share(name, value)
        if frame.env is not None:
            frame.env[name] = value
            frame.rebound.add(name)

    def store(self, target: ir.Target, value: Value, *, changed: bool = False) -> None:
        """Assigns to a name, attribute, item or pattern of them. `changed`: the same object with other content."""
        if isinstance(target, ir.Name):
            if changed:
                self._change(target.id, value)
            else:
                self.bind(target.id, value)
        elif isinstance(target, ir.Attr):
            base = self.evaluate(target.value)
            if isinstance(base.ref, Instance):
                self._keep(base.ref.of, target.name, value)
            self.store(target.value, with_attr(base, target.name, value), changed=True)
        elif isinstance(target, ir.Item):
            base = self.evaluate(target.value)
            key = self.evaluate(target.key) if target.key is not None else CLEAN
            self.store(target.value, with_item(base, key, value), changed=True)

    def _change(self, name: str, value: Value) -> None:
        """Gives what a name stands for other content: every name of the same object sees it."""
        frame = self.frame
        old = frame.env.get(name) if frame.env is not None else None
        if old is None:
            self._share(name, value)
        again = name in frame.rebound
        self.bind(name, value)
        if not again:
            frame.rebound.discard(name)
        if old is not None and name in frame.aliased and frame.env is not None:
            for other in frame.aliased:
                if frame.env.get(other) is old:
                    frame.env[other] = value

    def _share(self, name: str, value: Value) -> None:
        """Lets the functions around and the module see what a name may be from now on."""
        frame = self.frame
        for env in (*frame.outer, frame.scope.env):
            if name not in env:
                continue
            known = env[name]
            if value is known:
                return
            env[name] = join(known, value)
            if set(value.deep()) - set(known.deep()):
                self.shared_changes += 1
            for other in self.frames[:-1]:
                if other.env is not None and other.env.get(name) is known:
                    other.env[name] = env[name]
            return

    def _keep(self, of: ClassRef, name: str, value: Value) -> None:
        """Remembers a stranger's word in an object's attribute for the class's other methods."""
        taints = value.deep()
        if taints and (name not in of.fields or set(taints) - set(of.fields[name].taints)):
            of.fields[name] = join(of.fields.get(name), Value(taints=taints, unknown=value.vague()))

    def witness(self, kind: str, value: Value, node: cst.CSTNode, told: str) -> None:
        """Notes what a sink got."""
        wanted = self.models.kinds[kind]
        harmful = [one for one in value.deep() if not wanted.spares(one.cleaned)] if value.constants is None else []
        taints = [one for one in harmful if one.label in wanted.labels]
        word = SAFE
        if taints:
            word = TAINTED
        elif harmful or (value.constants is None and value.vague()):
            word = VAGUE
        at = self._place(node)
        if at is None:
            return
        if at is node:
            entered = self._root()
            self.about.setdefault(self._running(), {}).setdefault(kind, set()).add((word, entered))
            self.seen.setdefault(id(node), (node, {}))[1].setdefault(kind, set()).add((word, entered))
        if word == TAINTED and wanted.told:
            taint = min(taints, key=lambda one: _length(one.trail))
            self.hits.setdefault((id(at), kind), Hit(kind, taint, at, Trail(told, self.path, node, taint.trail)))

    def harmless(self, words: set[Met]) -> bool:
        """Whether a sink only ever gets what is known: how its function is called counts more than that anybody could call it."""
        told = {word for word, entered in words if word != VAGUE or entered not in self.reached}
        return told == {SAFE}

    def rule_out(self, block: ir.Block) -> None:
        """Notes a block that a test keeps from being run."""
        if self.path == self.home:
            self.dead[id(block)] = block

    def choose(self, kind: str, weak: str, value: Value, node: cst.CSTNode) -> None:
        """Notes what a call gets that is chosen in the program, where some choices are bad ones."""
        if self.path != self.home:
            return  # said of the file that chooses
        given = value.constants if value.constants is not None else (value.ref,) if isinstance(value.ref, str) else ()
        bad = [one for one in given if re.search(weak, str(one))]
        if bad:
            trail = Trail(f"`{bad[0]}` is chosen", self.path, node)
            self.hits.setdefault((id(node), kind), Hit(kind, Taint(CHOICE, id(node), frozenset(), trail), node, trail))

    def put_together(self, value: Value, node: cst.CSTNode) -> None:
        """Notes what a text is made of."""
        if self.path == self.home:
            word = SAFE if value.constants is not None else TAINTED if value.taints else VAGUE if value.vague() else SAFE
            self.texts.setdefault(id(node), (node, set()))[1].add((word, self._root()))

    def _root(self) -> int:
        """The function that is analysed as if anybody could call it, by its address."""
        return next((id(one.function) for one in self.frames if one.function is not None), 0)

    def _running(self) -> cst.CSTNode | None:
        return next((one.function.node for one in reversed(self.frames) if one.function is not None), None)

    def _place(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The sink itself in the file under review, else the call from that file that leads to it."""
        if self.path == self.home:
            return node
        for frame in reversed(self.frames):
            if frame.scope.module.path == self.home:
                return frame.call
            if frame.function is None:
                return None  # what another file does when it is imported is said there
        return None


def with_attr(value: Value, name: str, new: Value) -> Value:
    """`value` after `value.name = new`."""
    items = dict(value.items or {})
    items[name] = new
    return Value(value.constants, value.taints, items, value.ref, value.unknown)


def joined(left: Env | None, right: Env | None) -> Env | None:
    """What is known after either of two ways."""
    if left is None or right is None or left is right:
        return left if right is None else right
    both = dict(left)
    for name, value in right.items():
        mine = both.get(name)
        if mine is not value:
            both[name] = join(mine, value) if mine is not None else value
    return both


def widened(before: Env | None, after: Env | None) -> Env | None:
    """`after`, with no constant that one more turn of the loop changed."""
    if before is None or after is None:
        return after
    wide = {}
    for name, value in after.items():
        old = before.get(name)
        if value.constants is not None and (old is None or old.constants != value.constants):
            value = Value(None, value.taints, value.items, value.ref, value.unknown)
        wide[name] = value
    return wide


def _length(trail: Trail | None) -> int:
    count = 0
    while trail is not None:
        count += 1
        trail = trail.before
    return count
