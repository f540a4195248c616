"""Facts out, jobs in: an outbox row is written in the transaction that made the fact true, so none is lost or phantom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Index, Table
from sqlalchemy.orm import Mapped, Session

from service.kernel import clock, events
from service.kernel.db import Base, Id
from service.kernel.statements import Writable, inserting

if TYPE_CHECKING:
    from service.kernel.site import Site


class Outbox(Base):
    """A fact that happened. The worker relays each row to the jobs that follow from it, once."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_relayed_at_id", "relayed_at", "id"),)
    id: Mapped[Id]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
    happened_at: Mapped[datetime]
    relayed_at: Mapped[datetime | None]


_ADD = inserting(cast(Table, Outbox.__table__))


class JobFailure(Base):
    """A job that gave up; shown to administrators."""

    __tablename__ = "job_failures"
    id: Mapped[Id]
    job: Mapped[str]
    outbox_id: Mapped[int]
    error: Mapped[str]
    failed_at: Mapped[datetime]


@dataclass(frozen=True)
class Job:
    """What follows from a fact: `run(site, fact)`, idempotent, because a killed worker's job runs again.

    `queue` names the capacity it takes ("light", "reviews", "searches", "builds", "deploys"); `attempts` counts tries
    before the failure is recorded and `given_up(site, fact, error)` is called.
    """

    run: Callable[..., None]
    queue: str
    attempts: int
    given_up: Callable[["Site", Any, str], None] | None

    @property
    def name(self) -> str:
        """`room.module.function`: the same on every worker."""
        return f"{self.run.__module__}.{self.run.__name__}"


def job(
    *, queue: str = "light", attempts: int = 3, given_up: Callable[["Site", Any, str], None] | None = None
) -> Callable[[Callable[..., None]], Job]:
    """Makes a function of `(site, fact)` a durable job; name it in `service/flow.py` to have it run."""

    def decorate(function: Callable[..., None]) -> Job:
        return Job(function, queue, attempts, given_up)

    return decorate


def publish(session: Session, fact: events.Fact) -> int:
    """Records that `fact` happened, in the caller's transaction; answers the outbox id."""
    row = Outbox(**_row(session, fact, clock.now()))
    session.add(row)
    session.flush()
    return row.id


def publish_all(connection: Writable, facts: Sequence[events.Fact]) -> None:
    """Records facts, in the caller's transaction and without the ORM."""
    now = clock.now()
    for fact in facts:
        _ADD.run(connection, _row(connection, fact, now))


def _row(transaction: Session | Writable, fact: events.Fact, now: datetime) -> dict[str, Any]:
    """The outbox row. One from which nothing follows needs no relay: the worker's mark on it would be one more commit."""
    kind = type(fact).__name__
    if kind in transaction.info.get("unheard", ()):
        return {"kind": kind, "body": dict(vars(fact)), "happened_at": now, "relayed_at": now}
    transaction.info["facts"] = transaction.info.get("facts", 0) + 1
    return {"kind": kind, "body": dict(vars(fact)), "happened_at": now, "relayed_at": None}


def fact_of(kind: str, body: dict[str, Any]) -> events.Fact:
    """The fact that an outbox row holds. Keys a newer version added are dropped."""
    factory = getattr(events, kind)
    known = {field.name for field in fields(factory)}
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in body.items() if key in known}
    fact: events.Fact = factory(**values)
    return fact
