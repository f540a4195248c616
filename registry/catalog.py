"""Reading the registry: where a package is looked for, and what is there."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, or_, select
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy.orm import Session

from registry import age, groups
from registry.age import Gate
from registry.groups import EXTERNAL_UPSTREAM, SETTING_OF_ORIGIN, Effective
from registry.models import (
    ALLOW,
    BLOCK,
    DOWNLOADABLE,
    EXTERNAL,
    PUBLISHED,
    Asset,
    DistTag,
    Domain,
    Package,
    PackageRepository,
    Version,
)
from registry.names import PackageName
from service.kernel.db import connection_of
from service.kernel.errors import Missing
from service.kernel.statements import Statement

PATH_REPOSITORIES_MAX = 20


@dataclass(frozen=True)
class Connection:
    """An external connection of a package repository."""

    format: str
    url: str
    """With a slash at the end; may hold a user name and password."""
    ca_file: str = ""
    private: bool = False
    """Whether it may lead to private addresses; an administrator said so, or this machine's own configuration."""


@dataclass(frozen=True)
class Place:
    """A package repository, as read once."""

    id: int
    domain_id: int
    domain: str
    name: str
    project: str
    description: str
    upstreams: tuple[str, ...]
    connections: tuple[Connection, ...]
    revision: int
    minimum_age_hours: int = 0
    groups_revision: int = 0

    @property
    def resource(self) -> str:
        """Its name in policies."""
        return f"registry/{self.domain}/{self.name}"


_domains, _repositories = cast(Table, Domain.__table__), cast(Table, PackageRepository.__table__)
_PLACE = Statement(
    # The columns in the order of Place's fields; every request begins with it.
    select(
        _repositories.c.id, _domains.c.id, _domains.c.name, _repositories.c.name, _repositories.c.project, _repositories.c.description,
        _repositories.c.upstreams, _repositories.c.connections, _repositories.c.revision, _repositories.c.minimum_age_hours,
        _domains.c.groups_revision,
    )
    .join_from(_repositories, _domains).where(_domains.c.name == bindparam("domain"), _repositories.c.name == bindparam("name"))
)


class ShownVersion(NamedTuple):
    """What a page or packument shows of a version: columns of `Version`, without the ORM's weight."""

    id: int
    package_id: int
    version: str
    key: str
    status: str
    origin: str
    published_at: datetime
    yanked_reason: str | None
    details: dict[str, Any]
    """Empty unless they were asked for."""


class ShownAsset(NamedTuple):
    """What a page or packument shows of a file: columns of `Asset`."""

    id: int
    name: str
    digest: str
    size: int
    hashes: dict[str, Any]
    details: dict[str, Any]
    uploaded_at: datetime


_versions, _assets = cast(Table, Version.__table__), cast(Table, Asset.__table__)
_OF_VERSION = [_versions.c[key] for key in ShownVersion._fields[:-1]]
_OF_ASSET = [_assets.c[key] for key in ShownAsset._fields]
_VISIBLE = (
    select(*_OF_VERSION, *_OF_ASSET)
    .select_from(_versions.outerjoin(_assets, (_assets.c.version_id == _versions.c.id) & _assets.c.deleted_at.is_(None)))
    .where(_versions.c.package_id.in_(bindparam("packages", expanding=True))).order_by(_assets.c.id)
)
_VISIBLE_WITH_DETAILS = _VISIBLE.add_columns(_versions.c.details)


