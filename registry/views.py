"""Pages of the registry: all packages, one package repository, one package."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import age, catalog
from registry.bootstrap import ACTOR as OWN
from registry.catalog import Place
from registry.formats import Address, all_formats
from registry.models import INTERNAL, Domain, Package, Version, VersionEvent
from registry.upstream.http import shown
from service.kernel.access import needs, principal, public, site
from service.kernel.auth import Principal
from service.kernel.errors import Problem
from service.kernel.site import Site

pages = Blueprint("registry", __name__, template_folder="templates")

PAGE = 50
PANEL_ROWS = 8
HITS = 20
VERSIONS_SHOWN = 50


@dataclass(frozen=True)
class Listed:
    """A package in a list."""

    package: Package
    place: Place

    @property
    def url(self) -> str:
        """Its page."""
        return package_url(self.place, self.package)


def repository_url(place: Place) -> str:
    """The page of a package repository."""
    return f"/packages/{place.domain}/{place.name}"


def package_url(place: Place, package: Package, version: str = "") -> str:
    """The page of a package, at a version or at its latest."""
    tail = f"?{urlencode({'version': version})}" if version else ""
    return f"{repository_url(place)}/{package.format}/{quote(package.display_name)}{tail}"


@pages.get("/packages")
@public
def packages() -> str:
    """Every package the reader may see, searched by words, format and repository."""
    return packages_page()


def packages_page(trouble: Problem | None = None) -> str:
    """The page of all packages; `trouble` is why the form that this request sends was refused."""
    places = _readable(site(), principal())
    wanted = request.args.get("repository", "")
    asked = [p for p in places if wanted in ("", f"{p.domain}/{p.name}")]
    after, number = request.args.get("after", ""), request.args.get("id", 0, int)
    filters = {"q": request.args.get("q", "")[:200], "format": request.args.get("format", ""), "repository": wanted}
    with site().db.read() as session:
        rows = catalog.search(
            session, [p.id for p in asked], words=filters["q"], format_name=filters["format"], after=(after, number), limit=PAGE + 1
        )
        may_admin = principal().may("registry:Admin", "registry/*")
        domains = sorted({p.domain for p in places} | set(session.scalars(select(Domain.name)) if may_admin else ()))
    older = ""
    if len(rows) > PAGE:
        older = "/packages?" + urlencode({**_given(filters), "after": rows[PAGE - 1].name, "id": rows[PAGE - 1].id})
    newer = "/packages?" + urlencode(_given(filters)) if number else ""
    return render_template(
        "registry/packages.html", items=_listed(places, rows[:PAGE]), places=places, filters=filters, formats=all_formats(),
        older=older, newer=newer, address=_address(asked[0] if asked else None), searched=any(filters.values()),
        may_admin=may_admin, domains=domains, trouble=trouble, sent=request.form if trouble else {},
    )


@pages.get("/packages/<domain>/<repository>")
@needs("registry:Read", "registry/{domain}/{repository}")
def repository(domain: str, repository: str) -> str:
    """A package repository: how to point clients at it, where it looks, what it holds."""
    with site().db.read() as session:
        where = catalog.place(session, domain, repository)
    return repository_page(where)


def repository_page(place: Place, trouble: Problem | None = None) -> str:
    """The page of a package repository; `trouble` is why the form that this request sends was refused."""
    with site().db.read() as session:
        path = catalog.search_path(session, place)
        rows = catalog.search(session, [place.id], limit=PAGE + 1)
        events = session.scalars(
            select(VersionEvent).where(VersionEvent.repository_id == place.id).order_by(VersionEvent.sequence.desc()).limit(PANEL_ROWS)
        ).all()
        exceptions = age.exceptions(session, place.id)
    address, who = _address(place), principal()
    connections = [(p, c.format, shown(c.url), c.private) for p in path for c in p.connections]
    return render_template(
        "registry/repository.html", place=place, upstreams=path[1:], connections=connections, items=_listed([place], rows[:PAGE]),
        more=len(rows) > PAGE, events=events, exceptions=exceptions, formats=all_formats(), address=address,
        may_publish=who.may("registry:Publish", place.resource), may_admin=who.may("registry:Admin", place.resource),
        may_break=who.may("registry:BreakGlass", place.resource), exception_hours_max=age.EXCEPTION_HOURS_MAX,
        trouble=trouble, sent=request.form if trouble else {},
        refused_form=request.form.get("act") or request.path.rpartition("/-/")[2],
    )


def panel(site: Site, principal: Principal) -> dict[str, Any]:
    """What was published here lately, for the home page. The agent, which every server offers from its first start, is no news."""
    places = _readable(site, principal)
    with site.db.read() as session:
        rows = _recent(session, [p.id for p in places])
    by_id = {p.id: p for p in places}
    return {
        "title": "Packages", "url": "/packages",
        "rows": [
            {"text": f"{row.display_name} {version.version}", "url": package_url(by_id[row.repository_id], row, version.version),
             "line": f"{all_formats()[row.format].title}, published by {version.published_by}", "at": version.published_at}
            for row, version in rows
        ],
        "empty": "Packages that builds and people publish appear here.",
        "command": f"twine upload --repository-url {request.host_url}pypi/default/main/ -u __token__ dist/*",
    }


def search(site: Site, principal: Principal, text: str) -> Iterable[dict[str, Any]]:
    """Packages for the search over everything."""
    places = _readable(site, principal)
    with site.db.read() as session:
        rows = catalog.search(session, [p.id for p in places], words=text, limit=HITS)
    return [
        {"kind": "Package", "title": one.package.display_name, "url": one.url,
         "line": f"{one.package.latest} in {one.place.domain}/{one.place.name}: {one.package.summary}"[:200]}
        for one in _listed(places, rows)
    ]


def _recent(session: Session, place_ids: list[int]) -> list[tuple[Package, Version]]:
    query = (
        select(Package, Version).join(Version, Version.package_id == Package.id)
        .where(Package.repository_id.in_(place_ids), Version.origin == INTERNAL, Version.published_by != OWN)
        .order_by(Version.id.desc()).limit(PANEL_ROWS)
    )
    return [(row, version) for row, version in session.execute(query)]


def _readable(site: Site, who: Principal) -> list[Place]:
    with site.db.read() as session:
        return [p for p in catalog.places(session) if who.may("registry:Read", p.resource)]


def _listed(places: list[Place], rows: list[Package]) -> list[Listed]:
    by_id = {p.id: p for p in places}
    return [Listed(row, by_id[row.repository_id]) for row in rows]


def _given(filters: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in filters.items() if value}


def _address(place: Place | None) -> Address:
    return Address(request.host_url, place.domain if place else "default", place.name if place else "main")
