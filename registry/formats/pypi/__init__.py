"""Python packages: the simple repository API, the legacy upload form, files and their metadata."""

import re
from collections.abc import Iterable
from typing import Any
from wsgiref.types import WSGIEnvironment

import orjson
from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from registry import catalog, cors, delivery, intake
from registry.advisories import store as advisories
from registry.formats import Address, Intake, PackageFormat, Taken
from registry.formats.pypi import metadata, mirror, parts, project, recipes, rules, simple, upload
from registry.formats.sources import file_source, place, send_file, stored
from registry.names import PackageName, check_file_name, pypi_name
from registry.rendered import documents
from registry.replay import Source
from registry.versions import pypi_key, pypi_order
from service.kernel.access import needs, principal, public, site
from service.kernel.errors import Missing, Problem
from service.kernel.site import Site

bp = Blueprint("registry_pypi", __name__, url_prefix="/pypi/<domain>/<repository>")
READ = ("registry:Read", "registry/{domain}/{repository}")
PROVENANCE = "application/vnd.pypi.integrity.v1+json"


@bp.errorhandler(Problem)
def tell_client(problem: Problem) -> Response:
    """Plain text. uv and poetry show it; pdm, hatch and twine without `--verbose` show the status's own words alone."""
    intake.drain()
    words = f"{problem.detail}\n{problem.todo}\n" if problem.todo else f"{problem.detail}\n"
    return Response(words, problem.status, problem.headers, content_type="text/plain; charset=utf-8")


@bp.get("/simple/", provide_automatic_options=False)
@needs(*READ)
def index(domain: str, repository: str) -> Response:
    """The list of projects."""
    here = site()

    def revisions() -> tuple[tuple[int, int], ...]:
        with here.db.snapshot() as snapshot:
            return tuple((p.id, p.revision) for p in catalog.search_path(snapshot, catalog.place(snapshot, domain, repository)))

    stamp, kind = revisions(), _content_type()
    render = simple.index_json if kind == simple.JSON else simple.index_html
    with here.db.snapshot() as snapshot:
        where = catalog.place(snapshot, domain, repository)
        page = documents.get(("pypi index", stamp, kind == simple.JSON), lambda: render(catalog.package_names(snapshot, where, "pypi")))
    more = _told(revision for _, revision in stamp)
    return delivery.send_document(page.body, page.etag, _with_charset(kind), Source(stamp, revisions), more=more)


@bp.get("/simple/<name>/", provide_automatic_options=False)
@needs(*READ)
def project_page(domain: str, repository: str, name: str) -> BaseResponse:
    """One project's files; a name that is not normalised is sent to where it is."""
    package = _name(name)
    if package.name != name:
        return redirect(url_for(".project_page", domain=domain, repository=repository, name=package.name), 301)
    where = place(domain, repository)
    found = project.look_up(site(), where, package)
    kind, base = _content_type(), _base(domain, repository)
    render = simple.project_json if kind == simple.JSON else simple.project_html
    page = documents.get(
        ("pypi", where.id, package.name, render.__name__, base, found.stamp),
        lambda: render(package.name, project.listing(site(), found), base, project.status(site(), found)),
    )
    return delivery.send_document(page.body, page.etag, _with_charset(kind), found.source, more=_told(project.revisions(found)))


@bp.get("/files/<name>/<filename>")
@needs(*READ)
def file(domain: str, repository: str, name: str, filename: str) -> Response:
    """A file, from here or through here; `FILENAME.metadata` is the core metadata of a wheel."""
    where, package = place(domain, repository), _name(name)
    check_file_name(filename)
    here = site()
    rules.check_not_quarantined(here, where, package)
    if filename.endswith(".metadata"):
        return _metadata(where, package, filename.removesuffix(".metadata"))
    return send_file(
        where, package, filename, lambda: project.download(here, where, package, filename, principal().name),
        lambda: rules.check_not_quarantined(here, where, package),
    )


@bp.get("/integrity/<name>/<version>/<filename>/provenance")
@needs(*READ)
def provenance(domain: str, repository: str, name: str, version: str, filename: str) -> Response:
    """The attestations of a file (PEP 740)."""
    where, package = place(domain, repository), _name(name)
    check_file_name(filename)
    asset = stored(site(), where, package, filename)
    digest = asset.details.get("provenance") if asset is not None else None
    if digest:
        return delivery.send_blob(site(), digest, site().blobs.size(digest), PROVENANCE)
    _, connection, one = project.remote(site(), where, package, filename)
    if pypi_key(one.version) != pypi_key(version):
        raise Missing(what="file", name=f"{filename} of version {version}")
    return Response(orjson.dumps(mirror.provenance(site(), connection, package.name, one)), content_type=PROVENANCE)


