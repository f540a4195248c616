"""Reading the registry: where a package is looked for, and what is there."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import starmap
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, or_, select
from sqlalchemy.orm import Session

from registry import age, groups, shown
from registry.age import Gate
from registry.groups import EXTERNAL_UPSTREAM, SETTING_OF_ORIGIN, Effective
from registry.models import (
    ALLOW,
    AUTHORITY,
    BLOCK,
    DOWNLOADABLE,
    EXTERNAL,
    PUBLISHED,
    Asset,
    Domain,
    Package,
    PackageRepository,
    Version,
)
from registry.names import PackageName
from registry.shown import ShownAsset, ShownVersion, StoredPackage
from service.kernel.errors import Missing
from service.kernel.statements import Readable, Row, Statement

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
# The columns in the order of Place's fields.
_PLACES_OF_ALL = select(
    _repositories.c.id, _domains.c.id, _domains.c.name, _repositories.c.name, _repositories.c.project, _repositories.c.description,
    _repositories.c.upstreams, _repositories.c.connections, _repositories.c.revision, _repositories.c.minimum_age_hours,
    _domains.c.groups_revision,
).join_from(_repositories, _domains)
_PLACE = Statement(_PLACES_OF_ALL.where(_domains.c.name == bindparam("domain"), _repositories.c.name == bindparam("name")))
_PLACES = Statement(_PLACES_OF_ALL.order_by(_domains.c.name, _repositories.c.name))
_PLACES_OF_DOMAIN = Statement(_PLACES_OF_ALL.where(_domains.c.id == bindparam("domain")))


@dataclass(frozen=True)
class Found:
    """Where a package may come from: stored ones in the order of search, then external connections."""

    start: Place
    packages: list[tuple[Place, StoredPackage]]
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

    def farthest_first(self) -> list[StoredPackage]:
        """The stored packages, each after those of its repository's own upstreams."""
        if len(self.packages) < 2:
            return [row for _, row in self.packages]
        left, rows = {p.name: p for p in self.path}, {p.name: row for p, row in self.packages}
        ordered: list[StoredPackage] = []

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

    def admits(self, place: Place, version: Version | ShownVersion) -> bool:
        """Whether the group lets a version of `place` into the repository that was asked."""
        if place.id != self.start.id and not self.group.allows(SETTING_OF_ORIGIN[version.origin], self.start.name):
            return False
        return version.origin != EXTERNAL or version.package_id not in self.shut

    def withholds(self, version: ShownVersion, asset: ShownAsset) -> bool:
        """Whether the file is not yet old enough."""
        return bool(self.gate.rules) and version.origin == EXTERNAL and self.gate.holds(version.key, age.published(version, asset))


Made = TypeVar("Made")


@dataclass(frozen=True)
class Visible(Generic[Made]):
    """What a client is shown of a package: files of listed versions in the order of search, and the keys of hidden versions."""

    files: list[Made]
    hidden: frozenset[str]
    """Not to be shown from further up either: the first repository that has a version decides about it."""


def place(source: Readable, domain: str, name: str) -> Place:
    """The package repository; raises Missing."""
    row = _PLACE.first(source, {"domain": domain, "name": name})
    if row is None:
        raise Missing(what="package repository", name=f"{domain}/{name}")
    return _place_of(row)


def places(source: Readable) -> list[Place]:
    """Every package repository, by domain and name."""
    return [_place_of(row) for row in _PLACES.rows(source)]


def search_path(source: Readable, start: Place) -> list[Place]:
    """The repository, then its upstreams depth first, each once, at most twenty in all."""
    return _walk(_neighbours(source, start), start)


def find(source: Readable, start: Place, name: PackageName) -> Found:
    """Where the package may come from (origin controls, as CodeArtifact).

    A name that was published to a repository is not looked for further up from there. One that was published anywhere on
    the way is never looked for outside, and versions that came from outside under it are hidden: this closes dependency
    confusion.
    """
    known = _neighbours(source, start)
    path = _walk(known, start)
    rows = {}
    for p in path:
        row = shown.PACKAGE.first(source, {"repository": p.id, "format": name.format, "namespace": name.namespace, "name": name.name})
        if row is not None:
            rows[p.id] = StoredPackage(*row)
    owners = {key for key, row in rows.items() if (row.publish, row.upstream) == (ALLOW, BLOCK)}
    if owners and known:
        path = _walk(known, start, owners)
    packages = [(p, rows[p.id]) for p in path if p.id in rows]
    connections = [(p, c) for p in path for c in p.connections if c.format == name.format]
    shut: frozenset[int] = frozenset()
    if any(row.upstream == BLOCK for _, row in packages):
        connections, shut = [], frozenset(row.id for _, row in packages if row.upstream != BLOCK)
    group = groups.effective(groups.load(source, start.domain_id, start.groups_revision), name)
    if not group.allows(EXTERNAL_UPSTREAM, start.name):
        connections = []
    connections = [(p, c) for p, c in connections if group.allows(EXTERNAL_UPSTREAM, p.name)]
    gate = age.gate(source, [start, *(p for p, _ in packages), *(p for p, _ in connections)], name)
    return Found(start, packages, connections, group, gate, path, shut)


def _neighbours(source: Readable, start: Place) -> dict[str, Place]:
    """The repositories of the domain by name; none when the repository has no upstreams."""
    if not start.upstreams:
        return {}
    return {p.name: p for p in map(_place_of, _PLACES_OF_DOMAIN.rows(source, {"domain": start.domain_id}))}


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


