"""The statements of a publication, made once: through the ORM, each costs several times what the database takes.

Only `store.py` writes with them, inside the transaction in which it read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, select, update

from registry.catalog import Place
from registry.models import Asset, DistTag, Domain, Package, PackageRepository, Version, VersionEvent
from registry.names import PackageName
from service.kernel.errors import Missing
from service.kernel.statements import Statement, Writable, inserting

_domains, _repositories, _packages = (cast(Table, model.__table__) for model in (Domain, PackageRepository, Package))
_versions, _assets, _tags, _events = (cast(Table, model.__table__) for model in (Version, Asset, DistTag, VersionEvent))

_LOCK = Statement(
    select(_repositories.c.revision, _repositories.c.sequence).where(_repositories.c.id == bindparam("repository")).with_for_update()
)
_PACKAGE = ("id", "format", "display_name", "publish", "upstream", "latest", "summary", "revision")
_VERSION = ("id", "key", "version", "status", "revision", "yanked_reason", "published_at")
_STATE = Statement(
    select(_domains.c.groups_revision, *(_packages.c[key] for key in _PACKAGE), *(_versions.c[key] for key in _VERSION))
    .select_from(
        _domains.outerjoin(
            _packages,
            (_packages.c.repository_id == bindparam("repository")) & (_packages.c.format == bindparam("format"))
            & (_packages.c.namespace == bindparam("namespace")) & (_packages.c.name == bindparam("name")),
        ).outerjoin(_versions, (_versions.c.package_id == _packages.c.id) & (_versions.c.key == bindparam("key")))
    )
    .where(_domains.c.id == bindparam("domain"))
)
_NAMED = Statement(
    select(_assets.c.id, _assets.c.digest, _assets.c.deleted_at)
    .where(_assets.c.package_id == bindparam("package"), _assets.c.name == bindparam("name"))
)
_OF_VERSION = Statement(
    select(_assets.c.name, _assets.c.details).where(_assets.c.version_id == bindparam("version")).order_by(_assets.c.id)
)
_DETAILS = Statement(select(_versions.c.details).where(_versions.c.id == bindparam("version")))
_NEW_PACKAGE, _NEW_VERSION = inserting(_packages, returning_id=True), inserting(_versions, returning_id=True)
_NEW_ASSET, _NEW_TAG, _NEW_EVENT = inserting(_assets), inserting(_tags), inserting(_events)
_DROP_ASSET = Statement(delete(_assets).where(_assets.c.id == bindparam("asset")))
_TAG = Statement(select(_tags.c.version).where(_tags.c.package_id == bindparam("package"), _tags.c.tag == bindparam("moved")))
_MOVE_TAG = Statement(
    update(_tags).where(_tags.c.package_id == bindparam("package"), _tags.c.tag == bindparam("moved")).values(version=bindparam("to"))
)
_CHANGE_PACKAGE = Statement(
    update(_packages).where(_packages.c.id == bindparam("package"))
    .values(revision=_packages.c.revision + 1, latest=bindparam("latest"), summary=bindparam("summary"), updated_at=bindparam("updated_at"))
)
_CHANGE_VERSION = Statement(update(_versions).where(_versions.c.id == bindparam("number")).values(revision=bindparam("revision")))
_CHANGE_REPOSITORY = Statement(
    update(_repositories).where(_repositories.c.id == bindparam("repository"))
    .values(revision=bindparam("revision"), sequence=bindparam("sequence"))
)


@dataclass
class PackageRow:
    """What a publication needs to know of a package; `id` 0: it is not stored yet."""

    id: int
    format: str
    display_name: str
    publish: str
    upstream: str
    latest: str
    summary: str
    revision: int


@dataclass
class VersionRow:
    """What it needs to know of a version; `id` 0: it is not stored yet."""

    id: int
    key: str
    version: str
    status: str
    revision: int
    yanked_reason: str | None
    published_at: datetime


@dataclass(frozen=True)
class State:
    """A package repository under lock, with the package and the version to be published as they are now."""

    repository: int
    revision: int
    sequence: int
    groups_revision: int
    package: PackageRow | None
    version: VersionRow | None


def lock(connection: Writable, where: Place, name: PackageName, key: str) -> State:
    """Locks the repository until the transaction ends, and reads. Raises Missing."""
    locked = _LOCK.first(connection, {"repository": where.id})
    if locked is None:
        raise Missing(what="package repository", name=f"{where.domain}/{where.name}")
    # A statement of its own: on PostgreSQL one that waited for the lock sees the other tables as they were before.
    [row] = _STATE.rows(connection, {**_asked(where, name), "domain": where.domain_id, "key": key})
    package, version = row[1 : 1 + len(_PACKAGE)], row[1 + len(_PACKAGE) :]
    return State(
        where.id, locked[0], locked[1], row[0], PackageRow(*package) if package[0] is not None else None,
        VersionRow(*version) if version[0] is not None else None,
    )


def named(connection: Writable, package: int, name: str) -> tuple[int, str, datetime | None] | None:
    """A package's asset by its name, a tombstone too: id, digest, and when it was deleted. None: there is none."""
    return cast(Any, _NAMED.first(connection, {"package": package, "name": name})) if package else None


