"""Which stored packages belong to a package group, there already or only thought of."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from registry import patterns
from registry.models import Package
from registry.names import PackageName
from registry.patterns import ROOT, Pattern

READ_AT_ONCE = 500


@dataclass(frozen=True)
class Associated:
    """A package name of a group, and how strongly it belongs there."""

    name: PackageName
    association: str


def packages(
    session: Session, place_ids: list[int], known: Iterable[Pattern], wanted: Pattern, *, after: tuple[str, str, str] = ("", "", ""),
    limit: int = 100,
) -> list[Associated]:
    """The packages in some repositories of a domain whose group is `wanted`, by format, namespace and name; each once.

    `known` are the domain's patterns; `wanted` need not be among them: then these are the packages that it would get.
    `after` is the last one seen.
    """
    all_patterns = list(dict.fromkeys([*known, wanted]))
    found: list[Associated] = []
    while len(found) < limit:
        rows = _names(session, place_ids, wanted, after)
        for name in rows:
            best, association = patterns.best(all_patterns, name) or (ROOT, patterns.STRONG)
            if best == wanted:
                found.append(Associated(name, association))
        if len(rows) < READ_AT_ONCE:
            break
        after = (rows[-1].format, rows[-1].namespace, rows[-1].name)
    return found[:limit]


def _names(session: Session, place_ids: list[int], wanted: Pattern, after: tuple[str, str, str]) -> list[PackageName]:
    columns = (Package.format, Package.namespace, Package.name)
    query = select(*columns).where(Package.repository_id.in_(place_ids), tuple_(*columns) > after).distinct().order_by(*columns)
    if wanted.parts:
        query = query.where(Package.format == wanted.parts[0])
    return [PackageName(*row) for row in session.execute(query.limit(READ_AT_ONCE))]
