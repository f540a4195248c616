"""The only place that changes the status of a deployment, a target or a lifecycle event.

Everything starts by locking the group's row, so that reports of many agents, the clock and people come one at a time.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.deployments import hosts, lifecycle, settings, store, strategy
from pipelines.deployments.models import Deployment, DeploymentGroup, Host, LifecycleEvent, Target
from pipelines.deployments.strategy import Member
from service.kernel import audit, bus, clock
from service.kernel.errors import Clash
from service.kernel.events import DeploymentFinished

ENDED = frozenset({"passed", "failed", "skipped", "stopped"})


class DeploymentEnded(Clash):
    """409: it cannot be stopped any more."""

    says = "deployment {id} already ended: {state}"


def advance(session: Session, deployment_id: int) -> None:
    """Moves a deployment as far as it can go now. Idempotent; harmless on one that ended or waits for its appspec."""
    deployment = _locked(session, deployment_id)
    if deployment.state == "queued" and _may_begin(session, deployment):
        _begin(session, deployment)
    if deployment.state == "running":
        _proceed(session, deployment)


def accept(session: Session, deployment_id: int, appspec: dict[str, object], bundle_bytes: int) -> None:
    """Records the checked appspec of a queued deployment and moves on."""
    deployment = _locked(session, deployment_id)
    if deployment.state == "queued" and deployment.appspec is None:
        deployment.appspec, deployment.bundle_bytes = appspec, bundle_bytes
    session.flush()
    advance(session, deployment_id)


def fail(session: Session, deployment_id: int, error: str, reason: str) -> None:
    """Ends a deployment that cannot even begin or whose job gave up. Targets in work are given up too."""
    deployment = _locked(session, deployment_id)
    if deployment.state in ENDED:
        return
    for target in _targets(session, deployment):
        if target.state == "running":
            end_target(session, target, "failed", error, reason)
    _finish(session, deployment, "failed", error, reason)


def stop(session: Session, deployment_id: int, *, actor: str) -> None:
    """Asks a deployment to stop: no host is started any more, hosts in work are interrupted. Raises DeploymentEnded."""
    deployment = _locked(session, deployment_id)
    if deployment.state in ENDED:
        raise DeploymentEnded(id=deployment_id, state=deployment.state)
    application, group = store.names_of(session, deployment.group_id)
    where = store.resource(application, group)
    audit.record(session, actor, "deploy:Create", where, deployment=deployment_id, did="stop")
    deployment.stop_asked_by = actor
    if deployment.state == "queued":
        _finish(session, deployment, "stopped", "", f"stopped by {actor} before it began")
        return
    for target in _targets(session, deployment):
        events = lifecycle.of(session, target)
        checking = any(e.name == lifecycle.HEALTH_CHECK and e.state == "running" for e in events)
        if target.state == "running" and (checking or all(e.state == "queued" for e in events)):
            end_target(session, target, "stopped", "STOPPED", f"stopped by {actor}")
    session.flush()
    _proceed(session, deployment)


def end_target(session: Session, target: Target, state: str, error: str = "", reason: str = "") -> None:
    """Ends one host's part: its open events end with it, and the host keeps what that says about its health."""
    target.state, target.error, target.reason = state, error, reason[:2000]
    target.finished_at, target.next_probe_at = clock.now(), None
    touched = lifecycle.close(session, target, state, error)
    deployment = session.get_one(Deployment, target.deployment_id)
    if state == "passed":
        hosts.mark(session, target.host_id, health="healthy", revision=deployment.digest)
    elif touched or state == "failed":
        hosts.mark(session, target.host_id, health="unhealthy", revision="" if touched else None)
    session.flush()


def lock_target(session: Session, target_id: int) -> tuple[Deployment, Target] | None:
    """The target and its deployment, after the lock of its group; None when there is no such target."""
    deployment_id = session.scalar(select(Target.deployment_id).where(Target.id == target_id))
    if deployment_id is None:
        return None
    deployment = _locked(session, deployment_id)
    return deployment, session.get_one(Target, target_id, populate_existing=True)


def _locked(session: Session, deployment_id: int) -> Deployment:
    group_id = session.scalar(select(Deployment.group_id).where(Deployment.id == deployment_id))
    session.execute(select(DeploymentGroup.id).where(DeploymentGroup.id == group_id).with_for_update())
    return session.get_one(Deployment, deployment_id, populate_existing=True)


def _may_begin(session: Session, deployment: Deployment) -> bool:
    """One deployment per group at a time: rollbacks first, then the oldest."""
    if deployment.appspec is None:
        return False
    others = session.execute(
        select(Deployment.id, Deployment.state, Deployment.rollback_of)
        .where(Deployment.group_id == deployment.group_id, Deployment.state.in_(("queued", "running")))
    ).all()
    if any(state == "running" for _, state, _ in others):
        return False
    first = min(others, key=lambda row: (row.rollback_of is None, row.id))
    return bool(first.id == deployment.id)


