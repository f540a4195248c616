"""Freeing blobs that nothing refers to. What refers to a blob is any row of any table, so a new room cannot be forgotten here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import JSON, Column, Select, String, Table, select
from sqlalchemy.orm import Session

import service.models  # noqa: F401  every table must be known
from service.kernel import audit
from service.kernel.db import Base
from service.kernel.site import Site

TRAIL = {"audit", "outbox", "job_failures", "registry_events"}
"""Tables that tell what happened: a digest named there keeps nothing alive."""
ROWS_AT_ONCE = 1000
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass
class Freed:
    """What a collection did, or with a dry run would do."""

    blobs: int = 0
    bytes: int = 0
    kept: int = 0
    young: int = 0


def collect(site: Site, *, before: datetime, dry_run: bool) -> Freed:
    """Deletes unreferenced blobs that were last written before a moment.

    A publisher stores the bytes first and the row after; the grace between the two protects what is on its way. Equal
    bytes that are stored again make the blob new, so it is safe from a collection that runs meanwhile.
    """
    with site.db.read() as session:
        used = referenced(session)
    freed = Freed()
    for blob in site.blobs.listing():
        if blob.digest in used:
            freed.kept += 1
        elif blob.written_at >= before:
            freed.young += 1
        else:
            if not dry_run:
                site.blobs.delete(blob.digest)
            freed.blobs, freed.bytes = freed.blobs + 1, freed.bytes + blob.size
    if freed.blobs and not dry_run:
        with site.db.write() as session:
            audit.record(session, "command line", "admin:CollectGarbage", "admin/blobs", blobs=freed.blobs, bytes=freed.bytes)
    return freed


def referenced(session: Session) -> set[str]:
    """Every SHA-256 that a living row names."""
    found: set[str] = set()
    for table in Base.metadata.sorted_tables:
        columns = [c for c in table.columns if isinstance(c.type, String | JSON)]
        if table.name not in TRAIL and columns:
            for text in _texts(session, table, columns):
                found.update(_DIGEST.findall(text))
    return found


def _texts(session: Session, table: Table, columns: list[Column[object]]) -> Iterator[str]:
    for row in session.execute(_living(table, columns).execution_options(yield_per=ROWS_AT_ONCE)):
        for value in row:
            if value is not None:
                yield value if isinstance(value, str) else orjson.dumps(value).decode()


def _living(table: Table, columns: list[Column[object]]) -> Select[Any]:
    query = cast(Select[Any], select(*columns))
    # A package file that was deleted leaves its row behind, so that its name is never used again.
    return query.where(table.c.deleted_at.is_(None)) if table.name == "registry_assets" else query
