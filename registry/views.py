"""Pages of the registry: all packages, one package repository, one package."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import age, catalog, delivery, described, explain, listing
from registry.advisories import store as advisories
from registry.bootstrap import ACTOR as OWN
from registry.catalog import Place
from registry.formats import Address, all_formats, format_named
from registry.models import EXTERNAL, INTERNAL, Package, Version, VersionEvent
from registry.names import PackageName
from registry.statuses import TARGETS
from registry.upstream.http import shown
from service.kernel.access import needs, principal, public, site
from service.kernel.auth import Principal
from service.kernel.errors import Missing
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
    places = _readable(site(), principal())
    wanted = request.args.get("repository", "")
    asked = [p for p in places if wanted in ("", f"{p.domain}/{p.name}")]
    after, number = request.args.get("after", ""), request.args.get("id", 0, int)
    filters = {"q": request.args.get("q", "")[:200], "format": request.args.get("format", ""), "repository": wanted}
    with site().db.read() as session:
        rows = catalog.search(
            session, [p.id for p in asked], words=filters["q"], format_name=filters["format"], after=(after, number), limit=PAGE + 1
        )
    older = ""
    if len(rows) > PAGE:
        older = "/packages?" + urlencode({**_given(filters), "after": rows[PAGE - 1].name, "id": rows[PAGE - 1].id})
    newer = "/packages?" + urlencode(_given(filters)) if number else ""
    return render_template(
        "registry/packages.html", items=_listed(places, rows[:PAGE]), places=places, filters=filters, formats=all_formats(),
        older=older, newer=newer, address=_address(asked[0] if asked else None), searched=any(filters.values()),
    )


@pages.get("/packages/<domain>/<repository>")
@needs("registry:Read", "registry/{domain}/{repository}")
def repository(domain: str, repository: str) -> str:
    """A package repository: how to point clients at it, where it looks, what it holds."""
    with site().db.read() as session:
        place = catalog.place(session, domain, repository)
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
    )


@pages.get("/packages/<domain>/<repository>/<format_name>/<path:name>")
@needs("registry:Read", "registry/{domain}/{repository}")
def package(domain: str, repository: str, format_name: str, name: str) -> str:
    """A package: how to install it, what it is, its versions and files."""
    package_format = format_named(format_name)
    who, args = principal(), request.args
    with site().db.read() as session:
        place = catalog.place(session, domain, repository)
        row = catalog.package(session, place, package_format.parse(name))
        status = args.get("status", "")
        versions, more = listing.versions(session, row, status=status, after=args.get("below", ""), limit=VERSIONS_SHOWN)
        wanted = args.get("version", "") or row.latest or (versions[0].version if versions else "")
        version = catalog.version(session, row, package_format.key(wanted))
        files = catalog.assets(session, version)
        tags = catalog.tags(session, row)
        why = explain.origins(session, place, package_format.parse(name))
        warnings = package_format.warnings(session, row)
        may_admin = who.may("registry:Admin", place.resource)
        part = package_format.package_form(session, row) if may_admin else None
        targets = [p.name for p in catalog.places(session) if p.domain_id == place.domain_id and p.id != place.id]
    known = advisories.of_version(site(), format_name, package_format.parse(name).full, version.version)
    return render_template(
        "registry/package.html", place=place, package=row, version=version, versions=versions, status=status,
        all_statuses=listing.STATUSES, next_versions=_next(row, place, version.version, status, more),
        files=files, tags=tags, format=package_format,
        recipes=package_format.install(_address(place), row.display_name, version.version),
        facts=_facts(version), links=_links(version), needs=package_format.dependencies(version.details), readme=readme_of(version),
        line=described.line(version), entry=described.entry_point(files, repository),
        deprecated=version.details.get("manifest", {}).get("deprecated", ""), external=EXTERNAL, why=why,
        warnings=warnings, known=known,
        may_admin=may_admin, may_publish=who.may("registry:Publish", place.resource), statuses=TARGETS, part=part,
        targets=[name for name in targets if who.may("registry:Publish", f"registry/{place.domain}/{name}")],
        attestation=catalog.attestation, link=lambda number: package_url(place, row, number),
        file_url=lambda one: f"{repository_url(place)}/-/files/{one.id}/{quote(one.name)}",
    )


@pages.get("/packages/<domain>/<repository>/-/files/<int:number>/<filename>")
@needs("registry:Read", "registry/{domain}/{repository}")
def file(domain: str, repository: str, number: int, filename: str) -> Response:
    """A file for a person: the clients' own addresses take no cookie."""
    with site().db.read() as session:
        where = catalog.place(session, domain, repository)
        asset = catalog.asset_numbered(session, where, number)
        if asset is None or asset.name != filename:
            raise Missing(what="file", name=filename)
        row = session.get_one(Package, asset.package_id)
        # The same doors as the clients': what is put away or too young is not handed out here either.
        found = catalog.find(session, where, PackageName(row.format, row.namespace, row.name))
        if catalog.stored(session, found, filename) is None:
            raise Missing(what="file", name=filename)
    format_named(row.format).check_given_out(site(), where, PackageName(row.format, row.namespace, row.name))
    return delivery.send_blob(site(), asset.digest, asset.size, "application/octet-stream")


def _next(row: Package, place: Place, version: str, status: str, below: str) -> str:
    """The package's page with the versions that come next, or ""."""
    kept = {"version": version, **({"status": status} if status else {}), "below": below}
    return f"{package_url(place, row)}?{urlencode(kept)}#versions" if below else ""


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


def _facts(version: Version) -> list[tuple[str, str]]:
    """What the metadata says about the version, as label and text."""
    told = {**version.details.get("manifest", {}), **version.details}
    labels = (
        ("License", "license_expression"), ("License", "license"), ("Author", "author"), ("Author", "author_email"),
        ("Maintainer", "maintainer"), ("Requires Python", "requires_python"), ("Keywords", "keywords"),
    )
    found: dict[str, str] = {}
    for label, key in labels:
        value = told.get(key)
        if isinstance(value, dict):
            value = value.get("name") or value.get("type")
        if isinstance(value, list):
            value = ", ".join(str(v) for v in value)
        if isinstance(value, str) and value.strip():
            found.setdefault(label, value.strip()[:200])
    engines = told.get("engines")
    if isinstance(engines, dict) and engines.get("node"):
        found["Requires Node"] = str(engines["node"])[:200]
    return list(found.items())


def _links(version: Version) -> list[tuple[str, str]]:
    """Where the project lives; only addresses a browser may safely follow."""
    told = {**version.details.get("manifest", {}), **version.details}
    urls = dict(told.get("project_urls") or {})
    for key in ("homepage", "home_page"):
        if isinstance(told.get(key), str):
            urls.setdefault("Homepage", told[key])
    source = told.get("repository")
    if isinstance(source, dict):
        source = source.get("url")
    if isinstance(source, str):
        urls.setdefault("Source", source.removeprefix("git+"))
    return [(label[:60], url) for label, url in urls.items() if isinstance(url, str) and url.startswith(("https://", "http://"))]


def readme_of(version: Version) -> tuple[str, str]:
    """The long description, and a file name that tells its form."""
    if "readme" in version.details:
        return version.details["readme"], "readme.md"
    kind = str(version.details.get("description_content_type", "text/x-rst")).partition(";")[0].strip().lower()
    ending = {"text/markdown": "md", "text/x-rst": "rst", "": "rst"}.get(kind, "txt")
    text = version.details.get("description", "") if "metadata_version" in version.details else ""
    return text, f"readme.{ending}"
