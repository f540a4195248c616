"""Follows values through one file and the files that it imports, and says what reached which sink."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from analyzers.flow import ir
from analyzers.flow.expressions import REQUEST, is_enumeration
from analyzers.flow.functions import result
from analyzers.flow.interpreter import Interpreter
from analyzers.flow.lower_block import lower
from analyzers.flow.models import Models, Source
from analyzers.flow.state import CALL_DEPTH_MAX, ClassRef, Closure, Exhausted, Frame, Hit, Scope
from analyzers.flow.value import CLEAN, UNKNOWN, Value

Loader = Callable[[str], "ir.Module | None"]
"""The compact form of a module of the tree by its dotted name, None for modules outside it."""
Text = Callable[[str], "str | None"]
"""The text of a settings file of the tree by the path that the program opens, None without one."""
_NUMBERS = frozenset({"int", "float", "bool", "UUID", "Decimal", "date", "datetime"})
_NOT_INPUT = re.compile(r"\b(Depends|Security|inject|Session|BackgroundTasks|Response|Settings)\b")
_NUMBER_PART = re.compile(r"<(?:int|float|uuid)(?:\([^>]*\))?:(\w+)>|\{(\w+):(?:int|float|uuid)\}")
_SENT = re.compile(r"(requests|httpx|httpcore|urllib|scrapy)\.|(.*\.)?(Prepared|Client|Outgoing)Request$")
_RPC = Source("remote", "the request of the remote call")
_SELF = frozenset({"self", "cls"})
_VIEW = Source("remote", "the request's path", harmless=frozenset({"redirect", "ssrf"}))
_LAMBDA = Source("remote", "the event of the function's caller")


@dataclass
class Outcome:
    """What data flow says about one file."""

    hits: list[Hit] = field(default_factory=list)
    safe: list[tuple[cst.CSTNode, frozenset[str]]] = field(default_factory=list)
    """Sinks that only ever get what is known to be harmless, with the kinds that is for."""
    texts: dict[cst.CSTNode, bool] = field(default_factory=dict)
    """Texts that are put together, and whether all of it is what this program says itself."""
    calm: list[tuple[cst.CSTNode, frozenset[str]]] = field(default_factory=list)
    """Functions in which all sinks of these kinds only get what is known to be harmless."""
    dead: list[cst.CSTNode] = field(default_factory=list)
    """Calls that no way leads to."""
    trees: dict[str, cst.Module] = field(default_factory=dict)
    """The other files that were read, by path."""
    told: str = ""
    """Why the analysis is not complete; "" if it is."""


def module_name(path: str) -> str:
    """`shop.orders` for shop/orders.py, `shop` for shop/__init__.py."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def analyse(
    tree: cst.Module, path: str, models: Models, load: Loader = lambda _: None, settings_file: Text = lambda _: None
) -> Outcome:
    """Data flow through a parsed file. `load` gives modules that it imports, `settings_file` what it reads; nothing is ever run."""
    outcome = Outcome()
    program = _Program(models, load)
    program.run.settings_file = settings_file
    try:
        program.analyse(lower(tree, path, module_name(path)))
    except Exhausted:
        outcome.told = "data flow was followed in part only: the file has too many ways through it"
    except RecursionError:
        outcome.told = "data flow was followed in part only: the code nests too deeply"
    outcome.trees = program.trees()
    outcome.hits = sorted(program.run.hits.values(), key=lambda one: one.kind)
    if not outcome.told:
        for node, kinds in program.run.seen.values():
            safe = frozenset(kind for kind, words in kinds.items() if program.run.harmless(words))
            if safe:
                outcome.safe.append((node, safe))
        _rest(outcome, program.run)
    return outcome


def _rest(outcome: Outcome, run: Interpreter) -> None:
    """What nobody has a word in, beside the sinks themselves."""
    outcome.texts = {node: run.harmless(words) for node, words in run.texts.values()}
    for function, kinds in run.about.items():
        calm = frozenset(kind for kind, words in kinds.items() if run.harmless(words))
        if calm and function is not None:
            outcome.calm.append((function, calm))
    for at, block in run.dead.items():
        if at not in run.lived:
            outcome.dead += ir.calls(block)


