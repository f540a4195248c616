"""The page of a package at one of its versions, and its files for people."""

from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from registry import catalog, delivery, described, explain, listing
from registry.advisories import store as advisories
from registry.catalog import Place
from registry.formats import Address, format_named
from registry.models import EXTERNAL, Package, Version
from registry.names import PackageName
from registry.statuses import TARGETS
from registry.views import package_url, repository_url
from service.kernel.access import needs, principal, site
from service.kernel.errors import Missing, Problem

pages = Blueprint("registry_packages", __name__, template_folder="templates")
VERSIONS_SHOWN = 50


@pages.get("/packages/<domain>/<repository>/<format_name>/<path:name>")
@needs("registry:Read", "registry/{domain}/{repository}")
def package(domain: str, repository: str, format_name: str, name: str) -> str:
    """A package: how to install it, what it is, its versions and files."""
    with site().db.read() as session:
        where = catalog.place(session, domain, repository)
    return package_page(where, format_named(format_name).parse(name), request.args.get("version", ""))


def package_page(where: Place, name: PackageName, wanted: str, trouble: Problem | None = None) -> str:
    """The page of a package at the version `wanted`, "" for its latest; `trouble` is why the form that this request sends was refused.

    Raises Missing.
    """
    package_format, who, args = format_named(name.format), principal(), request.args
    with site().db.read() as session:
        row = catalog.package(session, where, name)
        status = args.get("status", "")
        versions, more = listing.versions(session, row, status=status, after=args.get("below", ""), limit=VERSIONS_SHOWN)
        if not (wanted or versions or status or row.latest):
            return _unpublished(session, where, row, trouble)
        version = catalog.version(session, row, package_format.key(wanted or row.latest or (versions[0].version if versions else "")))
        files = catalog.assets(session, version)
        tags = catalog.tags(session, row)
        why = explain.origins(session, where, name)
        warnings = package_format.warnings(session, row)
        may_admin = who.may("registry:Admin", where.resource)
        part = package_format.package_form(session, row) if may_admin else None
        targets = [p.name for p in catalog.places(session) if p.domain_id == where.domain_id and p.id != where.id]
    return render_template(
        "registry/package.html", place=where, package=row, version=version, versions=versions, status=status,
        all_statuses=listing.STATUSES, next_versions=_next(row, where, version.version, status, more), files=files, tags=tags,
        format=package_format, recipes=package_format.install(_address(where), row.display_name, version.version),
        facts=_facts(version), links=_links(version), needs=package_format.dependencies(version.details), readme=readme_of(version),
        line=described.line(version), entry=described.entry_point(files, where.name),
        deprecated=version.details.get("manifest", {}).get("deprecated", ""), external=EXTERNAL, why=why,
        warnings=warnings, known=advisories.of_version(site(), name.format, name.full, version.version),
        may_admin=may_admin, may_publish=who.may("registry:Publish", where.resource), statuses=TARGETS, part=part,
        targets=[one for one in targets if who.may("registry:Publish", f"registry/{where.domain}/{one}")],
        attestation=catalog.attestation, link=lambda number: package_url(where, row, number),
        file_url=lambda one: f"{repository_url(where)}/-/files/{one.id}/{quote(one.name)}",
        **_refusal(trouble),
    )


def _unpublished(session: Session, where: Place, row: Package, trouble: Problem | None) -> str:
    why = explain.origins(session, where, PackageName(row.format, row.namespace, row.name))
    return render_template(
        "registry/unpublished.html", place=where, package=row, why=why, may_admin=principal().may("registry:Admin", where.resource),
        **_refusal(trouble),
    )


def _refusal(trouble: Problem | None) -> dict[str, Any]:
    """For the forms of the page: why the one that this request sends was refused, and what it held."""
    return {"trouble": trouble, "sent": request.form if trouble else {}, "refused_form": request.path.rpartition("/-/")[2]}


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


def _address(place: Place) -> Address:
    return Address(request.host_url, place.domain, place.name)


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
