"""JSON API of the registry."""

from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import catalog, described, explain, listing, repositories, store
from registry.catalog import Connection, Place
from registry.formats import Address, all_formats, format_named
from registry.listing import PackageFilter
from registry.models import Domain, Package, Version
from registry.names import PackageName
from registry.upstream.http import shown
from registry.versions import by_number
from service.kernel.access import demand, needs, principal, public, site

api = APIBlueprint("registry_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="registry")])

REPOSITORY = "/registry/<domain>/<repository>"
PACKAGE = f"{REPOSITORY}/packages/<format>/<path:package>"
VERSION = f"{PACKAGE}/versions/<version>"
READ = ("registry:Read", "registry/{domain}/{repository}")
PUBLISH = ("registry:Publish", "registry/{domain}/{repository}")
ADMIN = ("registry:Admin", "registry/{domain}/{repository}")
PAGE = 100


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewConnection(_Body):
    """An external connection."""

    format: str
    url: str = Field(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=500)


class NewRepository(_Body):
    """A package repository to create, with its domain when that is new."""

    domain: str = "default"
    name: str
    project: str = "default"
    description: str = Field("", max_length=1000)
    upstreams: list[str] = Field([], max_length=repositories.UPSTREAMS_MAX)
    connections: list[NewConnection] = Field([], max_length=20)
    minimum_age_hours: int = Field(0, description="how old a version from outside must be before anybody gets it")


class RepositoryChange(_Body):
    """What to change; what is left out stays."""

    description: str | None = Field(None, max_length=1000)
    upstreams: list[str] | None = None
    connections: list[NewConnection] | None = Field(None, max_length=20)
    minimum_age_hours: int | None = None


class Yank(_Body):
    """Why installers shall pass this version by."""

    reason: str = Field("", max_length=1000)


class Origins(_Body):
    """Origin controls of a package: ALLOW or BLOCK."""

    publish: str
    upstream: str


class RepositoryPath(BaseModel):
    """Names a package repository."""

    domain: str
    repository: str


class PackagePath(RepositoryPath):
    """Names a package; npm scopes keep their slash."""

    format: str
    package: str


class VersionPath(PackagePath):
    """Names a version."""

    version: str


class PackageQuery(BaseModel):
    """Which packages."""

    q: str = Field("", max_length=200, description="words that name or summary hold")
    format: str = ""
    namespace: str = Field("", max_length=255, description="what the namespace begins with, an npm scope without its @; needs `format`")
    prefix: str = Field("", max_length=255, description="what the name begins with")
    publish: str = Field("", description="only packages with this origin control: ALLOW or BLOCK")
    upstream: str = Field("", description="the same of the other origin control")
    cursor: str = Field("", max_length=300, description="`next` of the page before")
    limit: int = Field(PAGE, ge=1, le=1000)


class RepositoryQuery(BaseModel):
    """Which package repositories."""

    domain: str = ""
    prefix: str = Field("", max_length=100, description="what the name begins with")
    cursor: str = Field("", max_length=300, description="`next` of the page before")
    limit: int = Field(1000, ge=1, le=1000)


@api.get("/domains")
@public
def list_domains() -> dict[str, Any]:
    """The domains in which the caller may read something."""
    seen = {p.domain for p in _readable()}
    with site().db.read() as session:
        rows = session.scalars(select(Domain).order_by(Domain.name)).all()
    return {"items": [{"name": r.name, "description": r.description} for r in rows if r.name in seen], "next": None}


@api.get("/registry")
@public
def list_repositories(query: RepositoryQuery) -> dict[str, Any]:
    """The package repositories that the caller may read, by domain and name."""
    found = [
        p for p in _readable()
        if query.domain in ("", p.domain) and p.name.startswith(query.prefix) and f"{p.domain}/{p.name}" > query.cursor
    ]
    rest = len(found) > query.limit
    found = found[: query.limit]
    return {"items": [_repository(p) for p in found], "next": f"{found[-1].domain}/{found[-1].name}" if rest else None}


@api.post("/registry", responses={"201": {}})
@public
def create_repository(body: NewRepository) -> tuple[dict[str, Any], int]:
    """Creates a package repository."""
    who = demand("registry:Admin", f"registry/{body.domain}/{body.name}")
    made = repositories.create_repository(
        site(), body.domain, body.name, actor=who.name, project=body.project, description=body.description,
        upstreams=tuple(body.upstreams), connections=_connections(body.connections), minimum_age_hours=body.minimum_age_hours,
    )
    return _repository(made), 201


@api.get(REPOSITORY)
@needs(*READ)
def get_repository(path: RepositoryPath) -> dict[str, Any]:
    """One package repository."""
    return _repository(place_of(path))


@api.patch(REPOSITORY)
@needs(*ADMIN)
def change_repository(path: RepositoryPath, body: RepositoryChange) -> dict[str, Any]:
    """Changes description, upstreams or external connections."""
    where = place_of(path)
    changed = repositories.change_repository(
        site(), where, actor=principal().name, description=body.description,
        upstreams=None if body.upstreams is None else tuple(body.upstreams),
        connections=None if body.connections is None else _connections(body.connections, where.connections),
        minimum_age_hours=body.minimum_age_hours,
    )
    return _repository(changed)


@api.delete(REPOSITORY)
@needs(*ADMIN)
def delete_repository(path: RepositoryPath) -> tuple[str, int]:
    """Deletes a package repository with all its packages."""
    repositories.delete_repository(site(), place_of(path), principal().name)
    return "", 204


@api.get(f"{REPOSITORY}/packages")
@needs(*READ)
def list_packages(path: RepositoryPath, query: PackageQuery) -> dict[str, Any]:
    """The packages stored in this very repository, by name."""
    wanted = PackageFilter(query.q, query.format, query.namespace, query.prefix, query.publish, query.upstream)
    with site().db.read() as session:
        where = catalog.place(session, path.domain, path.repository)
        rows, more = listing.packages(session, where, wanted, after=query.cursor, limit=query.limit)
    return {"items": [described.package(r) for r in rows], "next": more or None}


@api.get(VERSION)
@needs(*READ)
def get_version(path: VersionPath) -> dict[str, Any]:
    """One version with its assets and metadata."""
    with site().db.read() as session:
        row, version = find_version(session, path)
        return described.whole_version(row, version, catalog.assets(session, version), path.repository)


@api.delete(VERSION)
@needs(*ADMIN)
def delete_version(path: VersionPath) -> tuple[dict[str, Any], int]:
    """Deletes a version for good; its file names are never used again."""
    store.delete_version(site(), place_of(path), name_of(path), path.version, principal().name)
    return {}, 200


@api.put(f"{VERSION}/yank")
@needs(*PUBLISH)
def yank(path: VersionPath, body: Yank) -> dict[str, Any]:
    """Yanks a version: installers pass it by unless it is pinned."""
    store.yank(site(), place_of(path), name_of(path), path.version, body.reason, principal().name)
    return _version_now(path)


@api.delete(f"{VERSION}/yank")
@needs(*PUBLISH)
def undo_yank(path: VersionPath) -> dict[str, Any]:
    """Takes a yank back."""
    store.yank(site(), place_of(path), name_of(path), path.version, None, principal().name)
    return _version_now(path)


@api.get(PACKAGE)
@needs(*READ)
def get_package(path: PackagePath) -> dict[str, Any]:
    """A package with its versions, highest first."""
    number = by_number(format_named(path.format).order)
    with site().db.read() as session:
        where = catalog.place(session, path.domain, path.repository)
        row = catalog.package(session, where, name_of(path))
        why = explain.origins(session, where, name_of(path))
        rows = sorted(catalog.versions(session, row), key=lambda v: number(v.version), reverse=True)
        return {
            **described.package(row), "tags": catalog.tags(session, row), "versions": [described.version(v) for v in rows],
            "why": why.as_json(),
        }


@api.put(f"{PACKAGE}/origins")
@needs(*ADMIN)
def set_origins(path: PackagePath, body: Origins) -> dict[str, Any]:
    """Sets whether the package may be published here and whether it may come from outside; ahead of its first version too."""
    store.set_origins(site(), place_of(path), name_of(path), body.publish, body.upstream, principal().name)
    with site().db.read() as session:
        return described.package(catalog.package(session, catalog.place(session, path.domain, path.repository), name_of(path)))


def _version_now(path: VersionPath) -> dict[str, Any]:
    """The version as it is now."""
    with site().db.read() as session:
        return described.version(find_version(session, path)[1])


def find_version(session: Session, path: VersionPath) -> tuple[Package, Version]:
    """The version of a path, with its package. Raises Missing."""
    row = catalog.package(session, catalog.place(session, path.domain, path.repository), name_of(path))
    return row, catalog.version(session, row, format_named(path.format).key(path.version))


def _readable() -> list[Place]:
    who = principal()
    with site().db.read() as session:
        return [p for p in catalog.places(session) if who.may("registry:Read", p.resource)]


def place_of(path: RepositoryPath) -> Place:
    """The package repository of a path. Raises Missing."""
    with site().db.read() as session:
        return catalog.place(session, path.domain, path.repository)


def name_of(path: PackagePath) -> PackageName:
    """The package of a path. Raises Missing or Malformed."""
    return format_named(path.format).parse(path.package)


def _connections(told: list[NewConnection], known: tuple[Connection, ...] = ()) -> tuple[Connection, ...]:
    # The right is an administrator's, not a repository owner's: an internal address shows what the server can reach.
    private = principal().may("admin:ConnectPrivate", "admin/upstreams")
    return repositories.connections_of([(one.format, one.url) for one in told], private=private, known=known)


def _repository(place: Place) -> dict[str, Any]:
    return {
        "domain": place.domain, "name": place.name, "project": place.project, "description": place.description,
        "upstreams": list(place.upstreams), "revision": place.revision,
        "connections": [{"format": c.format, "url": shown(c.url), "private": c.private} for c in place.connections],
        "minimum_age_hours": place.minimum_age_hours,
        "endpoints": {name: Address(request.host_url, place.domain, place.name).url(name) for name in all_formats()},
    }
