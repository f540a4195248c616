"""A Python project as an installer sees it: what is stored here and upstream, merged, and each of its files."""

from contextlib import suppress
from typing import Any

from registry import age, catalog, store
from registry.advisories import answers
from registry.advisories import store as advisories
from registry.catalog import Connection, Place
from registry.formats import sources
from registry.formats.pypi import archive, legacy, metadata, mirror, rules, simple
from registry.formats.pypi.rules import Status
from registry.formats.pypi.simple import ProjectFile
from registry.formats.sources import Sources, entered_from, is_stored
from registry.models import ENTERED, EXTERNAL
from registry.names import PackageName
from registry.upstream import fetch
from registry.versions import pypi_key
from service.kernel.blobs import Blob
from service.kernel.errors import Missing, Problem
from service.kernel.site import Site


def look_up(site: Site, where: Place, name: PackageName) -> Sources:
    """Finds the project. Raises Missing when nobody has it, UpstreamDown when the only one who may is not reachable."""
    return sources.look_up(site, where, name, mirror.project)


def outside(site: Site, where: Place, name: PackageName) -> list[str]:
    """The versions that external connections offer now; see `PackageFormat.outside`."""
    return [one["version"] for document in sources.offered(site, where, name, mirror.project) for one in document["files"]]


def listing(site: Site, project: Sources, *, with_details: bool = False) -> list[ProjectFile]:
    """All files, each name once: the first source in the order of search that has it wins. `with_details`: with all their digests."""
    merged: dict[str, ProjectFile] = {}
    with site.db.snapshot() as snapshot:
        shown = catalog.visible(snapshot, project.found, simple.stored_file, with_details=with_details)
    for file in shown.files:
        merged.setdefault(file.filename, file)
    for _, _, page in project.documents:
        for one in mirror.files(page.load(site)):
            key = pypi_key(one.version)
            if key in shown.hidden or project.found.gate.holds(key, age.moment(one.uploaded_at)):
                continue
            # A stored copy of an outside file keeps what only its index knows: yanks that came later.
            merged[one.filename] = _newer(merged.get(one.filename), one)
    return list(merged.values())


def status(site: Site, project: Sources) -> Status:
    """The project's status marker: the one set here, else the one an external index tells."""
    with site.db.snapshot() as snapshot:
        ours = rules.status_of(snapshot, rules.packages_of(project.found))
    if ours != Status() or not project.documents:
        return ours
    _, _, page = project.documents[0]
    told, reason = mirror.status(page.load(site))
    return Status(told, reason) if told in rules.STATUSES else ours


def revisions(project: Sources) -> list[int]:
    """Of the stored packages, each growing with every change."""
    return [package.revision for _, package in project.found.packages]


def legacy_json(site: Site, project: Sources, name: PackageName, version: str, base: str) -> bytes:
    """The older JSON document of one version, "" for the newest. Raises Missing when there is no such version."""
    files = listing(site, project, with_details=True)
    wanted = version or legacy.newest(files)
    number = next((f.version for f in files if wanted is not None and pypi_key(f.version) == pypi_key(wanted)), None)
    if number is None:
        raise Missing(what="version", name=f"{name.name} {version}".strip())
    details: dict[str, Any] = {}
    with site.db.read() as session:
        for _, package in project.found.packages:
            with suppress(Missing):
                details = details or catalog.version(session, package, pypi_key(number)).details
    known = None
    if advisories.is_loaded(site, "pypi"):
        known = [answers.pypi(one) for one in advisories.of_version(site, "pypi", name.full, number)]
    serial = max(revisions(project), default=0)
    return legacy.project_json(name.name, number, details, files, base, known, releases=not version, serial=serial)


def remote(site: Site, where: Place, name: PackageName, filename: str) -> tuple[Place, Connection, ProjectFile]:
    """The file at an external connection. Raises Missing, UpstreamDown or TooYoung."""
    project = look_up(site, where, name)
    with site.db.snapshot() as snapshot:
        hidden = catalog.hidden(snapshot, project.found)
    for place, connection, page in project.documents:
        for one in mirror.files(page.load(site)):
            key = pypi_key(one.version)
            if one.filename == filename and key not in hidden:
                project.found.gate.check(name.full, one.version, key, age.moment(one.uploaded_at))
                return place, connection, one
    if project.problems:
        raise project.problems[0]
    raise Missing(what="file", name=filename)


def download(site: Site, where: Place, name: PackageName, filename: str, actor: str) -> fetch.Download:
    """Starts fetching the file, or joins who does; once it is here it is an asset. Raises Missing or UpstreamDown."""
    place, connection, one = remote(site, where, name, filename)

    def keep(blob: Blob, hashes: dict[str, str]) -> None:
        _retain(site, [where, place], name, one, blob, hashes, actor, entered_from(place, connection))

    key = f"{where.id} {name.format} {name.name} {filename}"
    return fetch.start(site, key, mirror.remote_file(connection, one), keep, lambda: is_stored(site, where, name, filename))


def _newer(old: ProjectFile | None, new: ProjectFile) -> ProjectFile:
    if old is None:
        return new
    if old.hashes.get("sha256") != new.hashes.get("sha256"):
        return old
    return ProjectFile(
        old.filename, old.version, old.hashes, old.size, old.requires_python, new.uploaded_at or old.uploaded_at, new.yanked or old.yanked,
        old.core_metadata or new.core_metadata, old.has_provenance or new.has_provenance, {**new.details, **old.details},
        old.all_hashes,
    )


def _retain(
    site: Site, places: list[Place], name: PackageName, one: ProjectFile, blob: Blob, hashes: dict[str, str], actor: str,
    entered: dict[str, str],
) -> None:
    filename = archive.parse_file_name(one.filename)
    facts: dict[str, Any] = {
        "filetype": filename.filetype, "python": filename.python, "requires_python": one.requires_python, "uploaded_at": one.uploaded_at,
        ENTERED: entered,
    }
    inside = archive.Inside(b"", 0)
    with suppress(Problem), site.blobs.open(blob.digest) as file:
        # Old indexes hold archives that we would not accept as an upload; they are served all the same.
        inside = archive.read_metadata(file, filename)
    facts |= metadata.announce(site, filename, inside)
    details: dict[str, object] = {"name": name.name, "version": one.version}
    with suppress(Problem):
        details = archive.details_of(archive.parse_metadata(inside.metadata, one.filename))
    for place in {p.id: p for p in places}.values():
        what = store.Publication(
            name, str(details.get("name", name.name)), one.version, details,
            (store.NewAsset(one.filename, blob, hashes, facts),), summary=str(details.get("summary", "")), origin=EXTERNAL,
            published_at=age.moment(one.uploaded_at),
        )
        store.publish(site, place, what, actor)
