"""What a deploy strategy is: a pure planner that says which hosts to start now, or how the deployment ended.

A strategy is one file in `strategies/` with a NAME, a docstring, `minimum(total, wanted)` (how many hosts must stay
healthy) and EXAMPLES of it. The rules of minimum healthy hosts are those of CodeDeploy, see `plan`.
"""

import importlib
import math
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from pipelines.deployments import strategies

REVISION_ORDER = {"unknown": 1, "old": 2, "current": 3}


@dataclass(frozen=True)
class Member:
    """One host of a deployment, as a planner sees it."""

    id: int
    state: str
    """"queued", "running", or how it ended: "passed", "failed", "skipped", "stopped"."""
    health_before: str
    revision_before: str

    @property
    def is_repair(self) -> bool:
        """Whether the host was broken before: deploying to it takes nothing away."""
        return self.health_before == "unhealthy"

    @property
    def stands(self) -> bool:
        """Whether the host counts as healthy: it was not broken before and did not fail now, or it was repaired."""
        if self.state in ("passed", "skipped"):
            return True
        return not self.is_repair and self.state in ("queued", "running")


@dataclass(frozen=True)
class Step:
    """What to do next: start these hosts, wait (nothing set), or end with a verdict "passed" or "failed"."""

    start: tuple[int, ...] = ()
    verdict: str = ""
    reason: str = ""


def plan(members: Sequence[Member], minimum: int) -> Step:
    """The next step of a deployment that must keep `minimum` hosts healthy.

    Broken hosts are repaired first. Then at most `standing - minimum` hosts are in work at a time, hosts of unknown
    revision first, then old, then current ones. When a failure brings the standing hosts down to the minimum while
    hosts still wait, the deployment fails; a failure of the last host does not matter as long as the minimum holds.
    At least one host must succeed. A host that never had a deployment counts as standing.
    Source: AWS CodeDeploy user guide, "Instance health" and "Minimum healthy instances".
    """
    if not members:
        return Step(verdict="failed", reason="the deployment group has no hosts")
    waiting = sorted((m for m in members if m.state == "queued"), key=_order)
    running = [m for m in members if m.state == "running"]
    standing = sum(m.stands for m in members)
    repairs_left = sum(m.is_repair for m in (*waiting, *running))
    repairs = [m for m in waiting if m.is_repair]
    others = [m for m in waiting if not m.is_repair]
    hopeless = bool(waiting) and _is_hopeless(standing, repairs_left, bool(others), minimum)
    if hopeless or not waiting:
        return Step() if running else _verdict(members, standing, minimum, len(waiting))
    if repairs or any(m.is_repair for m in running):
        room = max(1, len(members) - minimum) - len(running)
        return Step(start=tuple(m.id for m in repairs[: max(0, room)]))
    room = standing - minimum - len(running)
    return Step(start=tuple(m.id for m in others[: max(0, room)]))


def minimum_of(wanted: int | str, total: int) -> int:
    """A number of hosts, or a percentage of `total` such as "95%", rounded up. Raises ValueError."""
    if isinstance(wanted, int):
        if wanted < 0:
            raise ValueError("a minimum of healthy hosts cannot be negative")
        return wanted
    share = wanted.removesuffix("%").strip()
    if not wanted.endswith("%") or not share.isascii() or not share.isdigit() or int(share) > 100:
        raise ValueError(f"{wanted!r} is neither a number of hosts nor a share from 0% to 100%")
    return math.ceil(total * int(share) / 100)


@cache
def discovered() -> Mapping[str, ModuleType]:
    """Every strategy by its name."""
    found = [
        importlib.import_module(f"{strategies.__name__}.{module.name}")
        for module in pkgutil.iter_modules(strategies.__path__)
    ]
    return {module.NAME: module for module in found}


def named(name: str) -> ModuleType:
    """The strategy of that name. Raises ValueError that lists the known ones."""
    try:
        return discovered()[name]
    except KeyError:
        raise ValueError(f"there is no strategy {name!r}; known are {', '.join(sorted(discovered()))}") from None


def minimum(name: str, total: int, wanted: int | str | None) -> int:
    """How many of `total` hosts the named strategy keeps healthy."""
    return int(named(name).minimum(total, wanted))


def _order(member: Member) -> tuple[int, int]:
    return (0 if member.is_repair else REVISION_ORDER[member.revision_before], member.id)


def _is_hopeless(standing: int, repairs_left: int, others_wait: bool, minimum: int) -> bool:
    """Whether going on would break the minimum, even if every repair still to come succeeds."""
    best = standing + repairs_left
    return best <= minimum if others_wait else best < minimum


def _verdict(members: Sequence[Member], standing: int, minimum: int, left: int) -> Step:
    total, failed = len(members), sum(m.state in ("failed", "stopped") for m in members)
    said = f"{failed} of {total} hosts failed" if failed else f"{standing} of {total} hosts are healthy"
    if left:
        rest = f"so {left} {'was' if left == 1 else 'were'} not started"
        return Step(verdict="failed", reason=f"{said}; at least {minimum} must stay healthy, {rest}")
    if failed == total:
        return Step(verdict="failed", reason=f"all {total} hosts failed" if total > 1 else "the only host failed")
    if standing < minimum:
        return Step(verdict="failed", reason=f"{said}; {standing} are healthy, {minimum} must be")
    return Step(verdict="passed", reason=f"{said}; at least {minimum} had to stay healthy and did" if failed else "")
