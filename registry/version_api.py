"""JSON API of package versions: statuses, copies, assets, readme, dependencies, events, and the minimum age's exceptions."""

from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from registry import age, catalog, copying, delivery, described, listing, statuses
from registry.api import (
    ADMIN,
    PACKAGE,
    PAGE,
    READ,
    REPOSITORY,
    VERSION,
    PackagePath,
    RepositoryPath,
    VersionPath,
    find_version,
    name_of,
    place_of,
)
from registry.changes import revision_of
from registry.described import moment
from registry.formats import format_named
from registry.models import Package, Version, VersionEvent
from registry.package_views import readme_of
from registry.statuses import Outcome, Wanted
from service.kernel.access import demand, needs, principal, site
from service.kernel.errors import Malformed, Missing

api = APIBlueprint("registry_version_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="registry")])


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Versions(_Body):
    """Versions of one package: all of them are treated alike, or none when one cannot be; each gets an answer of its own."""

    versions: list[str] = Field([], max_length=statuses.VERSIONS_MAX)
    revisions: dict[str, str] = Field(
        {}, max_length=statuses.VERSIONS_MAX, description="by version: the revision it must have; with `versions`, of the same ones"
    )
    expected_status: str = Field("", description="the status they must have")

    def wanted(self) -> Wanted:
        """As the registry takes it. Raises Malformed."""
        if self.versions and self.revisions and set(self.versions) != set(self.revisions):
            raise Malformed(where="revisions", why="names other versions than `versions`; give either alone, or both of the same ones")
        return Wanted({**dict.fromkeys(self.versions, ""), **self.revisions}, self.expected_status)


class NewStatus(Versions):
    """Published, Unlisted or Archived."""

    status: str


class Copy(Versions):
    """Where to copy to, in the same domain."""

    to: str
    from_upstream: bool = Field(False, description="also versions that the source has from its upstreams")
    allow_overwrite: bool = Field(False, description="replace a version there that has other files or metadata")


class AgeAllowance(_Body):
    """Why a version cannot wait until it is old enough."""

    version: str = Field("", description="none: every version")
    reason: str = Field(min_length=1, max_length=1000)
    hours: int = Field(24, ge=1, le=age.EXCEPTION_HOURS_MAX)


class VersionQuery(BaseModel):
    """Which versions of which package."""

    format: str
    package: str
    status: str = Field("", description="only versions that have it")
    origin: str = Field("", description="only those of `internal` or `external` origin")
    order: str = Field(listing.BY_VERSION, description="`version`, the highest first, or `published`, the last one first")
    cursor: str = Field("", max_length=300, description="`next` of the page before")
    limit: int = Field(PAGE, ge=1, le=1000)


class AssetPath(VersionPath):
    """Names an asset."""

    asset: str


class AssetQuery(BaseModel):
    """Which assets."""

    cursor: str = Field("", max_length=255, description="`next` of the page before")
    limit: int = Field(PAGE, ge=1, le=1000)


class EventQuery(BaseModel):
    """Which events."""

    after: int = Field(0, ge=0, description="the last sequence number that was seen")
    format: str = ""
    package: str = ""
    limit: int = Field(PAGE, ge=1, le=1000)


@api.post(f"{PACKAGE}/status")
@needs(*ADMIN)
def set_status(path: PackagePath, body: NewStatus) -> dict[str, Any]:
    """Sets the status of versions."""
    return _told(statuses.update(site(), place_of(path), name_of(path), body.wanted(), body.status, principal().name))


@api.post(f"{PACKAGE}/dispose")
@needs(*ADMIN)
def dispose(path: PackagePath, body: Versions) -> dict[str, Any]:
    """Gives up the assets of versions for good; metadata and spent names stay."""
    return _told(statuses.dispose(site(), place_of(path), name_of(path), body.wanted(), principal().name))


@api.post(f"{PACKAGE}/delete")
@needs(*ADMIN)
def delete_versions(path: PackagePath, body: Versions) -> dict[str, Any]:
    """Deletes versions."""
    return _told(statuses.remove(site(), place_of(path), name_of(path), body.wanted(), principal().name))


@api.delete(PACKAGE)
@needs(*ADMIN)
def delete_package(path: PackagePath) -> dict[str, Any]:
    """Deletes a package with all its versions and origin controls."""
    return {"versions": statuses.remove_package(site(), place_of(path), name_of(path), principal().name)}


@api.post(f"{PACKAGE}/copy")
@needs(*READ)
def copy(path: PackagePath, body: Copy) -> dict[str, Any]:
    """Copies versions to another package repository of the domain; only metadata moves. `unchanged`: there already, and the same."""
    who = demand("registry:Publish", f"registry/{path.domain}/{body.to}")
    target = place_of(RepositoryPath(domain=path.domain, repository=body.to))
    outcome = copying.copy(
        site(), place_of(path), target, name_of(path), body.wanted(), who.name, from_upstream=body.from_upstream,
        overwrite=body.allow_overwrite,
    )
    return {**_told(outcome), "unchanged": outcome.unchanged}


@api.get(f"{REPOSITORY}/versions")
@needs(*READ)
def list_versions(path: RepositoryPath, query: VersionQuery) -> dict[str, Any]:
    """The versions of one package stored in this very repository, whatever their status, with the one to show first."""
    # The package is no part of the path: `@team/versions` is a package's name too.
    name = PackagePath(domain=path.domain, repository=path.repository, format=query.format, package=query.package)
    with site().db.read() as session:
        row = catalog.package(session, catalog.place(session, path.domain, path.repository), name_of(name))
        rows, more = listing.versions(
            session, row, status=query.status, origin=query.origin, order=query.order, after=query.cursor, limit=query.limit
        )
        first = listing.default_version(session, row)
    about = described.package(row)
    return {
        "format": row.format, "namespace": about["namespace"], "package": row.name, "default_version": first or None,
        "items": [described.version(one) for one in rows], "next": more or None,
    }


@api.get(f"{VERSION}/assets")
@needs(*READ)
def list_assets(path: VersionPath, query: AssetQuery) -> dict[str, Any]:
    """The assets of a version, by name."""
    with site().db.read() as session:
        row, version = find_version(session, path)
        found = [a for a in catalog.assets(session, version) if a.name > query.cursor]
    more = found[query.limit - 1].name if len(found) > query.limit else None
    return {**_of(row, version), "items": [described.asset(a) for a in found[: query.limit]], "next": more}


@api.get(f"{VERSION}/assets/<asset>")
@needs(*READ)
def get_asset(path: AssetPath) -> Response:
    """The bytes of an asset that is stored in this very repository, for who has no package client."""
    name = name_of(path)
    with site().db.read() as session:
        where = catalog.place(session, path.domain, path.repository)
        _, version = find_version(session, path)
        # The same doors as the clients': what is put away or too young is not handed out here either.
        hit = catalog.stored(session, catalog.find(session, where, name), path.asset)
    if hit is None or hit[1].id != version.id:
        raise Missing(what="asset", name=f"{path.asset[:255]} of {name.full} {version.version}")
    format_named(path.format).check_given_out(site(), where, name)
    answer = delivery.send_blob(site(), hit[2].digest, hit[2].size, "application/octet-stream")
    answer.headers["X-Package-Version"] = version.version
    answer.headers["X-Package-Version-Revision"] = revision_of(version)
    return answer


@api.get(f"{VERSION}/readme")
@needs(*READ)
def get_readme(path: VersionPath) -> dict[str, Any]:
    """The readme as its author wrote it; `name` ends in md, rst or txt. Empty when there is none."""
    with site().db.read() as session:
        row, version = find_version(session, path)
    text, name = readme_of(version)
    return {**_of(row, version), "name": name, "readme": text}


@api.get(f"{VERSION}/dependencies")
@needs(*READ)
def list_dependencies(path: VersionPath) -> dict[str, Any]:
    """What the version says it needs."""
    with site().db.read() as session:
        row, version = find_version(session, path)
    return {**_of(row, version), "items": described.dependencies(path.format, version), "next": None}


@api.get(f"{REPOSITORY}/events")
@needs(*READ)
def list_events(path: RepositoryPath, query: EventQuery) -> dict[str, Any]:
    """Changes of package versions in their order; ask on with `after` = the last sequence number."""
    with site().db.read() as session:
        where = catalog.place(session, path.domain, path.repository)
        wanted = select(VersionEvent).where(VersionEvent.repository_id == where.id, VersionEvent.sequence > query.after)
        if query.format:
            wanted = wanted.where(VersionEvent.format == query.format)
        if query.package:
            wanted = wanted.where(VersionEvent.package == query.package)
        rows = session.scalars(wanted.order_by(VersionEvent.sequence).limit(query.limit + 1)).all()
    items = [described.event(path.domain, path.repository, row) for row in rows[: query.limit]]
    return {"items": items, "next": items[-1]["sequence"] if len(rows) > query.limit else None}


@api.get(f"{REPOSITORY}/age-exceptions")
@needs(*READ)
def list_age_exceptions(path: RepositoryPath) -> dict[str, Any]:
    """Where the glass is broken: versions that may be had before they are old enough."""
    return _exceptions(path)


@api.post(f"{PACKAGE}/age-exception")
@needs("registry:BreakGlass", "registry/{domain}/{repository}")
def allow_young(path: PackagePath, body: AgeAllowance) -> dict[str, Any]:
    """Breaks the glass: lets a version, or every version, through before its age, for some hours."""
    where, key = place_of(path), format_named(path.format).key(body.version) if body.version else ""
    age.allow(site(), where.id, where.resource, name_of(path), key, body.reason, body.hours, principal().name)
    return _exceptions(path)


@api.post(f"{PACKAGE}/age-exception/withdraw")
@needs("registry:BreakGlass", "registry/{domain}/{repository}")
def withdraw_young(path: PackagePath) -> dict[str, Any]:
    """Ends the package's exceptions."""
    where = place_of(path)
    return {"withdrawn": age.withdraw(site(), where.id, where.resource, name_of(path), principal().name)}


def _exceptions(path: RepositoryPath) -> dict[str, Any]:
    with site().db.read() as session:
        where = catalog.place(session, path.domain, path.repository)
        rows = age.exceptions(session, where.id)
    return {
        "minimum_age_hours": where.minimum_age_hours, "next": None,
        "items": [
            {"format": r.format, "package": r.package, "version": r.version or None, "reason": r.reason, "actor": r.actor,
             "created_at": moment(r.created_at), "expires_at": moment(r.expires_at)} for r in rows
        ],
    }


def _of(row: Package, version: Version) -> dict[str, Any]:
    """Which version an answer is about, at which revision."""
    about = described.package(row)
    return {
        "format": row.format, "namespace": about["namespace"], "package": row.name, "version": version.version,
        "revision": revision_of(version),
    }


def _told(outcome: Outcome) -> dict[str, Any]:
    return {"successful": outcome.successful, "failed": outcome.failed}

