"""npm packages: publication, packuments, tarballs, dist-tags, and an honest answer to whatever else the clients ask."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from registry import catalog, delivery, intake, store
from registry.formats import Address, PackageFormat, Recipe
from registry.formats.npm import packument, publication
from registry.formats.sources import place, send_file
from registry.models import Package
from registry.names import PackageName, check_file_name, npm_name
from registry.rendered import Rendered, documents
from registry.replay import Source
from registry.versions import npm_order
from service.kernel.access import needs, principal, site
from service.kernel.errors import Malformed, Missing, Problem

bp = Blueprint("registry_npm", __name__, url_prefix="/npm/<domain>/<repository>")
READ = ("registry:Read", "registry/{domain}/{repository}")
PUBLISH = ("registry:Publish", "registry/{domain}/{repository}")
SEARCH_MAX = 250


class NotOffered(Problem):
    """405: part of npm's protocol that is done elsewhere here."""

    status = 405
    says = "npm's {what} is not offered here: {instead}"


class NoAuditData(Problem):
    """501: an audit without data must not look like an audit without findings."""

    status = 501
    says = "this registry has no vulnerability data, so it cannot say whether these packages are safe"
    todo = "Audit against a registry that has: npm audit --registry URL."


@bp.errorhandler(Problem)
def tell_npm(problem: Problem) -> Response:
    """`{"error": ...}`, which npm, pnpm and yarn show."""
    intake.drain()
    words = f"{problem.detail}. {problem.todo}" if problem.todo else problem.detail
    return Response(orjson.dumps({"error": words}), problem.status, problem.headers, content_type="application/json")


@bp.get("/-/ping")
@needs(*READ)
def ping(domain: str, repository: str) -> dict[str, Any]:
    """Alive, and the token is good."""
    place(domain, repository)
    return {}


@bp.get("/-/whoami")
@needs(*READ)
def whoami(domain: str, repository: str) -> dict[str, Any]:
    """Whose token it is."""
    place(domain, repository)
    return {"username": principal().name}


@bp.get("/-/v1/search")
@needs(*READ)
def search(domain: str, repository: str) -> dict[str, Any]:
    """Packages of this repository and its upstreams by words."""
    where = place(domain, repository)
    size = min(request.args.get("size", 20, int), SEARCH_MAX)
    with site().db.read() as session:
        ids = [p.id for p in catalog.search_path(session, where)]
        rows = catalog.search(session, ids, words=request.args.get("text", ""), format_name="npm", limit=max(size, 0))
    objects = [{"package": _hit(row), "score": {"final": 1, "detail": {}}, "searchScore": 1} for row in rows]
    return {"objects": objects, "total": len(objects), "time": ""}


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


@bp.post("/-/npm/v1/security/<path:rest>")
@needs(*READ)
def audit(**_names: str) -> Response:
    """Every audit endpoint, bulk and quick: an error, never "0 vulnerabilities"."""
    raise NoAuditData


@bp.route("/-/<path:rest>", methods=["GET", "PUT", "POST", "DELETE"])
@needs(*READ)
def unknown(rest: str, **_names: str) -> Response:
    """What else clients may ask."""
    if rest.startswith(("user/", "v1/login")):
        raise NotOffered(what="login", instead="put a token into .npmrc with `lockgate login npm`")
    raise Missing(what="npm endpoint", name=f"/-/{rest[:100]}")


@bp.get("/<path:name>/-/<path:filename>")
@needs(*READ)
def tarball(domain: str, repository: str, name: str, filename: str) -> Response:
    """A tarball, from here or through here."""
    where, package = place(domain, repository), _name(name)
    filename = check_file_name(filename.rpartition("/")[2])
    return send_file(where, package, filename, lambda: packument.download(site(), where, package, filename, principal().name))


@bp.get("/<path:name>")
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
    return delivery.send_document(page.body, page.etag, packument.ABBREVIATED if short else "application/json", source)


