"""A database of the room's own, for what can be told without the analysers."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from analyzers.finding import Diagnostic, Finding
from service.git.sources import GitSources
from service.kernel.blobs import open_blobs
from service.kernel.db import Base, Database
from service.kernel.events import Pushed
from service.kernel.site import Settings, Site
from service.reviews import store
from service.reviews.models import Review
from service.reviews.options import GateOptions
from service.reviews.store import Outcome, Placed, Unread
from tests.postgres import Postgres

Reviewed = Callable[..., Review]


@pytest.fixture
def site(tmp_path: Path, postgres: Postgres | None) -> Iterator[Site]:
    url = f"sqlite:///{tmp_path / 'lockgate.sqlite'}"
    if postgres:
        url = postgres.create_database().replace("postgresql://", "postgresql+psycopg://")
    db = Database(url, lock_path=tmp_path / "lock")
    Base.metadata.create_all(db.writer)
    settings = Settings(tmp_path)
    yield Site(settings, db, open_blobs(f"file://{tmp_path / 'blobs'}"), GitSources(settings, db))
    db.close()


def finding(fingerprint: str = "f1", severity: str = "high", line: int = 12, **other: object) -> Finding:
    values = {
        "rule": "SqlInjection", "tool": "lockgate", "message": "SQL is built from strings.", "severity": severity,
        "confidence": "high", "cwe": 89, "path": "shop/orders.py", "line": line, "column": 5, "end_line": line,
        "end_column": 40, "fingerprint": fingerprint, "why": "It lets in.", "fix": "Bind it.", "rank": 0.7, **other,
    }
    return Finding.from_dict(values)


@pytest.fixture
def reviewed(site: Site) -> Reviewed:
    """Stores a finished review of a commit: `reviewed(new=[finding()], old=[...])`."""
    numbers = count(1)

    def make(
        *, new: list[Finding] = [], old: list[Finding] = [], told: list[Diagnostic] = [], commit: str = "",  # noqa: B006
        gate: GateOptions = GateOptions(), problems: tuple[str, ...] = (),  # noqa: B008
    ) -> Review:
        fact = Pushed("shop", "refs/heads/main", "", commit or f"{next(numbers):040x}", "ana", 1)
        begun = store.begin(site, fact, "Sell things")
        assert begun is not None
        placed = [Placed(f, "b10b", is_new=True) for f in new] + [Placed(f, "b10b", is_new=False) for f in old]
        unread = [Unread(d, d.unreadable, is_new=True) for d in told]
        counts = {"files": 1, "analysed": 1, "lines": 20, "suppressed": 0}
        store.finish(site, begun.id, Outcome("", placed, unread, gate, problems, counts, "engine 1"))
        with site.db.read() as session:
            return session.get_one(Review, begun.id)

    return make
