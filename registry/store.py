"""The only writer of packages. Every change is one transaction: rows, revision, audit, and the fact that tells others."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import catalog
from registry.catalog import Connection, Place
from registry.formats import format_named
from registry.models import ALLOW, BLOCK, EXTERNAL, INTERNAL, PUBLISHED, Asset, DistTag, Domain, Package, PackageRepository, Version
from registry.names import PackageName, check_repository_name
from service.kernel import audit, bus, clock
from service.kernel.blobs import Blob
from service.kernel.errors import Clash, Malformed, Missing, Problem
from service.kernel.events import PackagePublished
from service.kernel.site import Site

UPSTREAMS_MAX = 10


class FileExists(Problem):
    """The name is taken by other bytes; twine, uv and poetry look for the words "already exist"."""

    status = 409
    says = "File already exists: {filename} was published before with other content, and files are immutable"
    todo = "Raise the version and publish again."


class FileNameSpent(Problem):
    """The name belonged to a deleted file."""

    status = 400
    says = "{filename} was previously used by a file that has since been deleted; a file name is never used twice"
    todo = "Raise the version and publish again."


class OneOnly(Problem):
    """A version has one file of this kind already."""

    status = 400
    says = "{version} already has a source distribution, {filename}; a release has only one"


class PublishBlocked(Problem):
    """Origin controls of the package say no."""

    status = 403
    says = "{package} came to {repository} from an external index, so nothing may be published under this name"
    todo = "Choose another name, or have an administrator set the package's origin control `publish` to ALLOW."


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


def ensure_domain(session: Session, name: str, description: str = "") -> Domain:
    """The domain, made when it is new. Raises Malformed."""
    row = session.scalar(select(Domain).where(Domain.name == name))
    if row is None:
        row = Domain(name=check_repository_name("domain", name), description=description, created_at=clock.now())
        session.add(row)
        session.flush()
    return row


def create_repository(
    site: Site, domain: str, name: str, *, actor: str, project: str = "default", description: str = "",
    upstreams: tuple[str, ...] = (), connections: tuple[Connection, ...] = (),
) -> Place:
    """A new package repository, in a new domain if need be. Raises Clash or Malformed."""
    check_repository_name("package repository", name)
    with site.db.write() as session:
        owner = ensure_domain(session, domain)
        _check_upstreams(session, owner, name, upstreams)
        if session.scalar(select(PackageRepository).where(PackageRepository.domain_id == owner.id, PackageRepository.name == name)):
            raise Clash(what="package repository", name=f"{domain}/{name}")
        row = PackageRepository(
            domain_id=owner.id, name=name, project=project, description=description, upstreams=list(upstreams),
            connections=[asdict(c) for c in connections], revision=0, created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        made = catalog.place(session, domain, name)
        audit.record(session, actor, "registry:Admin", made.resource, change="created")
    return made


def change_repository(
    site: Site, where: Place, *, actor: str, description: str | None = None, upstreams: tuple[str, ...] | None = None,
    connections: tuple[Connection, ...] | None = None,
) -> Place:
    """Changes what is given. Raises Malformed."""
    with site.db.write() as session:
        row = _lock(session, where)
        if description is not None:
            row.description = description
        if upstreams is not None:
            _check_upstreams(session, session.get_one(Domain, row.domain_id), row.name, upstreams)
            row.upstreams = list(upstreams)
        if connections is not None:
            row.connections = [asdict(c) for c in connections]
        audit.record(session, actor, "registry:Admin", where.resource, change="changed")
        session.flush()
        return catalog.place(session, where.domain, where.name)


def publish(site: Site, where: Place, what: Publication, actor: str) -> bool:
    """Publishes; answers whether anything was new: the same bytes again are a success that changes nothing.

    Raises FileExists, FileNameSpent, OneOnly or PublishBlocked, and then nothing changed.
    """
    with site.db.write() as session:
        repository = _lock(session, where)
        package = _package_for(session, repository, what)
        if what.origin == INTERNAL and package.publish == BLOCK:
            raise PublishBlocked(package=package.display_name, repository=f"{where.domain}/{where.name}")
        if what.origin == EXTERNAL and package.upstream == BLOCK:
            return False  # somebody published the name here while the file was on its way
        version = _version_for(session, package, what, actor)
        added = [one for one in what.assets if _add_asset(session, package, version, one)]
        if not added:
            return False
        if what.origin == INTERNAL:
            _set_tags(session, package, what.tags)
            _tell(session, where, package, version, added, actor)
        version.revision += 1
        _refresh(session, package, version)
        repository.revision += 1
    return True


def set_tag(site: Site, where: Place, name: PackageName, tag: str, version: str, actor: str) -> None:
    """Points a dist-tag at a version. Raises Missing when there is no such version, Malformed for a tag that reads as one."""
    with site.db.write() as session:
        package = _touch(session, where, name)
        catalog.version(session, package, format_named(name.format).key(version))
        _set_tags(session, package, {tag: version})
        audit.record(session, actor, "registry:Publish", where.resource, package=name.full, tag=tag, version=version)


def delete_tag(site: Site, where: Place, name: PackageName, tag: str, actor: str) -> None:
    """Takes a dist-tag away. Raises Missing."""
    with site.db.write() as session:
        package = _touch(session, where, name)
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
        package = _touch(session, where, name)
        changed = 0
        for row in catalog.versions(session, package):
            details = change(row)
            if details is not None:
                row.details, row.revision, changed = details, row.revision + 1, changed + 1
                audit.record(session, actor, "registry:Publish", where.resource, package=name.full, version=row.version, change=note)
    return changed


def yank(site: Site, where: Place, name: PackageName, version: str, reason: str | None, actor: str) -> None:
    """Yanks a version (installers then skip it unless pinned; PEP 592), or with None takes that back. Raises Missing."""
    with site.db.write() as session:
        package = _touch(session, where, name)
        row = catalog.version(session, package, format_named(name.format).key(version))
        row.yanked_reason, row.revision = reason, row.revision + 1
        session.flush()
        package.latest = _newest(session, package)
        change = "yank undone" if reason is None else "yanked"
        audit.record(session, actor, "registry:Publish", where.resource, package=name.full, version=version, change=change, reason=reason)


def delete_version(site: Site, where: Place, name: PackageName, version: str, actor: str) -> None:
    """Deletes a version. Its file names stay spent for good. Raises Missing."""
    with site.db.write() as session:
        package = _touch(session, where, name)
        row = catalog.version(session, package, format_named(name.format).key(version))
        for one in session.scalars(select(Asset).where(Asset.version_id == row.id)):
            one.version_id, one.deleted_at = None, clock.now()
        for tag in session.scalars(select(DistTag).where(DistTag.package_id == package.id, DistTag.version == row.version)):
            session.delete(tag)
        session.flush()
        session.delete(row)
        session.flush()
        package.latest = _newest(session, package)
        audit.record(session, actor, "registry:Admin", where.resource, package=name.full, version=row.version, change="deleted")


def set_origins(site: Site, where: Place, name: PackageName, publish: str, upstream: str, actor: str) -> None:
    """Sets a package's origin controls. Raises Missing or Malformed."""
    if not {publish, upstream} <= {ALLOW, BLOCK}:
        raise Malformed(where="origin control", why="use ALLOW or BLOCK")
    with site.db.write() as session:
        package = _touch(session, where, name)
        package.publish, package.upstream = publish, upstream
        audit.record(session, actor, "registry:Admin", where.resource, package=name.full, publish=publish, upstream=upstream)