@dataclass(frozen=True)
class Found:
    """Where a package may come from: stored ones in the order of search, then external connections."""

    start: Place
    packages: list[tuple[Place, Package]]
    connections: list[tuple[Place, Connection]]
    group: Effective
    gate: Gate
    path: list[Place]
    """Every repository that was searched, in the order of search."""
    shut: frozenset[int]
    """Packages whose versions from outside are hidden."""

    @property
    def stamp(self) -> tuple[object, ...]:
        """Changes whenever what is stored, or who may have it, does."""
        rows = tuple((package.id, package.revision) for _, package in self.packages)
        return rows, self.start.groups_revision, self.gate.stamp

    def farthest_first(self) -> list[Package]:
        """The stored packages, each after those of its repository's own upstreams."""
        if len(self.packages) < 2:
            return [row for _, row in self.packages]
        left, rows = {p.name: p for p in self.path}, {p.name: row for p, row in self.packages}
        ordered: list[Package] = []

        def walk(name: str) -> None:
            one = left.pop(name, None)
            if one is None:
                return
            for upstream in one.upstreams:
                walk(upstream)
            if name in rows:
                ordered.append(rows[name])

        walk(self.start.name)
        return ordered

    def admits(self, place: Place, version: Version | ShownVersion, asset: Asset | ShownAsset | None = None) -> bool:
        """Whether the group lets a version of `place` into the repository that was asked, and it is old enough."""
        if place.id != self.start.id and not self.group.allows(SETTING_OF_ORIGIN[version.origin], self.start.name):
            return False
        if version.origin == EXTERNAL and version.package_id in self.shut:
            return False
        return asset is None or version.origin != EXTERNAL or not self.gate.holds(version.key, age.published(version, asset))


@dataclass(frozen=True)
class Visible:
    """What a client is shown of a package: files of listed versions in the order of search, and the keys of hidden versions."""

    files: list[tuple[ShownVersion, ShownAsset]]
    hidden: frozenset[str]
    """Not to be shown from further up either: the first repository that has a version decides about it."""


def place(transaction: Session | DatabaseConnection, domain: str, name: str) -> Place:
    """The package repository; raises Missing."""
    row = _PLACE.first(connection_of(transaction), {"domain": domain, "name": name})
    if row is None:
        raise Missing(what="package repository", name=f"{domain}/{name}")
    values = list(row)
    values[6:8] = tuple(row[6]), tuple(_connection(c) for c in row[7])
    return Place(*values)


def places(session: Session) -> list[Place]:
    """Every package repository."""
    rows = session.execute(select(PackageRepository, Domain).join(Domain).order_by(Domain.name, PackageRepository.name))
    return [_place(repository, domain) for repository, domain in rows]


def search_path(session: Session, start: Place) -> list[Place]:
    """The repository, then its upstreams depth first, each once, at most twenty in all."""
    return _walk(_neighbours(session, start), start)


def find(session: Session, start: Place, name: PackageName) -> Found:
    """Where the package may come from (origin controls, as CodeArtifact).

    A name that was published to a repository is not looked for further up from there. One that was published anywhere on
    the way is never looked for outside, and versions that came from outside under it are hidden: this closes dependency
    confusion.
    """
    known = _neighbours(session, start)
    path = _walk(known, start)
    rows = {
        row.repository_id: row
        for row in session.scalars(_named(name).where(Package.repository_id.in_([p.id for p in path])))
    }
    owners = {key for key, row in rows.items() if (row.publish, row.upstream) == (ALLOW, BLOCK)}
    if owners and known:
        path = _walk(known, start, owners)
    packages = [(p, rows[p.id]) for p in path if p.id in rows]
    connections = [(p, c) for p in path for c in p.connections if c.format == name.format]
    shut: frozenset[int] = frozenset()
    if any(row.upstream == BLOCK for _, row in packages):
        connections, shut = [], frozenset(row.id for _, row in packages if row.upstream != BLOCK)
    group = groups.effective(groups.load(session, start.domain_id, start.groups_revision), name)
    if not group.allows(EXTERNAL_UPSTREAM, start.name):
        connections = []
    connections = [(p, c) for p, c in connections if group.allows(EXTERNAL_UPSTREAM, p.name)]
    gate = age.gate(session, [start, *(p for p, _ in packages), *(p for p, _ in connections)], name)
    return Found(start, packages, connections, group, gate, path, shut)


