"""Moving versions between repositories of a domain: copied when asked, retained when fetched. Only rows move, never bytes."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import catalog, changes, statuses, store
from registry.catalog import Place
from registry.formats import format_named
from registry.models import BLOCK, DISPOSED, DOWNLOADABLE, ENTERED, EXTERNAL, INTERNAL, Asset, Package, Version
from registry.names import PackageName
from registry.shown import ShownAsset
from registry.statuses import ALREADY_EXISTS, NOT_ALLOWED, NOT_FOUND, VERSIONS_MAX, Outcome, Wanted
from service.kernel import audit, clock
from service.kernel.errors import Malformed, Problem
from service.kernel.site import Site


@dataclass(frozen=True)
class Moved:
    """Names of the files that a version gained, lost, and has with other bytes."""

    added: list[str]
    removed: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)


def take(site: Site, where: Place, name: PackageName, filename: str, actor: str) -> ShownAsset | None:
    """A stored file that a client of `where` asked for; one that an upstream repository has is retained here, as CodeArtifact does.

    Retention: in the repository that was asked and in no repository between; it outlives the upstream's own copy. A
    repository that may not be written (its domain's group or the package's controls say no) still serves what it sees.
    Raises Missing or TooYoung.
    """
    with site.db.snapshot() as snapshot:
        hit = catalog.stored(snapshot, catalog.find(snapshot, where, name), filename)
    if hit is None:
        return None
    place, version, asset = hit
    if place.id != where.id:
        retain(site, place, where, name, version.key, actor)
    return asset


def retain(site: Site, source: Place, target: Place, name: PackageName, key: str, actor: str) -> None:
    """Keeps a version, with every file it has, in the repository through which it was fetched."""
    with site.db.write() as session:
        changes.lock(session, target)
        origin = catalog.package(session, source, name)
        version = session.scalar(select(Version).where(Version.package_id == origin.id, Version.key == key))
        if version is None:
            return  # deleted since it was read
        repository = changes.lock(session, target)
        package = changes.package_for(session, repository, name, origin.display_name, origin.summary, version.origin)
        if package.revision == 0:
            # A name that was published in the upstream can be neither published here nor taken from outside.
            package.publish, package.upstream = BLOCK, origin.upstream
        kept, is_new = _version_in(session, package, version)
        if kept.status not in DOWNLOADABLE:
            return
        added = _assets_into(session, package, kept, catalog.assets(session, version), source)
        if added or is_new:
            _finish(session, target, package, kept, is_new, Moved(added), actor, "retained", source)


def copy(
    site: Site, source: Place, target: Place, name: PackageName, wanted: Wanted, actor: str, *,
    from_upstream: bool = False, overwrite: bool = False,
) -> Outcome:
    """Copies versions with their metadata, status and npm's tags to another repository of the domain: all of them or none.

    A version that is there with the same files and metadata is unchanged; with others it fails with ALREADY_EXISTS, unless
    `overwrite`. Raises Malformed for another domain, Missing when the source has no such package.
    https://docs.aws.amazon.com/codeartifact/latest/ug/copy-package.html
    """
    if source.domain_id != target.domain_id or source.id == target.id:
        raise Malformed(where="target repository", why=f"copies stay in their domain, {source.domain}, and go to another repository")
    if not 1 <= len(wanted.revisions) <= VERSIONS_MAX:
        raise Malformed(where="versions", why=f"name 1 to {VERSIONS_MAX} of them")
    outcome, key = Outcome(), format_named(name.format).key
    with statuses.all_or_none(site, outcome) as session:
        repository = changes.lock(session, target)
        known = _known(session, source, name, from_upstream)
        for text, revision in wanted.revisions.items():
            version = known.get(key(text))
            if version is None:
                outcome.fail(text, NOT_FOUND, f"there is no version {text} in {source.domain}/{source.name}")
                continue
            problem = statuses.mismatch(version, revision, wanted.expected)
            if problem is not None:
                outcome.fail(text, *problem)
            else:
                _copy_one(session, source, target, name, text, version, outcome, actor, overwrite)
        repository.revision += 1
    return outcome


def _known(session: Session, source: Place, name: PackageName, from_upstream: bool) -> dict[str, Version]:
    if not from_upstream:
        return {v.key: v for v in catalog.versions(session, catalog.package(session, source, name))}
    known: dict[str, Version] = {}
    found = catalog.find(session, source, name)
    for place, row in found.packages:
        for version in catalog.versions(session, row):
            if found.admits(place, version):
                known.setdefault(version.key, version)
    return known


def _copy_one(
    session: Session, source: Place, target: Place, name: PackageName, text: str, version: Version, outcome: Outcome, actor: str,
    overwrite: bool,
) -> None:
    origin = session.get_one(Package, version.package_id)
    if version.status == DISPOSED:
        outcome.fail(text, NOT_ALLOWED, "its assets were disposed of")
        return
    repository = changes.lock(session, target)
    package = changes.package_for(session, repository, name, origin.display_name, origin.summary, version.origin)
    refusal = _refusal(session, target, package, name, version)
    if refusal:
        outcome.fail(text, NOT_ALLOWED, refusal)
        return
    theirs = catalog.assets(session, version)
    kept, is_new = _version_in(session, package, version)
    if not is_new and _is_same(session, kept, version, theirs):
        outcome.unchanged.append(text)
        return
    removed, updated = _replaced(session, kept, theirs) if overwrite else ([], [])
    if not (is_new or overwrite) or _clash(session, package, theirs):
        outcome.fail(text, ALREADY_EXISTS, f"{target.domain}/{target.name} has version {text} with other files or metadata")
        return
    added = _assets_into(session, package, kept, theirs, source)
    if not is_new:
        kept.details, kept.status, kept.yanked_reason = version.details, version.status, version.yanked_reason
    tags = {tag: number for tag, number in catalog.tags(session, origin).items() if number == version.version}
    changes.set_tags(session, package, tags)
    moved = Moved([name for name in added if name not in updated], removed, updated)
    _finish(session, target, package, kept, is_new, moved, actor, "copied", source)
    outcome.successful[text] = {"revision": changes.revision_of(kept), "status": kept.status}


def _refusal(session: Session, target: Place, package: Package, name: PackageName, version: Version) -> str:
    """Why the target's origin controls keep the version out, or ""."""
    if version.origin == EXTERNAL:
        return f"{package.display_name} is not taken from outside in {target.domain}/{target.name}" if package.upstream == BLOCK else ""
    try:
        store.check_publishable(session, target, package, name, version.version)
    except store.VersionUpstream:
        return ""  # what is copied is what the upstream has
    except Problem as problem:
        return problem.detail
    return ""