@bp.put("/<path:name>")
@needs(*PUBLISH)
def publish(domain: str, repository: str, name: str) -> tuple[dict[str, Any], int]:
    """`npm publish` and `npm deprecate`. The same tarball again is a success."""
    if "/-rev/" in name:
        raise NotOffered(what="unpublish", instead="an administrator deletes a version through the API, DELETE /api/v1/registry/…")
    is_new = publication.receive(site(), place(domain, repository), _name(name), principal().name)
    return {"ok": True, "success": True}, 201 if is_new else 200


@bp.delete("/<path:name>")
@needs(*PUBLISH)
def unpublish(**_names: str) -> Response:
    """`npm unpublish`."""
    raise NotOffered(what="unpublish", instead="an administrator deletes a version through the API, DELETE /api/v1/registry/…")


def _document(domain: str, repository: str, name: PackageName, form: str) -> tuple[Rendered, Source]:
    where = place(domain, repository)
    sources = packument.look_up(site(), where, name)
    base = Address(request.host_url, domain, repository).url("npm")

    def render() -> bytes:
        document = packument.full(site(), sources, name, base)
        return packument.render(packument.abbreviated(document) if form == "abbreviated" else document)

    return documents.get(("npm", where.id, name.full, form, base, sources.stamp), render), sources.source


def _one_manifest(domain: str, repository: str, name: PackageName, wanted: str) -> Response:
    document = orjson.loads(_document(domain, repository, name, "full")[0].body)
    manifest = document["versions"].get(document["dist-tags"].get(wanted, wanted))
    if manifest is None:
        raise Missing(what="version", name=f"{name.full}@{wanted[:100]}")
    return Response(orjson.dumps(manifest), content_type="application/json")


def _name(text: str) -> PackageName:
    try:
        return npm_name(text)
    except Problem:
        if request.method in ("GET", "HEAD"):
            raise Missing(what="package", name=text[:100]) from None
        raise


def _hit(row: Package) -> dict[str, Any]:
    moment = row.updated_at.isoformat().replace("+00:00", "Z")
    return {
        "name": row.display_name, "scope": row.namespace.removeprefix("@") or "unscoped", "version": row.latest, "description": row.summary,
        "keywords": [], "date": moment, "links": {}, "publisher": {"username": ""}, "maintainers": [],
    }


def _install(address: Address, package: str, version: str) -> list[Recipe]:
    registry = address.url("npm")
    login = f"lockgate login npm --server {address.server} --domain {address.domain} --repository {address.repository}"
    pinned = f"{package}@{version}"
    scope = package.partition("/")[0] + ":" if package.startswith("@") else ""
    return [
        Recipe("npm", f"{login}\nnpm install {pinned}"),
        Recipe("yarn", f"{login}\nyarn add {pinned}"),
        Recipe("pnpm", f"{login}\npnpm add {pinned}"),
        Recipe(".npmrc", f"{scope}registry={registry}\n{registry.partition(':')[2]}:_authToken=${{LOCKGATE_TOKEN}}"),
    ]


def _publish(address: Address) -> list[Recipe]:
    registry = address.url("npm")
    login = f"lockgate login npm --server {address.server} --domain {address.domain} --repository {address.repository}"
    return [Recipe("npm", f"{login}\nnpm publish --registry {registry}"), Recipe("pnpm", f"{login}\npnpm publish --registry {registry}")]


def _dependencies(details: dict[str, Any]) -> list[tuple[str, str]]:
    manifest = details.get("manifest", {})
    kinds = (("dependencies", ""), ("peerDependencies", "peer"), ("optionalDependencies", "optional"), ("devDependencies", "development"))
    found = []
    for key, kind in kinds:
        needed = manifest.get(key)
        if isinstance(needed, dict):
            found += [(f"{name} {condition}", kind) for name, condition in needed.items()]
    return found


FORMAT = PackageFormat("npm", "npm", npm_name, str, npm_order, bp, _install, _publish, _dependencies)
