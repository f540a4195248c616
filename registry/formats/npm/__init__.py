"""npm packages: publication, packuments, tarballs, dist-tags, and an honest answer to whatever else the clients ask."""

import re
from typing import Any
from wsgiref.types import WSGIEnvironment

import orjson
from flask import Blueprint, Response, request

from registry import catalog, cors, delivery, intake, store
from registry.catalog import Place
from registry.formats import Address, Intake, PackageFormat, Taken
from registry.formats.npm import access, account, audits, packument, publication, recipes, unpublish
from registry.formats.npm.problems import Conflict, NotOffered
from registry.formats.npm.streamed import DOCUMENT_BYTES_MAX
from registry.formats.sources import place, send_file, stored
from registry.names import PackageName, check_file_name, npm_name
from registry.rendered import Rendered, documents
from registry.replay import Source
from registry.versions import npm_order
from service.kernel.access import needs, principal, public, site
from service.kernel.errors import Malformed, Missing, Problem
from service.kernel.site import Site

bp = Blueprint("registry_npm", __name__, url_prefix="/npm/<domain>/<repository>")
READ = ("registry:Read", "registry/{domain}/{repository}")
PUBLISH = ("registry:Publish", "registry/{domain}/{repository}")
for part in (account.bp, access.bp, audits.bp):
    bp.register_blueprint(part)


@bp.errorhandler(Problem)
def tell_npm(problem: Problem) -> Response:
    """`{"error": ...}`, which npm, pnpm and yarn show."""
    intake.drain()
    words = f"{problem.detail}. {problem.todo}" if problem.todo else problem.detail
    return Response(orjson.dumps({"error": words}), problem.status, problem.headers, content_type="application/json")


@bp.get("/-/package/<path:name>/dist-tags")
@needs(*READ)
def list_tags(domain: str, repository: str, name: str) -> dict[str, Any]:
    """The dist-tags, of versions here and upstream."""
    tags: dict[str, Any] = orjson.loads(_document(domain, repository, _name(name), "full")[0].body)["dist-tags"]
    return tags


@bp.route("/-/package/<path:name>/dist-tags/<tag>", methods=["PUT", "POST"])
@needs(*PUBLISH)
def put_tag(domain: str, repository: str, name: str, tag: str) -> dict[str, Any]:
    """Points a tag at a version; the body is the version as a JSON string."""
    try:
        version = orjson.loads(intake.whole(intake.body(4096)))
    except orjson.JSONDecodeError:
        version = None
    if not isinstance(version, str):
        raise Malformed(where="body", why="must be a version as a JSON string")
    store.set_tag(site(), place(domain, repository), _name(name), publication.check_tag(tag), version, principal().name)
    return {"ok": True}


@bp.delete("/-/package/<path:name>/dist-tags/<tag>")
@needs(*PUBLISH)
def delete_tag(domain: str, repository: str, name: str, tag: str) -> dict[str, Any]:
    """Takes a tag away; `latest` stays."""
    if tag == "latest":
        raise Malformed(where="dist-tag", why="latest can be moved, not removed")
    store.delete_tag(site(), place(domain, repository), _name(name), tag, principal().name)
    return {"ok": True}


@bp.route("/-/<path:rest>", methods=["GET", "PUT", "POST", "DELETE"])
@needs(*READ)
def unknown(rest: str, **_names: str) -> Response:
    """What else clients may ask."""
    raise Missing(what="npm endpoint", name=f"/-/{rest[:100]}")


@bp.get("/<path:name>/-/<path:filename>")
@needs(*READ)
def tarball(domain: str, repository: str, name: str, filename: str) -> Response:
    """A tarball, from here or through here."""
    where, package = place(domain, repository), _name(name)
    filename = check_file_name(filename.rpartition("/")[2])
    return send_file(where, package, filename, lambda: packument.download(site(), where, package, filename, principal().name))


@bp.get("/", provide_automatic_options=False)
@needs(*READ)
def root(domain: str, repository: str) -> Response:
    """What the registry is, as the public one tells it: its name, how many packages it has, and a number that grows with every change."""
    with site().db.read() as session:
        path = catalog.search_path(session, catalog.place(session, domain, repository))
        count = len(catalog.package_names(session, path[0], "npm"))
    told = {"db_name": f"{domain}/{repository}", "doc_count": count, "update_seq": sum(one.revision for one in path)}
    return Response(orjson.dumps(told), headers=cors.READABLE, content_type="application/json")


@bp.route("/", methods=["OPTIONS"])
@bp.route("/<path:name>", methods=["OPTIONS"])
@public
def preflight(**_names: str) -> Response:
    """What a browser asks before it sends a token from another origin's page."""
    return cors.preflight()


