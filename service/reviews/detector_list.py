"""What the detectors say of themselves, from the rule files and the models of data flow. Loads the whole analyser."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from analyzers.detector import all_detectors
from analyzers.flow.models import Kind, built_in
from analyzers.rule import Rule, all_rules, fix_of, message_of, name_of, references_of, weakness_page, why_of
from analyzers.sarif import About

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
    references: tuple[str, ...] = ()
    extended: bool = False
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()


@cache
def detectors() -> dict[str, Detector]:
    """Every detector for Python by its name."""
    rules = {name_of(rule): _told(rule) for rule in all_rules()}
    kinds = {kind.rule: _of_kind(kind) for kind in _kinds()}
    return kinds | {name: _with_kind(one, kinds.get(name)) for name, one in rules.items()}


def about(name: str, pages: str = "") -> About:
    """Where to read about a rule or a kind of secret. `pages` is the server's address of its detectors' pages, with `/` at the end."""
    known = detectors().get(name)
    if known is not None:
        return About(f"{pages}{name}" if pages else "", known.references)
    secret = next((one for one in all_detectors() if f"secret-{one.name}" == name), None)
    return About(references=(secret.source,) if secret is not None and secret.source.startswith("https://") else ())


def _with_kind(rule: Detector, kind: Detector | None) -> Detector:
    """A rule that data flow knows too rests on what both name."""
    both = (*rule.references, *(kind.references if kind is not None else ()))
    return replace(rule, references=tuple(dict.fromkeys(both)))


def _kinds() -> Iterator[Kind]:
    return iter(built_in().kinds.values())


def _told(rule: type[Rule]) -> Detector:
    return Detector(
        name_of(rule), message_of(rule), why_of(rule), fix_of(rule), rule.severity, rule.cwe,
        references_of(rule), rule.extended, tuple(rule.invalid[:EXAMPLES_MAX]), tuple(rule.valid[:EXAMPLES_MAX]),
    )


def _of_kind(kind: Kind) -> Detector:
    references = (*kind.references, *weakness_page(kind.cwe))
    return Detector(kind.rule, kind.message, kind.why, kind.fix, kind.severity, kind.cwe, references)
