"""The turn of a stage: look at its begun actions, begin those that are due, say how the stage stands."""

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines import attempts
from pipelines.actions import Kind, kinds
from pipelines.actions.kind import Standing, Task
from pipelines.models import LIVE, ActionExecution, Attempt, Execution, Pipeline
from pipelines.variables import fill
from service.kernel import clock
from service.kernel.errors import Malformed, Problem

REASON_CHARACTERS_MAX = 4000


@dataclass
class Turn:
    """The actions of one stage in one transaction. Made by `runner`, which holds the pipeline's lock."""

    session: Session
    pipeline: Pipeline
    execution: Execution
    actions: list[ActionExecution]
    reason: str = field(default="")
    """Why the stage did not pass, or what it waits for."""

    def take(self) -> str:
        """Moves the actions; answers "running", "waiting", "passed", "failed", "blocked" or "stopped" for the stage."""
        for action in self.actions:
            if action.started_at is not None and action.state in LIVE:
                standing = self._look(action)
                if standing is not None:
                    settle(self.session, action, standing)
        while self._begin_due():
            pass
        return self._outcome()

    def cancel(self, action: ActionExecution, actor: str, *, expired: bool) -> Standing | None:
        """Ends one action early; None when its end will be seen later."""
        kind = kinds()[action.kind]
        if not kind.in_worker:
            return kind.cancel(self.session, self._task(action), actor, expired=expired)
        attempt = attempts.latest(self.session, action.id)
        if attempt is not None and attempt.state == "running":
            attempt.cancel_requested = True
            return None
        if attempt is not None:
            attempts.end(self.session, attempt, "stopped", f"stopped by {actor}")
        return Standing("stopped", f"stopped by {actor}")

    def _begin_due(self) -> bool:
        """Begins the actions of the next run order, if all before it passed; answers whether it began any."""
        if self.execution.stop_asked_by or any(action.state in ("failed", "blocked", "stopped") for action in self.actions):
            return False
        left = [action for action in self.actions if action.state != "passed"]
        lowest = min((action.run_order for action in left), default=None)
        due = [action for action in left if action.run_order == lowest and action.started_at is None]
        for action in due:
            self._begin(action)
        return bool(due)

    def _begin(self, action: ActionExecution) -> None:
        kind = kinds()[action.kind]
        action.started_at, action.state = clock.now(), "running"
        attempt = attempts.add(self.session, action, in_worker=False) if kind.has_attempts and not kind.in_worker else None
        try:
            standing = kind.begin(self.session, self._task(action, attempt))
        except Problem as problem:
            standing = Standing("failed", problem.detail)
        if standing.state == "queued":
            attempts.announce(self.session, attempts.add(self.session, action, in_worker=True))
        elif not kind.in_worker and standing.state in LIVE:
            action.deadline_at = clock.now() + timedelta(minutes=action.timeout_minutes)
        settle(self.session, action, standing)

    def _look(self, action: ActionExecution) -> Standing | None:
        kind = kinds()[action.kind]
        attempt = attempts.latest(self.session, action.id) if kind.has_attempts else None
        if not kind.in_worker:
            try:
                return kind.look(self.session, self._task(action, attempt))
            except Problem as problem:
                return Standing("failed", problem.detail)
        assert attempt is not None
        return _of_worker(attempt, is_stopping=bool(self.execution.stop_asked_by))

    def _task(self, action: ActionExecution, attempt: Attempt | None = None) -> Task:
        if attempt is None and kinds()[action.kind].has_attempts:
            attempt = attempts.latest(self.session, action.id)
        return task_of(self.session, self.pipeline, self.execution, action, attempt)

    def _outcome(self) -> str:
        states = [action.state for action in self.actions]
        begun = [action for action in self.actions if action.started_at is not None and action.state in LIVE]
        if begun:
            waits = all(action.state == "waiting" for action in begun)
            self.reason = "; ".join(dict.fromkeys(action.reason for action in begun if action.state == "waiting" and action.reason))
            return "waiting" if waits else "running"
        for word in ("failed", "blocked"):
            if word in states:
                self.reason = "; ".join(_sentence(action) for action in self.actions if action.state == word)[:REASON_CHARACTERS_MAX]
                return word
        if self.execution.stop_asked_by or "stopped" in states:
            self.reason = f"stopped by {self.execution.stop_asked_by}" if self.execution.stop_asked_by else "an action was stopped"
            return "stopped"
        return "passed"


def task_of(session: Session, pipeline: Pipeline, execution: Execution, action: ActionExecution, attempt: Attempt | None) -> Task:
    """What a kind may know of an action. Raises Malformed when a variable or an input is missing."""
    kind = kinds()[action.kind]
    earlier = session.scalars(
        select(ActionExecution).where(ActionExecution.execution_id == execution.id, ActionExecution.state == "passed")
    )
    namespaces = {"variables": execution.variables, **{one.name: one.exported for one in earlier}}
    made = attempts.artifacts(session, execution.id) if action.inputs else {}
    for name in action.inputs:
        if name not in made:
            raise Malformed(where=f"action {action.name}", why=f"its input {name} was not made")
    return Task(
        pipeline,
        execution,
        action,
        _configured(kind, action, fill(action.configuration, namespaces)),
        {name: made[name] for name in action.inputs},
        attempt,
    )


def settle(session: Session, action: ActionExecution, standing: Standing) -> None:
    """Records how an action stands; one that ended ends its attempt and its deadline too."""
    action.state, action.reason = standing.state, standing.reason[:REASON_CHARACTERS_MAX]
    action.facts = {**action.facts, **standing.facts}
    if standing.state not in LIVE:
        action.finished_at, action.deadline_at = clock.now(), None
        attempt = attempts.latest(session, action.id)
        if attempt is not None:
            attempts.end(session, attempt, standing.state, standing.reason)
    session.flush()


def _of_worker(attempt: Attempt, *, is_stopping: bool) -> Standing | None:
    if attempt.state in ("queued", "running"):
        return Standing("queued" if attempt.state == "queued" else "running")
    if attempt.state == "lost":
        word = f"stopped after its worker was lost: {attempt.reason}" if is_stopping else f"too many workers were lost: {attempt.reason}"
        return Standing("stopped" if is_stopping else "failed", word)
    if attempt.state == "passed":
        return Standing("passed", attempt.reason)
    return Standing("stopped" if attempt.state == "stopped" else "failed", attempt.reason)


def _configured(kind: Kind, action: ActionExecution, filled: object) -> object:
    try:
        return kind.Configuration.model_validate(filled)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Malformed(where=f"action {action.name}, configuration.{key}", why=first["msg"]) from None


def _sentence(action: ActionExecution) -> str:
    return f"{action.name}: {action.reason}" if action.reason else f"{action.name} {action.state}"
