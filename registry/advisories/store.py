"""The only writer of advisories, and who reads them: by package, by version, and whether anything is known at all."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select

from registry.advisories import osv
from registry.advisories.models import Advisory, AdvisoryImport
from registry.formats import format_named
from service.kernel import audit, clock
from service.kernel.errors import Malformed
from service.kernel.site import Site

BATCH = 500


@dataclass(frozen=True)
class Known:
    """An advisory that concerns a package."""

    osv_id: str
    package: str
    body: dict[str, Any]


def load(site: Site, path: Path, actor: str, progress: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    """Imports every OSV record under `path`; answers how many packages were affected, by format.

    Every record is read before the first is written, so a damaged file changes nothing. Raises Malformed.
    """
    counts: dict[str, int] = {}
    records = 0
    for record in osv.read(path):
        records += 1
        for one in record.affected:
            counts[one.format] = counts.get(one.format, 0) + 1
    if not records:
        raise Malformed(where=str(path), why="holds no OSV records (files named *.json)")
    done = 0
    for batch in _batches(osv.read(path)):
        _write(site, batch)
        done += len(batch)
        progress(done)
    with site.db.write() as session:
        for name, count in counts.items():
            row = session.scalar(select(AdvisoryImport).where(AdvisoryImport.format == name))
            if row is None:
                row = AdvisoryImport(format=name)
                session.add(row)
            row.at, row.records = clock.now(), count
        audit.record(session, actor, "registry:Admin", "registry/advisories", records=records, source=path.name)
    return counts


def is_loaded(site: Site, format_name: str) -> bool:
    """Whether advisories of the format were ever imported."""
    return stamp(site, format_name) is not None


def stamp(site: Site, format_name: str) -> int | None:
    """Changes with every import of the format; None: there was none."""
    with site.db.read() as session:
        at = session.scalar(select(AdvisoryImport.at).where(AdvisoryImport.format == format_name))
    return None if at is None else int(at.timestamp() * 1_000_000)


def of_packages(site: Site, format_name: str, packages: Iterable[str]) -> dict[str, list[Known]]:
    """The advisories of some packages, by name."""
    found: dict[str, list[Known]] = {}
    names = iter(packages)
    with site.db.read() as session:
        while batch := list(islice(names, BATCH)):
            query = select(Advisory).where(Advisory.format == format_name, Advisory.package.in_(batch)).order_by(Advisory.osv_id)
            for row in session.scalars(query):
                found.setdefault(row.package, []).append(Known(row.osv_id, row.package, row.body))
    return found


def of_version(site: Site, format_name: str, package: str, version: str) -> list[Known]:
    """The advisories that affect one version."""
    order = format_named(format_name).order
    return [one for one in of_packages(site, format_name, [package]).get(package, []) if osv.matches(one.body, version, order)]


def summary(site: Site) -> list[tuple[str, str, int]]:
    """By format: when advisories were imported last (ISO 8601), and how many are kept now."""
    with site.db.read() as session:
        kept = dict(session.execute(select(Advisory.format, func.count()).group_by(Advisory.format)).tuples().all())
        rows = session.scalars(select(AdvisoryImport).order_by(AdvisoryImport.format)).all()
    return [(row.format, row.at.isoformat(timespec="seconds"), kept.get(row.format, 0)) for row in rows]


def _batches(records: Iterator[osv.Record]) -> Iterator[list[osv.Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch


def _write(site: Site, batch: list[osv.Record]) -> None:
    # A record named twice in one import counts as said last.
    latest = {record.osv_id: record for record in batch}
    with site.db.write() as session:
        session.execute(delete(Advisory).where(Advisory.osv_id.in_(list(latest))))
        session.add_all(
            Advisory(format=one.format, package=one.package, osv_id=record.osv_id, body=one.body)
            for record in latest.values() for one in record.affected
        )
