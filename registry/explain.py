"""Why a package is what it is here: who may publish it, whether it is looked for outside, and which group says so; in sentences."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry import catalog, groups
from registry.catalog import Place
from registry.groups import EXTERNAL_UPSTREAM, INTERNAL_UPSTREAM, PUBLISH
from registry.models import ALLOW, BLOCK, EXTERNAL, Package
from registry.names import PackageName
from registry.patterns import WEAK


@dataclass(frozen=True)
class Origins:
    """What may happen with a package name in a package repository."""

    may_publish: bool
    publish: str
    """Why, in a sentence."""
    from_outside: bool
    outside: str
    from_upstreams: bool
    upstreams: str
    group: str
    """The pattern of the package's group."""

    def as_json(self) -> dict[str, Any]:
        """For the API."""
        return asdict(self)


def origins(session: Session, where: Place, name: PackageName) -> Origins:
    """The package's origin controls in a repository, stored there or not, and how they came about."""
    found = catalog.find(session, where, name)
    row = catalog.package_or_none(session, where, name)
    may_publish, publish = _publish(found.group, where, row)
    from_outside, outside = _outside(session, found, where, name)
    from_upstreams, upstreams = _upstreams(found.group, where, row)
    return Origins(may_publish, publish, from_outside, outside, from_upstreams, upstreams, found.group.pattern)


def _publish(group: groups.Effective, where: Place, row: Package | None) -> tuple[bool, str]:
    if group.association == WEAK:
        return False, f"Its name is nearly that of the package group {group.pattern}, which keeps such names away."
    if not group.allows(PUBLISH, where.name):
        return False, f"The package group {group.rules[PUBLISH][1]} lets nobody publish it to {where.domain}/{where.name}."
    if row is None:
        return True, "Nobody published it here yet; the first version decides who may go on."
    if row.publish == BLOCK:
        return False, "Its origin control is BLOCK, as when it first came from elsewhere: nothing can be published under its name here."
    return True, "It may be published here."


def _upstreams(group: groups.Effective, where: Place, row: Package | None) -> tuple[bool, str]:
    if not where.upstreams:
        return False, "There is no upstream repository."
    if not group.allows(INTERNAL_UPSTREAM, where.name):
        return False, "Its package group keeps versions of upstream repositories away."
    if row is not None and (row.publish, row.upstream) == (ALLOW, BLOCK):
        return False, "It is published here, so versions of upstream repositories are not looked for; both controls on ALLOW let them in."
    return True, "Versions of upstream repositories are served and kept here."


def _outside(session: Session, found: catalog.Found, where: Place, name: PackageName) -> tuple[bool, str]:
    if not found.group.allows(EXTERNAL_UPSTREAM, where.name):
        return False, f"The package group {found.group.rules[EXTERNAL_UPSTREAM][1]} keeps everything from outside away."
    path = catalog.search_path(session, where)
    owner = next((place for place, row in found.packages if row.upstream == BLOCK), None)
    if owner is not None:
        return False, (
            f"It belongs to {owner.domain}/{owner.name}, so it is never looked for in external indexes, not even for a higher version: "
            "nobody can slip in a package of that name from outside (dependency confusion)."
        )
    connected = [f"{p.domain}/{p.name}" for p in path if any(c.format == name.format for c in p.connections)]
    if not connected:
        return False, "No external index is connected."
    if not found.connections:
        return False, f"The package group {found.group.pattern} keeps it out of {', '.join(connected)}, where indexes are connected."
    rule = max((r.hours for r in found.gate.rules), default=0)
    wait = f" Versions younger than {rule} hours are held back." if rule else ""
    owners = dict.fromkeys(f"{p.domain}/{p.name}" for p, _ in found.connections)
    return True, f"It comes from the external index of {', '.join(owners)}.{wait}"


def origin_words(origin: str) -> str:
    """Where a version came from, for people."""
    return "external index" if origin == EXTERNAL else "published in this domain"