def _neighbours(session: Session, start: Place) -> dict[str, Place]:
    """The repositories of the domain by name; none when the repository has no upstreams."""
    return {p.name: p for p in places(session) if p.domain_id == start.domain_id} if start.upstreams else {}


def _walk(known: dict[str, Place], start: Place, ends: Collection[int] = ()) -> list[Place]:
    """The order of search; the upstreams of repositories in `ends` are left out."""
    path: list[Place] = []
    waiting = [start]
    while waiting and len(path) < PATH_REPOSITORIES_MAX:
        current = waiting.pop(0)
        if all(current.id != seen.id for seen in path):
            path.append(current)
            above = () if current.id in ends else current.upstreams
            waiting = [known[name] for name in above if name in known] + waiting
    return path


def visible(session: Session, found: Found, *, with_details: bool = False) -> Visible:
    """What of the stored versions a client is shown. Their `details`, most of the bytes of a long list, are loaded when asked for."""
    order = {row.id: (at, place) for at, (place, row) in enumerate(found.packages)}
    if not order:
        return Visible([], frozenset())
    asked = _VISIBLE_WITH_DETAILS if with_details else _VISIBLE
    cut = len(_OF_VERSION)
    rows = []
    for row in session.connection().execute(asked, {"packages": list(order)}):
        one = ShownVersion._make((*row[:cut], row[-1] if with_details else {}))
        if found.admits(order[one.package_id][1], one):
            rows.append((one, ShownAsset._make(row[cut : cut + len(_OF_ASSET)]) if row[cut] is not None else None))
    if len(order) > 1:
        rows.sort(key=lambda pair: order[pair[0].package_id][0])
    deciding: dict[str, ShownVersion] = {}
    for one, _ in rows:
        deciding.setdefault(one.key, one)
    hidden = frozenset(key for key, one in deciding.items() if one.status != PUBLISHED)
    files = [
        (v, a) for v, a in rows
        if a is not None and v.status == PUBLISHED and v.key not in hidden and found.admits(order[v.package_id][1], v, a)
    ]
    return Visible(files, hidden)


def stored(session: Session, found: Found, filename: str) -> tuple[Place, Version, Asset] | None:
    """The file from the first repository in the order of search that has it, if its version may be downloaded.

    Raises Missing when the first repository that knows the file hides it, TooYoung when it is held back.
    """
    for place, row in found.packages:
        query = select(Version, Asset).join(Asset, Asset.version_id == Version.id)
        pair = session.execute(query.where(Asset.package_id == row.id, Asset.name == filename)).first()
        if pair is None or not found.admits(place, pair[0]):
            continue
        one, asset = pair
        if one.status not in DOWNLOADABLE or asset.deleted_at is not None or _hides(session, found, row, one.key):
            raise Missing(what="file", name=f"{filename}: its version {one.version} is {one.status} in {place.domain}/{place.name}")
        if one.origin == EXTERNAL:
            found.gate.check(row.display_name, one.version, one.key, age.published(one, asset))
        return place, one, asset
    return None


def _hides(session: Session, found: Found, row: Package, key: str) -> bool:
    """Whether a repository before the package's own has put the version away."""
    ids = [package.id for _, package in found.packages]
    before = ids[: ids.index(row.id)]
    query = select(Version.id).where(Version.package_id.in_(before), Version.key == key, Version.status.not_in(DOWNLOADABLE))
    return bool(before) and session.scalar(query.limit(1)) is not None


def package(session: Session, start: Place, name: PackageName) -> Package:
    """The package stored in this very repository; raises Missing."""
    row = package_or_none(session, start, name)
    if row is None:
        raise Missing(what="package", name=name.full)
    return row


def package_or_none(session: Session, start: Place, name: PackageName) -> Package | None:
    """The package stored in this very repository, or None."""
    return session.scalar(_named(name).where(Package.repository_id == start.id))


