"""JSON API of pipelines: pipelines, executions, logs, approvals, artifacts, schemas."""

import secrets
import threading
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from pipelines import attempts, definition, jobs, logs, reading, runner, store, worker
from pipelines.builds import buildspec
from pipelines.models import Approval, Attempt, Pipeline
from pipelines.store import PipelineSettings, Start
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.auth import Principal
from service.kernel.blobs import stream
from service.kernel.errors import Malformed

api = APIBlueprint("pipelines_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="pipelines")])
LOG_WAIT_SECONDS_MAX = 20
_waiters = threading.BoundedSemaphore(24)
"""How many requests of this process may wait for log lines; further ones are answered at once."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PipelineBody(_Body):
    """Settings of a pipeline; the stages stand in the repository's pipeline file."""

    repository: str = Field(description="the git repository by name")
    project: str = "default"
    branches: list[str] = Field(list(store.BRANCHES), max_length=50, description="globs; the file's trigger may narrow them")
    file: str = Field(definition.FILE, max_length=500)
    domain: str = "default"
    package_repository: str = "main"
    network_max: str = Field("registry", description="the widest network a build may ask for: none, registry or full")
    require_gate: bool = Field(True, description="nothing is published or deployed before a gate let the commit through")
    enabled: bool = True


class NewPipeline(PipelineBody):
    """A pipeline to create."""

    name: str


class NewExecution(_Body):
    """What to start: a branch, tag or full ref, or else a commit."""

    ref: str = Field("", max_length=500)
    commit: str = Field("", max_length=64)
    variables: dict[str, str] = Field(default_factory=dict, max_length=50)
    key: str = Field("", max_length=100, description="asking twice with the same key starts once")


class Answer(_Body):
    """The answer to an approval."""

    approved: bool
    comment: str = Field("", max_length=512)


class PipelinePath(BaseModel):
    """Names a pipeline."""

    pipeline: str


class ExecutionPath(BaseModel):
    """Names an execution."""

    execution: int


class ArtifactPath(ExecutionPath):
    """Names an artifact of an execution."""

    artifact: str


class AttemptPath(BaseModel):
    """Names an attempt."""

    attempt: int


class ApprovalPath(BaseModel):
    """Names an approval."""

    approval: int


class ExecutionQuery(BaseModel):
    """Which executions: at most `limit` older than the cursor."""

    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = None
    state: str = ""
    commit: str = ""
    pipeline: str = Field("", description="of one pipeline; for the list over all of them")


class LogQuery(BaseModel):
    """Which bytes of a log, and how long to wait for them."""

    from_: int = Field(0, ge=0, alias="from")
    wait: float = Field(0, ge=0, le=LOG_WAIT_SECONDS_MAX)


@api.get("/pipelines")
@public
def list_pipelines() -> dict[str, Any]:
    """The pipelines that the caller may read."""
    with site().db.read() as session:
        return {"items": [reading.pipeline_json(row) for row in reading.readable(session, principal())], "next": None}


@api.post("/pipelines", responses={"201": {}})
@public
def create_pipeline(body: NewPipeline) -> tuple[dict[str, Any], int]:
    """Creates a pipeline for a git repository."""
    who = _may_set(body.name, body)
    with site().db.write() as session:
        row = store.create_pipeline(session, body.name, _settings(body), actor=who.name)
        return reading.pipeline_json(row), 201


@api.get("/pipelines/<pipeline>")
@needs("pipeline:Read", "pipeline/{pipeline}")
def get_pipeline(path: PipelinePath) -> dict[str, Any]:
    """One pipeline."""
    with site().db.read() as session:
        return reading.pipeline_json(store.find_pipeline(session, path.pipeline))


@api.put("/pipelines/<pipeline>")
@needs("pipeline:Edit", "pipeline/{pipeline}")
def change_pipeline(path: PipelinePath, body: PipelineBody) -> dict[str, Any]:
    """Replaces the settings of a pipeline."""
    who = _may_set(path.pipeline, body)
    with site().db.write() as session:
        return reading.pipeline_json(store.change_pipeline(session, path.pipeline, _settings(body), actor=who.name))


@api.get("/pipelines/<pipeline>/executions")
@needs("pipeline:Read", "pipeline/{pipeline}")
def list_executions(path: PipelinePath, query: ExecutionQuery) -> dict[str, Any]:
    """The executions of a pipeline, newest first."""
    with site().db.read() as session:
        row = store.find_pipeline(session, path.pipeline)
        found, more = reading.newest(session, [row], query.limit, query.cursor, state=query.state, commit=query.commit)
        return {"items": [reading.execution_json(one, row) for one in found], "next": more}


@api.post("/pipelines/<pipeline>/executions", responses={"201": {}})
@needs("pipeline:Start", "pipeline/{pipeline}")
def start_execution(path: PipelinePath, body: NewExecution) -> tuple[dict[str, Any], int]:
    """Starts the pipeline for a branch or a commit."""
    with site().db.read() as session:
        row = store.find_pipeline(session, path.pipeline)
    execution_id = start_by_hand(row, body.ref, body.commit, body.variables, body.key)
    with site().db.read() as session:
        return reading.whole_json(session, *store.find_execution(session, execution_id)), 201


@api.get("/executions")
@public
def list_all_executions(query: ExecutionQuery) -> dict[str, Any]:
    """The executions that the caller may read, newest first."""
    with site().db.read() as session:
        readable = reading.readable(session, principal())
        pipelines = {row.id: row for row in readable if query.pipeline in ("", row.name)}
        found, more = reading.newest(session, pipelines.values(), query.limit, query.cursor, state=query.state, commit=query.commit)
        return {"items": [reading.execution_json(one, pipelines[one.pipeline_id]) for one in found], "next": more}


@api.get("/executions/<int:execution>")
@public
def get_execution(path: ExecutionPath) -> dict[str, Any]:
    """An execution with its stages, actions, attempts and artifacts."""
    demand("pipeline:Read", _resource_of(path.execution))
    with site().db.read() as session:
        return reading.whole_json(session, *store.find_execution(session, path.execution))


@api.post("/executions/<int:execution>/stop")
@public
def stop_execution(path: ExecutionPath) -> dict[str, Any]:
    """Stops an execution: what waits is let go, builds are cancelled."""
    who = demand("pipeline:Start", _resource_of(path.execution))
    with site().db.write() as session:
        runner.stop(session, path.execution, actor=who.name)
    return get_json(path.execution)


@api.post("/executions/<int:execution>/retry")
@public
def retry_execution(path: ExecutionPath) -> dict[str, Any]:
    """Tries again what did not pass, in the same execution."""
    who = demand("pipeline:Start", _resource_of(path.execution))
    with site().db.write() as session:
        runner.retry(session, path.execution, actor=who.name)
    return get_json(path.execution)


@api.get("/executions/<int:execution>/artifacts/<artifact>")
@public
def get_artifact(path: ArtifactPath) -> Response:
    """The artifact as .tar.gz."""
    demand("pipeline:Read", _resource_of(path.execution))
    with site().db.read() as session:
        row = reading.find_artifact(session, path.execution, path.artifact)
    name = f"{row.name}-{row.execution_id}.tar.gz"
    return Response(
        stream(site().blobs.open(row.digest)),
        content_type="application/gzip",
        headers={
            "Content-Length": str(row.size),
            "Content-Disposition": f'attachment; filename="{name}"',
            "ETag": f'"{row.digest}"',
        },
    )


@api.get("/attempts/<int:attempt>/log")
@public
def get_log(path: AttemptPath, query: LogQuery) -> Response:
    """The log from a byte on; X-Next says where to go on, X-State how the attempt stands."""
    with site().db.read() as session:
        _, _, _, pipeline = reading.find_attempt(session, path.attempt)
    demand("pipeline:Read", store.resource(pipeline.name))
    data, state = wait_for_log(path.attempt, query.from_, query.wait)
    return Response(
        data,
        content_type="text/plain; charset=utf-8",
        headers={
            "X-Next": str(query.from_ + len(data)),
            "X-State": state,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


@api.get("/approvals")
@public
def list_approvals() -> dict[str, Any]:
    """Open questions in the pipelines that the caller may read."""
    who = principal()
    with site().db.read() as session:
        found = session.scalars(select(Approval).where(Approval.decision == "").order_by(Approval.id)).all()
        items = [
            {**reading.approval_json(row), "pipeline": pipeline.name}
            for row in found
            for pipeline in (store.find_execution(session, row.execution_id)[1],)
            if who.may("pipeline:Read", store.resource(pipeline.name))
        ]
    return {"items": items, "next": None}


@api.post("/approvals/<int:approval>")
@public
def answer_approval(path: ApprovalPath, body: Answer) -> dict[str, Any]:
    """Approves or rejects."""
    with site().db.read() as session:
        _, pipeline = reading.find_approval(session, path.approval)
    who = demand("pipeline:Approve", store.resource(pipeline.name))
    with site().db.write() as session:
        runner.answer(session, path.approval, approved=body.approved, actor=who.name, comment=body.comment)
    with site().db.read() as session:
        return reading.approval_json(reading.find_approval(session, path.approval)[0])


@api.get("/schemas/pipeline.json")
@public
def pipeline_schema() -> dict[str, Any]:
    """The JSON schema of pipeline.yml."""
    return definition.schema()


@api.get("/schemas/buildspec.json")
@public
def buildspec_schema() -> dict[str, Any]:
    """The JSON schema of buildspec.yml."""
    return buildspec.schema()


def start_by_hand(pipeline: Pipeline, ref: str, commit: str, variables: dict[str, str], key: str = "") -> int:
    """Starts what a person named; the execution's id. Raises Malformed when there is no such ref or commit."""
    if bool(ref) == bool(commit):
        raise Malformed(where="ref, commit", why="name either a ref, such as main, or a commit")
    candidates = [ref] if ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"] if ref else []
    for candidate in candidates:
        if found := site().sources.resolve(pipeline.repository, candidate):
            return _start(pipeline, Start(_cause(key), found, principal().name, candidate, variables=variables))
    if ref:
        raise Malformed(where="ref", why=f"{pipeline.repository} has no branch or tag {ref}")
    found = site().sources.resolve(pipeline.repository, commit)
    if found is None:
        raise Malformed(where="commit", why=f"{pipeline.repository} has no commit {commit}")
    return _start(pipeline, Start(_cause(key), found, principal().name, variables=variables))


def wait_for_log(attempt_id: int, offset: int, seconds: float) -> tuple[bytes, str]:
    """Log bytes from `offset`, waited for if need be and if there is room to wait, and the attempt's state."""
    path, state = worker.log_path(site(), attempt_id), _state_of(attempt_id)

    def is_over() -> bool:
        return _state_of(attempt_id) in attempts.ENDED

    if state in attempts.ENDED or not _waiters.acquire(blocking=False):
        return logs.read(path, offset), state
    try:
        data = logs.wait(path, offset, seconds, is_over)
    finally:
        _waiters.release()
    state = _state_of(attempt_id)
    # What was written between the last look and the end must not be taken for nothing.
    return data or logs.read(path, offset), state


def get_json(execution_id: int) -> dict[str, Any]:
    """An execution as it stands now."""
    with site().db.read() as session:
        return reading.whole_json(session, *store.find_execution(session, execution_id))


def _start(pipeline: Pipeline, wanted: Start) -> int:
    execution_id = jobs.start(site(), pipeline, wanted, respect_trigger=False)
    assert execution_id is not None
    return execution_id


def _cause(key: str) -> str:
    return f"manual:{key or secrets.token_hex(8)}"


def _state_of(attempt_id: int) -> str:
    with site().db.read() as session:
        return session.get_one(Attempt, attempt_id).state


def _resource_of(execution_id: int) -> str:
    with site().db.read() as session:
        return store.resource(store.find_execution(session, execution_id)[1].name)


def _may_set(name: str, body: PipelineBody) -> Principal:
    # A pipeline acts with powers of its own; who makes one must have those powers already.
    who = demand("pipeline:Edit", store.resource(name))
    demand("git:Read", f"git/{body.repository}")
    demand("registry:Publish", f"registry/{body.domain}/{body.package_repository}")
    site().sources.resolve(body.repository, "HEAD")  # says so when there is no such git repository
    return who


def _settings(body: PipelineBody) -> PipelineSettings:
    return PipelineSettings(
        body.project,
        body.repository,
        tuple(body.branches),
        body.file,
        body.domain,
        body.package_repository,
        body.network_max,
        body.require_gate,
        body.enabled,
    )
