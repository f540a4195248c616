"""The audit trail: who did what to which resource, allowed or not. Written in the transaction of the change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Index, Table
from sqlalchemy.orm import Mapped, Session

from service.kernel import clock
from service.kernel.db import Base, Id
from service.kernel.statements import Writable, inserting


class AuditRow(Base):
    """One decision or change. Rows are only ever added."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"),)
    id: Mapped[Id]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    resource: Mapped[str]
    outcome: Mapped[str]
    """"done" or "refused"."""
    detail: Mapped[dict[str, Any]]


_ADD = inserting(cast(Table, AuditRow.__table__))


def record(
    session: Session, actor: str, action: str, resource: str, *, outcome: str = "done", **detail: Any
) -> None:
    """Adds a row: `actor` did (or was refused) `action` ("git:Push") on `resource` ("git/shop/refs/heads/main")."""
    session.add(
        AuditRow(at=clock.now(), actor=actor, action=action, resource=resource, outcome=outcome, detail=detail)
    )


def record_all(connection: Writable, actor: str, action: str, resource: str, details: Sequence[dict[str, Any]]) -> None:
    """Adds a row of the outcome "done" for each of `details`, without the ORM."""
    now = clock.now()
    for one in details:
        _ADD.run(connection, {"at": now, "actor": actor, "action": action, "resource": resource, "outcome": "done", "detail": one})