class _Program:
    def __init__(self, models: Models, load: Loader) -> None:
        self.models = models
        self.run = Interpreter(models, self.resolve, self.known)
        self._load = load
        self._scopes: dict[str, Scope | None] = {}

    def analyse(self, module: ir.Module) -> None:
        self.run.home = module.path
        scope = Scope(module)
        self._scopes[module.name] = scope
        self._interpret(scope)
        found = list(_closures(scope))
        for closure, of in found:
            self._enter(closure, of)
        if any(of is not None and of.fields for _, of in found):
            self.run.memo.clear()
            for closure, of in found:
                if of is not None and of.fields:
                    self._enter(closure, of)

    def trees(self) -> dict[str, cst.Module]:
        """The parsed files that were read, by path."""
        return {one.module.path: one.module.tree for one in self._scopes.values() if one is not None}

    def _interpret(self, scope: Scope) -> None:
        frame = Frame(scope, scope.env)
        self.run.frames.append(frame)
        try:
            self.run.run(scope.module.body)
        finally:
            self.run.frames.pop()
        names = frame.env if frame.env is not None else scope.env
        for name in scope.module.shared:
            if name in names:
                names[name] = _loose(names[name])
        scope.env = names
        scope.ready = True

    def resolve(self, full: str) -> Value | None:
        """What a full name stands for in the tree, None for names outside it; `a.b.*` is the module a.b."""
        star = full.endswith(".*")
        parts = (full[:-2] if star else full).split(".")
        for size in range(len(parts), 0, -1):
            scope = self._scope(".".join(parts[:size]))
            if scope is None:
                continue
            if size == len(parts):
                return Value(ref=".".join(parts), items=scope.env, unknown=True)
            return scope.env.get(parts[size]) if size == len(parts) - 1 else None
        return None

    def known(self, full: str) -> Value | None:
        """What a full name stands for among the modules read so far."""
        before, _, last = full.rpartition(".")
        module = self._scopes.get(full)
        if module is not None:
            return Value(ref=full, items=module.env, unknown=True)
        around = self._scopes.get(before)
        return around.env.get(last) if around is not None else None

    def _scope(self, name: str) -> Scope | None:
        if name in self._scopes:
            return self._scopes[name]
        module = self._load(name)
        scope = self._scopes[name] = Scope(module) if module is not None else None
        if scope is not None:
            self._interpret(scope)
        return scope

    def _enter(self, closure: Closure, of: ClassRef | None) -> None:
        """Interprets a function as if anybody could call it with anything."""
        self.run.frames.append(Frame(closure.scope, {}))
        try:
            handler, numbers = (_RPC, set[str]()) if _serves_rpc(closure, of) else self._handler(closure)
            env = {}
            for number, param in enumerate(closure.function.params):
                env[param.name] = self._parameter(closure, of, number, param, handler, numbers)
            self.run.answers_event = handler is _LAMBDA
            is_page = handler is not None and handler is not _RPC and handler.label == "remote" and not (handler.json and _is_json(closure))
            self.run.enter(closure, env, handler=is_page)
        finally:
            self.run.frames.pop()

    def _handler(self, closure: Closure) -> tuple[Source | None, set[str]]:
        """Whose word the parameters are, where a decorator or the signature tells, and which are numbers by the route."""
        for one in closure.function.decorators:
            plain = one.func if isinstance(one, ir.Call) else one
            word = plain.name if isinstance(plain, ir.Attr) else plain.id if isinstance(plain, ir.Name) else ""
            ref = self.run.evaluate(plain).ref
            if isinstance(ref, Closure) and plain is one:
                continue  # a decorator of the tree's own; what a framework gives is called with the route
            found = self.models.find(self.models.handlers, ref if isinstance(ref, str) else None, word)
            if found is not None:
                route = one.args[0][1] if isinstance(one, ir.Call) and one.args else None
                text = str(route.value) if isinstance(route, ir.Const) else ""
                return found, {a or b for a, b in _NUMBER_PART.findall(text)}
        params = [one.name for one in closure.function.params]
        return (_LAMBDA if params == ["event", "context"] else None), set()

    def _parameter(
        self, closure: Closure, of: ClassRef | None, number: int, param: ir.Param, handler: Source | None, numbers: set[str]
    ) -> Value:
        if number == 0 and of is not None and closure.kind != "static":
            return Value(ref=of) if closure.kind == "class" else self._object(closure, of)
        if handler is _RPC:
            return self.run.tainted(_RPC, param.node) if param.name == "request" else Value(ref="grpc.ServicerContext()", unknown=True)
        if param.name in ("request", "req") or param.annotation in ("Request", "HttpRequest", "WSGIRequest"):
            return UNKNOWN if self._is_sent(closure, param.annotation) else Value(ref=REQUEST, unknown=True)
        if handler is not None and param.name != "context":
            default = param.default
            if isinstance(default, ir.Call) and default.args and _called(default) in ("Depends", "Security"):
                return self._depended(self.run.evaluate(default.args[0][1]), handler)
            if param.name in numbers or _is_narrow(param.annotation):
                return CLEAN
            of_tree = self._class_of(closure, param.annotation)
            if of_tree is not None and is_enumeration(of_tree):
                return CLEAN
            if of_tree is not None and of_tree.parameters():
                word = self.run.tainted(handler, param.node)
                parts = {name: CLEAN if _is_narrow(told) else word for name, told in of_tree.parameters().items()}
                return Value(items=dict(parts), ref=of_tree.object)
            is_input = not (isinstance(default, ir.Call) and _NOT_INPUT.search(_called(default)))
            if is_input and not _NOT_INPUT.search(param.annotation) and param.name not in _SELF:
                return self.run.tainted(handler, param.node)
        if number > 0 and _is_view(closure, of) and param.star != "*" and not _is_narrow(param.annotation):
            return self.run.tainted(_VIEW, param.node)
        if isinstance(param.default, ir.Const) and isinstance(param.default.value, int):
            return UNKNOWN
        return Value(items={}, unknown=True) if param.star else UNKNOWN

    def _class_of(self, closure: Closure, annotation: str) -> ClassRef | None:
        """The class of the tree that a parameter is annotated with, alone."""
        known = closure.scope.env.get(annotation)
        ref = known.ref if known is not None else None
        if isinstance(ref, str) and (found := self.resolve(ref)) is not None:
            ref = found.ref
        return ref if isinstance(ref, ClassRef) else None

    def _depended(self, function: Value, handler: Source) -> Value:
        """What FastAPI gives for `Depends(function)`: its result, with its own parameters out of the request."""
        closure = function.ref
        if not isinstance(closure, Closure) or len(self.run.frames) > CALL_DEPTH_MAX:
            return UNKNOWN
        env = {one.name: self._parameter(closure, None, 1, one, handler, set()) for one in closure.function.params}
        return result(self.run.enter(closure, env))

    def _is_sent(self, closure: Closure, annotation: str) -> bool:
        """Whether the annotation is a client's request, which this program made itself."""
        first, *rest = annotation.split() or [""]
        known = closure.scope.env.get(first)
        full = known.ref if known is not None and isinstance(known.ref, str) else first
        return bool(_SENT.match(".".join([full, *rest])))

    def _object(self, closure: Closure, of: ClassRef) -> Value:
        """An object of the class as its constructor leaves it."""
        empty = Value(items={}, ref=of.object, unknown=True)
        start = of.find("__init__")
        if start is None or not isinstance(start.ref, Closure) or start.ref is closure:
            return empty
        arguments = [empty, *(_unknown(one) for one in start.ref.function.params[1:])]
        _, after = self.run.invoked(start.ref, arguments, {}, closure.function.node)
        return after.get(start.ref.function.params[0].name if start.ref.function.params else "", empty)


