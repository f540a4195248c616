"""Domains and package repositories: made, changed, deleted. The writer of their tables."""

import re
from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from registry import catalog, changes
from registry.age import HOURS_MAX
from registry.catalog import Connection, Place
from registry.formats import format_named
from registry.models import (
    AgeException,
    Asset,
    DistTag,
    Domain,
    Package,
    PackageGroup,
    PackageRepository,
    Version,
    VersionEvent,
)
from registry.names import check_repository_name
from registry.upstream import addresses
from registry.upstream.http import shown
from service.kernel import audit, clock, grants
from service.kernel.errors import Clash, Malformed, Missing, Problem
from service.kernel.site import Site

UPSTREAMS_MAX, CONNECTIONS_MAX, URL_CHARACTERS_MAX = 10, 20, 500
_URL = re.compile(r"https?://[^\s/]+(/\S*)?")


class NotEmpty(Problem):
    """409: something is left in it."""

    status = 409
    says = "{what} {name} still holds {count} {things}"
    todo = "Delete those first."


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
    upstreams: tuple[str, ...] = (), connections: tuple[Connection, ...] = (), minimum_age_hours: int = 0,
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
            connections=[asdict(c) for c in connections], minimum_age_hours=_age(minimum_age_hours), sequence=0, revision=0,
            created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        made = catalog.place(session, domain, name)
        audit.record(session, actor, "registry:Admin", made.resource, change="created")
    return made


def change_repository(
    site: Site, where: Place, *, actor: str, description: str | None = None, upstreams: tuple[str, ...] | None = None,
    connections: tuple[Connection, ...] | None = None, minimum_age_hours: int | None = None,
) -> Place:
    """Changes what is given. Raises Malformed."""
    with site.db.write() as session:
        row = changes.lock(session, where)
        row.revision += 1
        if description is not None:
            row.description = description
        if upstreams is not None:
            _check_upstreams(session, session.get_one(Domain, row.domain_id), row.name, upstreams)
            row.upstreams = list(upstreams)
        if connections is not None:
            row.connections = [asdict(c) for c in connections]
        if minimum_age_hours is not None:
            row.minimum_age_hours = _age(minimum_age_hours)
        audit.record(
            session, actor, "registry:Admin", where.resource, change="changed", upstreams=row.upstreams,
            minimum_age_hours=row.minimum_age_hours,
        )
        session.flush()
        return catalog.place(session, where.domain, where.name)


def connections_of(told: Iterable[tuple[str, str]], *, private: bool, known: Iterable[Connection] = ()) -> tuple[Connection, ...]:
    """External connections from format and URL. An address of `known` as it is shown, without its password, means that one.

    `private` tells whether new ones may lead to internal addresses. Raises Missing, Malformed or PrivateAddress.
    """
    kept = {(c.format, shown(c.url)): c for c in known}
    found = []
    for kind, text in told:
        format_named(kind)  # raises Missing
        url = text.rstrip("/") + "/"
        if (kind, url) not in kept:
            if not _URL.fullmatch(text) or len(text) > URL_CHARACTERS_MAX:
                why = f"is no http or https URL of at most {URL_CHARACTERS_MAX} characters"
                raise Malformed(where=f"external connection {text[:100]!r}", why=why)
            addresses.check(url, private=private)
        found.append(kept.get((kind, url)) or Connection(kind, url, private=private))
    if len(found) > CONNECTIONS_MAX:
        raise Malformed(where="external connections", why=f"at most {CONNECTIONS_MAX} are asked")
    return tuple(found)


def create_domain(site: Site, name: str, description: str, actor: str) -> Domain:
    """A new domain. Raises Clash or Malformed."""
    with site.db.write() as session:
        if session.scalar(select(Domain).where(Domain.name == name)):
            raise Clash(what="domain", name=name)
        row = ensure_domain(session, name, description)
        audit.record(session, actor, "registry:Admin", f"registry/{name}", change="domain created")
        return row


def change_domain(site: Site, name: str, description: str, actor: str) -> Domain:
    """Changes the description. Raises Missing."""
    with site.db.write() as session:
        row = domain_named(session, name)
        row.description = description
        audit.record(session, actor, "registry:Admin", f"registry/{name}", change="domain changed")
        return row


def delete_domain(site: Site, name: str, actor: str) -> None:
    """Deletes an empty domain with its package groups and policy. Raises Missing or NotEmpty."""
    with site.db.write() as session:
        row = domain_named(session, name)
        count = session.scalar(select(func.count()).select_from(PackageRepository).where(PackageRepository.domain_id == row.id)) or 0
        if count:
            raise NotEmpty(what="the domain", name=name, count=count, things="package repositories")
        session.execute(delete(PackageGroup).where(PackageGroup.domain_id == row.id))
        grants.delete(session, f"registry/{name}")
        session.delete(row)
        audit.record(session, actor, "registry:Admin", f"registry/{name}", change="domain deleted")


def domain_named(session: Session, name: str) -> Domain:
    """The domain; raises Missing."""
    row = session.scalar(select(Domain).where(Domain.name == name))
    if row is None:
        raise Missing(what="domain", name=name)
    return row


def delete_repository(site: Site, where: Place, actor: str) -> None:
    """Deletes a package repository and all its packages; others of the domain forget it as an upstream. Raises Missing.

    What other repositories retained or copied from it stays theirs.
    """
    with site.db.write() as session:
        row = changes.lock(session, where)
        packages = select(Package.id).where(Package.repository_id == row.id)
        for part in (Asset, DistTag, Version):
            session.execute(delete(part).where(part.package_id.in_(packages)))
        for table in (Package, VersionEvent, AgeException):
            session.execute(delete(table).where(table.repository_id == row.id))
        for other in session.scalars(select(PackageRepository).where(PackageRepository.domain_id == row.domain_id)):
            # A new repository of the same name must not inherit the trust.
            if row.name in other.upstreams:
                other.upstreams = [name for name in other.upstreams if name != row.name]
                other.revision += 1
        grants.delete(session, where.resource)
        session.delete(row)
        audit.record(session, actor, "registry:Admin", where.resource, change="deleted")


def _check_upstreams(session: Session, domain: Domain, name: str, upstreams: tuple[str, ...]) -> None:
    if len(upstreams) > UPSTREAMS_MAX:
        raise Malformed(where="upstreams", why=f"at most {UPSTREAMS_MAX} are searched")
    known = set(session.scalars(select(PackageRepository.name).where(PackageRepository.domain_id == domain.id)))
    for one in upstreams:
        if one == name or one not in known:
            raise Malformed(where="upstreams", why=f"there is no other package repository {one!r} in the domain {domain.name}")


def _age(hours: int) -> int:
    if not 0 <= hours <= HOURS_MAX:
        raise Malformed(where="minimum age", why=f"0 to {HOURS_MAX} hours")
    return hours
