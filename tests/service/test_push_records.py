"""A push that cannot be put on record leaves nothing that the next one runs into."""

import os
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from service.git import pushes, repos
from service.git.pktline import Command
from service.git.sources import GitSources
from service.kernel.auth import Principal
from service.kernel.blobs import open_blobs
from service.kernel.db import Base, Database
from service.kernel.site import Settings, Site

pytestmark = pytest.mark.anydb  # only SQLite gives the number of a row that was rolled back again


class Full(Exception):
    """What SQLite says at a commit without room, in essence."""


def test_a_failed_record_does_not_hold_the_next(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'lockgate.sqlite'}", lock_path=tmp_path / "lock")
    Base.metadata.create_all(db.writer)
    settings = Settings(tmp_path)
    site = Site(settings, db, open_blobs(f"file://{tmp_path / 'blobs'}"), GitSources(settings, db))
    repository = repos.create(site, "shop", "default", actor="ana")
    who, wish = Principal("ana", 1, 1, ()), Command("refs/heads/main", "0" * 40, "1" * 40)

    def refuse(_session: Session) -> None:
        raise Full

    event.listen(Session, "before_commit", refuse)
    try:
        with pytest.raises(Full):
            pushes.begin(site, who, repository, [wish])
    finally:
        event.remove(Session, "before_commit", refuse)
    number, lock = pushes.begin(site, who, repository, [wish])
    os.close(lock)
    assert number == 1
    db.close()
