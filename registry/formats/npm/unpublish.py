"""`npm unpublish` by the public registry's rules: soon after publication, and only what nobody here depends on.

https://docs.npmjs.com/policies/unpublish. An administrator deletes what is older through the API. A version that was
published is never published again, and a package without versions takes none for a day.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from typing import cast as typed

from sqlalchemy import String, Table, bindparam, cast, select
from sqlalchemy.orm import Session

from registry import catalog, store
from registry.catalog import Place
from registry.models import EXTERNAL, Asset, Package, PackageRepository, Version
from registry.names import PackageName
from service.kernel import clock
from service.kernel.errors import Problem
from service.kernel.site import Site
from service.kernel.statements import Statement, Writable

WINDOW = timedelta(hours=72)
PAUSE = timedelta(hours=24)
DEPENDENTS_SHOWN = 5
_packages, _versions, _assets = (typed(Table, model.__table__) for model in (Package, Version, Asset))
_WITHOUT_VERSIONS = Statement(
    select(_packages.c.id).where(
        _packages.c.repository_id == bindparam("repository"), _packages.c.format == "npm", _packages.c.namespace == bindparam("namespace"),
        _packages.c.name == bindparam("name"), ~select(_versions.c.id).where(_versions.c.package_id == _packages.c.id).exists(),
    )
)
_LAST_DELETED = Statement(
    select(_assets.c.deleted_at).where(_assets.c.package_id == bindparam("package"), _assets.c.deleted_at.is_not(None))
    .order_by(_assets.c.deleted_at.desc())
)
_KINDS = ("dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies")


class UnpublishRefused(Problem):
    """403: others may rely on it by now."""

    status = 403
    says = "{package} cannot be unpublished: {why}"
    todo = "Deprecate it with `npm deprecate`, or have an administrator delete the version."


class UnpublishedLately(Problem):
    """403: the name rests for a day, so that nobody slips another package under it at once."""

    status = 403
    says = "{package} was unpublished less than 24 hours ago and takes no new version until {until}"


def versions(site: Site, where: Place, name: PackageName, kept: Iterable[str] | None, actor: str) -> list[str]:
    """Unpublishes every version stored in this repository that is not `kept` (None: all of them); answers which.

    Raises Missing or UnpublishRefused, and then all stay.
    """
    with site.db.read() as session:
        package = catalog.package(session, where, name)
        staying = set(kept or ())
        going = [row for row in catalog.versions(session, package) if row.version not in staying]
        for row in going:
            why = objection(row, clock.now())
            if why:
                raise UnpublishRefused(package=f"{name.full}@{row.version}", why=why)
        if going and len(going) == len(catalog.versions(session, package)):
            others = _dependents(session, where, name)
            if others:
                raise UnpublishRefused(package=name.full, why=f"{', '.join(others[:DEPENDENTS_SHOWN])} depends on it")
    for row in going:
        store.delete_version(site, where, name, row.version, actor)
    return [row.version for row in going]


def objection(row: Version, now: datetime) -> str:
    """Why a version may not be unpublished any more, or ""."""
    if row.origin == EXTERNAL:
        return "it came from an external registry"
    if row.published_at < now - WINDOW:
        return "it was published more than 72 hours ago"
    return ""


def check_rested(connection: Writable, where: Place, name: PackageName) -> None:
    """Raises UnpublishedLately when all of the package was taken away within the last day."""
    empty = _WITHOUT_VERSIONS.first(connection, {"repository": where.id, "namespace": name.namespace, "name": name.name})
    [last] = (_LAST_DELETED.first(connection, {"package": empty[0]}) if empty else None) or [None]
    if last is not None and last > clock.now() - PAUSE:
        raise UnpublishedLately(package=name.full, until=f"{last + PAUSE:%Y-%m-%d %H:%M} UTC")


def _dependents(session: Session, where: Place, name: PackageName) -> list[str]:
    """Newest versions in the domain that need the package."""
    quoted = name.full.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    query = (
        select(Package.display_name, Version.details).join(Version, Version.package_id == Package.id)
        .join(PackageRepository, PackageRepository.id == Package.repository_id)
        .where(
            PackageRepository.domain_id == where.domain_id, Package.format == "npm", Version.version == Package.latest,
            # The text narrows down what is looked at; the manifest decides.
            cast(Version.details, String).like(f'%"{quoted}"%', escape="\\"),
        )
    )
    return sorted({shown for shown, details in session.execute(query) if shown != name.full and _needs(details, name.full)})


def _needs(details: dict[str, Any], name: str) -> bool:
    manifest = details.get("manifest", {})
    return any(name in (manifest.get(kind) or ()) for kind in _KINDS)