def _begin(session: Session, deployment: Deployment) -> None:
    deployment.state, deployment.started_at = "running", clock.now()
    is_rollback = deployment.rollback_of is not None
    for host in hosts.in_group(session, deployment.group_id):
        here = host.current_revision
        revision = "current" if here == deployment.digest else "old" if here else "unknown"
        untouched = is_rollback and revision == "current" and host.health == "healthy"
        target = Target(
            deployment_id=deployment.id, host_id=host.id, state="skipped" if untouched else "queued", error="",
            reason="runs this revision already" if untouched else "", health_before=host.health,
            revision_before=revision, wave=0, probes_passed=0, next_probe_at=None, started_at=None,
            finished_at=clock.now() if untouched else None,
        )
        session.add(target)
        session.flush()
        lifecycle.lay_out(session, deployment, target)
    session.flush()


def _proceed(session: Session, deployment: Deployment) -> None:
    """Starts what the strategy allows, until it says wait or gives a verdict."""
    chosen = settings.read(deployment.settings)
    while True:
        targets = _targets(session, deployment)
        if deployment.stop_asked_by:
            if not any(t.state == "running" for t in targets):
                _finish(session, deployment, "stopped", "", f"stopped by {deployment.stop_asked_by}")
            return
        members = [Member(t.id, t.state, t.health_before, t.revision_before) for t in targets]
        minimum = strategy.minimum(chosen.strategy, len(members), chosen.minimum_healthy)
        step = strategy.plan(members, minimum)
        if step.verdict:
            error = "" if step.verdict == "passed" else "HEALTH_CONSTRAINTS" if members else "NO_HOSTS"
            _finish(session, deployment, step.verdict, error, step.reason)
            return
        if not step.start:
            return
        wave = max(t.wave for t in targets) + 1
        for target in targets:
            if target.id in step.start:
                target.state, target.wave, target.started_at = "running", wave, clock.now()
        session.flush()


def _finish(session: Session, deployment: Deployment, state: str, error: str, reason: str) -> None:
    deployment.state, deployment.error, deployment.reason = state, error, reason
    deployment.finished_at = clock.now()
    targets = _targets(session, deployment)
    for target in targets:
        if target.state == "queued":
            target.state, target.reason, target.finished_at = "skipped", "not started", clock.now()
            lifecycle.close(session, target, "skipped", "")
        elif state == target.state == "failed" and target.reason and target.reason not in deployment.reason:
            deployment.reason += f"; {session.get_one(Host, target.host_id).name}: {target.reason}"
    deployment.reason = deployment.reason[:2000]
    application, group = store.names_of(session, deployment.group_id)
    session.flush()
    if state == "failed" and any(t.wave for t in targets):
        _roll_back(session, deployment, application, group)
    bus.publish(session, DeploymentFinished(deployment.id, application, group, state, deployment.attempt_id))
    audit.record(session, deployment.actor, "deploy:Create", store.resource(application, group),
                 deployment=deployment.id, state=state, reason=deployment.reason)
    session.flush()
    _begin_next(session, deployment.group_id)


def _roll_back(session: Session, deployment: Deployment, application: str, group: str) -> None:
    """Queues the last revision that passed as a new deployment, unless this one was a rollback itself."""
    if deployment.rollback_of is not None or not settings.read(deployment.settings).auto_rollback:
        return
    good = session.scalar(
        select(Deployment).where(Deployment.group_id == deployment.group_id, Deployment.state == "passed")
        .order_by(Deployment.id.desc()).limit(1)
    )
    if good is None or good.digest == deployment.digest:
        deployment.reason += "; there is no other revision to roll back to"
        return
    deployment.rolled_back_by = store.create_deployment(
        session, application=application, group=group, digest=good.digest, bundle_name=good.bundle_name,
        actor=deployment.actor, rollback_of=deployment.id, appspec=good.appspec, bundle_bytes=good.bundle_bytes,
    )


def _begin_next(session: Session, group_id: int) -> None:
    waiting = session.scalars(
        select(Deployment).where(Deployment.group_id == group_id, Deployment.state == "queued").order_by(Deployment.id)
    ).all()
    for candidate in waiting:
        if _may_begin(session, candidate):
            _begin(session, candidate)
            _proceed(session, candidate)
            return


def _targets(session: Session, deployment: Deployment) -> list[Target]:
    return list(session.scalars(
        select(Target).where(Target.deployment_id == deployment.id).order_by(Target.id)
        .execution_options(populate_existing=True)
    ))


def reported(session: Session, deployment: Deployment, target: Target, event: LifecycleEvent) -> None:
    """Draws the conclusion of an event that just ended: the target goes on, is checked, passed or failed."""
    chosen = settings.read(deployment.settings)
    if event.state == "stopped":
        end_target(session, target, "stopped", event.error, f"stopped by {deployment.stop_asked_by}")
    elif event.state == "failed" and not lifecycle.is_forgiven(event, chosen):
        end_target(session, target, "failed", event.error, lifecycle.failure_of(event))
    elif event.position == lifecycle.last_position(session, target):
        end_target(session, target, "passed")
    elif event.name == "ValidateService":
        lifecycle.begin_health_check(session, target)
    session.flush()
    advance(session, deployment.id)
