"""What follows from facts, and the clock of this room."""

from sqlalchemy import select

from pipelines import attempts, definition, runner, store, worker
from pipelines.definition import BadPipeline
from pipelines.models import LIVE, ActionExecution, Attempt, Execution, GateDecision, Pipeline
from pipelines.store import Start
from service.kernel import clock
from service.kernel.bus import job
from service.kernel.errors import Malformed, TooLarge
from service.kernel.events import (
    ApprovalDecided,
    AttemptFinished,
    AttemptQueued,
    DeploymentFinished,
    ExecutionStarted,
    GateChanged,
    Pushed,
    ReviewFinished,
)
from service.kernel.site import Site


class NoGate(Malformed):
    """The pipeline's editors demand a gate that its file does not have."""

    says = "{file}: action {action} would release a commit that no gate has let through"
    todo = "Add an action of kind gate in an earlier stage, or have an editor of the pipeline switch require_gate off."


@job()
def start_executions(site: Site, fact: Pushed) -> None:
    """Starts an execution in every pipeline that wants this branch; a broken pipeline file makes one that failed."""
    if not fact.new or not fact.ref.startswith("refs/heads/"):
        return
    with site.db.read() as session:
        found = session.scalars(select(Pipeline).where(Pipeline.repository == fact.repository, Pipeline.enabled.is_(True))).all()
    for pipeline in found:
        if store.matches(pipeline.branches, fact.ref):
            cause = f"push:{fact.push_id}:{fact.ref}"
            start(site, pipeline, Start(cause, fact.new, fact.actor, ref=fact.ref), respect_trigger=True)


def start(site: Site, pipeline: Pipeline, wanted: Start, *, respect_trigger: bool) -> int | None:
    """Reads the pipeline file of the commit and starts it; the execution's id, or None when its trigger says no."""
    wanted = Start(
        wanted.cause,
        wanted.commit,
        wanted.actor,
        wanted.ref,
        site.sources.subject(pipeline.repository, wanted.commit),
        wanted.variables,
    )
    try:
        text = site.sources.read(pipeline.repository, wanted.commit, pipeline.file)
        found = definition.DEFAULT if text is None else definition.load(text, pipeline.file)
        _demand_gate(pipeline, found)
    except (BadPipeline, NoGate, TooLarge) as problem:
        with site.db.write() as session:
            return store.start_failed(session, pipeline, wanted, problem.detail).id
    if respect_trigger and found.trigger is not None and not store.matches(found.trigger.branches, wanted.ref):
        return None
    with site.db.write() as session:
        execution = store.start(session, pipeline, wanted, found, "" if text is None else pipeline.file)
        runner.advance(session, execution.id)
        return execution.id


@job()
def gate_decided(site: Site, fact: ReviewFinished | GateChanged) -> None:
    """Keeps the verdict and lets the executions of that commit go on, or not."""
    with site.db.write() as session:
        store.decide_gate(session, fact)
    with site.db.read() as session:
        waiting = session.scalars(
            select(Execution.id)
            .join(ActionExecution, ActionExecution.execution_id == Execution.id)
            .join(Pipeline, Pipeline.id == Execution.pipeline_id)
            .where(
                Pipeline.repository == fact.repository,
                Execution.commit == fact.commit,
                ActionExecution.kind == "gate",
                ActionExecution.state.in_(("waiting", "blocked")),
            )
            .order_by(Execution.id)
        ).all()
    for execution_id in waiting:
        _gate_changed(site, execution_id, fact.repository, fact.commit)


@job()
def advance_execution(site: Site, fact: ExecutionStarted | AttemptFinished | ApprovalDecided) -> None:
    """Moves the execution on."""
    with site.db.write() as session:
        runner.advance(session, fact.execution_id)


def _attempt_given_up(site: Site, fact: AttemptQueued, error: str) -> None:
    reason = f"the attempt could not be carried out: {error}"
    worker.lose_own(site, fact.attempt_id, reason)
    with site.db.write() as session:
        row = session.get(Attempt, fact.attempt_id)
        if row is not None and row.state == "queued":  # not even taken: nobody else will hear of it
            runner.lose_attempt(session, fact.attempt_id, reason)


@job(queue="builds", attempts=2, given_up=_attempt_given_up)
def run_attempt(site: Site, fact: AttemptQueued) -> None:
    """Has a worker do the attempt."""
    worker.run(site, fact.attempt_id)


@job()
def deployment_finished(site: Site, fact: DeploymentFinished) -> None:
    """Moves on the execution whose deploy action waits for this deployment."""
    if not fact.attempt_id:
        return
    with site.db.read() as session:
        execution_id = session.scalar(select(Attempt.execution_id).where(Attempt.id == fact.attempt_id))
    if execution_id is not None:
        with site.db.write() as session:
            runner.advance(session, execution_id)


def tick(site: Site) -> None:
    """Gives up attempts of silent workers and actions that waited too long; lets go gates whose verdict was missed."""
    worker.sweep_once(site)
    with site.db.read() as session:
        lost = attempts.expired(session)
        late = session.scalars(
            select(ActionExecution.id).where(ActionExecution.deadline_at < clock.now(), ActionExecution.state.in_(LIVE))
        ).all()
        missed = session.execute(
            select(Execution.id, Pipeline.repository, Execution.commit)
            .join(ActionExecution, ActionExecution.execution_id == Execution.id)
            .join(Pipeline, Pipeline.id == Execution.pipeline_id)
            .join(
                GateDecision,
                (GateDecision.repository == Pipeline.repository) & (GateDecision.commit == Execution.commit),
            )
            .where(ActionExecution.kind == "gate", ActionExecution.state == "waiting")
        ).all()
    for attempt_id in lost:
        with site.db.write() as session:
            runner.lose_attempt(session, attempt_id, "its worker was not heard from any more")
    for action_id in late:
        with site.db.write() as session:
            runner.expire(session, action_id)
    for execution_id, repository, commit in missed:
        _gate_changed(site, execution_id, repository, commit)


def _demand_gate(pipeline: Pipeline, found: definition.Definition) -> None:
    if pipeline.require_gate and (action := definition.ungated(found)):
        raise NoGate(file=pipeline.file, action=action)


def _gate_changed(site: Site, execution_id: int, repository: str, commit: str) -> None:
    with site.db.write() as session:
        verdict = session.scalar(select(GateDecision.verdict).where(GateDecision.repository == repository, GateDecision.commit == commit))
        if verdict == "passed":
            runner.open_gate(session, execution_id)
        else:
            runner.advance(session, execution_id)
