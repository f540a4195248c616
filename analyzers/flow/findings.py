"""Data flow's word on a file: findings with the whole way of a value, and which other findings it refutes."""

from collections.abc import Sequence

import libcst as cst

from analyzers.context import Draft
from analyzers.finding import Step
from analyzers.flow.models import Models
from analyzers.flow.program import Loader, Text, analyse
from analyzers.flow.refutation import Refutation
from analyzers.flow.state import CHOICE, Hit
from analyzers.flow.value import Trail
from analyzers.positions import Positions

STEPS_MAX = 40


def concerns(text: str, drafts: Sequence[Draft], models: Models) -> bool:
    """Whether data flow can say anything of a file: a stranger's word may enter, or a finding may be refuted."""
    rules = {rule for kind in models.kinds.values() for rule in (kind.rule, *kind.refutes)}
    return any(one.rule in rules for one in drafts) or any(token in text for token in models.tokens)


def find(
    tree: cst.Module, path: str, drafts: Sequence[Draft], models: Models, load: Loader, settings_file: Text = lambda _: None
) -> tuple[list[Draft], list[str], Refutation]:
    """The drafts without those that data flow refutes, with those that it adds; what could not be followed; its word on others."""
    outcome = analyse(tree, path, models, load, settings_file)
    refutation = Refutation(outcome, tree, models)
    kept = refutation.stands(drafts)
    if outcome.hits:
        nodes = _nodes(outcome.hits, path)
        trees = {name: Positions(one, nodes[name]) for name, one in {**outcome.trees, path: tree}.items() if name in nodes}
        said = {(one.rule, one.line) for one in kept}
        found = [(hit, _draft(hit, models, trees, path)) for hit in outcome.hits]
        # A rule that looks at names weighs more than that something was chosen.
        kept += [one for hit, one in found if hit.taint.label != CHOICE or (one.rule, one.line) not in said]
    return kept, [outcome.told] if outcome.told else [], refutation


def _nodes(hits: Sequence[Hit], path: str) -> dict[str, list[cst.CSTNode]]:
    """Every node that a finding speaks of, by the file it is in."""
    found: dict[str, list[cst.CSTNode]] = {path: [hit.node for hit in hits]}
    for hit in hits:
        trail: Trail | None = hit.sink
        while trail is not None:
            found.setdefault(trail.path, []).append(trail.node)
            trail = trail.before
    return found


def _draft(hit: Hit, models: Models, trees: dict[str, Positions], path: str) -> Draft:
    kind = models.kinds[hit.kind]
    place = trees[path][hit.node]
    local = hit.taint.label == "local"
    severity = kind.local_severity or kind.severity if local else kind.severity
    return Draft(
        kind.rule, "lockgate", kind.message, severity, "medium" if local else kind.confidence, kind.cwe,
        place.start.line, place.start.column + 1, place.end.line, place.end.column + 1, kind.why, kind.fix, kind.prior,
        steps=_steps(hit.sink, trees),
    )  # fmt: skip


def _steps(sink: Trail, trees: dict[str, Positions]) -> tuple[Step, ...]:
    steps: list[Step] = []
    trail: Trail | None = sink
    while trail is not None:
        positions = trees.get(trail.path)
        if positions is not None:
            where = positions[trail.node]
            one = Step(
                trail.path, where.start.line, where.start.column + 1, where.end.line, where.end.column + 1,
                trail.told[0].upper() + trail.told[1:], trail.function,
            )  # fmt: skip
            if not steps or (steps[-1].path, steps[-1].line, steps[-1].message) != (one.path, one.line, one.message):
                steps.append(one)
        trail = trail.before
    steps.reverse()
    return tuple(steps if len(steps) <= STEPS_MAX else [steps[0], *steps[-(STEPS_MAX - 1) :]])