def of_version(connection: Writable, version: int) -> list[tuple[str, dict[str, Any]]]:
    """Name and details of each asset of a version."""
    return [(name, details) for name, details in _OF_VERSION.rows(connection, {"version": version})]


def details_of(connection: Writable, version: int) -> dict[str, Any]:
    """The details of a version."""
    [[details]] = _DETAILS.rows(connection, {"version": version})
    return cast(dict[str, Any], details)


def drop_asset(connection: Writable, asset: int) -> None:
    """Forgets a tombstone."""
    _DROP_ASSET.run(connection, {"asset": asset})


def add_package(connection: Writable, repository: int, name: PackageName, package: PackageRow, now: datetime) -> None:
    """Stores a new package and gives it its id."""
    package.id = _added(connection, _NEW_PACKAGE, {
        "repository_id": repository, "format": name.format, "namespace": name.namespace, "name": name.name,
        "display_name": package.display_name, "publish": package.publish, "upstream": package.upstream, "latest": package.latest,
        "summary": package.summary, "revision": package.revision, "created_at": now, "updated_at": now,
    })


def add_version(connection: Writable, package: int, version: VersionRow, origin: str, details: dict[str, Any], actor: str) -> None:
    """Stores a new version and gives it its id."""
    version.id = _added(connection, _NEW_VERSION, {
        "package_id": package, "version": version.version, "key": version.key, "status": version.status, "origin": origin,
        "details": details, "revision": version.revision, "yanked_reason": None, "published_by": actor,
        "published_at": version.published_at,
    })


def add_assets(connection: Writable, assets: Sequence[dict[str, Any]]) -> None:
    """Stores new assets: all columns but the id."""
    for one in assets:
        _NEW_ASSET.run(connection, one)


def set_tags(connection: Writable, package: int, tags: Mapping[str, str]) -> None:
    """Points dist-tags at versions."""
    for tag, version in tags.items():
        if _TAG.first(connection, {"package": package, "moved": tag}) is None:
            _NEW_TAG.run(connection, {"package_id": package, "tag": tag, "version": version})
        else:
            _MOVE_TAG.run(connection, {"package": package, "moved": tag, "to": version})


def change_package(connection: Writable, package: PackageRow, now: datetime) -> None:
    """The package's next revision, with its newest version and summary."""
    _CHANGE_PACKAGE.run(
        connection, {"package": package.id, "latest": package.latest, "summary": package.summary, "updated_at": now}
    )


def change_version(connection: Writable, version: VersionRow) -> None:
    """Stores the version's revision."""
    _CHANGE_VERSION.run(connection, {"number": version.id, "revision": version.revision})


def add_event(connection: Writable, before: State, event: dict[str, Any]) -> None:
    """Adds the version event and moves the repository's revision and sequence on."""
    _NEW_EVENT.run(connection, event)
    _CHANGE_REPOSITORY.run(
        connection, {"repository": before.repository, "revision": before.revision + 1, "sequence": event["sequence"]}
    )


def _asked(where: Place, name: PackageName) -> dict[str, Any]:
    return {"repository": where.id, "format": name.format, "namespace": name.namespace, "name": name.name}


def _added(connection: Writable, statement: Statement, values: dict[str, Any]) -> int:
    [[key]] = statement.rows(connection, values)
    return int(key)