def _version_in(session: Session, package: Package, version: Version) -> tuple[Version, bool]:
    row = session.scalar(select(Version).where(Version.package_id == package.id, Version.key == version.key))
    if row is not None:
        return row, False
    row = Version(
        package_id=package.id, version=version.version, key=version.key, status=version.status, origin=version.origin,
        details=version.details, revision=0, yanked_reason=version.yanked_reason, published_by=version.published_by,
        published_at=version.published_at,
    )
    session.add(row)
    session.flush()
    return row, True


def _is_same(session: Session, kept: Version, version: Version, theirs: list[Asset]) -> bool:
    """Whether a version is there with the same files and metadata."""
    ours = {a.name: a.digest for a in catalog.assets(session, kept)}
    return ours == {a.name: a.digest for a in theirs} and (kept.details, kept.yanked_reason) == (version.details, version.yanked_reason)


def _clash(session: Session, package: Package, theirs: list[Asset]) -> str:
    """A file that the package has with other bytes, or ""."""
    ours = {a.name: a for a in session.scalars(select(Asset).where(Asset.package_id == package.id, Asset.deleted_at.is_(None)))}
    return next((a.name for a in theirs if a.name in ours and ours[a.name].digest != a.digest), "")


def _replaced(session: Session, version: Version, theirs: list[Asset]) -> tuple[list[str], list[str]]:
    """Takes away what an overwriting copy brings anew; answers the names of what it has no more, and of what it has otherwise."""
    coming = {a.name: a.digest for a in theirs}
    removed: list[str] = []
    updated: list[str] = []
    for one in session.scalars(select(Asset).where(Asset.version_id == version.id)).all():
        if coming.get(one.name) != one.digest:
            (updated if one.name in coming else removed).append(one.name)
            session.delete(one)
    session.flush()
    return removed, updated


def _assets_into(session: Session, package: Package, version: Version, theirs: list[Asset], source: Place) -> list[str]:
    """Adds the files that the version lacks; answers their names. A spent name may come back with what another repository has."""
    ours = {a.name: a for a in session.scalars(select(Asset).where(Asset.package_id == package.id))}
    added = []
    for one in theirs:
        old = ours.get(one.name)
        if old is not None and old.deleted_at is None:
            continue
        if old is not None:
            session.delete(old)
            session.flush()
        session.add(
            Asset(
                package_id=package.id, version_id=version.id, name=one.name, digest=one.digest, size=one.size, hashes=one.hashes,
                details={ENTERED: {"repository": source.name}, **one.details}, uploaded_at=one.uploaded_at, deleted_at=None,
            )
        )
        added.append(one.name)
    session.flush()
    return added


def _finish(
    session: Session, target: Place, package: Package, version: Version, is_new: bool, moved: Moved, actor: str, how: str, source: Place,
) -> None:
    version.revision += 1
    changes.refresh(session, package, version)
    operation = changes.CREATED if is_new else changes.UPDATED
    changes.record(
        session, target, package, version, operation, actor, added=moved.added, removed=moved.removed, updated=moved.updated,
        metadata=True, status=is_new,
    )
    changes.lock(session, target).revision += 1
    package.updated_at = clock.now()
    action = "registry:Publish" if version.origin == INTERNAL else "registry:Read"
    audit.record(
        session, actor, action, target.resource, package=package.display_name,
        version=version.version, change=how, source=f"{source.domain}/{source.name}", assets=[*moved.added, *moved.updated],
    )
