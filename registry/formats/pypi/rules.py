"""What may be uploaded, and what a project's status says to installers (PEP 792)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from packaging.version import Version as Pep440
from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from registry import catalog, changes
from registry.catalog import Found, Place
from registry.formats.pypi.models import ProjectStatus, UploadRules
from registry.models import Asset, Package, PackageRepository, Version
from registry.names import PackageName
from registry.shown import StoredPackage
from registry.versions import pypi_key
from service.kernel import audit, clock
from service.kernel.errors import Malformed, Problem
from service.kernel.site import Site
from service.kernel.statements import Readable, Statement, Writable

CLOSED_AFTER_DAYS_MAX = 36_500
_repositories, _packages, _versions, _assets, _statuses, _rules = (
    cast(Table, model.__table__) for model in (PackageRepository, Package, Version, Asset, ProjectStatus, UploadRules)
)
_UPLOAD = Statement(
    select(
        _rules.c.local_versions, _rules.c.closed_after_days, _packages.c.id.label("package"), _statuses.c.status, _statuses.c.reason,
        _versions.c.published_at,
    )
    .select_from(
        _repositories.outerjoin(_rules, _rules.c.repository_id == _repositories.c.id)
        .outerjoin(
            _packages,
            (_packages.c.repository_id == _repositories.c.id) & (_packages.c.format == "pypi") & (_packages.c.namespace == "")
            & (_packages.c.name == bindparam("name")),
        )
        .outerjoin(_statuses, _statuses.c.package_id == _packages.c.id)
        .outerjoin(_versions, (_versions.c.package_id == _packages.c.id) & (_versions.c.key == bindparam("key")))
    )
    .where(_repositories.c.id == bindparam("repository"))
)
_STATUS = Statement(select(_statuses.c.status, _statuses.c.reason).where(_statuses.c.package_id == bindparam("package")))
# The sum keeps SQLite from going through all files of the package: few files share their bytes, so the digest's index is the way.
_SAME_BYTES = Statement(
    select(_assets.c.name).where(
        _assets.c.digest == bindparam("digest"), _assets.c.package_id + 0 == bindparam("package"), _assets.c.deleted_at.is_(None)
    )
)

STATUSES = ("active", "archived", "deprecated", "quarantined")


class UploadRefused(Problem):
    """403: the repository's rules or the project's status say no."""

    status = 403
    says = "{filename} is not taken: {why}"


class Quarantined(Problem):
    """403: the project's files are withheld."""

    status = 403
    says = "the project {project} is quarantined{reason}; its files are withheld"
    todo = "Ask who runs this package repository."


class SameBytes(Problem):
    """400: the bytes are there already under another name; twine's --skip-existing looks for the words."""

    status = 400
    says = "File already exists: these very bytes were published as {filename}"


@dataclass(frozen=True)
class Status:
    """A status marker and why it was set."""

    status: str = "active"
    reason: str = ""


@dataclass(frozen=True)
class Rules:
    """What a package repository takes."""

    local_versions: bool = True
    """Whether versions such as 1.0+team.1 may be uploaded; the public index refuses them."""
    closed_after_days: int = 0
    """A release first published longer ago takes no new files; 0: it stays open."""


def status_of(source: Readable, packages: Iterable[Package | StoredPackage]) -> Status:
    """The status of a project, from the first of its packages, in the order of search, whose repository set one."""
    rows = (_STATUS.first(source, {"package": package.id}) for package in packages)
    return next((Status(*row) for row in rows if row is not None), Status())


def packages_of(found: Found) -> list[StoredPackage]:
    """The stored packages, in the order of search."""
    return [package for _, package in found.packages]


def set_status(site: Site, where: Place, name: PackageName, status: str, reason: str, actor: str) -> None:
    """Sets the project's marker. Raises Missing or Malformed."""
    if status not in STATUSES:
        raise Malformed(where="status", why=f"use one of {', '.join(STATUSES)}")
    with site.db.write() as session:
        package = changes.touch(session, where, name)
        row = session.scalar(select(ProjectStatus).where(ProjectStatus.package_id == package.id))
        if row is None:
            row = ProjectStatus(package_id=package.id)
            session.add(row)
        row.status, row.reason, row.changed_at = status, reason, clock.now()
        audit.record(session, actor, "registry:Admin", where.resource, package=name.full, project_status=status, reason=reason)


def rules_of(session: Session, where: Place) -> Rules:
    """The repository's rules."""
    row = session.scalar(select(UploadRules).where(UploadRules.repository_id == where.id))
    return Rules(row.local_versions, row.closed_after_days) if row else Rules()


def set_rules(site: Site, where: Place, rules: Rules, actor: str) -> None:
    """Replaces the repository's rules."""
    with site.db.write() as session:
        row = session.scalar(select(UploadRules).where(UploadRules.repository_id == where.id))
        if row is None:
            row = UploadRules(repository_id=where.id)
            session.add(row)
        row.local_versions, row.closed_after_days = rules.local_versions, rules.closed_after_days
        audit.record(
            session, actor, "registry:Admin", where.resource, local_versions=rules.local_versions, closed_after_days=rules.closed_after_days
        )


def check_upload(connection: Writable, where: Place, name: PackageName, version: Pep440, filename: str, sha256: str) -> None:
    """Raises UploadRefused or SameBytes; a file that is there already under its own name passes, whatever the rules say now."""
    asked = {"repository": where.id, "name": name.name, "key": pypi_key(str(version))}
    [(local_versions, closed_after_days, package, status, reason, published_at)] = _UPLOAD.rows(connection, asked)
    if version.local is not None and local_versions is False:
        raise UploadRefused(filename=filename, why="this package repository takes no local versions (what follows a + in a version)")
    if package is None:
        return
    same = [name for (name,) in _SAME_BYTES.rows(connection, {"package": package, "digest": sha256})]
    if filename in same:
        return
    if same:
        raise SameBytes(filename=same[0])
    if status in ("archived", "quarantined"):
        raise UploadRefused(filename=filename, why=f"the project is {status}{_because(Status(status, reason))}")
    days = closed_after_days or 0
    if days and published_at is not None and published_at < clock.now() - timedelta(days=days):
        raise UploadRefused(filename=filename, why=f"release {version} is older than {days} days and takes no more files")


def check_not_quarantined(site: Site, where: Place, name: PackageName) -> None:
    """Raises Quarantined."""
    with site.db.snapshot() as snapshot:
        status = status_of(snapshot, packages_of(catalog.find(snapshot, where, name)))
    if status.status == "quarantined":
        raise Quarantined(project=name.name, reason=_because(status))


def warnings(session: Session, package: Package) -> list[str]:
    """What the status marker means to who reads the project's page."""
    status = status_of(session, [package])
    means = {"archived": "it takes no new files", "deprecated": "look for another one", "quarantined": "its files are withheld"}
    return [f"This project is {status.status}{_because(status)}: {means[status.status]}."] if status.status in means else []


def _because(status: Status) -> str:
    return f" ({status.reason})" if status.reason else ""
