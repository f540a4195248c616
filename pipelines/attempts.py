"""The only writer of attempts and artifacts: queued, taken with a lease, renewed, ended or lost.

A lease is a promise to write again soon. The fence is a secret of the one run that holds it: a worker that slept
through its lease finds another fence in the row, and nothing it says counts any more.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from pipelines.models import ActionExecution, Artifact, Attempt
from service.kernel import auth, bus, clock
from service.kernel.events import AttemptFinished, AttemptQueued

LEASE = timedelta(seconds=20)
ENDED = ("passed", "failed", "stopped", "lost")


@dataclass(frozen=True)
class Made:
    """An artifact in the blob store."""

    name: str
    digest: str
    size: int


def add(session: Session, action: ActionExecution, *, in_worker: bool) -> Attempt:
    """The next attempt of an action: queued for a worker, or running because something else is waited for."""
    number = session.scalar(select(func.max(Attempt.number)).where(Attempt.action_id == action.id)) or 0
    at = clock.now()
    row = Attempt(
        action_id=action.id,
        execution_id=action.execution_id,
        number=number + 1,
        state="queued" if in_worker else "running",
        reason="",
        worker_id="",
        fence="",
        lease_until=None,
        cancel_requested=False,
        token_id=0,
        phases=[],
        created_at=at,
        started_at=None if in_worker else at,
        finished_at=None,
    )
    session.add(row)
    session.flush()
    return row


def announce(session: Session, row: Attempt) -> None:
    """Tells the workers of a queued attempt."""
    bus.publish(session, AttemptQueued(row.id, row.execution_id))


def latest(session: Session, action_id: int) -> Attempt | None:
    """The newest attempt of an action, as it stands now."""
    return session.scalar(
        select(Attempt)
        .where(Attempt.action_id == action_id)
        .order_by(Attempt.number.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def claim(session: Session, attempt_id: int, worker_id: str) -> str | None:
    """Takes a queued attempt: the fence, or None when it is not to be had (any more)."""
    fence = secrets.token_hex(8)
    at = clock.now()
    taken = _update(
        session,
        attempt_id,
        Attempt.state == "queued",
        values={
            "state": "running",
            "worker_id": worker_id,
            "fence": fence,
            "lease_until": at + LEASE,
            "started_at": at,
        },
    )
    return fence if taken else None


def renew(session: Session, attempt_id: int, fence: str) -> bool:
    """Puts the lease off; False when the attempt belongs to nobody or somebody else."""
    return _update(
        session,
        attempt_id,
        Attempt.state == "running",
        Attempt.fence == fence,
        values={"lease_until": clock.now() + LEASE},
    )


def is_cancelled(session: Session, attempt_id: int, fence: str) -> bool:
    """Whether the holder of the fence should stop: asked to, or fenced off."""
    row = session.execute(select(Attempt.state, Attempt.fence, Attempt.cancel_requested).where(Attempt.id == attempt_id)).one_or_none()
    return row is None or row.state != "running" or row.fence != fence or row.cancel_requested


def held(session: Session, attempt_id: int, fence: str) -> Attempt | None:
    """The attempt, if this fence still holds it."""
    row = session.get(Attempt, attempt_id, populate_existing=True, with_for_update=True)
    return row if row is not None and row.state == "running" and row.fence == fence else None


def end(session: Session, row: Attempt, state: str, reason: str = "", phases: Iterable[Any] = ()) -> None:
    """Ends an attempt as "passed", "failed", "stopped" or "lost"; its token dies with it."""
    if row.state in ENDED:
        return
    row.state, row.reason, row.finished_at, row.lease_until = state, reason[:4000], clock.now(), None
    row.phases = [list(phase) for phase in phases] or row.phases
    if row.token_id:
        auth.revoke_token(session, row.token_id)
    bus.publish(session, AttemptFinished(row.id, row.execution_id, state))


def keep(session: Session, row: Attempt, made: Iterable[Made]) -> None:
    """Records the artifacts of an attempt."""
    for one in made:
        session.add(
            Artifact(
                execution_id=row.execution_id,
                action_id=row.action_id,
                attempt_id=row.id,
                name=one.name,
                digest=one.digest,
                size=one.size,
                created_at=clock.now(),
            )
        )
    session.flush()


def artifacts(session: Session, execution_id: int) -> dict[str, Artifact]:
    """The artifacts of an execution by name; of one made by several attempts, the newest."""
    rows = session.scalars(select(Artifact).where(Artifact.execution_id == execution_id).order_by(Artifact.id))
    return {row.name: row for row in rows}


def expired(session: Session) -> list[int]:
    """Attempts whose worker promised to write again and did not."""
    return list(
        session.scalars(select(Attempt.id).where(Attempt.state == "running", Attempt.lease_until < clock.now()).order_by(Attempt.id))
    )


def _update(session: Session, attempt_id: int, *conditions: Any, values: dict[str, Any]) -> bool:
    done = session.execute(
        update(Attempt).where(Attempt.id == attempt_id, *conditions).values(**values).execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return bool(done.rowcount == 1)
