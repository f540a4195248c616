"""What the detectors say of themselves, from the rule files and the models of data flow. Loads the whole analyser."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from analyzers.flow.models import Kind, built_in
from analyzers.rule import Rule, all_rules, fix_of, message_of, name_of, why_of

EXAMPLES_MAX = 3


@dataclass(frozen=True)
class Detector:
    """A rule as its page shows it; what only data flow finds has no examples of one file."""

    name: str
    message: str
    why: str
    fix: str
    severity: str
    cwe: int | None
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()


@cache
def detectors() -> dict[str, Detector]:
    """Every detector for Python by its name."""
    rules = {name_of(rule): _told(rule) for rule in all_rules()}
    return {kind.rule: _of_kind(kind) for kind in _kinds()} | rules


def _kinds() -> Iterator[Kind]:
    return iter(built_in().kinds.values())


def _told(rule: type[Rule]) -> Detector:
    return Detector(
        name_of(rule), message_of(rule), why_of(rule), fix_of(rule), rule.severity, rule.cwe,
        tuple(rule.invalid[:EXAMPLES_MAX]), tuple(rule.valid[:EXAMPLES_MAX]),
    )


def _of_kind(kind: Kind) -> Detector:
    return Detector(kind.rule, kind.message, kind.why, kind.fix, kind.severity, kind.cwe)
