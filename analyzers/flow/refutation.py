"""What data flow takes back of that which rules, or Bandit, say of a place from its looks alone."""

from collections.abc import Sequence
from functools import cached_property

import libcst as cst
from libcst.metadata import CodeRange

from analyzers.adapters.bandit import OWN_RULES, TOOL
from analyzers.context import Draft
from analyzers.flow.models import Models
from analyzers.flow.program import Outcome
from analyzers.positions import Positions

_TEXTS = frozenset({"B608"})
"""What is said of a text where it is put together, not where it is used."""
_IDLE = frozenset({"weak-hash", "weak-cipher", "ecb-mode", "insecure-random", "insecure-cookie", "fast-password-hash", "unverified-tls"})
"""Rules about a call that does harm only where it is made, beside those of the kinds."""


class Refutation:
    """The word of one file's data flow on findings of others in it. Positions are looked up only for those that it concerns."""

    def __init__(self, outcome: Outcome, tree: cst.Module, models: Models) -> None:
        self._outcome = outcome
        self._tree = tree
        self._rules = {name: frozenset({kind.rule, *kind.refutes}) for name, kind in models.kinds.items()}
        self._concerned = _IDLE.union(*self._rules.values())

    def stands(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The drafts that nothing speaks against."""
        return [one for one in drafts if not self._refuted(one)]

    def _refuted(self, draft: Draft) -> bool:
        rule = OWN_RULES.get(draft.rule, "") if draft.tool == TOOL else draft.rule
        if draft.steps or rule not in self._concerned:
            return False
        if any(_holds(place, draft.line, draft.column) for place in self._dead):
            return True
        if draft.rule in _TEXTS:
            near = [place for place in self._texts if place.start.line <= draft.line <= place.end.line]
            spoken = [place for place in self._harmless if place.start.line <= draft.line <= place.end.line]
            return bool(spoken) and len(spoken) == len(near)
        if any(rule in rules and _holds(place, draft.line, draft.column) for place, rules in self._calm if rule in _OF_FUNCTIONS):
            return True
        if draft.tool == TOOL:
            at = [rules for place, rules in self._safe if place.start.line <= draft.line <= place.end.line]
            return any(rule in rules for rules in at)
        where = draft.line, draft.column
        return any(where == (place.start.line, place.start.column + 1) and rule in rules for place, rules in self._safe)

    @cached_property
    def _positions(self) -> Positions:
        nodes = [node for node, _ in (*self._outcome.safe, *self._outcome.calm)]
        return Positions(self._tree, [*nodes, *self._outcome.texts, *self._outcome.dead])

    @cached_property
    def _safe(self) -> list[tuple[CodeRange, frozenset[str]]]:
        return [(self._positions[node], self._of(kinds)) for node, kinds in self._outcome.safe]

    @cached_property
    def _calm(self) -> list[tuple[CodeRange, frozenset[str]]]:
        return [(self._positions[node], self._of(kinds)) for node, kinds in self._outcome.calm]

    @cached_property
    def _texts(self) -> list[CodeRange]:
        return [self._positions[node] for node in self._outcome.texts]

    @cached_property
    def _harmless(self) -> list[CodeRange]:
        return [self._positions[node] for node, harmless in self._outcome.texts.items() if harmless]

    @cached_property
    def _dead(self) -> list[CodeRange]:
        return [self._positions[node] for node in self._outcome.dead]

    def _of(self, kinds: frozenset[str]) -> frozenset[str]:
        return frozenset().union(*(self._rules[kind] for kind in kinds))


_OF_FUNCTIONS = frozenset({"unsafe-xml-parser", "autoescape-off"})
"""Rules about something that is made in one place of a function and does harm in another."""


def _holds(place: CodeRange, line: int, column: int) -> bool:
    return (place.start.line, place.start.column + 1) <= (line, column) < (place.end.line, place.end.column + 1)
