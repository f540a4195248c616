"""The manual approval: a person says yes or no."""

from typing import ClassVar

from sqlalchemy.orm import Session

from pipelines import approvals
from pipelines.actions.kind import APPROVAL_MINUTES, Configuration, Examples, Kind, Standing, Task


class ApprovalConfiguration(Configuration):
    """What the person is told."""

    message: str = ""


class ManualApproval(Kind):
    """Waits, without a worker, for somebody with `pipeline:Approve`; unanswered for seven days it fails."""

    word = "approval"
    icon = "✋"
    Configuration = ApprovalConfiguration
    minutes = APPROVAL_MINUTES
    valid: ClassVar[Examples] = [{}, {"configuration": {"message": "Ship it?"}, "timeout_minutes": 60}]
    invalid: ClassVar[Examples] = [{"configuration": {"mesage": "Ship it?"}}, {"inputs": ["build"]}]

    def begin(self, session: Session, task: Task) -> Standing:
        """Asks."""
        asked = approvals.ask(session, task.execution.id, task.action.id, task.configuration.message)
        return Standing("waiting", "waiting for an approval", {"approval_id": asked.id})

    def look(self, session: Session, task: Task) -> Standing | None:
        """The answer, if there is one."""
        asked = approvals.of_action(session, task.action.id)
        if asked is None or not asked.decision:
            return None
        said = f": {asked.comment}" if asked.comment else ""
        if asked.decision == "approved":
            return Standing("passed", f"approved by {asked.actor}{said}")
        return Standing("failed", f"{asked.decision} by {asked.actor}{said}")

    def cancel(self, session: Session, task: Task, actor: str, *, expired: bool) -> Standing | None:
        """Takes the question back."""
        approvals.close(session, task.action.id, "expired" if expired else "withdrawn", actor)
        if expired:
            return Standing("failed", f"nobody answered within {task.action.timeout_minutes} minutes")
        return super().cancel(session, task, actor, expired=expired)