@bp.get("/<path:name>", provide_automatic_options=False)
@needs(*READ)
def show(domain: str, repository: str, name: str) -> Response:
    """A packument, full or abbreviated by Accept; `NAME/VERSION` and `NAME/TAG` give one manifest."""
    parts = name.split("/")
    length = 2 if name.startswith("@") else 1
    package = _name("/".join(parts[:length]))
    if len(parts) > length:
        return _one_manifest(domain, repository, package, "/".join(parts[length:]))
    short = packument.ABBREVIATED in request.headers.get("Accept", "") and "write" not in request.args
    page, source = _document(domain, repository, package, "abbreviated" if short else "full")
    kind = packument.ABBREVIATED if short else "application/json"
    return delivery.send_document(page.body, page.etag, kind, source, more=cors.READABLE)


@bp.put("/<path:name>", provide_automatic_options=False)
@needs(*PUBLISH)
def publish(domain: str, repository: str, name: str) -> Response:
    """`npm publish` and `npm deprecate`. The same tarball again is a success."""
    intake.raise_failure()
    taken = take(site(), place(domain, repository), request.environ, principal().name, name)
    return Response(taken.body, taken.status, content_type=taken.content_type)


def take(site: Site, where: Place, environ: WSGIEnvironment, actor: str, name: str) -> Taken:
    """Takes a publication or changed deprecations; see `Intake`."""
    is_new = publication.receive(site, where, npm_name(name), environ, actor)
    return Taken(201 if is_new else 200, "application/json", b'{"ok":true,"success":true}')


@bp.put("/<path:name>/-rev/<rev>")
@needs(*PUBLISH)
def change(domain: str, repository: str, name: str, rev: str) -> dict[str, Any]:
    """`npm unpublish NAME@VERSION` sends the packument back without the version."""
    where, package = place(domain, repository), _name(name)
    try:
        told = orjson.loads(intake.whole(intake.body(DOCUMENT_BYTES_MAX)))
        kept = list(told["versions"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise Malformed(where="body", why="is no package document with its versions") from None
    _check_rev(where, package, rev)
    if not unpublish.versions(site(), where, package, kept, principal().name):
        raise NotOffered(what="change of maintainers", instead=access.ELSEWHERE)
    return {"ok": True}


@bp.delete("/<path:name>/-rev/<rev>")
@needs(*PUBLISH)
def remove(domain: str, repository: str, name: str, rev: str) -> dict[str, Any]:
    """`npm unpublish NAME`; for a tarball nothing is left to do, as it went with its version."""
    where = place(domain, repository)
    if "/-/" in name:
        package, _, filename = name.partition("/-/")
        if stored(site(), where, _name(package), check_file_name(filename.rpartition("/")[2])) is not None:
            raise Malformed(where="tarball", why="belongs to a version; unpublish that")
        return {"ok": True}
    package_name = _name(name)
    _check_rev(where, package_name, rev)
    unpublish.versions(site(), where, package_name, None, principal().name)
    return {"ok": True}


def _check_rev(where: Place, name: PackageName, rev: str) -> None:
    if rev != packument.revision(packument.look_up(site(), where, name)):
        raise Conflict(name=name.full)


def _document(domain: str, repository: str, name: PackageName, form: str) -> tuple[Rendered, Source]:
    where = place(domain, repository)
    sources = packument.look_up(site(), where, name)
    base = Address(request.host_url, domain, repository).url("npm")

    def render() -> bytes:
        document = packument.full(site(), sources, name, base)
        if not document["versions"]:
            raise Missing(what="package", name=f"{name.full} in {domain}/{repository} (it has no versions any more)")
        return packument.render(packument.abbreviated(document) if form == "abbreviated" else document)

    return documents.get(("npm", where.id, name.full, form, base, sources.stamp), render), sources.source


def _one_manifest(domain: str, repository: str, name: PackageName, wanted: str) -> Response:
    document = orjson.loads(_document(domain, repository, name, "full")[0].body)
    manifest = document["versions"].get(document["dist-tags"].get(wanted, wanted))
    if manifest is None:
        raise Missing(what="version", name=f"{name.full}@{wanted[:100]}")
    return Response(orjson.dumps(manifest), headers=cors.READABLE, content_type="application/json")


def _name(text: str) -> PackageName:
    try:
        return npm_name(text)
    except Problem:
        if request.method in ("GET", "HEAD"):
            raise Missing(what="package", name=text[:100]) from None
        raise


def _dependencies(details: dict[str, Any]) -> list[tuple[str, str]]:
    manifest = details.get("manifest", {})
    kinds = (("dependencies", ""), ("peerDependencies", "peer"), ("optionalDependencies", "optional"), ("devDependencies", "development"))
    found = []
    for key, kind in kinds:
        needed = manifest.get(key)
        if isinstance(needed, dict):
            found += [(f"{name} {condition}", kind) for name, condition in needed.items()]
    return found


FORMAT = PackageFormat(
    "npm", "npm", npm_name, str, npm_order, bp, recipes.install, recipes.publish, _dependencies, packument.outside,
    intake=Intake("PUT", re.compile("(?:@[^/]+(?:/|%2[fF]))?[^-/@%][^/%]*"), take),
)
