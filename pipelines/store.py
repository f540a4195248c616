"""The only writer of pipelines, new executions and gate decisions. What becomes of an execution is `runner`'s."""

import fnmatch
import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.actions import kinds
from pipelines.definition import Definition
from pipelines.models import ActionExecution, Execution, GateDecision, Pipeline, StageExecution
from service.kernel import audit, bus, clock
from service.kernel.errors import Clash, Malformed, Missing
from service.kernel.events import ExecutionFinished, ExecutionStarted, GateChanged, ReviewFinished

BRANCHES = ("main", "master")
NETWORKS = ("none", "registry", "full")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class PipelineSettings:
    """What an editor says about a pipeline; the rest stands in the pipeline file."""

    project: str
    repository: str
    branches: tuple[str, ...] = BRANCHES
    file: str = "pipeline.yml"
    domain: str = "default"
    package_repository: str = "main"
    network_max: str = "registry"
    require_gate: bool = True
    enabled: bool = True


@dataclass(frozen=True)
class Start:
    """An execution to be. `cause` is unique in the pipeline, so that asking twice starts once."""

    cause: str
    commit: str
    actor: str
    ref: str = ""
    subject: str = ""
    variables: dict[str, str] = field(default_factory=dict)


def resource(pipeline: str) -> str:
    """What policies call a pipeline."""
    return f"pipeline/{pipeline}"


def create_pipeline(session: Session, name: str, settings: PipelineSettings, *, actor: str) -> Pipeline:
    """Adds a pipeline. Raises Malformed for a bad name or setting, Clash when the name is taken."""
    if not _NAME.fullmatch(name):
        raise Malformed(where="pipeline name", why="use 1-64 of a-z 0-9 . _ - and start with a letter or digit")
    if session.scalar(select(Pipeline).where(Pipeline.name == name)):
        raise Clash(what="pipeline", name=name)
    row = Pipeline(name=name, created_by=actor, created_at=clock.now())
    _set(row, settings)
    session.add(row)
    session.flush()
    audit.record(session, actor, "pipeline:Edit", resource(name), repository=row.repository)
    return row


def change_pipeline(session: Session, name: str, settings: PipelineSettings, *, actor: str) -> Pipeline:
    """Replaces a pipeline's settings. Raises Missing, Malformed."""
    row = find_pipeline(session, name)
    _set(row, settings)
    audit.record(session, actor, "pipeline:Edit", resource(name), enabled=row.enabled, branches=row.branches)
    return row


def find_pipeline(session: Session, name: str) -> Pipeline:
    """The pipeline; raises Missing."""
    row = session.scalar(select(Pipeline).where(Pipeline.name == name))
    if row is None:
        raise Missing(what="pipeline", name=name)
    return row


def find_execution(session: Session, execution_id: int) -> tuple[Execution, Pipeline]:
    """An execution and its pipeline; raises Missing."""
    row = session.get(Execution, execution_id)
    if row is None:
        raise Missing(what="execution", name=str(execution_id))
    return row, session.get_one(Pipeline, row.pipeline_id)


def matches(branches: list[str] | tuple[str, ...], ref: str) -> bool:
    """Whether a full ref is a branch that one of the globs names."""
    branch = ref.removeprefix("refs/heads/")
    return branch != ref and any(fnmatch.fnmatchcase(branch, pattern) for pattern in branches)


