"""The only writer of results kept by file. One is good for a blob at a path, an engine and its options, and no longer."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from itertools import islice
from typing import Any

from sqlalchemy import delete, select

from service.kernel import clock
from service.kernel.site import Site
from service.reviews.models import FileResult

KEPT_DAYS = 60
_PART = 500
_PRUNED_AT_ONCE = 2000

Place = tuple[str, str]
"""A blob and the path it is at: the path is part of a finding's fingerprint, and rules may look at it."""


@dataclass(frozen=True)
class Key:
    """What a result depends on besides the file."""

    engine_version: str
    options_hash: str


def hash_of(options_text: str) -> str:
    """The options' part of the key."""
    return hashlib.sha256(options_text.encode()).hexdigest()[:32]


def load(site: Site, key: Key, places: Sequence[Place]) -> dict[Place, dict[str, Any]]:
    """The kept reports of those places that have one."""
    wanted, found = set(places), {}
    for blobs in _parts(sorted({blob for blob, _ in places})):
        query = select(FileResult.blob, FileResult.path, FileResult.report).where(
            FileResult.blob.in_(blobs), FileResult.engine_version == key.engine_version,
            FileResult.options_hash == key.options_hash,
        )
        with site.db.read() as session:
            for blob, path, report in session.execute(query):
                if (blob, path) in wanted:
                    found[blob, path] = report
    return found


def save(site: Site, key: Key, reports: Mapping[Place, dict[str, Any]]) -> None:
    """Keeps reports, each in the place of an older one for the same file among other neighbours."""
    if not reports:
        return
    at = clock.now()
    rows = [
        {"blob": blob, "path": path, "engine_version": key.engine_version, "options_hash": key.options_hash,
         "report": report, "created_at": at}
        for (blob, path), report in reports.items()
    ]
    # Only the dialect in use: PostgreSQL's is 40 ms of a start.
    insert = import_module(f"sqlalchemy.dialects.{'sqlite' if site.db.is_sqlite else 'postgresql'}").insert
    adding = insert(FileResult)
    replacing = adding.on_conflict_do_update(
        index_elements=["blob", "path", "engine_version", "options_hash"],
        set_={"report": adding.excluded.report, "created_at": adding.excluded.created_at},
    )
    with site.db.write() as session:
        session.execute(replacing, rows)


def prune(site: Site) -> int:
    """Forgets some results that are older than KEPT_DAYS; answers how many. A file still in use is analysed once more."""
    old = select(FileResult.id).where(FileResult.created_at < clock.now() - timedelta(days=KEPT_DAYS)).limit(_PRUNED_AT_ONCE)
    with site.db.read() as session:
        ids = list(session.scalars(old))
    for part in _parts(ids):
        with site.db.write() as session:
            session.execute(delete(FileResult).where(FileResult.id.in_(part)))
    return len(ids)


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    left = iter(values)
    while part := list(islice(left, _PART)):
        yield part
