"""Plays everybody around the state machine: pushes, reviews, workers, approvers. Only public functions are called."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from pipelines import attempts, definition, lanes, runner, store
from pipelines.models import ActionExecution, Attempt, Execution, Pipeline
from pipelines.store import PipelineSettings, Start
from service.kernel import clock
from service.kernel.bus import Outbox
from service.kernel.db import Database
from service.kernel.events import GateChanged, ReviewFinished

BUILD_ONLY = "stages: [{name: Build, actions: [{name: build, kind: build}]}]"


class Director:
    """One pipeline `shop` over one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            store.create_pipeline(session, "shop", PipelineSettings("shop", "shop"), actor="ada")
        self._pushes = 0

    def push(self, text: str = BUILD_ONLY, *, commit: str = "", ref: str = "refs/heads/main") -> int:
        """A commit with this pipeline file starts an execution."""
        self._pushes += 1
        with self.database.write() as session:
            pipeline = store.find_pipeline(session, "shop")
            wanted = Start(f"push:{self._pushes}", commit or f"{self._pushes:040x}", "ada", ref=ref)
            execution = store.start(session, pipeline, wanted, definition.load(text.encode()), "pipeline.yml")
            runner.advance(session, execution.id)
            return execution.id

    def review(self, execution_id: int, verdict: str, *reasons: str, review_id: int = 1) -> None:
        """The review of the execution's commit ends."""
        commit = self.execution(execution_id).commit
        with self.database.write() as session:
            store.decide_gate(session, ReviewFinished(review_id, "shop", commit, verdict, reasons))
            runner.advance(session, execution_id)

    def waive(self, execution_id: int) -> None:
        """A person opens the gate."""
        commit = self.execution(execution_id).commit
        with self.database.write() as session:
            store.decide_gate(session, GateChanged(1, "shop", commit, "passed", ("waived",)))
            runner.open_gate(session, execution_id)

    def take(self, execution_id: int, action: str, worker: str = "w1") -> tuple[int, str]:
        """A worker takes the queued attempt of an action."""
        attempt = self.attempts(execution_id, action)[-1]
        with self.database.write() as session:
            fence = runner.claim_attempt(session, attempt.id, worker)
        assert fence is not None, f"{action} cannot be taken: {attempt.state}"
        return attempt.id, fence

    def finish(self, execution_id: int, action: str, state: str = "passed", reason: str = "", **more: Any) -> None:
        """A worker takes and ends the queued attempt of an action."""
        attempt_id, fence = self.take(execution_id, action)
        self.hand_in(attempt_id, fence, state, reason, **more)

    def hand_in(self, attempt_id: int, fence: str, state: str = "passed", reason: str = "", **more: Any) -> bool:
        """A worker hands in a result; answers whether it was taken."""
        with self.database.write() as session:
            return runner.finish_attempt(session, attempt_id, fence, state, reason, **more)

    def fall_silent(self, attempt_id: int) -> None:
        """The worker's lease runs out, and the clock notices."""
        with self.database.write() as session:
            past = clock.now() - timedelta(seconds=1)
            session.execute(update(Attempt).where(Attempt.id == attempt_id).values(lease_until=past))
        with self.database.read() as session:
            expired = attempts.expired(session)
        for one in expired:
            with self.database.write() as session:
                runner.lose_attempt(session, one, "silent")

    def leave(self, attempt_id: int) -> None:
        """The worker is told to stop, and gives back what it holds."""
        with self.database.write() as session:
            runner.hand_back(session, attempt_id, "its worker was stopped")

    def let_time_pass(self, execution_id: int, action: str) -> None:
        """The deadline of a waiting action passes."""
        row = self.action(execution_id, action)
        with self.database.write() as session:
            past = clock.now() - timedelta(seconds=1)
            session.execute(update(ActionExecution).where(ActionExecution.id == row.id).values(deadline_at=past))
        with self.database.write() as session:
            runner.expire(session, row.id)

    def answer(self, execution_id: int, action: str, *, approved: bool, comment: str = "") -> None:
        """A person answers an approval."""
        asked = self.action(execution_id, action).facts["approval_id"]
        with self.database.write() as session:
            runner.answer(session, asked, approved=approved, actor="grace", comment=comment)

    def stop(self, execution_id: int) -> None:
        """A person stops the execution."""
        with self.database.write() as session:
            runner.stop(session, execution_id, actor="grace")

    def retry(self, execution_id: int) -> None:
        """A person tries again what failed."""
        with self.database.write() as session:
            runner.retry(session, execution_id, actor="grace")

    def advance(self, execution_id: int) -> None:
        """Something happened somewhere."""
        with self.database.write() as session:
            runner.advance(session, execution_id)

    def execution(self, execution_id: int) -> Execution:
        """The row."""
        with self.database.read() as session:
            return session.get_one(Execution, execution_id)

    def state(self, execution_id: int) -> str:
        """The execution's state."""
        return self.execution(execution_id).state

    def states(self, execution_id: int) -> dict[str, str]:
        """The state of each action by name."""
        with self.database.read() as session:
            rows = session.scalars(select(ActionExecution).where(ActionExecution.execution_id == execution_id))
            return {row.name: row.state for row in rows}

    def stages(self, execution_id: int) -> list[str]:
        """The states of the stages in order."""
        with self.database.read() as session:
            return [stage.state for stage in lanes.stages(session, session.get_one(Execution, execution_id))]

    def action(self, execution_id: int, name: str) -> ActionExecution:
        """An action by name."""
        with self.database.read() as session:
            return session.scalars(
                select(ActionExecution).where(ActionExecution.execution_id == execution_id, ActionExecution.name == name)
            ).one()

    def attempts(self, execution_id: int, action: str) -> list[Attempt]:
        """The attempts of an action, oldest first."""
        row = self.action(execution_id, action)
        with self.database.read() as session:
            return list(session.scalars(select(Attempt).where(Attempt.action_id == row.id).order_by(Attempt.number)))

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """The facts of a kind that were published."""
        with self.database.read() as session:
            return [row.body for row in session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id))]

    def pipeline(self) -> Pipeline:
        """The pipeline's row."""
        with self.database.read() as session:
            return store.find_pipeline(session, "shop")
