"""The only writer of approvals: asks, takes the answer, takes the question back."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.models import Approval
from service.kernel import clock
from service.kernel.errors import Clash, Malformed

COMMENT_CHARACTERS_MAX = 512


class AlreadyAnswered(Clash):
    """409: somebody was faster, or the question was taken back."""

    says = "approval {id} is already {decision}"


def ask(session: Session, execution_id: int, action_id: int, message: str) -> Approval:
    """Puts the question."""
    row = Approval(
        execution_id=execution_id,
        action_id=action_id,
        message=message,
        decision="",
        actor="",
        comment="",
        asked_at=clock.now(),
        decided_at=None,
    )
    session.add(row)
    session.flush()
    return row


def of_action(session: Session, action_id: int) -> Approval | None:
    """The latest question of an action."""
    return session.scalar(select(Approval).where(Approval.action_id == action_id).order_by(Approval.id.desc()).limit(1))


def answer(session: Session, row: Approval, *, approved: bool, actor: str, comment: str) -> None:
    """Records what a person said; the caller has locked the pipeline. Raises AlreadyAnswered, Malformed."""
    session.refresh(row)
    if row.decision:
        raise AlreadyAnswered(id=row.id, decision=row.decision)
    if len(comment) > COMMENT_CHARACTERS_MAX:
        raise Malformed(where="comment", why=f"at most {COMMENT_CHARACTERS_MAX} characters")
    row.decision = "approved" if approved else "rejected"
    row.actor, row.comment, row.decided_at = actor, comment, clock.now()


def close(session: Session, action_id: int, decision: str, actor: str) -> None:
    """Ends an open question without an answer: "expired" or "withdrawn"."""
    row = of_action(session, action_id)
    if row is not None and not row.decision:
        row.decision, row.actor, row.decided_at = decision, actor, clock.now()
