"""The only place that changes the status of an execution, a stage or an action.

Everything starts by locking the pipeline's row, so that workers, facts, people and the clock come one at a time;
`advance` then moves every execution of the pipeline as far as it can go. It asks the rows, never the caller, what
happened, so it may be called at any time and any number of times.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines import approvals, attempts, lanes
from pipelines.attempts import Made
from pipelines.models import LIVE, ActionExecution, Approval, Attempt, Execution, Pipeline, StageExecution
from pipelines.turns import Turn, settle
from service.kernel import audit, bus, clock
from service.kernel.errors import Clash
from service.kernel.events import ApprovalDecided, ExecutionFinished

LOST_MAX = 3
GIVEN_UP = ("failed", "stopped", "blocked")


class ExecutionEnded(Clash):
    """409: it cannot be stopped any more."""

    says = "execution {id} already ended: {state}"


class NothingToRetry(Clash):
    """409: only what failed, was blocked or stopped can be tried again."""

    says = "execution {id} is {state}: {why}"


def advance(session: Session, execution_id: int) -> None:
    """Moves an execution, and those of its pipeline that wait for it, as far as they can go now. Idempotent."""
    pipeline = _locked(session, execution_id)
    execution = session.get_one(Execution, execution_id, populate_existing=True)
    crowd = [execution] if execution.mode == "parallel" else _crowd(session, pipeline)
    if execution.id not in [one.id for one in crowd]:
        crowd.append(execution)
    moved = True
    while moved:
        moved = False
        for one in crowd:
            before = _mark(session, one)
            _proceed(session, pipeline, one)
            moved = moved or before != _mark(session, one)


def stop(session: Session, execution_id: int, *, actor: str) -> None:
    """Asks an execution to stop: what waits is let go, what runs is cancelled. Raises ExecutionEnded."""
    pipeline = _locked(session, execution_id)
    execution = session.get_one(Execution, execution_id, populate_existing=True)
    if execution.state not in LIVE:
        raise ExecutionEnded(id=execution_id, state=execution.state)
    audit.record(session, actor, "pipeline:Start", f"pipeline/{pipeline.name}", execution=execution_id, did="stop")
    execution.stop_asked_by = actor
    for action in _actions(session, execution):
        if action.started_at is not None and action.state in LIVE:
            _cancel(session, pipeline, execution, action, actor, expired=False)
    session.flush()
    advance(session, execution_id)


def retry(session: Session, execution_id: int, *, actor: str) -> None:
    """Tries again what did not pass, in the same execution and by its own definition. Raises NothingToRetry."""
    pipeline = _locked(session, execution_id)
    execution = session.get_one(Execution, execution_id, populate_existing=True)
    stages = lanes.stages(session, execution)
    if execution.state not in GIVEN_UP:
        raise NothingToRetry(id=execution_id, state=execution.state, why="only a failed, blocked or stopped one can be tried again")
    if not stages:
        raise NothingToRetry(id=execution_id, state=execution.state, why="its pipeline file cannot be used; push a corrected one")
    stage = next(stage for stage in stages if stage.state != "passed")
    newer = lanes.overtaken_by(session, execution, stage)
    if newer is not None:
        raise NothingToRetry(id=execution_id, state=execution.state, why=f"execution {newer} has passed stage {stage.name} since")
    audit.record(session, actor, "pipeline:Start", f"pipeline/{pipeline.name}", execution=execution_id, did="retry")
    _reopen(session, execution)
    advance(session, execution_id)


def answer(session: Session, approval_id: int, *, approved: bool, actor: str, comment: str) -> None:
    """Takes a person's answer to an approval and moves on. Raises AlreadyAnswered."""
    row = session.get_one(Approval, approval_id)
    pipeline = _locked(session, row.execution_id)
    approvals.answer(session, row, approved=approved, actor=actor, comment=comment)
    audit.record(
        session,
        actor,
        "pipeline:Approve",
        f"pipeline/{pipeline.name}",
        execution=row.execution_id,
        approval=row.id,
        decision=row.decision,
        comment=comment,
    )
    bus.publish(session, ApprovalDecided(row.id, row.execution_id, approved, actor))
    session.flush()
    advance(session, row.execution_id)


