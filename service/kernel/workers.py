"""Which workers live: each writes a heartbeat, so that another can take over the work of one that stopped writing."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.kernel import clock
from service.kernel.db import Base

DEAD_AFTER = timedelta(seconds=20)


class Worker(Base):
    """A worker process by its stable name."""

    __tablename__ = "workers"
    name: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


def beat(session: Session, name: str) -> None:
    """Says that the worker lives."""
    session.merge(Worker(name=name, seen_at=clock.now()))


def alive(session: Session) -> list[str]:
    """Names of the workers heard from lately."""
    return list(session.scalars(select(Worker.name).where(Worker.seen_at > clock.now() - DEAD_AFTER)))


def dead(session: Session) -> list[str]:
    """Names of the workers not heard from for twenty seconds."""
    return list(session.scalars(select(Worker.name).where(Worker.seen_at <= clock.now() - DEAD_AFTER)))


def forget(session: Session, name: str) -> None:
    """Drops a worker whose work was taken over, or that said goodbye."""
    row = session.get(Worker, name)
    if row is not None:
        session.delete(row)
