"""Deploys an artifact to the hosts of a deployment group."""

from typing import ClassVar

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.actions.kind import Configuration, Examples, Kind, Standing, Task
from pipelines.deployments import runner, store
from pipelines.deployments.models import Deployment
from service.kernel.errors import Problem


class DeployConfiguration(Configuration):
    """Which deployment group gets it."""

    application: str = Field(min_length=1)
    group: str = Field(min_length=1)


class Deploy(Kind):
    """Makes a deployment of its one input and waits, without a worker, until it ended."""

    word = "deploy"
    icon = "▲"
    Configuration = DeployConfiguration
    has_attempts = True
    releases = True
    minutes = 120
    inputs = (1, 1)
    valid: ClassVar[Examples] = [
        {"inputs": ["bundle"], "configuration": {"application": "shop", "group": "production"}},
    ]
    invalid: ClassVar[Examples] = [
        {"inputs": ["bundle"], "configuration": {"application": "shop"}},
        {"configuration": {"application": "shop", "group": "production"}},
    ]

    def begin(self, session: Session, task: Task) -> Standing:
        """Queues the deployment; a pipeline may deploy to applications of its own project only."""
        wanted = task.configuration
        artifact = task.inputs[task.action.inputs[0]]
        assert task.attempt is not None
        try:
            application = store.find_application(session, wanted.application)
            if application.project != task.pipeline.project:
                return Standing(
                    "failed",
                    f"application {wanted.application} belongs to project {application.project}, "
                    f"this pipeline to {task.pipeline.project}",
                )
            deployment_id = store.create_deployment(
                session,
                application=wanted.application,
                group=wanted.group,
                digest=artifact.digest,
                bundle_name=f"{artifact.name} of {task.execution.commit[:10]}",
                attempt_id=task.attempt.id,
                actor=task.execution.actor,
                bundle_bytes=artifact.size,
            )
        except Problem as problem:
            return Standing("failed", problem.detail)
        return Standing("running", "", {"deployment_id": deployment_id})

    def look(self, session: Session, task: Task) -> Standing | None:
        """How the deployment of this attempt stands."""
        deployment = _of_attempt(session, task)
        if deployment is None or deployment.state in ("queued", "running"):
            return None
        facts = {"deployment_id": deployment.id}
        if deployment.state == "passed":
            return Standing("passed", "", facts)
        state = "stopped" if deployment.state == "stopped" and task.execution.stop_asked_by else "failed"
        said = f": {deployment.reason}" if deployment.reason else ""
        return Standing(
            "stopped" if state == "stopped" else "failed", f"deployment {deployment.id} {deployment.state}{said}", facts
        )

    def cancel(self, session: Session, task: Task, actor: str, *, expired: bool) -> Standing | None:
        """Stops the deployment. On a stop by a person its end is waited for."""
        deployment = _of_attempt(session, task)
        if deployment is None:
            return super().cancel(session, task, actor, expired=expired)
        if deployment.state in ("queued", "running"):
            runner.stop(session, deployment.id, actor=actor)
        if expired:
            return Standing(
                "failed", f"deployment {deployment.id} did not end within {task.action.timeout_minutes} minutes"
            )
        return self.look(session, task)


def _of_attempt(session: Session, task: Task) -> Deployment | None:
    if task.attempt is None:
        return None
    return session.scalar(
        select(Deployment).where(Deployment.attempt_id == task.attempt.id).execution_options(populate_existing=True)
    )