@bp.get("/pypi/<name>/json", provide_automatic_options=False)
@bp.get("/pypi/<name>/<version>/json")
@needs(*READ)
def legacy_json(domain: str, repository: str, name: str, version: str = "") -> BaseResponse:
    """The older JSON API, of the newest or the given version."""
    package = _name(name)
    if package.name != name:
        tail = f"{version}/json" if version else "json"
        return redirect(f"{_base(domain, repository)}pypi/{package.name}/{tail}", 301)
    where = place(domain, repository)
    found = project.look_up(site(), where, package)
    base, known = _base(domain, repository), advisories.stamp(site(), "pypi")
    page = documents.get(
        ("pypi json", where.id, package.name, version, base, found.stamp, known),
        lambda: project.legacy_json(site(), found, package, version, base),
    )
    return delivery.send_document(page.body, page.etag, "application/json", more=_told(project.revisions(found)))


@bp.route("/simple/", methods=["OPTIONS"])
@bp.route("/simple/<name>/", methods=["OPTIONS"])
@bp.route("/pypi/<name>/json", methods=["OPTIONS"])
@public
def preflight(**_where: str) -> Response:
    """What a browser asks before it sends a token from another origin's page."""
    return cors.preflight()


@bp.post("/")
@bp.post("/legacy/")
@needs("registry:Publish", "registry/{domain}/{repository}")
def publish(domain: str, repository: str) -> Response:
    """The legacy upload form. The same file again is a success."""
    intake.raise_failure()
    taken = take(site(), place(domain, repository), request.environ, principal().name)
    return Response(taken.body, taken.status, content_type=taken.content_type)


def take(site: Site, where: catalog.Place, environ: WSGIEnvironment, actor: str, _path: str = "") -> Taken:
    """Takes an upload; see `Intake`."""
    is_new = upload.receive(site, where, environ, actor)
    return Taken(200, "text/plain", b"published\n" if is_new else b"this very file was already published\n")


def _told(revisions: Iterable[int]) -> dict[str, str]:
    # A number that grows with every change, which is all that mirroring clients make of the public index's serial.
    return {**cors.READABLE, "X-PyPI-Last-Serial": str(max(revisions, default=0))}


def _metadata(where: catalog.Place, package: PackageName, filename: str) -> Response:
    here, kind = site(), "text/plain; charset=utf-8"
    asset = stored(here, where, package, filename)
    if asset is not None and asset.details.get(metadata.DIGEST):
        source = file_source(here, where, package, filename, asset, lambda: rules.check_not_quarantined(here, where, package))
        return delivery.send_bytes(metadata.of(here, asset), asset.details[metadata.DIGEST], kind, source)
    _, connection, one = project.remote(here, where, package, filename)
    return Response(mirror.core_metadata(here, connection, package.name, one), content_type=kind)


def _name(text: str) -> PackageName:
    try:
        return pypi_name(text)
    except Problem:
        raise Missing(what="project", name=text[:100]) from None


def _base(domain: str, repository: str) -> str:
    return Address(request.host_url, domain, repository).url("pypi")


def _content_type() -> str:
    wanted = request.args.get("format") or None  # PEP 691 lets a URL say it where headers cannot be set
    offered = ["text/html", simple.HTML, simple.LATEST_HTML, simple.JSON, simple.LATEST_JSON]
    best = wanted if wanted in offered else str(request.accept_mimetypes.best_match(offered, default="text/html"))
    return {simple.LATEST_JSON: simple.JSON, simple.LATEST_HTML: simple.HTML}.get(best, best)


def _with_charset(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind == "text/html" else kind


def _dependencies(details: dict[str, Any]) -> list[tuple[str, str]]:
    return [(text, "extra" if "extra ==" in text else "") for text in details.get("requires_dist", [])]


FORMAT = PackageFormat(
    "pypi", "Python", pypi_name, pypi_key, pypi_order, bp, recipes.install, recipes.publish, _dependencies, project.outside,
    rules.check_not_quarantined, rules.warnings, parts.package_form, parts.repository_form,
    Intake("POST", re.compile("(?:legacy/)?"), take),
)