def start(session: Session, pipeline: Pipeline, wanted: Start, definition: Definition, definition_from: str) -> Execution:
    """Queues an execution with all its stages and actions, or answers the one this cause started already."""
    existing = _of_cause(session, pipeline, wanted.cause)
    if existing is not None:
        return existing
    unknown = sorted(set(wanted.variables) - set(definition.variables))
    if unknown:
        raise Malformed(where="variables", why=f"the pipeline has no variable {unknown[0]}")
    row = _execution(pipeline, wanted, definition, definition_from)
    session.add(row)
    session.flush()
    for position, stage in enumerate(definition.stages):
        staged = StageExecution(execution_id=row.id, position=position, name=stage.name, state="queued", started_at=None, finished_at=None)
        session.add(staged)
        session.flush()
        for place, action in enumerate(stage.actions):
            session.add(
                ActionExecution(
                    execution_id=row.id,
                    stage_id=staged.id,
                    position=place,
                    name=action.name,
                    kind=action.kind,
                    run_order=action.run_order,
                    inputs=list(action.inputs),
                    outputs=list(action.outputs),
                    configuration=action.configuration,
                    timeout_minutes=action.timeout_minutes or kinds()[action.kind].minutes,
                    state="queued",
                    reason="",
                    facts={},
                    exported={},
                    lost=0,
                    deadline_at=None,
                    started_at=None,
                    finished_at=None,
                )
            )
    session.flush()
    bus.publish(session, ExecutionStarted(row.id))
    audit.record(session, wanted.actor, "pipeline:Start", resource(pipeline.name), execution=row.id, commit=wanted.commit)
    return row


def start_failed(session: Session, pipeline: Pipeline, wanted: Start, reason: str) -> Execution:
    """Records an execution that could not begin, because its pipeline file cannot be used."""
    existing = _of_cause(session, pipeline, wanted.cause)
    if existing is not None:
        return existing
    row = _execution(pipeline, wanted, None, pipeline.file)
    row.state, row.reason, row.finished_at = "failed", reason, clock.now()
    session.add(row)
    session.flush()
    bus.publish(session, ExecutionFinished(row.id, pipeline.name, "failed"))
    return row


def decide_gate(session: Session, fact: ReviewFinished | GateChanged) -> GateDecision:
    """Records a verdict. Facts may come out of order: a newer review wins, and a person's word over its own review."""
    by_person = isinstance(fact, GateChanged)
    row = session.scalar(
        select(GateDecision).where(GateDecision.repository == fact.repository, GateDecision.commit == fact.commit).with_for_update()
    )
    if row is None:
        row = GateDecision(repository=fact.repository, commit=fact.commit, review_id=0, by_person=False)
        session.add(row)
    elif (row.review_id, row.by_person) > (fact.review_id, by_person):
        return row
    row.verdict, row.reasons, row.review_id = fact.verdict, list(fact.reasons), fact.review_id
    row.by_person, row.decided_at = by_person, clock.now()
    session.flush()
    return row


def _of_cause(session: Session, pipeline: Pipeline, cause: str) -> Execution | None:
    return session.scalar(select(Execution).where(Execution.pipeline_id == pipeline.id, Execution.cause == cause))


def _execution(pipeline: Pipeline, wanted: Start, definition: Definition | None, definition_from: str) -> Execution:
    described: dict[str, Any] = definition.model_dump(mode="json") if definition else {}
    return Execution(
        pipeline_id=pipeline.id,
        cause=wanted.cause,
        commit=wanted.commit,
        ref=wanted.ref,
        subject=wanted.subject[:500],
        actor=wanted.actor,
        mode=definition.mode if definition else "superseded",
        state="queued",
        reason="",
        definition=described,
        definition_from=definition_from,
        variables={**(definition.variables if definition else {}), **wanted.variables},
        superseded_by=None,
        stop_asked_by="",
        created_at=clock.now(),
        started_at=None,
        finished_at=None,
    )


def _set(row: Pipeline, settings: PipelineSettings) -> None:
    if settings.network_max not in NETWORKS:
        raise Malformed(where="network_max", why=f"use one of {', '.join(NETWORKS)}")
    if not settings.branches or not all(settings.branches):
        raise Malformed(where="branches", why="name at least one branch or pattern, such as main")
    if settings.file.startswith("/") or ".." in settings.file.split("/"):
        raise Malformed(where="file", why="a path inside the repository is needed, such as pipeline.yml")
    row.project, row.repository, row.branches = settings.project, settings.repository, list(settings.branches)
    row.file, row.domain, row.package_repository = settings.file, settings.domain, settings.package_repository
    row.network_max, row.enabled = settings.network_max, settings.enabled
    row.require_gate = settings.require_gate
