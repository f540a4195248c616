"""What every change of a package has in common: the lock, the revisions, the numbered event, and the newest version."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from registry import catalog
from registry.catalog import Place
from registry.formats import format_named
from registry.models import ALLOW, BLOCK, INTERNAL, PUBLISHED, DistTag, Package, PackageRepository, Version, VersionEvent
from registry.names import PackageName
from registry.rows import PackageRow, VersionRow
from service.kernel import bus, clock
from service.kernel.errors import Missing
from service.kernel.events import PackageVersionChanged
from service.kernel.statements import Readable, Statement

_versions = cast(Table, Version.__table__)
_LISTED = Statement(
    select(_versions.c.version).where(
        _versions.c.package_id == bindparam("package"), _versions.c.status == PUBLISHED, _versions.c.yanked_reason.is_(None)
    )
)
CREATED, UPDATED, DELETED = "Created", "Updated", "Deleted"


def lock(session: Session, where: Place) -> PackageRepository:
    """The repository's row, held until the transaction ends. Raises Missing."""
    # One publisher a repository at a time: two that make the same package at once would otherwise collide on PostgreSQL.
    row = session.scalar(select(PackageRepository).where(PackageRepository.id == where.id).with_for_update())
    if row is None:
        raise Missing(what="package repository", name=f"{where.domain}/{where.name}")
    return row


def touch(session: Session, where: Place, name: PackageName) -> Package:
    """The package, about to be changed. Raises Missing."""
    repository = lock(session, where)
    package = catalog.package(session, where, name)
    repository.revision += 1
    package.revision += 1
    package.updated_at = clock.now()
    return package


def package_for(
    session: Session, repository: PackageRepository, name: PackageName, display_name: str, summary: str, origin: str
) -> Package:
    """The package, made when it is new, with the origin controls that its first version gives it.

    Published here: never to be had from outside. Come from outside: never to be published here (as CodeArtifact).
    """
    row = session.scalar(
        select(Package).where(
            Package.repository_id == repository.id, Package.format == name.format, Package.namespace == name.namespace,
            Package.name == name.name,
        )
    )
    if row is None:
        internal = origin == INTERNAL
        row = Package(
            repository_id=repository.id, format=name.format, namespace=name.namespace, name=name.name,
            display_name=display_name, publish=ALLOW if internal else BLOCK, upstream=BLOCK if internal else ALLOW,
            latest="", summary=summary[:500], revision=0, created_at=clock.now(), updated_at=clock.now(),
        )
        session.add(row)
        session.flush()
    return row


def set_tags(session: Session, package: Package, tags: Mapping[str, str]) -> None:
    """Points dist-tags at versions."""
    for tag, version in tags.items():
        row = session.scalar(select(DistTag).where(DistTag.package_id == package.id, DistTag.tag == tag))
        if row is None:
            session.add(DistTag(package_id=package.id, tag=tag, version=version))
        else:
            row.version = version
    session.flush()


def refresh(session: Session, package: Package, version: Version) -> None:
    """After a version was added to: the package's revision, newest version and summary."""
    package.revision += 1
    package.updated_at = clock.now()
    renew(session, package, version, lambda: version.details)


def renew(
    source: Readable, package: Package | PackageRow, version: Version | VersionRow, details: Callable[[], dict[str, Any]]
) -> None:
    """After a stored version was added to: the package's newest version, and its summary by that one's `details`."""
    order = format_named(package.format).order
    if not package.latest:
        package.latest = newest(source, package)
    # Looking at all versions with each new one would make every upload to a long-lived package dearer than the last.
    elif version.status == PUBLISHED and version.yanked_reason is None and order(version.version) >= order(package.latest):
        package.latest = version.version
    if package.latest == version.version:
        told = details()
        package.summary = str(told.get("summary") or told.get("description") or package.summary)[:500]


def newest(source: Readable, package: Package | PackageRow) -> str:
    """The version that an installer takes by default, or ""."""
    rows = _LISTED.rows(source, {"package": package.id})
    return max((version for (version,) in rows), key=format_named(package.format).order, default="")


def revision_of(version: Version | VersionRow) -> str:
    """The version's revision as others see it: opaque, another after each change, never the same again after a deletion."""
    text = f"{version.id} {version.revision} {version.published_at.timestamp()} {version.key}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def record(
    session: Session, where: Place, package: Package, version: Version, operation: str, actor: str, *,
    added: Iterable[str] = (), removed: Iterable[str] = (), updated: Iterable[str] = (), metadata: bool = False, status: bool = False,
) -> None:
    """Writes the event of a change that was made, and the fact. The repository is locked by the caller."""
    repository = session.get_one(PackageRepository, where.id)
    repository.sequence += 1
    event, fact = event_of(
        where, repository.sequence, package, version, operation, actor, added=added, removed=removed, updated=updated, metadata=metadata,
        status=status,
    )
    session.add(VersionEvent(**event))
    bus.publish(session, fact)


def event_of(
    where: Place, sequence: int, package: Package | PackageRow, version: Version | VersionRow, operation: str, actor: str, *,
    added: Iterable[str] = (), removed: Iterable[str] = (), updated: Iterable[str] = (), metadata: bool = False, status: bool = False,
) -> tuple[dict[str, Any], PackageVersionChanged]:
    """The event of a change as a row, and the fact."""
    changes: dict[str, Any] = {
        "assets_added": list(added), "assets_removed": list(removed), "assets_updated": list(updated), "metadata_updated": metadata,
        "status_changed": status,
    }
    state, revision = "Deleted" if operation == DELETED else version.status, revision_of(version)
    row: dict[str, Any] = {
        "repository_id": where.id, "sequence": sequence, "operation": operation, "format": package.format, "package": package.display_name,
        "version": version.version, "status": state, "revision": revision, "changes": changes, "actor": actor, "happened_at": clock.now(),
    }
    fact = PackageVersionChanged(
        where.domain, where.name, sequence, operation, package.format, package.display_name, version.version, state, revision
    )
    return row, fact
