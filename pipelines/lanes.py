"""Who may enter a stage: one execution at a time, and how executions of a pipeline overtake and supersede others."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.models import ActionExecution, Execution, StageExecution


def stages(session: Session, execution: Execution) -> list[StageExecution]:
    """The stages of an execution, in order."""
    return list(
        session.scalars(select(StageExecution).where(StageExecution.execution_id == execution.id).order_by(StageExecution.position))
    )


def actions(session: Session, stage: StageExecution) -> list[ActionExecution]:
    """The actions of a stage, in the order of the file."""
    return list(session.scalars(select(ActionExecution).where(ActionExecution.stage_id == stage.id).order_by(ActionExecution.position)))


def holder(session: Session, execution: Execution, stage: StageExecution) -> int | None:
    """The execution that keeps this one from entering: inside the stage already, or, when queued, in front of it."""
    if execution.mode == "parallel":
        return None
    inside = session.scalar(
        select(Execution.id)
        .join(StageExecution, StageExecution.execution_id == Execution.id)
        .where(
            Execution.pipeline_id == execution.pipeline_id,
            Execution.id != execution.id,
            Execution.mode != "parallel",
            StageExecution.name == stage.name,
            StageExecution.state.in_(("running", "waiting")),
        )
        .order_by(Execution.id)
        .limit(1)
    )
    if inside is not None:
        return inside
    waiting = _waiting_at(session, execution, stage)
    ahead = [one.id for one in waiting if one.id < execution.id]
    return ahead[0] if ahead else None


def superseded_by(session: Session, execution: Execution, stage: StageExecution) -> int | None:
    """A newer execution of the same branch that waits for the same stage or has passed it, in mode superseded."""
    if execution.mode != "superseded":
        return None
    newer = [one.id for one in _waiting_at(session, execution, stage) if one.id > execution.id and one.ref == execution.ref]
    return newer[-1] if newer else overtaken_by(session, execution, stage)


def overtaken_by(session: Session, execution: Execution, stage: StageExecution) -> int | None:
    """The newest execution of the same branch that has passed the stage after this one was started."""
    if execution.mode == "parallel":
        return None
    return session.scalar(
        select(Execution.id)
        .join(StageExecution, StageExecution.execution_id == Execution.id)
        .where(
            Execution.pipeline_id == execution.pipeline_id,
            Execution.id > execution.id,
            Execution.ref == execution.ref,
            StageExecution.name == stage.name,
            StageExecution.state == "passed",
        )
        .order_by(Execution.id.desc())
        .limit(1)
    )


def _waiting_at(session: Session, execution: Execution, stage: StageExecution) -> list[Execution]:
    """Living executions of the pipeline, other than this, whose next stage is this one; the oldest first."""
    living = session.scalars(
        select(Execution)
        .where(
            Execution.pipeline_id == execution.pipeline_id,
            Execution.state.in_(("queued", "running", "waiting")),
            Execution.id != execution.id,
            Execution.mode != "parallel",
        )
        .order_by(Execution.id)
    )
    found = []
    for one in living:
        next_stage = next((s for s in stages(session, one) if s.state != "passed"), None)
        if next_stage is not None and next_stage.state == "queued" and next_stage.name == stage.name:
            found.append(one)
    return found