def claim_attempt(session: Session, attempt_id: int, worker_id: str) -> str | None:
    """Gives a queued attempt to a worker: the fence it holds it with, or None when it is not to be had (any more)."""
    execution_id = session.scalar(select(Attempt.execution_id).where(Attempt.id == attempt_id))
    if execution_id is None:
        return None
    _locked(session, execution_id)
    fence = attempts.claim(session, attempt_id, worker_id)
    if fence is not None:
        advance(session, execution_id)
    return fence


def finish_attempt(
    session: Session,
    attempt_id: int,
    fence: str,
    state: str,
    reason: str = "",
    *,
    made: Iterable[Made] = (),
    exported: dict[str, str] | None = None,
    phases: Iterable[Any] = (),
) -> bool:
    """Takes the result of a worker. False, and nothing is kept, when another run holds the attempt by now."""
    execution_id = session.scalar(select(Attempt.execution_id).where(Attempt.id == attempt_id))
    if execution_id is None:
        return False
    _locked(session, execution_id)
    row = attempts.held(session, attempt_id, fence)
    if row is None:
        return False
    attempts.keep(session, row, made)
    attempts.end(session, row, state, reason, phases)
    action = session.get_one(ActionExecution, row.action_id, populate_existing=True)
    action.exported = dict(exported or {})
    action.lost = 0
    session.flush()
    advance(session, execution_id)
    return True


def lose_attempt(session: Session, attempt_id: int, reason: str) -> None:
    """Gives up an attempt whose worker is gone; its action gets another attempt, until too many workers were lost."""
    action = _given_up(session, attempt_id, reason)
    if action is not None:
        action.lost += 1
        _try_again(session, action)


def hand_back(session: Session, attempt_id: int, reason: str) -> None:
    """Gives up an attempt whose worker was told to stop. Nothing is wrong with it, so it does not count as a lost one."""
    action = _given_up(session, attempt_id, reason)
    if action is not None:
        _try_again(session, action)


def _given_up(session: Session, attempt_id: int, reason: str) -> ActionExecution | None:
    """Ends a live attempt as lost; its action, or None when there is nothing to end."""
    execution_id = session.scalar(select(Attempt.execution_id).where(Attempt.id == attempt_id))
    if execution_id is None:
        return None
    _locked(session, execution_id)
    row = session.get_one(Attempt, attempt_id, populate_existing=True)
    if row.state in attempts.ENDED:
        return None
    attempts.end(session, row, "lost", reason)
    return session.get_one(ActionExecution, row.action_id, populate_existing=True)


def _try_again(session: Session, action: ActionExecution) -> None:
    execution = session.get_one(Execution, action.execution_id, populate_existing=True)
    if action.lost < LOST_MAX and not execution.stop_asked_by:
        action.state = "queued"
        attempts.announce(session, attempts.add(session, action, in_worker=True))
    session.flush()
    advance(session, execution.id)


def expire(session: Session, action_id: int) -> None:
    """Fails an action that waited longer than it may."""
    execution_id = session.scalar(select(ActionExecution.execution_id).where(ActionExecution.id == action_id))
    assert execution_id is not None
    pipeline = _locked(session, execution_id)
    advance(session, execution_id)  # what it waits for may have come at the last moment
    action = session.get_one(ActionExecution, action_id, populate_existing=True)
    if action.state not in LIVE or action.deadline_at is None or action.deadline_at > clock.now():
        return
    execution = session.get_one(Execution, execution_id)
    _cancel(session, pipeline, execution, action, "the clock", expired=True)
    session.flush()
    advance(session, execution_id)


def open_gate(session: Session, execution_id: int) -> None:
    """Lets an execution that its gate blocked go on, after the gate changed; an overtaken one is superseded instead."""
    _locked(session, execution_id)
    execution = session.get_one(Execution, execution_id, populate_existing=True)
    if execution.state != "blocked":
        advance(session, execution_id)
        return
    stage = next(stage for stage in lanes.stages(session, execution) if stage.state != "passed")
    newer = lanes.overtaken_by(session, execution, stage)
    if newer is not None:
        execution.superseded_by = newer
        execution.state, execution.reason = "superseded", f"execution {newer} has passed stage {stage.name} since"
        return
    _reopen(session, execution)
    advance(session, execution_id)


