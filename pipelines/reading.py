"""Reading pipelines and executions: for the API as JSON, for pages as rows that belong together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines import lanes, store
from pipelines.models import ActionExecution, Approval, Artifact, Attempt, Execution, Pipeline, StageExecution
from service.kernel.auth import Principal
from service.kernel.errors import Missing


@dataclass(frozen=True)
class ActionView:
    """An action with its tries, the newest last, and the artifacts of the newest that made any."""

    action: ActionExecution
    attempts: list[Attempt]
    artifacts: list[Artifact]

    @property
    def attempt(self) -> Attempt | None:
        """The newest try."""
        return self.attempts[-1] if self.attempts else None


@dataclass(frozen=True)
class StageView:
    """A stage with its actions in the order of the file."""

    stage: StageExecution
    actions: list[ActionView]


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 with Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def readable(session: Session, who: Principal) -> list[Pipeline]:
    """The pipelines that `who` may read, by name."""
    rows = session.scalars(select(Pipeline).order_by(Pipeline.name))
    return [row for row in rows if who.may("pipeline:Read", store.resource(row.name))]


def newest(
    session: Session, pipelines: Iterable[Pipeline], limit: int, before: int | None = None, *, state: str = "", commit: str = ""
) -> tuple[list[Execution], int | None]:
    """At most `limit` executions older than `before`, newest first, and where the next part begins."""
    query = select(Execution).where(Execution.pipeline_id.in_([row.id for row in pipelines])).order_by(Execution.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Execution.id < before)
    if state:
        query = query.where(Execution.state == state)
    if commit:
        query = query.where(Execution.commit == commit)
    rows = list(session.scalars(query))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def strips(session: Session, executions: Iterable[Execution]) -> dict[int, list[StageExecution]]:
    """The stages of many executions, by execution."""
    found: dict[int, list[StageExecution]] = {row.id: [] for row in executions}
    rows = session.scalars(select(StageExecution).where(StageExecution.execution_id.in_(found)).order_by(StageExecution.position))
    for stage in rows:
        found[stage.execution_id].append(stage)
    return found


def stages_of(session: Session, execution: Execution) -> list[StageView]:
    """The stages of an execution with all that is in them."""
    actions = session.scalars(
        select(ActionExecution).where(ActionExecution.execution_id == execution.id).order_by(ActionExecution.position)
    ).all()
    tries: dict[int, list[Attempt]] = {}
    for attempt in session.scalars(select(Attempt).where(Attempt.execution_id == execution.id).order_by(Attempt.number)):
        tries.setdefault(attempt.action_id, []).append(attempt)
    made: dict[int, dict[str, Artifact]] = {}
    for artifact in session.scalars(select(Artifact).where(Artifact.execution_id == execution.id).order_by(Artifact.id)):
        made.setdefault(artifact.action_id, {})[artifact.name] = artifact
    return [
        StageView(
            stage,
            [
                ActionView(action, tries.get(action.id, []), list(made.get(action.id, {}).values()))
                for action in actions
                if action.stage_id == stage.id
            ],
        )
        for stage in lanes.stages(session, execution)
    ]


def open_approvals(session: Session, execution_id: int) -> list[Approval]:
    """Questions of an execution that nobody answered yet."""
    return list(
        session.scalars(select(Approval).where(Approval.execution_id == execution_id, Approval.decision == "").order_by(Approval.id))
    )


def find_attempt(session: Session, attempt_id: int) -> tuple[Attempt, ActionExecution, Execution, Pipeline]:
    """An attempt with what it belongs to; raises Missing."""
    attempt = session.get(Attempt, attempt_id)
    if attempt is None:
        raise Missing(what="attempt", name=str(attempt_id))
    action = session.get_one(ActionExecution, attempt.action_id)
    execution, pipeline = store.find_execution(session, attempt.execution_id)
    return attempt, action, execution, pipeline


def find_approval(session: Session, approval_id: int) -> tuple[Approval, Pipeline]:
    """An approval and its pipeline; raises Missing."""
    row = session.get(Approval, approval_id)
    if row is None:
        raise Missing(what="approval", name=str(approval_id))
    return row, store.find_execution(session, row.execution_id)[1]


def find_artifact(session: Session, execution_id: int, name: str) -> Artifact:
    """The newest artifact of that name in an execution; raises Missing."""
    row = session.scalar(
        select(Artifact).where(Artifact.execution_id == execution_id, Artifact.name == name).order_by(Artifact.id.desc()).limit(1)
    )
    if row is None:
        raise Missing(what="artifact", name=name)
    return row


def pipeline_json(row: Pipeline) -> dict[str, Any]:
    """A pipeline."""
    return {
        "name": row.name,
        "project": row.project,
        "repository": row.repository,
        "branches": row.branches,
        "file": row.file,
        "domain": row.domain,
        "package_repository": row.package_repository,
        "network_max": row.network_max,
        "require_gate": row.require_gate,
        "enabled": row.enabled,
        "created_by": row.created_by,
        "created_at": iso(row.created_at),
    }


def execution_json(row: Execution, pipeline: Pipeline) -> dict[str, Any]:
    """An execution without its stages."""
    return {
        "id": row.id,
        "pipeline": pipeline.name,
        "repository": pipeline.repository,
        "commit": row.commit,
        "ref": row.ref,
        "subject": row.subject,
        "actor": row.actor,
        "cause": row.cause,
        "mode": row.mode,
        "state": row.state,
        "reason": row.reason,
        "definition_from": row.definition_from,
        "variables": row.variables,
        "superseded_by": row.superseded_by,
        "stop_asked_by": row.stop_asked_by,
        "created_at": iso(row.created_at),
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
    }


def whole_json(session: Session, row: Execution, pipeline: Pipeline) -> dict[str, Any]:
    """An execution with stages, actions, attempts, artifacts and open approvals."""
    stages = [
        {
            "name": view.stage.name,
            "state": view.stage.state,
            "started_at": iso(view.stage.started_at),
            "finished_at": iso(view.stage.finished_at),
            "actions": [_action_json(one) for one in view.actions],
        }
        for view in stages_of(session, row)
    ]
    return {**execution_json(row, pipeline), "stages": stages, "approvals": [approval_json(one) for one in open_approvals(session, row.id)]}


def approval_json(row: Approval) -> dict[str, Any]:
    """An approval."""
    return {
        "id": row.id,
        "execution_id": row.execution_id,
        "message": row.message,
        "decision": row.decision,
        "actor": row.actor,
        "comment": row.comment,
        "asked_at": iso(row.asked_at),
        "decided_at": iso(row.decided_at),
    }


def _action_json(view: ActionView) -> dict[str, Any]:
    row = view.action
    return {
        "name": row.name,
        "kind": row.kind,
        "run_order": row.run_order,
        "inputs": row.inputs,
        "outputs": row.outputs,
        "state": row.state,
        "reason": row.reason,
        "facts": row.facts,
        "exported": row.exported,
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
        "deadline_at": iso(row.deadline_at),
        "attempts": [_attempt_json(one) for one in view.attempts],
        "artifacts": [{"name": one.name, "digest": one.digest, "size": one.size} for one in view.artifacts],
    }


def _attempt_json(row: Attempt) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "state": row.state,
        "reason": row.reason,
        "worker": row.worker_id,
        "phases": [{"name": name, "state": state, "seconds": seconds} for name, state, seconds in row.phases],
        "created_at": iso(row.created_at),
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
    }
