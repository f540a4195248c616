"""The gate: lets a commit through only when the review of that very commit says so."""

from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.actions.kind import Examples, Kind, Standing, Task
from pipelines.models import GateDecision


class Gate(Kind):
    """Waits, without a worker, for the review of the exact commit. A blocked one goes on when a waiver opens it."""

    word = "gate"
    icon = "⛩"
    valid: ClassVar[Examples] = [{}, {"timeout_minutes": 30}]
    invalid: ClassVar[Examples] = [{"configuration": {"level": "high"}}, {"outputs": ["x"]}]

    def begin(self, session: Session, task: Task) -> Standing:
        """The decision, if there is one already."""
        return self.look(session, task) or Standing("waiting", "waiting for the review of this commit")

    def look(self, session: Session, task: Task) -> Standing | None:
        """The decision for the exact commit, or None."""
        decision = session.scalar(
            select(GateDecision).where(
                GateDecision.repository == task.pipeline.repository, GateDecision.commit == task.execution.commit
            )
        )
        if decision is None:
            return None
        facts = {"review_id": decision.review_id}
        reason = "; ".join(decision.reasons)
        if decision.verdict == "passed":
            return Standing("passed", reason, facts)
        return Standing("blocked", reason or "the review blocks this commit", facts)

    def cancel(self, session: Session, task: Task, actor: str, *, expired: bool) -> Standing | None:
        """Nothing to undo; when its time is over it says what did not come."""
        if expired:
            return Standing("failed", f"no review of this commit within {task.action.timeout_minutes} minutes")
        return super().cancel(session, task, actor, expired=expired)
