"""What the detectors say of themselves, from the rule files and the models of data flow. Loads the whole analyser."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from analyzers import duplicates
from analyzers.detector import all_detectors
from analyzers.finding import SEVERITIES
from analyzers.flow.models import Kind, built_in
from analyzers.rule import Rule, all_rules, dashed, fix_of, message_of, name_of, parts_of, references_of, weakness_page, why_of
from analyzers.sarif import About
from service.reviews import installed_rules

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
    file: str = ""
    """Of a rule that an administrator installed: the file it is in."""


@cache
def detectors() -> dict[str, Detector]:
    """Every detector for Python by its name."""
    rules = {name_of(rule): _told(rule) for rule in all_rules()}
    kinds = {kind.rule: _of_kind(kind) for kind in _kinds()}
    kinds[duplicates.RULE] = _of_tree()
    return kinds | {name: _with_kind(one, kinds.get(name)) for name, one in rules.items()}


def about(name: str, pages: str = "") -> About:
    """Where to read about a rule or a kind of secret. `pages` is the server's address of its detectors' pages, with `/` at the end."""
    known = detectors().get(name)
    if known is not None:
        return About(f"{pages}{name}" if pages else "", known.references)
    secret = next((one for one in all_detectors() if f"secret-{one.name}" == name), None)
    return About(references=(secret.source,) if secret is not None and secret.source.startswith("https://") else ())


def installed(data: Path) -> dict[str, Detector]:
    """The rules that an administrator installed, by name: read from their text, for their code has no business here."""
    found: dict[str, Detector] = {}
    for path in installed_rules.files(data):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue  # no review loads it either, and says so
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and any(isinstance(one, ast.FunctionDef) and _looks(one.name) for one in node.body):
                found[dashed(node.name)] = _read(node, path.name)
    return found


def _looks(name: str) -> bool:
    return name.startswith(("visit_", "leave_"))


def _read(node: ast.ClassDef, file: str) -> Detector:
    said: dict[str, Any] = {}
    for one in node.body:
        target = one.targets[0] if isinstance(one, ast.Assign) else one.target if isinstance(one, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None:
            try:
                said[target.id.lower()] = ast.literal_eval(one.value)
            except ValueError:
                pass  # what is worked out is not shown
    message, why, fix = parts_of(ast.get_docstring(node) or str(said.get("message", "")))
    cwe = said.get("cwe") if isinstance(said.get("cwe"), int) else None
    references = (*_texts(said.get("references")), *weakness_page(cwe))
    severity = str(said["severity"]) if said.get("severity") in SEVERITIES else Rule.severity
    bad, good = _texts(said.get("invalid"))[:EXAMPLES_MAX], _texts(said.get("valid"))[:EXAMPLES_MAX]
    return Detector(
        dashed(node.name), message, why, fix, severity, cwe, references, said.get("extended") is True, bad, good, file,
    )  # fmt: skip


def _texts(value: object) -> tuple[str, ...]:
    given = (value,) if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    return tuple(one for one in given if isinstance(one, str))


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


def _of_tree() -> Detector:
    """What no file shows alone."""
    told = duplicates
    return Detector(
        told.RULE, told.MESSAGE, told.WHY, told.FIX, told.SEVERITY, told.CWE, (*told.REFERENCES, *weakness_page(told.CWE))
    )  # fmt: skip


def _of_kind(kind: Kind) -> Detector:
    references = (*kind.references, *weakness_page(kind.cwe))
    return Detector(kind.rule, kind.message, kind.why, kind.fix, kind.severity, kind.cwe, references)
