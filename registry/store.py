"""Publishing: the writer of packages. Every change is one transaction: rows, revision, audit, and the fact that tells others."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import catalog, changes, groups, rows
from registry.catalog import Place
from registry.changes import CREATED, UPDATED
from registry.formats import format_named
from registry.models import ALLOW, ARCHIVED, BLOCK, DISPOSED, EXTERNAL, INTERNAL, PUBLISHED, Asset, DistTag, Domain, Package, Version
from registry.names import PackageName
from registry.rows import PackageRow, State, VersionRow
from service.kernel import audit, bus, clock
from service.kernel.blobs import Blob
from service.kernel.errors import Malformed, Missing, Problem
from service.kernel.events import PackagePublished
from service.kernel.site import Site
from service.kernel.statements import Writable


class FileExists(Problem):
    """The name is taken by other bytes. Clients that skip what exists look for 409 or for the words "already exist"."""

    status = 409
    says = "File already exists: {filename} was published before with other content, and files are immutable"
    todo = "Raise the version and publish again."


class FileNameSpent(Problem):
    """The name belonged to a deleted file."""

    status = 400  # as the public index: 409 would be skipped as if the very file were here
    says = "{filename} was previously used by a file that has since been deleted; a file name is never used twice"
    todo = "Raise the version and publish again."


class OneOnly(Problem):
    """A version has one file of this kind already."""

    status = 400
    says = "{version} already has a source distribution, {filename}; a release has only one"


class PublishBlocked(Problem):
    """Origin controls of the package say no."""

    status = 403
    says = "nothing may be published as {package} to {repository}: its origin control `publish` is BLOCK, as for names of an external index"
    todo = "Choose another name, or have an administrator set the package's origin control `publish` to ALLOW."


class GroupBlocked(Problem):
    """A package group says no."""

    status = 403
    says = "{package} may not be published to {repository}: the package group {group} blocks it"
    todo = "Publish where the group allows it, or have an administrator change the group's PUBLISH setting."


class VersionClosed(Problem):
    """The version was put away; nothing can be added to it."""

    status = 409
    says = "{package} {version} is {state} here and cannot be published again"
    todo = "Raise the version and publish again."


class VersionUpstream(Problem):
    """The version can be had from an upstream already."""

    status = 409
    says = "{package} {version} already exists in {upstream}, from which {repository} takes it"
    todo = "Raise the version, copy that one with `lockgate registry copy`, or set the package's origin control `upstream` to BLOCK."


@dataclass(frozen=True)
class NewAsset:
    """A file whose bytes are stored and checked already."""

    name: str
    blob: Blob
    hashes: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)
    only_one: str = ""
    """A key of `details` and its value, `filetype=sdist`, that no other file of the version may share."""


@dataclass(frozen=True)
class Publication:
    """What is to be published: files of one version."""

    name: PackageName
    display_name: str
    version: str
    details: dict[str, Any]
    assets: tuple[NewAsset, ...]
    summary: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    origin: str = INTERNAL
    published_at: datetime | None = None


Check = Callable[[Writable], None]


def publish(site: Site, where: Place, what: Publication, actor: str, check: Check = lambda _connection: None) -> bool:
    """Publishes; answers whether anything was new: the same bytes again are a success that changes nothing.

    `check` is a format's own word, asked under the lock. Raises what it raises, FileExists, FileNameSpent, OneOnly, PublishBlocked,
    GroupBlocked, VersionClosed or VersionUpstream; then nothing changed.
    """
    try:
        return _publish(site, where, what, actor, check, asked=what.origin != INTERNAL or not (where.connections or where.upstreams))
    except _Unasked:  # few packages of ours may come from outside too
        _check_outside(site, where, what)
        return _publish(site, where, what, actor, check, asked=True)


class _Unasked(Exception):
    """The package may come from outside, which must be asked first."""


def _publish(site: Site, where: Place, what: Publication, actor: str, check: Check, *, asked: bool) -> bool:
    key = format_named(what.name.format).key(what.version)
    with site.db.writing() as connection:
        before = rows.lock(connection, where, what.name, key)
        if not asked and before.package is not None and BLOCK not in (before.package.publish, before.package.upstream):
            raise _Unasked
        package, version = before.package or _new_package(what), before.version or _new_version(what, key)
        if what.origin == EXTERNAL and (package.upstream == BLOCK or version.status in (ARCHIVED, DISPOSED)):
            return False  # somebody published the name here, or put the version away, while the file was on its way
        if what.origin == INTERNAL:
            _check_open(where, package)
            if before.groups_revision or package.upstream == ALLOW or (not package.revision and where.upstreams):
                # Nothing was written yet, and under the lock nobody else does: another connection sees what this one would.
                with site.db.read() as session:
                    _check_surroundings(session, where, package, before.groups_revision, what.name, what.version)
        check(connection)
        if version.status in (ARCHIVED, DISPOSED):
            raise VersionClosed(package=package.display_name, version=version.version, state=version.status)
        added = _new_assets(connection, package, version, what)
        if added:
            _write(connection, where, before, package, version, what, added, actor)
    return bool(added)


def check_publishable(session: Session, where: Place, package: Package, name: PackageName, version: str) -> None:
    """Raises PublishBlocked, GroupBlocked or VersionUpstream unless the version may be published to the repository."""
    # Read now: the place was read before the lock.
    revision = session.scalar(select(Domain.groups_revision).where(Domain.id == where.domain_id)) or 0
    _check_open(where, package)
    _check_surroundings(session, where, package, revision, name, version)


def _check_open(where: Place, package: Package | PackageRow) -> None:
    if package.publish == BLOCK:
        raise PublishBlocked(package=package.display_name, repository=f"{where.domain}/{where.name}")


def _check_surroundings(
    session: Session, where: Place, package: Package | PackageRow, groups_revision: int, name: PackageName, version: str
) -> None:
    """What groups and upstream repositories say."""
    repository = f"{where.domain}/{where.name}"
    group = groups.effective(groups.load(session, where.domain_id, groups_revision), name)
    if not group.allows(groups.PUBLISH, where.name):
        raise GroupBlocked(package=package.display_name, repository=repository, group=group.rules[groups.PUBLISH][1])
    key = format_named(name.format).key(version)
    # A name that is new here has no controls yet that would keep upstream repositories away.
    if (package.upstream == ALLOW or not package.revision) and where.upstreams and not _is_ours(session, package, key):
        now = catalog.place(session, where.domain, where.name)
        for place, row in catalog.find(session, now, name).packages:
            if place.id != where.id and session.scalar(select(Version.id).where(Version.package_id == row.id, Version.key == key)):
                raise VersionUpstream(
                    package=package.display_name, version=version, upstream=f"{place.domain}/{place.name}", repository=repository
                )


def _check_outside(site: Site, where: Place, what: Publication) -> None:
    """Raises VersionUpstream when this version of a name that may come from outside does. Asked without the lock: a network takes time."""
    package_format = format_named(what.name.format)
    key = package_format.key(what.version)
    with site.db.read() as session:
        row = catalog.package(session, where, what.name)
        if _is_ours(session, row, key):
            return
    if key in {package_format.key(one) for one in package_format.outside(site, where, what.name)}:
        repository = f"{where.domain}/{where.name}"
        raise VersionUpstream(package=row.display_name, version=what.version, upstream="an external index", repository=repository)


def _is_ours(session: Session, package: Package | PackageRow, key: str) -> bool:
    """Whether the version was published in this domain and is here."""
    query = select(Version.id).where(Version.package_id == package.id, Version.key == key, Version.origin == INTERNAL)
    return session.scalar(query) is not None


def set_tag(site: Site, where: Place, name: PackageName, tag: str, version: str, actor: str) -> None:
    """Points a dist-tag at a version. Raises Missing when there is no such version, Malformed for a tag that reads as one."""
    with site.db.write() as session:
        package = changes.touch(session, where, name)
        catalog.version(session, package, format_named(name.format).key(version))
        changes.set_tags(session, package, {tag: version})
        audit.record(session, actor, "registry:Publish", where.resource, package=name.full, tag=tag, version=version)


def delete_tag(site: Site, where: Place, name: PackageName, tag: str, actor: str) -> None:
    """Takes a dist-tag away. Raises Missing."""
    with site.db.write() as session:
        package = changes.touch(session, where, name)
        row = session.scalar(select(DistTag).where(DistTag.package_id == package.id, DistTag.tag == tag))
        if row is None:
            raise Missing(what="dist-tag", name=tag)
        session.delete(row)
        audit.record(session, actor, "registry:Publish", where.resource, package=name.full, tag=tag, change="tag deleted")


def amend(
    site: Site, where: Place, name: PackageName, change: Callable[[Version], dict[str, Any] | None], actor: str, note: str
) -> int:
    """Replaces the details of each version for which `change` answers new ones; answers how many."""
    with site.db.write() as session:
        package = changes.touch(session, where, name)
        changed = 0
        for row in catalog.versions(session, package):
            details = change(row)
            if details is not None:
                row.details, row.revision, changed = details, row.revision + 1, changed + 1
                changes.record(session, where, package, row, UPDATED, actor, metadata=True)
                audit.record(session, actor, "registry:Publish", where.resource, package=name.full, version=row.version, change=note)
    return changed


def yank(site: Site, where: Place, name: PackageName, version: str, reason: str | None, actor: str) -> None:
    """Yanks a version (installers then skip it unless pinned; PEP 592), or with None takes that back. Raises Missing."""
    with site.db.write() as session:
        package = changes.touch(session, where, name)
        row = catalog.version(session, package, format_named(name.format).key(version))
        row.yanked_reason, row.revision = reason, row.revision + 1
        session.flush()
        package.latest = changes.newest(session, package)
        changes.record(session, where, package, row, UPDATED, actor, metadata=True)
        change = "yank undone" if reason is None else "yanked"
        audit.record(session, actor, "registry:Publish", where.resource, package=name.full, version=version, change=change, reason=reason)


def delete_version(site: Site, where: Place, name: PackageName, version: str, actor: str) -> None:
    """Deletes a version. Its file names stay spent for good. Raises Missing."""
    with site.db.write() as session:
        package = changes.touch(session, where, name)
        remove_version(session, where, package, catalog.version(session, package, format_named(name.format).key(version)), actor)


def remove_version(session: Session, where: Place, package: Package, row: Version, actor: str) -> None:
    """Deletes a version inside a transaction that holds the lock."""
    assets = catalog.assets(session, row)
    changes.record(session, where, package, row, changes.DELETED, actor, removed=[a.name for a in assets], status=True)
    for one in session.scalars(select(Asset).where(Asset.version_id == row.id)):
        one.version_id, one.deleted_at = None, one.deleted_at or clock.now()
    for tag in session.scalars(select(DistTag).where(DistTag.package_id == package.id, DistTag.version == row.version)):
        session.delete(tag)
    session.flush()
    session.delete(row)
    session.flush()
    package.latest = changes.newest(session, package)
    audit.record(session, actor, "registry:Admin", where.resource, package=package.display_name, version=row.version, change="deleted")


def set_origins(site: Site, where: Place, name: PackageName, publish: str, upstream: str, actor: str) -> None:
    """Sets a package's origin controls, ahead of its first version too. Raises Malformed.

    https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_PutPackageOriginConfiguration.html
    """
    if not {publish, upstream} <= {ALLOW, BLOCK}:
        raise Malformed(where="origin control", why="use ALLOW or BLOCK")
    with site.db.write() as session:
        repository = changes.lock(session, where)
        changes.package_for(session, repository, name, name.full, "", INTERNAL)
        package = changes.touch(session, where, name)
        package.publish, package.upstream = publish, upstream
        audit.record(session, actor, "registry:Admin", where.resource, package=name.full, publish=publish, upstream=upstream)


def _new_package(what: Publication) -> PackageRow:
    """With the origin controls of `changes.package_for`."""
    internal = what.origin == INTERNAL
    return PackageRow(
        0, what.name.format, what.display_name, ALLOW if internal else BLOCK, BLOCK if internal else ALLOW, "", what.summary[:500], 0
    )


def _new_version(what: Publication, key: str) -> VersionRow:
    return VersionRow(0, key, what.version, PUBLISHED, 0, None, what.published_at or clock.now())


def _new_assets(connection: Writable, package: PackageRow, version: VersionRow, what: Publication) -> list[NewAsset]:
    """The assets that are not there yet. Raises FileExists, FileNameSpent or OneOnly."""
    added: dict[str, NewAsset] = {}
    for new in what.assets:
        number, digest, deleted_at = rows.named(connection, package.id, new.name) or (0, None, None)
        if new.name in added:
            digest = added[new.name].blob.digest
        elif deleted_at is not None:
            if what.origin == INTERNAL:
                raise FileNameSpent(filename=new.name)
            # What came from outside and was deleted here may be fetched again: nobody of ours gave it the name.
            rows.drop_asset(connection, number)
            digest = None
        if digest is not None:
            if digest != new.blob.digest:
                raise FileExists(filename=new.name)
            continue
        _check_only_one(connection, version, new, added.values())
        added[new.name] = new
    return list(added.values())


def _check_only_one(connection: Writable, version: VersionRow, new: NewAsset, added: Iterable[NewAsset]) -> None:
    if not new.only_one:
        return
    key, _, value = new.only_one.partition("=")
    others = rows.of_version(connection, version.id) if version.id else []
    for filename, details in [*others, *((one.name, one.details) for one in added)]:
        if details.get(key) == value:
            raise OneOnly(version=version.version, filename=filename)


def _write(
    connection: Writable, where: Place, before: State, package: PackageRow, version: VersionRow, what: Publication,
    added: list[NewAsset], actor: str,
) -> None:
    """Stores what was found new, and tells of it."""
    now, is_new = clock.now(), version.id == 0
    if not package.id:
        rows.add_package(connection, before.repository, what.name, package, now)
    version.revision += 1
    if is_new:
        rows.add_version(connection, package.id, version, what.origin, what.details, actor)
    else:
        rows.change_version(connection, version)
    rows.add_assets(connection, [
        {
            "package_id": package.id, "version_id": version.id, "name": one.name, "digest": one.blob.digest, "size": one.blob.size,
            "hashes": one.hashes, "details": one.details, "uploaded_at": now, "deleted_at": None,
        }
        for one in added
    ])
    changes.renew(connection, package, version, lambda: what.details if is_new else rows.details_of(connection, version.id))
    rows.change_package(connection, package, now)
    event, changed = changes.event_of(
        where, before.sequence + 1, package, version, CREATED if is_new else UPDATED, actor, added=[one.name for one in added],
        metadata=is_new, status=is_new,
    )
    rows.add_event(connection, before, event)
    if what.origin == INTERNAL:
        rows.set_tags(connection, package.id, what.tags)
        audit.record_all(connection, actor, "registry:Publish", where.resource, [
            {"package": package.display_name, "version": version.version, "asset": one.name, "sha256": one.blob.digest} for one in added
        ])
        published = [
            PackagePublished(where.domain, where.name, package.format, package.display_name, version.version, one.name) for one in added
        ]
        bus.publish_all(connection, [*published, changed])
    else:
        bus.publish_all(connection, [changed])
