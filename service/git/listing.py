"""Which repositories a reader sees, with their latest pushes: what the list, the home page and search show."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service.git.models import GitRepository, Push
from service.kernel.auth import Principal

PAGE_ROWS = 50
_BATCH_ROWS = 200
_ZERO = "0" * 40
COMMIT_PREFIX = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True)
class LastPush:
    """Who moved which branch when; `commit` is "" for a deleted ref."""

    repository: str
    ref: str
    commit: str
    actor: str
    at: datetime


def readable(session: Session, who: Principal, text: str = "", after: str = "") -> Iterator[GitRepository]:
    """Repositories by name that `who` may read, whose name or description holds `text`, from the one after `after` on."""
    while True:
        query = select(GitRepository).where(GitRepository.name > after).order_by(GitRepository.name).limit(_BATCH_ROWS)
        if text:
            column = func.lower(GitRepository.name), func.lower(GitRepository.description)
            query = query.where(or_(*(c.contains(text.lower(), autoescape=True) for c in column)))
        rows = session.scalars(query).all()
        yield from (row for row in rows if who.may("git:Read", f"git/{row.name}"))
        if len(rows) < _BATCH_ROWS:
            return
        after = rows[-1].name


def page(session: Session, who: Principal, text: str = "", after: str = "", rows_max: int = PAGE_ROWS) -> tuple[list[GitRepository], str]:
    """At most `rows_max` of them and the `after` of the next page, or ""."""
    rows: list[GitRepository] = []
    for row in readable(session, who, text, after):
        if len(rows) == rows_max:
            return rows, rows[-1].name
        rows.append(row)
    return rows, ""


def last_pushes(session: Session, repositories: Sequence[GitRepository]) -> dict[int, LastPush]:
    """The latest accepted push of each, by repository id."""
    names = {row.id: row.name for row in repositories}
    newest = select(func.max(Push.id)).where(Push.repository_id.in_(list(names)), Push.state == "accepted").group_by(Push.repository_id)
    pushes = session.scalars(select(Push).where(Push.id.in_(newest))).all()
    told = ((push.repository_id, _told(names[push.repository_id], push)) for push in pushes)
    return {identity: push for identity, push in told if push is not None}


def recent_pushes(session: Session, who: Principal, rows_max: int) -> list[LastPush]:
    """The latest accepted pushes to what `who` may read, newest first."""
    query = (
        select(Push, GitRepository.name)
        .join(GitRepository, GitRepository.id == Push.repository_id)
        .where(Push.state == "accepted")
        .order_by(Push.id.desc())
        .limit(10 * rows_max)
    )
    found = (_told(name, push) for push, name in session.execute(query) if who.may("git:Read", f"git/{name}"))
    return [push for push in found if push is not None][:rows_max]


def _told(repository: str, push: Push) -> LastPush | None:
    if not push.commands:
        return None
    ref, _old, new = push.commands[-1]
    short = str(ref).removeprefix("refs/heads/").removeprefix("refs/tags/")
    return LastPush(repository, short, "" if new in ("", _ZERO) else new, push.actor, push.finished_at or push.started_at)
