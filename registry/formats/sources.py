"""Where a package comes from: what is stored here and what external connections say about it, under one stamp."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from registry import catalog, copying, delivery
from registry.catalog import Connection, Found, Place
from registry.names import PackageName
from registry.replay import Source
from registry.shown import ShownAsset
from registry.upstream.documents import Document
from registry.upstream.fetch import Download
from registry.upstream.http import UpstreamDown, shown
from service.kernel.access import principal
from service.kernel.access import site as current_site
from service.kernel.errors import Missing
from service.kernel.site import Site

Ask = Callable[[Site, Connection, PackageName], Document | None]
"""What a connection says about a package; None: it has none. Raises UpstreamDown."""


@dataclass(frozen=True)
class Sources:
    """Everybody who has the package. Problems of unreachable connections are kept, not lost."""

    found: Found
    documents: list[tuple[Place, Connection, Document]]
    again: Callable[[], "Sources"] = field(repr=False)
    """Finds the package anew."""
    problems: list[UpstreamDown] = field(default_factory=list)

    @property
    def stamp(self) -> tuple[object, ...]:
        """Changes whenever any of the sources does."""
        return (self.found.stamp, tuple(document.stamp for _, _, document in self.documents))

    @property
    def source(self) -> Source:
        """What a document about the package is made from."""
        return Source(self.stamp, lambda: self.again().stamp)


def look_up(site: Site, where: Place, name: PackageName, ask: Ask) -> Sources:
    """Finds the package. Raises Missing when nobody has it, UpstreamDown when the only one who may is not reachable."""
    with site.db.snapshot() as snapshot:
        found = catalog.find(snapshot, where, name)
    documents, problems = [], []
    for place, connection in found.connections:
        try:
            document = ask(site, connection, name)
        except UpstreamDown as problem:
            problems.append(problem)
            continue
        if document is not None:
            documents.append((place, connection, document))
    if not found.packages and not documents:
        if problems:
            raise problems[0]
        raise Missing(what="package", name=f"{name.full} in {where.domain}/{where.name}")
    return Sources(found, documents, lambda: look_up(site, place_now(site, where), name, ask), problems)


def offered(site: Site, where: Place, name: PackageName, ask: Ask) -> list[Any]:
    """What external connections say about the package, of those that can be asked."""
    try:
        package = look_up(site, where, name, ask)
    except (Missing, UpstreamDown):
        return []
    return [document.load(site) for _, _, document in package.documents]


def stored(site: Site, where: Place, name: PackageName, filename: str) -> ShownAsset | None:
    """The file as an asset of ours. Raises Missing when its version was put away, TooYoung when it is held back."""
    with site.db.snapshot() as snapshot:
        hit = catalog.stored(snapshot, catalog.find(snapshot, where, name), filename)
    return hit[2] if hit else None


def is_stored(site: Site, where: Place, name: PackageName, filename: str) -> bool:
    """Whether the file is an asset of ours."""
    return stored(site, where, name, filename) is not None


def place(domain: str, repository: str) -> Place:
    """The package repository of the running request. Raises Missing."""
    with current_site().db.snapshot() as snapshot:
        return catalog.place(snapshot, domain, repository)


def place_now(site: Site, where: Place) -> Place:
    """The package repository as it is by now. Raises Missing."""
    with site.db.snapshot() as snapshot:
        return catalog.place(snapshot, where.domain, where.name)


def entered_from(place: Place, connection: Connection) -> dict[str, str]:
    """Where a file came into the domain: the package repository with the connection, and the connection's address without secrets."""
    return {"repository": place.name, "connection": shown(connection.url)}


def file_source(
    site: Site, where: Place, name: PackageName, filename: str, asset: ShownAsset, check: Callable[[], None] = lambda: None
) -> Source:
    """What an answer with the bytes of a stored file, or about it, is made from. `check` raises when it is withheld by now."""

    def look() -> object:
        check()
        now = stored(site, place_now(site, where), name, filename)
        return now and (now.id, now.digest, now.details.get("core_metadata"))

    return Source((asset.id, asset.digest, asset.details.get("core_metadata")), look)


def send_file(
    where: Place, name: PackageName, filename: str, start: Callable[[], Download], check: Callable[[], None] = lambda: None
) -> Response:
    """A file, from here or, started by `start`, through here; for `check` see `file_source`.

    Raises Missing, or the problem of the download.
    """
    site = current_site()
    asset = copying.take(site, where, name, filename, principal().name) if request.method == "GET" else stored(site, where, name, filename)
    if asset is None:
        download = start()
        if download.is_streamed(whole=request.method == "HEAD" or "Range" in request.headers):
            return delivery.send_stream(download.follow(), download.size, "application/octet-stream")
        asset = stored(site, where, name, filename)
    if asset is None:
        raise Missing(what="file", name=filename)
    source = file_source(site, where, name, filename, asset, check)
    return delivery.send_blob(site, asset.digest, asset.size, "application/octet-stream", source)