def visible(
    source: Readable, found: Found, make: Callable[[ShownVersion, Row], Made], *, with_details: bool = False
) -> Visible[Made]:
    """What of the stored versions a client is shown, each file as `make` makes it of its version and its row, the fields of a ShownAsset.

    Details of versions and digests of files are loaded when asked for.
    """
    ask_versions, ask_assets = (shown.VERSIONS_WITH_DETAILS, shown.ASSETS_WITH_HASHES) if with_details else (shown.VERSIONS, shown.ASSETS)
    deciding: dict[str, ShownVersion] = {}
    files, has_rules = [], bool(found.gate.rules)
    for place, package in found.packages:
        listed = _listed(found, place, ask_versions.rows(source, {"package": package.id}), deciding)
        for row in ask_assets.rows(source, {"package": package.id}):
            version = listed.get(row[1])
            if version is not None and not (has_rules and found.withholds(version, ShownAsset(*row))):
                files.append(make(version, row))
    return Visible(files, _hidden(deciding))


def hidden(source: Readable, found: Found) -> frozenset[str]:
    """The `hidden` of `visible` alone."""
    deciding: dict[str, ShownVersion] = {}
    for place, package in found.packages:
        _listed(found, place, shown.VERSIONS.rows(source, {"package": package.id}), deciding)
    return _hidden(deciding)


def _listed(found: Found, place: Place, rows: list[Row], deciding: dict[str, ShownVersion]) -> dict[int, ShownVersion]:
    """Of one package's versions those that are listed, by id; `deciding` learns which version decides about its key."""
    known = [one for one in starmap(ShownVersion, rows) if found.admits(place, one)]
    for one in known:
        deciding.setdefault(one.key, one)
    return {one.id: one for one in known if one.status == PUBLISHED and deciding[one.key].status == PUBLISHED}


def _hidden(deciding: dict[str, ShownVersion]) -> frozenset[str]:
    return frozenset(key for key, one in deciding.items() if one.status != PUBLISHED)


def stored(source: Readable, found: Found, filename: str) -> tuple[Place, ShownVersion, ShownAsset] | None:
    """The file from the first repository in the order of search that has it, if its version may be downloaded.

    Raises Missing when the first repository that knows the file hides it, TooYoung when it is held back.
    """
    cut = len(shown.OF_VERSION)
    before: list[int] = []
    for place, package in found.packages:
        row = shown.FILE.first(source, {"package": package.id, "name": filename})
        one = ShownVersion(*row[:cut]) if row is not None else None
        if row is not None and one is not None and found.admits(place, one):
            asset, is_living = ShownAsset(*row[cut:-1]), row[-1]
            if one.status not in DOWNLOADABLE or not is_living or _hides(source, before, one.key):
                raise Missing(what="file", name=f"{filename}: its version {one.version} is {one.status} in {place.domain}/{place.name}")
            if one.origin == EXTERNAL:
                found.gate.check(package.display_name, one.version, one.key, age.published(one, asset))
            return place, one, asset
        before.append(package.id)
    return None


def _hides(source: Readable, packages: list[int], key: str) -> bool:
    """Whether any of these packages, which come before, has put the version away."""
    found = (shown.STATUS.first(source, {"package": number, "key": key}) for number in packages)
    return any(row is not None and row[0] not in DOWNLOADABLE for row in found)


def package(session: Session, start: Place, name: PackageName) -> Package:
    """The package stored in this very repository; raises Missing."""
    row = package_or_none(session, start, name)
    if row is None:
        raise Missing(what="package", name=name.full)
    return row


def package_or_none(session: Session, start: Place, name: PackageName) -> Package | None:
    """The package stored in this very repository, or None."""
    return session.scalar(_named(name).where(Package.repository_id == start.id))


def version(session: Session, row: Package | StoredPackage, key: str) -> Version:
    """A version by its key; raises Missing."""
    found = session.scalar(select(Version).where(Version.package_id == row.id, Version.key == key))
    if found is None:
        raise Missing(what="version", name=f"{row.display_name} {key}")
    return found


def versions(session: Session, row: Package | StoredPackage) -> list[Version]:
    """All versions, oldest publication first."""
    return list(session.scalars(select(Version).where(Version.package_id == row.id).order_by(Version.published_at, Version.id)))


def asset(session: Session, row: Package | StoredPackage, name: str) -> Asset | None:
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
    """What is known of a file's attestations: "verified" when a configured authority vouches for the signers, else "unverified"; or None.

    Each is about these very bytes, and its signature fits the certificate inside.
    """
    if not {"provenance", "attestations"} & set(row.details):
        return None
    return "verified" if row.details.get(AUTHORITY) else "unverified"


def tags(source: Readable, row: Package | StoredPackage) -> dict[str, str]:
    """The dist-tags."""
    return dict(shown.TAGS.rows(source, {"package": row.id}))


def package_names(source: Readable, start: Place, format_name: str) -> list[str]:
    """Display names of every package of a format, in the repository and its upstreams; sorted."""
    found: dict[str, str] = {}
    for one in search_path(source, start):
        for display, name in shown.NAMES.rows(source, {"repository": one.id, "format": format_name}):
            found.setdefault(name, display)
    return sorted(found.values(), key=str.lower)


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


def _place_of(row: Any) -> Place:
    number, domain_id, domain, name, project, description, upstreams, connections, *numbers = row
    found = tuple(_connection(c) for c in connections)
    return Place(number, domain_id, domain, name, project, description, tuple(upstreams), found, *numbers)


def _connection(raw: dict[str, Any]) -> Connection:
    # A connection from before addresses were checked keeps leading where it did.
    return Connection(raw["format"], raw["url"], raw.get("ca_file", ""), raw.get("private", True))
