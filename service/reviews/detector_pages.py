"""Pages about the detectors themselves, made from the rule files: what each finds, why, and what to write instead."""

from dataclasses import dataclass
from functools import cache

from flask import Blueprint, render_template

from analyzers.finding import SEVERITIES
from analyzers.rule import Rule, all_rules, fix_of, message_of, name_of, why_of
from service.kernel.access import principal, public
from service.kernel.errors import Missing

pages = Blueprint("detectors", __name__, template_folder="templates")

EXAMPLES_MAX = 3


@dataclass(frozen=True)
class Detector:
    """A rule as its page shows it."""

    name: str
    message: str
    why: str
    fix: str
    severity: str
    cwe: int | None
    bad: tuple[str, ...]
    good: tuple[str, ...]


@pages.get("/detectors")
@public
def detectors_page() -> str:
    """Every detector, worst first."""
    principal()
    found = sorted(_detectors().values(), key=lambda one: (SEVERITIES.index(one.severity), one.name))
    return render_template("reviews/detectors.html", detectors=found)


@pages.get("/detectors/<name>")
@public
def detector_page(name: str) -> str:
    """One detector. Raises Missing for a name that no rule has."""
    principal()
    found = _detectors().get(name)
    if found is None:
        raise Missing(what="detector", name=name)
    return render_template("reviews/detector.html", detector=found)


@cache
def _detectors() -> dict[str, Detector]:
    return {name_of(rule): _told(rule) for rule in all_rules()}


def _told(rule: type[Rule]) -> Detector:
    return Detector(
        name_of(rule), message_of(rule), why_of(rule), fix_of(rule), rule.severity, rule.cwe,
        tuple(rule.invalid[:EXAMPLES_MAX]), tuple(rule.valid[:EXAMPLES_MAX]),
    )
