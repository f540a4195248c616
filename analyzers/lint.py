"""Runs rules over one module: one walk for all of them, positions only where something was found."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from time import perf_counter
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange

from analyzers.context import Candidate, Context, Draft
from analyzers.mending import MENDS_PER_FILE_MAX, mend
from analyzers.positions import Positions
from analyzers.rule import Rule, fix_of, message_of, name_of, why_of
from analyzers.syntax import INNER_SCOPES, leaf_classes, readers
from analyzers.visitors import USERS, is_visitor, spend, visited

Handler = Callable[[Any], None]
_RENAMED = re.compile(r"=\s*[A-Za-z_][\w.]*\s*(?:[#;)]|$)", re.MULTILINE)
_AS = re.compile(r"as\s+(\w+)")
_WORD = re.compile(r"\w+")


def lint(module: cst.Module, text: str, path: str, rules: Sequence[type[Rule]]) -> tuple[list[Draft], list[str]]:
    """What the rules find in a parsed file, and sentences about rules that failed on it."""
    visitors = [rule for rule in rules if is_visitor(rule)]
    context, failed = _candidates(module, text, path, [rule for rule in rules if not is_visitor(rule)])
    if visitors:
        wrong: dict[type, str] = {}
        context.candidates += visited(module, text, visitors, wrong, message_of)
        failed |= {name_of(one): told for one, told in wrong.items()}
    return _located(context, text, path), [f"the rule {name} failed here: {told}" for name, told in sorted(failed.items())]


def _candidates(module: cst.Module, text: str, path: str, rules: Sequence[type[Rule]]) -> tuple[Context, dict[str, str]]:
    context = Context(path, module, text=text)
    failed: dict[str, str] = {}
    handlers: dict[type, list[Handler]] = {}
    calls = Calls(context, text, failed)
    triggers = Triggers(text, context.words)
    for rule in rules:
        if rule.triggers and not triggers.any_of(rule.triggers):
            continue
        running = rule(context)
        for kind, method in _visits(rule):  # type: ignore[arg-type]  # a class is hashable
            handler = getattr(running, method)
            if rule.__module__.startswith(USERS):
                handler = _Metered(handler)
            if kind is cst.Call and (rule.calls or rule.methods):
                calls.add(rule, handler)
            else:
                handlers.setdefault(kind, []).append(handler)
    if calls:
        handlers.setdefault(cst.Call, []).append(calls.visit)
    if handlers:
        _walk(context, handlers, failed)
    return context, failed


class Triggers:
    """Which words are in a text. Rules share many, and most are found among the text's own words, each of which is there once."""

    def __init__(self, text: str, words: Iterable[str]) -> None:
        self._text = text
        self._words = " ".join(words)
        self._found: dict[str, bool] = {}

    def any_of(self, words: Sequence[str]) -> bool:
        """Whether one of them is there, if only as a part of a longer one."""
        known = self._found
        for word in words:
            found = known.get(word)
            if found is None:
                found = known[word] = word in (self._words if _is_word(word) else self._text)
            if found:
                return True
        return False


@cache
def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None


class Calls:
    """Hands calls to the rules that declared their names, by the last word first and then by the full name."""

    def __init__(self, context: Context, text: str, failed: dict[str, str]) -> None:
        self._context = context
        self._text = text
        self._failed = failed
        self._by_name: dict[str, list[Handler]] = {}
        self._by_word: dict[str, list[Handler]] = {}
        self._words: set[str] = set()
        self._renamed: frozenset[str] | None = None

    def __bool__(self) -> bool:
        return bool(self._by_name or self._by_word)

    def add(self, rule: type[Rule], handler: Handler) -> None:
        """Has `handler` called for what the rule declares."""
        for word in rule.methods:
            self._by_word.setdefault(word, []).append(handler)
        for name in rule.calls:
            self._by_name.setdefault(name, []).append(handler)
            self._words.add(name.rsplit(".", 1)[-1])

    def visit(self, node: cst.Call) -> None:
        """Calls the handlers that want `node`."""
        func = node.func
        kind = type(func)
        if kind is cst.Attribute:
            word = func.attr.value  # type: ignore[attr-defined]
            named = word in self._words
        elif kind is cst.Name:
            word = func.value  # type: ignore[attr-defined]
            named = word in self._words or word in self._aliases()
        else:
            return
        wanted = self._by_word.get(word, [])
        if named and (name := self._context.qualified_name(func)) is not None:
            more = self._by_name.get(name, ())
            wanted = [*wanted, *(one for one in more if one not in wanted)]
        for handler in wanted:
            try:
                handler(node)
            except Exception as error:  # noqa: BLE001  as in the walk
                _note(handler, error, self._failed)

    def _aliases(self) -> frozenset[str]:
        if self._renamed is None:
            self._renamed = _renamed(self._text)
        return self._renamed


