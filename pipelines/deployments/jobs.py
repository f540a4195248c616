"""What follows from a new deployment, and the clock: lost agents, time limits, health probes, queued deployments."""

from sqlalchemy import select

from pipelines.deployments import bundle, probes, reports, runner
from pipelines.deployments.models import Deployment, Target
from service.kernel.bus import job
from service.kernel.errors import Problem
from service.kernel.events import DeploymentCreated
from service.kernel.site import Site


def _given_up(site: Site, fact: DeploymentCreated, error: str) -> None:
    with site.db.write() as session:
        runner.fail(session, fact.deployment_id, "GAVE_UP", f"the deployment could not be prepared: {error}")


@job(queue="deploys", attempts=3, given_up=_given_up)
def advance_deployment(site: Site, fact: DeploymentCreated) -> None:
    """Looks through the bundle, then starts the first wave if the group is free. A bad bundle fails the deployment."""
    with site.db.read() as session:
        deployment = session.get_one(Deployment, fact.deployment_id)
        digest, known = deployment.digest, deployment.appspec is not None
    if known:
        with site.db.write() as session:
            runner.advance(session, fact.deployment_id)
        return
    try:
        spec, size = bundle.read_appspec(site.blobs, digest)
    except Problem as problem:
        with site.db.write() as session:
            runner.fail(session, fact.deployment_id, "BAD_BUNDLE", problem.detail)
        return
    with site.db.write() as session:
        runner.accept(session, fact.deployment_id, spec.model_dump(mode="json", by_alias=True), size)


def tick(site: Site) -> None:
    """Ends targets whose agent is gone or late, lets waiting deployments begin, and sends health probes."""
    with site.db.read() as session:
        alive = session.execute(
            select(Deployment.id, Deployment.state, Deployment.group_id, Deployment.appspec.is_not(None))
            .where(Deployment.state.in_(("queued", "running")))
        ).all()
        if not alive:
            return
        busy = {row.group_id for row in alive if row.state == "running"}
        free = [row.id for row in alive if row.state == "queued" and row[3] and row.group_id not in busy]
        late = [target.id for row in alive if row.state == "running" for target in session.scalars(
            select(Target).where(Target.deployment_id == row.id, Target.state == "running")
        ) if reports.overdue(session, session.get_one(Deployment, row.id), target)]
    for target_id in late:
        _end_late(site, target_id)
    for deployment_id in free:
        with site.db.write() as session:
            runner.advance(session, deployment_id)
    probes.send_due(site)


def _end_late(site: Site, target_id: int) -> None:
    """Looks again under the lock: a report may have come in between."""
    with site.db.write() as session:
        found = runner.lock_target(session, target_id)
        if found is None or found[1].state != "running":
            return
        deployment, target = found
        why = reports.overdue(session, deployment, target)
        if why is not None:
            runner.end_target(session, target, "failed", *why)
            runner.advance(session, deployment.id)
