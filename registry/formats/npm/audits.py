"""`npm audit` in its three forms, search, and the keys and attestations behind `npm audit signatures`."""

import zlib
from typing import Any

import orjson
from flask import Blueprint, Response, request

from registry import intake
from registry.advisories import answers
from registry.advisories import store as advisories
from registry.formats.npm import finder, packument, trust
from registry.formats.npm.problems import NoAuditData
from registry.formats.sources import place
from registry.names import npm_name
from registry.versions import npm_order
from service.kernel.access import needs, site
from service.kernel.blobs import Reader
from service.kernel.errors import Malformed, Missing, Problem, TooLarge

bp = Blueprint("audits", __name__)
READ = ("registry:Read", "registry/{domain}/{repository}")
BODY_BYTES_MAX = 16 * 1024 * 1024
INFLATED_BYTES_MAX = 128 * 1024 * 1024
PACKAGES_MAX = 50_000


@bp.get("/-/v1/search")
@needs(*READ)
def search(domain: str, repository: str) -> dict[str, Any]:
    """Packages of this repository and its upstreams by words and npm's qualifiers."""
    where = place(domain, repository)
    size, start = request.args.get("size", 20, int), request.args.get("from", 0, int)
    return finder.search(site(), where, request.args.get("text", "")[:500], size, start)


@bp.post("/-/npm/v1/security/advisories/bulk")
@needs(*READ)
def bulk(domain: str, repository: str) -> dict[str, Any]:
    """The audit of npm 7 and later: versions by package in, advisories by package out."""
    place(domain, repository)
    told = _question()
    if len(told) > PACKAGES_MAX or not all(isinstance(v, list) and all(isinstance(n, str) for n in v) for v in told.values()):
        raise Malformed(where="body", why="is an object of package names and lists of their versions")
    return answers.bulk(told, advisories.of_packages(site(), "npm", told), npm_order)


@bp.post("/-/npm/v1/security/audits")
@bp.post("/-/npm/v1/security/audits/quick")
@needs(*READ)
def audit(domain: str, repository: str) -> dict[str, Any]:
    """The audits of npm 6 and yarn 1: a tree of dependencies in, advisories with their paths in it out."""
    place(domain, repository)
    try:
        rows = answers.installed(_question())
    except ValueError:
        raise Malformed(where="dependencies", why="is no tree of packages with their versions") from None
    return answers.audit(rows, advisories.of_packages(site(), "npm", {name for name, _, _ in rows}), npm_order)


@bp.get("/-/npm/v1/keys")
@needs(*READ)
def keys(domain: str, repository: str) -> dict[str, Any]:
    """The public keys whose signatures packages here carry: ours, and those of the registries behind."""
    return {"keys": trust.keys(site(), place(domain, repository))}


@bp.get("/-/npm/v1/attestations/<path:spec>")
@needs(*READ)
def attestations(domain: str, repository: str, spec: str) -> Response:
    """The attestations of `NAME@VERSION`."""
    full_name, at, version = spec.rpartition("@")
    try:
        name = npm_name(full_name)
    except Problem:
        raise Missing(what="package", name=spec[:100]) from None
    where = place(domain, repository)
    found = trust.attestations(site(), where, name, version, packument.look_up) if at else None
    if found is None:
        raise Missing(what="attestation", name=spec[:200])
    return Response(orjson.dumps(found), content_type="application/json")


def _question() -> dict[str, Any]:
    if not advisories.is_loaded(site(), "npm"):
        raise NoAuditData
    body: Reader = intake.body(BODY_BYTES_MAX)
    if request.headers.get("Content-Encoding", "").lower() == "gzip":
        body = _Inflated(body)
    try:
        told = orjson.loads(intake.whole(body))
    except orjson.JSONDecodeError:
        raise Malformed(where="body", why="is no JSON") from None
    if not isinstance(told, dict):
        raise Malformed(where="body", why="must be a JSON object")
    return told


class _Inflated:
    """A gzip body, inflated as far as a limit."""

    def __init__(self, source: Reader) -> None:
        self._source, self._inflate, self._size = source, zlib.decompressobj(31), 0

    def read(self, size: int, /) -> bytes:
        """Some bytes; empty at the end. Raises Malformed or TooLarge."""
        while True:
            packed = self._inflate.unconsumed_tail or self._source.read(size)
            if not packed:
                return b""
            try:
                data = self._inflate.decompress(packed, size)
            except zlib.error:
                raise Malformed(where="body", why="is no gzip, as its Content-Encoding says") from None
            self._size += len(data)
            if self._size > INFLATED_BYTES_MAX:
                raise TooLarge(what="the inflated body", limit_bytes=INFLATED_BYTES_MAX)
            if data:
                return data