def version(session: Session, row: Package, key: str) -> Version:
    """A version by its key; raises Missing."""
    found = session.scalar(select(Version).where(Version.package_id == row.id, Version.key == key))
    if found is None:
        raise Missing(what="version", name=f"{row.display_name} {key}")
    return found


def versions(session: Session, row: Package) -> list[Version]:
    """All versions, oldest publication first."""
    return list(session.scalars(select(Version).where(Version.package_id == row.id).order_by(Version.published_at, Version.id)))


def asset(session: Session, row: Package, name: str) -> Asset | None:
    """A living file of the package by its name, of any version that may be downloaded."""
    query = select(Asset).join(Version, Asset.version_id == Version.id).where(Version.status.in_(DOWNLOADABLE))
    return session.scalar(query.where(Asset.package_id == row.id, Asset.name == name, Asset.deleted_at.is_(None)))


def asset_numbered(session: Session, where: Place, number: int) -> Asset | None:
    """A living file of this very repository by its id."""
    query = (
        select(Asset).join(Package, Asset.package_id == Package.id).join(Version, Asset.version_id == Version.id)
        .where(Package.repository_id == where.id, Version.status.in_(DOWNLOADABLE))
    )
    return session.scalar(query.where(Asset.id == number, Asset.deleted_at.is_(None)))


def assets(session: Session, row: Version) -> list[Asset]:
    """The living files of a version, by name."""
    return list(session.scalars(select(Asset).where(Asset.version_id == row.id, Asset.deleted_at.is_(None)).order_by(Asset.name)))


def attestation(row: Asset) -> str | None:
    """What is known of a file's attestations: "unverified", as no authority's root is configured here, or None without any.

    Each is about these very bytes, and its signature fits the certificate inside; who stands behind that, nobody checked.
    """
    return "unverified" if {"provenance", "attestations"} & set(row.details) else None


def tags(session: Session, row: Package) -> dict[str, str]:
    """The dist-tags."""
    return {t.tag: t.version for t in session.scalars(select(DistTag).where(DistTag.package_id == row.id).order_by(DistTag.tag))}


def package_names(session: Session, start: Place, format_name: str) -> list[str]:
    """Display names of every package of a format, in the repository and its upstreams; sorted."""
    ids = [p.id for p in search_path(session, start)]
    query = select(Package.display_name, Package.name).where(Package.repository_id.in_(ids), Package.format == format_name)
    return sorted({name: display for display, name in session.execute(query)}.values(), key=str.lower)


def search(
    session: Session, place_ids: list[int], *, words: str = "", format_name: str = "", after: tuple[str, int] = ("", 0), limit: int = 50,
    conditions: Iterable[ColumnElement[bool]] = (),
) -> list[Package]:
    """Packages of some repositories by name, whose name or summary holds every word; `after` is the last one's name and id."""
    query = select(Package).where(Package.repository_id.in_(place_ids), *conditions).order_by(Package.name, Package.id).limit(limit)
    if format_name:
        query = query.where(Package.format == format_name)
    if after[1]:
        query = query.where(or_(Package.name > after[0], (Package.name == after[0]) & (Package.id > after[1])))
    for word in words.lower().split()[:10]:
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(or_(*(func.lower(column).like(pattern, escape="\\") for column in (Package.display_name, Package.summary))))
    return list(session.scalars(query))


def _named(name: PackageName) -> Select[Package]:
    return select(Package).where(Package.format == name.format, Package.namespace == name.namespace, Package.name == name.name)


def _place(row: PackageRepository, domain: Domain) -> Place:
    connections = tuple(_connection(c) for c in row.connections)
    return Place(
        row.id, domain.id, domain.name, row.name, row.project, row.description, tuple(row.upstreams), connections, row.revision,
        row.minimum_age_hours, domain.groups_revision,
    )


def _connection(raw: dict[str, Any]) -> Connection:
    # A connection from before addresses were checked keeps leading where it did.
    return Connection(raw["format"], raw["url"], raw.get("ca_file", ""), raw.get("private", True))
