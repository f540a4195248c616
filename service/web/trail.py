"""The audit trail as a reader asks for it: filtered, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.kernel.audit import AuditRow

PAGE_ROWS = 50


@dataclass(frozen=True)
class Filter:
    """What to show; "" means all. `resource` is the beginning of a resource, `before` the id to start below."""

    actor: str = ""
    action: str = ""
    resource: str = ""
    outcome: str = ""
    before: int = 0


def page(session: Session, chosen: Filter) -> tuple[Sequence[AuditRow], int]:
    """The newest rows that fit, and the `before` of the next page or 0."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(PAGE_ROWS + 1)
    if chosen.actor:
        query = query.where(AuditRow.actor == chosen.actor)
    if chosen.action:
        query = query.where(AuditRow.action == chosen.action)
    if chosen.resource:
        query = query.where(AuditRow.resource.startswith(chosen.resource, autoescape=True))
    if chosen.outcome:
        query = query.where(AuditRow.outcome == chosen.outcome)
    if chosen.before:
        query = query.where(AuditRow.id < chosen.before)
    rows = session.scalars(query).all()
    return rows[:PAGE_ROWS], rows[PAGE_ROWS - 1].id if len(rows) > PAGE_ROWS else 0