def _is_narrow(annotation: str) -> bool:
    """Whether a type leaves no room for a stranger's text: numbers, dates, a list of choices."""
    words = set(annotation.split())
    return bool(words & _NUMBERS) or "Literal" in words


def _is_view(closure: Closure, of: ClassRef | None) -> bool:
    """Whether it is a view of Django that gets parts of the address: https://docs.djangoproject.com/en/stable/topics/http/urls/."""
    params = closure.function.params
    if of is not None or closure.outer or not params or params[0].name != "request" or any(one.default is not None for one in params):
        return False
    return "view" in closure.scope.module.name and "django" in closure.scope.module.tree.code[:_HEAD]


_HEAD = 2_000


def _serves_rpc(closure: Closure, of: ClassRef | None) -> bool:
    """Whether it is a method of a gRPC servicer, https://grpc.io/docs/languages/python/basics/: (self, request, context)."""
    params = [one.name for one in closure.function.params][1:]
    return of is not None and params == ["request", "context"] and any(name.endswith("Servicer") for name in of.names)


def _is_json(closure: Closure) -> bool:
    """Whether no decorator of a handler names a response of another class."""
    calls = [one for one in closure.function.decorators if isinstance(one, ir.Call)]
    return not any(keyword == "response_class" for one in calls for keyword, _ in one.args)


def _unknown(param: ir.Param) -> Value:
    return UNKNOWN if param.default is None or not isinstance(param.default, ir.Const) else Value(unknown=True)


def _called(call: ir.Call) -> str:
    return call.func.id if isinstance(call.func, ir.Name) else call.func.name if isinstance(call.func, ir.Attr) else ""


def _loose(value: Value) -> Value:
    """A value that other code may replace: no constant any more."""
    return Value(None, value.taints, value.items, value.ref, unknown=True) if value.constants is not None else value


def _closures(scope: Scope) -> Iterator[tuple[Closure, ClassRef | None]]:
    """The module's functions and methods; inner functions are met where they are made and called."""
    methods: dict[int, ClassRef] = {}
    for value in list(scope.env.values()):
        if isinstance(value.ref, ClassRef) and value.ref.scope is scope:
            for one in value.ref.env.values():
                if isinstance(one.ref, Closure):
                    methods[id(one.ref.function)] = value.ref
    kinds = {id(one.ref.function): one.ref.kind for of in methods.values() for one in of.env.values() if isinstance(one.ref, Closure)}
    for function in scope.module.functions:
        closure = Closure(function, scope, (), kinds.get(id(function), ""))
        yield closure, methods.get(id(function))


__all__ = ["Outcome", "analyse", "module_name"]