def _proceed(session: Session, pipeline: Pipeline, execution: Execution) -> None:
    """One step of one execution: look at what is begun, end or enter a stage, begin what is due."""
    if execution.state not in LIVE:
        return
    stages = lanes.stages(session, execution)
    stage = next((stage for stage in stages if stage.state != "passed"), None)
    if stage is None:
        _finish(session, pipeline, execution, "passed", "")
        return
    if execution.stop_asked_by and stage.state == "queued":
        _finish(session, pipeline, execution, "stopped", f"stopped by {execution.stop_asked_by}")
        return
    if stage.state == "queued" and not _enter(session, pipeline, execution, stage):
        return
    turn = Turn(session, pipeline, execution, lanes.actions(session, stage))
    outcome = turn.take()
    if outcome == "passed":
        stage.state, stage.finished_at = "passed", clock.now()
    elif outcome in GIVEN_UP:
        stage.state, stage.finished_at = outcome, clock.now()
        _finish(session, pipeline, execution, outcome, turn.reason)
    else:
        stage.state = execution.state = outcome
        execution.reason = f"stopping: asked by {execution.stop_asked_by}" if execution.stop_asked_by else turn.reason
    session.flush()


def _enter(session: Session, pipeline: Pipeline, execution: Execution, stage: StageExecution) -> bool:
    newer = lanes.superseded_by(session, execution, stage)
    if newer is not None:
        execution.superseded_by = newer
        _finish(
            session,
            pipeline,
            execution,
            "superseded",
            f"execution {newer} is newer and waits for the same stage {stage.name}",
        )
        return False
    holder = lanes.holder(session, execution, stage)
    if holder is not None:
        execution.state, execution.reason = "queued", f"waiting for execution {holder} to leave stage {stage.name}"
        return False
    at = clock.now()
    stage.state, stage.started_at, stage.finished_at = "running", at, None
    execution.state, execution.reason, execution.started_at = "running", "", execution.started_at or at
    session.flush()
    return True


def _finish(session: Session, pipeline: Pipeline, execution: Execution, state: str, reason: str) -> None:
    execution.state, execution.reason, execution.finished_at = state, reason, clock.now()
    if state != "passed":
        for stage in lanes.stages(session, execution):
            if stage.state in LIVE:
                stage.state = "skipped"
        for action in _actions(session, execution):
            if action.state in LIVE:
                action.state = "skipped"
    session.flush()
    bus.publish(session, ExecutionFinished(execution.id, pipeline.name, state))


def _reopen(session: Session, execution: Execution) -> None:
    """Puts everything that did not pass back to its beginning."""
    for stage in lanes.stages(session, execution):
        if stage.state != "passed":
            stage.state, stage.started_at, stage.finished_at = "queued", None, None
    for action in _actions(session, execution):
        if action.state != "passed":
            action.state, action.reason, action.lost = "queued", "", 0
            action.started_at = action.finished_at = action.deadline_at = None
    execution.state, execution.reason, execution.stop_asked_by, execution.finished_at = "queued", "", "", None
    session.flush()


def _cancel(session: Session, pipeline: Pipeline, execution: Execution, action: ActionExecution, actor: str, *, expired: bool) -> None:
    turn = Turn(session, pipeline, execution, [action])
    standing = turn.cancel(action, actor, expired=expired)
    if standing is not None:
        settle(session, action, standing)


def _locked(session: Session, execution_id: int) -> Pipeline:
    pipeline_id = session.scalar(select(Execution.pipeline_id).where(Execution.id == execution_id))
    return session.scalars(
        select(Pipeline).where(Pipeline.id == pipeline_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _crowd(session: Session, pipeline: Pipeline) -> list[Execution]:
    return list(
        session.scalars(
            select(Execution)
            .where(Execution.pipeline_id == pipeline.id, Execution.state.in_(LIVE))
            .order_by(Execution.id)
            .execution_options(populate_existing=True)
        )
    )


def _actions(session: Session, execution: Execution) -> list[ActionExecution]:
    return list(session.scalars(select(ActionExecution).where(ActionExecution.execution_id == execution.id).order_by(ActionExecution.id)))


def _mark(session: Session, execution: Execution) -> tuple[Any, ...]:
    """What shows whether a step changed anything."""
    return (
        execution.state,
        tuple(stage.state for stage in lanes.stages(session, execution)),
        tuple((action.state, action.started_at) for action in _actions(session, execution)),
    )
