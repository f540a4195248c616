"""Advice from stacks: a pattern of frames, the share from which it matters, and what to do. No advice from few samples.

The shape is that of CodeGuru's recommendations: target frames, a counter, a threshold, resolution steps. A share counts
only when the lower end of its one-sided 95 % confidence interval is above the threshold.
"""

import importlib
import math
import pkgutil
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from profiler import recommendations
from profiler.ownership import OWN, kind
from profiler.tree import Frame, Function, Tree

Z_95 = 1.645


class Recommendation:
    """One smell. A subclass in `recommendations/` says all of it; its docstring's first line is the advice in a sentence.

    `targets` are globs of qualified function names (`re.compile`, `json.decoder.*`); a stack counts when one of its frames
    fits. With `under`, a frame outside of the target must fit one of these. Examples are folded stacks.
    """

    title: str
    remedy: str
    targets: Sequence[str]
    under: Sequence[str] = ()
    metric = "cpu"
    share_min = 0.03
    samples_min = 30
    links: Sequence[str] = ()
    invalid: Sequence[str]
    valid: Sequence[str]

    @property
    def says(self) -> str:
        """The advice in a sentence."""
        return (type(self).__doc__ or "").strip().splitlines()[0]


@dataclass(frozen=True)
class Advice:
    """A recommendation that applies, and what it is about."""

    rule: Recommendation
    share: float
    share_least: float
    """The lower end of the confidence interval."""
    value: int
    samples: int
    samples_all: int
    target: Function
    caller: Frame | None
    """The nearest frame of the program's own code, where most of it comes from."""
    caller_share: float
    """Of the advice's value."""


@cache
def discover() -> tuple[Recommendation, ...]:
    """Every recommendation in the folder, by title."""
    for module in pkgutil.iter_modules(recommendations.__path__):
        importlib.import_module(f"{recommendations.__name__}.{module.name}")
    return tuple(sorted((rule() for rule in Recommendation.__subclasses__()), key=lambda rule: rule.title))


def advise(tree: Tree, own_packages: Collection[str] = ()) -> list[Advice]:
    """Every recommendation that applies, the costliest first."""
    found = (judge(rule, tree, own_packages) for rule in discover())
    return sorted((advice for advice in found if advice), key=lambda advice: -advice.share)


def judge(rule: Recommendation, tree: Tree, own_packages: Collection[str] = ()) -> Advice | None:
    """The recommendation for this tree, or None when it does not apply."""
    metric = rule.metric if tree.total(rule.metric) else "samples"
    whole, samples_all = tree.total(metric), tree.total("samples")
    hits = _hits(rule, tree)
    column, sample_column = tree.inclusive(metric), tree.inclusive("samples")
    value, samples = sum(column[node] for node in hits), sum(sample_column[node] for node in hits)
    if not value or samples < rule.samples_min:
        return None
    # Idle threads have samples without CPU time; of the CPU's samples only those count that stand for some.
    trials = samples_all if metric != "cpu" else _busy_samples(tree)
    share, least = value / whole, lower_bound(value / whole, trials)
    if least < rule.share_min:
        return None
    callers: dict[Frame | None, int] = {}
    targets: dict[Function, int] = {}
    for node in hits:
        caller = _own_caller(tree, node, own_packages)
        callers[caller] = callers.get(caller, 0) + column[node]
        targets[tree.function(node)] = targets.get(tree.function(node), 0) + column[node]
    caller, target = max(callers, key=lambda c: callers[c]), max(targets, key=lambda t: targets[t])
    return Advice(rule, share, least, value, samples, samples_all, target, caller, callers[caller] / value)


def lower_bound(share: float, trials: int) -> float:
    """Wilson's one-sided 95 % lower bound of a share seen in so many trials (Wilson 1927)."""
    if trials <= 0:
        return 0.0
    z2 = Z_95 * Z_95
    middle = share + z2 / (2 * trials)
    spread = Z_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    return max(0.0, (middle - spread) / (1 + z2 / trials))


def _hits(rule: Recommendation, tree: Tree) -> list[int]:
    """Nodes that fit and have none above them that does."""
    fits = [bool(_globs(tuple(rule.targets)).fullmatch(f.name)) for f in tree.functions]
    around = [not rule.under or bool(_globs(tuple(rule.under)).fullmatch(f.name)) for f in tree.functions]
    inside, below = [False] * len(tree), [not rule.under] * len(tree)
    hits = []
    for node in range(1, len(tree)):
        parent, function = tree.parents[node], tree.function_ids[node]
        below[node] = below[parent] or around[function]
        hit = not inside[parent] and below[parent] and fits[function]
        inside[node] = inside[parent] or hit
        if hit:
            hits.append(node)
    return hits


def _busy_samples(tree: Tree) -> int:
    column, samples = tree.values["cpu"], tree.values["samples"]
    return sum(count for count, cpu in zip(samples, column, strict=True) if cpu)


def _own_caller(tree: Tree, node: int, own_packages: Collection[str]) -> Frame | None:
    node = tree.parents[node]
    while node > 0:
        if kind(tree.function(node), own_packages) == OWN:
            return Frame(tree.function(node), tree.lines[node])
        node = tree.parents[node]
    return None


@cache
def _globs(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(p).replace(r"\*", ".*") for p in patterns))