def _check_upstreams(session: Session, domain: Domain, name: str, upstreams: tuple[str, ...]) -> None:
    if len(upstreams) > UPSTREAMS_MAX:
        raise Malformed(where="upstreams", why=f"at most {UPSTREAMS_MAX} are searched")
    known = set(session.scalars(select(PackageRepository.name).where(PackageRepository.domain_id == domain.id)))
    for one in upstreams:
        if one == name or one not in known:
            raise Malformed(where="upstreams", why=f"there is no other package repository {one!r} in the domain {domain.name}")


def _lock(session: Session, where: Place) -> PackageRepository:
    # One publisher a repository at a time: two that make the same package at once would otherwise collide on PostgreSQL.
    row = session.scalar(select(PackageRepository).where(PackageRepository.id == where.id).with_for_update())
    if row is None:
        raise Missing(what="package repository", name=f"{where.domain}/{where.name}")
    return row


def _touch(session: Session, where: Place, name: PackageName) -> Package:
    repository = _lock(session, where)
    package = catalog.package(session, where, name)
    repository.revision += 1
    package.revision += 1
    package.updated_at = clock.now()
    return package


def _package_for(session: Session, repository: PackageRepository, what: Publication) -> Package:
    name = what.name
    row = session.scalar(
        select(Package).where(
            Package.repository_id == repository.id, Package.format == name.format, Package.namespace == name.namespace,
            Package.name == name.name,
        )
    )
    if row is None:
        internal = what.origin == INTERNAL
        row = Package(
            repository_id=repository.id, format=name.format, namespace=name.namespace, name=name.name,
            display_name=what.display_name, publish=ALLOW if internal else BLOCK, upstream=BLOCK if internal else ALLOW,
            latest="", summary=what.summary[:500], revision=0, created_at=clock.now(), updated_at=clock.now(),
        )
        session.add(row)
        session.flush()
    return row


