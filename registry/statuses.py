"""Statuses of versions: changed, disposed of and deleted for many versions of a package at once, all of them or, when one cannot be, none.

Each version gets an answer of its own. Calls, codes and answers are CodeArtifact's:
https://docs.aws.amazon.com/codeartifact/latest/ug/update-package-version-status.html
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry import catalog, changes, store
from registry.catalog import Place
from registry.formats import format_named
from registry.models import ARCHIVED, DISPOSED, PUBLISHED, UNLISTED, Asset, DistTag, Package, Version
from registry.names import PackageName
from service.kernel import audit, clock
from service.kernel.errors import Malformed
from service.kernel.site import Site

TARGETS = (PUBLISHED, UNLISTED, ARCHIVED)
VERSIONS_MAX = 100
NOT_FOUND, NOT_ALLOWED, SKIPPED, ALREADY_EXISTS = "NOT_FOUND", "NOT_ALLOWED", "SKIPPED", "ALREADY_EXISTS"
MISMATCHED_REVISION, MISMATCHED_STATUS = "MISMATCHED_REVISION", "MISMATCHED_STATUS"


@dataclass(frozen=True)
class Wanted:
    """Versions to act on, with the conditions under which: `revisions` may name one for each, `expected` a status for all."""

    revisions: Mapping[str, str]
    """By version; "" for any revision."""
    expected: str = ""


@dataclass
class Outcome:
    """What became of each version."""

    successful: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    """Copied before: the target has the very same version."""

    def fail(self, version: str, code: str, message: str) -> None:
        """Notes why a version was left as it was."""
        self.failed[version] = {"code": code, "message": message}


class _Undone(Exception):
    """Rolls the transaction back."""


@contextmanager
def all_or_none(site: Site, outcome: Outcome) -> Iterator[Session]:
    """A transaction that is undone when a version failed in it; those that had succeeded then count as skipped."""
    try:
        with site.db.write() as session:
            yield session
            if outcome.failed:
                raise _Undone
    except _Undone:
        for version in outcome.successful:
            outcome.fail(version, SKIPPED, f"version {version} was left as it was, because another one of this call could not be changed")
        outcome.successful.clear()


Act = Callable[[Session, Package, Version], dict[str, str] | str]
"""Changes one version; answers what it is now, or why not."""


def update(site: Site, where: Place, name: PackageName, wanted: Wanted, target: str, actor: str) -> Outcome:
    """Sets the status of versions. Raises Missing when there is no such package, Malformed for a status nobody can set."""
    if target not in TARGETS:
        raise Malformed(where="status", why=f"can be set to {', '.join(TARGETS)}; dispose of or delete versions by their own calls")

    def act(session: Session, package: Package, row: Version) -> dict[str, str] | str:
        if row.status == DISPOSED:
            return "a version that was disposed of stays so; it can only be deleted"
        if row.status != target:
            before, row.status, row.revision = row.status, target, row.revision + 1
            _changed(session, where, package, row, actor, before, ())
        return _told(row)

    return _each(site, where, name, wanted, act)


def dispose(site: Site, where: Place, name: PackageName, wanted: Wanted, actor: str) -> Outcome:
    """Gives up the assets of versions for good; their metadata and spent names stay. Raises Missing."""

    def act(session: Session, package: Package, row: Version) -> dict[str, str] | str:
        if row.status != DISPOSED:
            living = catalog.assets(session, row)
            for one in living:
                one.deleted_at = clock.now()
            before, row.status, row.revision = row.status, DISPOSED, row.revision + 1
            _changed(session, where, package, row, actor, before, [a.name for a in living])
        return _told(row)

    return _each(site, where, name, wanted, act)


def remove(site: Site, where: Place, name: PackageName, wanted: Wanted, actor: str) -> Outcome:
    """Deletes versions; a file name that was published stays spent. Raises Missing."""

    def act(session: Session, package: Package, row: Version) -> dict[str, str] | str:
        told = {"revision": changes.revision_of(row), "status": "Deleted"}
        store.remove_version(session, where, package, row, actor)
        return told

    return _each(site, where, name, wanted, act)


def remove_package(site: Site, where: Place, name: PackageName, actor: str) -> int:
    """Deletes a package with all its versions, origin controls and spent names; answers how many versions. Raises Missing."""
    with site.db.write() as session:
        package = changes.touch(session, where, name)
        rows = catalog.versions(session, package)
        for row in rows:
            store.remove_version(session, where, package, row, actor)
        for table in (DistTag, Asset):
            session.execute(delete(table).where(table.package_id == package.id))
        session.delete(package)
        audit.record(session, actor, "registry:Admin", where.resource, package=name.full, change="package deleted", versions=len(rows))
        return len(rows)


def mismatch(row: Version, revision: str, expected: str) -> tuple[str, str] | None:
    """The condition that does not hold, as code and message."""
    if revision and revision != changes.revision_of(row):
        return MISMATCHED_REVISION, f"current revision: {changes.revision_of(row)}, expected revision: {revision[:100]}"
    if expected and expected != row.status:
        return MISMATCHED_STATUS, f"current status: {row.status}, expected status: {expected[:100]}"
    return None


def _each(site: Site, where: Place, name: PackageName, wanted: Wanted, act: Act) -> Outcome:
    if not 1 <= len(wanted.revisions) <= VERSIONS_MAX:
        raise Malformed(where="versions", why=f"name 1 to {VERSIONS_MAX} of them")
    key, outcome = format_named(name.format).key, Outcome()
    with all_or_none(site, outcome) as session:
        package = changes.touch(session, where, name)
        keys = {version: key(version) for version in wanted.revisions}
        query = select(Version).where(Version.package_id == package.id, Version.key.in_(keys.values()))
        rows = {row.key: row for row in session.scalars(query)}
        for version, revision in wanted.revisions.items():
            row = rows.pop(keys[version], None)
            if row is None:
                outcome.fail(version, NOT_FOUND, f"there is no version {version} in {where.domain}/{where.name}")
                continue
            problem = mismatch(row, revision, wanted.expected)
            if problem is not None:
                outcome.fail(version, *problem)
                continue
            done = act(session, package, row)
            if isinstance(done, str):
                outcome.fail(version, NOT_ALLOWED, done)
            else:
                outcome.successful[version] = done
        session.flush()
        package.latest = changes.newest(session, package)
    return outcome


def _changed(
    session: Session, where: Place, package: Package, row: Version, actor: str, before: str, removed: list[str] | tuple[()]
) -> None:
    changes.record(session, where, package, row, changes.UPDATED, actor, removed=removed, status=True)
    audit.record(
        session, actor, "registry:Admin", where.resource, package=package.display_name, version=row.version, change="status", before=before,
        after=row.status,
    )


def _told(row: Version) -> dict[str, str]:
    return {"revision": changes.revision_of(row), "status": row.status}