def _renamed(text: str) -> frozenset[str]:
    """Names that may stand for something called otherwise: only for these must a plain call be looked up."""
    words = set(_AS.findall(text))
    done = 0
    for found in _RENAMED.finditer(text):
        start = max(done, text.rfind("\n", done, found.start()))
        words.update(_WORD.findall(text, start, found.start()))
        done = found.start()
    return frozenset(words)


class _Metered:
    """A handler of a user's rule, whose time is noted."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.__self__ = handler.__self__  # type: ignore[attr-defined]  # whose it is, as bound methods say it

    def __call__(self, node: cst.CSTNode) -> None:
        begun = perf_counter()
        try:
            self._handler(node)
        finally:
            spend(type(self.__self__), perf_counter() - begun)


@cache
def _visits(rule: type) -> tuple[tuple[type, str], ...]:
    methods = (name for name in dir(rule) if name.startswith("visit_"))
    return tuple((getattr(cst, name.removeprefix("visit_")), name) for name in methods)


def _walk(context: Context, handlers: dict[type, list[Handler]], failed: dict[str, str]) -> None:
    """Visits every node of meaning. A loop with its own stack: generated code nests deeper than Python recurses.

    Among the nodes on the stack stand tuples: `_LEAVE` where a node is left, `(body, node)` where the body of a scope's node
    begins, `_OUT` where it ends. Leaves that nobody asked for never get there.
    """
    parents = context.parents
    wanted = handlers.get
    below_of = readers(_LEAVES.intersection(handlers))
    stack: list[Any] = [context.module]
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind is tuple:
            if node is _LEAVE:
                parents.pop()
            else:
                _cross(context, node, stack)
            continue
        found = wanted(kind)
        if found is not None:
            for handler in found:
                try:
                    handler(node)
                except Exception as error:  # noqa: BLE001  one rule's fault must not cost the others' findings
                    _note(handler, error, failed)
        below = below_of[kind](node)
        if kind in INNER_SCOPES:
            below = [(one, node) if one is node.body else one for one in below]
        if below:
            stack.append(_LEAVE)
            parents.append(node)
            stack += below


_LEAVE, _OUT = (0,), (1,)
_LEAVES = leaf_classes()


def _cross(context: Context, border: tuple[Any, ...], stack: list[Any]) -> None:
    """Goes into the body of a scope or out of it."""
    if border is _OUT:
        if context.scope.parent is not None:
            context.scope = context.scope.parent
        return
    body, opener = border
    context.scope = context.scope_of(opener)
    stack += (_OUT, body)


def _note(handler: Handler, error: Exception, failed: dict[str, str]) -> None:
    rule = type(handler.__self__)  # type: ignore[attr-defined]
    failed.setdefault(name_of(rule), f"{type(error).__name__}: {error}"[:200])


def _located(context: Context, text: str, path: str) -> list[Draft]:
    if not context.candidates:
        return []
    olds = [one.replacement[0] for one in context.candidates if one.replacement is not None]
    wanted = [*(node for one in context.candidates for node in (one.node, *one.about)), *olds]
    positions = Positions(context.module, wanted, text)
    counts = Counter(one.rule for one in context.candidates)
    mendable = MENDS_PER_FILE_MAX
    drafts = []
    for one in context.candidates:
        change = None
        if one.replacement is not None and mendable:
            mendable -= 1
            old, new = one.replacement
            recheck = partial(_count, rule=one.rule, path=path)
            change = mend(new, positions[old], context.module, text, recheck, counts[one.rule])
        drafts.append(replace(_draft(one, positions), mend=change))
    return drafts


def _count(module: cst.Module, text: str, *, rule: type[Rule], path: str) -> int:
    if is_visitor(rule):
        return len(visited(module, text, [rule], {}, message_of))
    return len(_candidates(module, text, path, [rule])[0].candidates)


def _draft(one: Candidate, positions: Positions) -> Draft:
    rule: type[Rule] = one.rule
    where: CodeRange = positions[one.node]
    also = [positions[node] for node in one.about]
    return Draft(
        name_of(rule), "lockgate", one.message, one.severity, one.confidence, rule.cwe,
        where.start.line, where.start.column + 1, where.end.line, where.end.column + 1,
        why_of(rule), fix_of(rule), rule.prior,
        frozenset(line for area in also for line in range(area.start.line, area.end.line + 1)),
        one.secret,
    )  # fmt: skip