def _version_for(session: Session, package: Package, what: Publication, actor: str) -> Version:
    key = format_named(package.format).key(what.version)
    row = session.scalar(select(Version).where(Version.package_id == package.id, Version.key == key))
    if row is None:
        row = Version(
            package_id=package.id, version=what.version, key=key, status=PUBLISHED, origin=what.origin, details=what.details,
            revision=0, yanked_reason=None, published_by=actor, published_at=what.published_at or clock.now(),
        )
        session.add(row)
        session.flush()
    return row


def _add_asset(session: Session, package: Package, version: Version, new: NewAsset) -> bool:
    old = session.scalar(select(Asset).where(Asset.package_id == package.id, Asset.name == new.name))
    if old is not None and old.deleted_at is not None:
        raise FileNameSpent(filename=new.name)
    if old is not None:
        if old.digest != new.blob.digest:
            raise FileExists(filename=new.name)
        return False
    if new.only_one:
        key, _, value = new.only_one.partition("=")
        for other in session.scalars(select(Asset).where(Asset.version_id == version.id)):
            if other.details.get(key) == value:
                raise OneOnly(version=version.version, filename=other.name)
    session.add(
        Asset(
            package_id=package.id, version_id=version.id, name=new.name, digest=new.blob.digest, size=new.blob.size,
            hashes=new.hashes, details=new.details, uploaded_at=clock.now(), deleted_at=None,
        )
    )
    session.flush()
    return True


def _set_tags(session: Session, package: Package, tags: Mapping[str, str]) -> None:
    for tag, version in tags.items():
        row = session.scalar(select(DistTag).where(DistTag.package_id == package.id, DistTag.tag == tag))
        if row is None:
            session.add(DistTag(package_id=package.id, tag=tag, version=version))
        else:
            row.version = version
    session.flush()


def _tell(session: Session, where: Place, package: Package, version: Version, added: list[NewAsset], actor: str) -> None:
    for one in added:
        audit.record(
            session, actor, "registry:Publish", where.resource, package=package.display_name, version=version.version,
            asset=one.name, sha256=one.blob.digest,
        )
        bus.publish(
            session,
            PackagePublished(where.domain, where.name, package.format, package.display_name, version.version, one.name),
        )


def _refresh(session: Session, package: Package, version: Version) -> None:
    package.revision += 1
    package.updated_at = clock.now()
    order = format_named(package.format).order
    if not package.latest or order(version.version) >= order(package.latest):
        package.latest = _newest(session, package)
        newest = session.scalar(select(Version).where(Version.package_id == package.id, Version.version == package.latest))
        if newest is not None:
            package.summary = str(newest.details.get("summary") or newest.details.get("description") or package.summary)[:500]


def _newest(session: Session, package: Package) -> str:
    rows = session.execute(
        select(Version.version).where(Version.package_id == package.id, Version.status == PUBLISHED, Version.yanked_reason.is_(None))
    )
    return max((version for (version,) in rows), key=format_named(package.format).order, default="")
