"""The only writer of applications, groups and new deployments. What becomes of a deployment is `runner`'s."""

import re
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.deployments.models import Application, Deployment, DeploymentGroup
from pipelines.deployments.settings import GroupSettings
from service.kernel import audit, bus, clock
from service.kernel.errors import Clash, Malformed, Missing
from service.kernel.events import DeploymentCreated

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def resource(application: str, group: str) -> str:
    """What policies call a deployment group."""
    return f"deploy/{application}/{group}"


def create_application(session: Session, name: str, project: str, *, actor: str) -> Application:
    """Adds an application. Raises Malformed for a bad name, Clash when it exists."""
    _check_name("application", name)
    if session.scalar(select(Application).where(Application.name == name)):
        raise Clash(what="application", name=name)
    row = Application(name=name, project=project, created_at=clock.now())
    session.add(row)
    session.flush()
    audit.record(session, actor, "deploy:Edit", resource(name, ""), project=project)
    return row


def create_group(
    session: Session, application: str, name: str, settings: GroupSettings | dict[str, Any] | None = None, *, actor: str
) -> DeploymentGroup:
    """Adds a deployment group to an application. Raises Missing, Malformed, Clash."""
    _check_name("deployment group", name)
    owner = find_application(session, application)
    if session.scalar(select(DeploymentGroup).where(
        DeploymentGroup.application_id == owner.id, DeploymentGroup.name == name
    )):
        raise Clash(what="deployment group", name=f"{application}/{name}")
    row = DeploymentGroup(application_id=owner.id, name=name, settings=_parsed(settings or {}), created_at=clock.now())
    session.add(row)
    session.flush()
    audit.record(session, actor, "deploy:Edit", resource(application, name), settings=row.settings)
    return row


def change_group(
    session: Session, application: str, name: str, settings: GroupSettings | dict[str, Any], *, actor: str
) -> DeploymentGroup:
    """Replaces a group's settings; deployments that exist keep theirs. Raises Missing, Malformed."""
    row = find_group(session, application, name)
    row.settings = _parsed(settings)
    audit.record(session, actor, "deploy:Edit", resource(application, name), settings=row.settings)
    return row


def create_deployment(
    session: Session,
    *,
    application: str,
    group: str,
    digest: str,
    bundle_name: str,
    attempt_id: int = 0,
    actor: str,
    rollback_of: int | None = None,
    appspec: dict[str, Any] | None = None,
    bundle_bytes: int = 0,
) -> int:
    """Queues a revision, the bundle `digest` of the blob store, for a group; answers the deployment's id.

    `appspec` is the checked appspec of the bundle when the caller has it; otherwise the first job reads it, and a bad
    one fails the deployment with file, line and key. Raises Missing when there is no such group.
    """
    target = find_group(session, application, group)
    row = Deployment(
        group_id=target.id, digest=digest, bundle_name=bundle_name[:200], bundle_bytes=bundle_bytes, appspec=appspec,
        settings=target.settings, state="queued", error="", reason="", rollback_of=rollback_of, rolled_back_by=None,
        attempt_id=attempt_id, actor=actor, stop_asked_by="", created_at=clock.now(), started_at=None, finished_at=None,
    )
    session.add(row)
    session.flush()
    bus.publish(session, DeploymentCreated(row.id))
    audit.record(session, actor, "deploy:Create", resource(application, group), deployment=row.id, digest=digest)
    return row.id


def find_application(session: Session, name: str) -> Application:
    """The application; raises Missing."""
    row = session.scalar(select(Application).where(Application.name == name))
    if row is None:
        raise Missing(what="application", name=name)
    return row


def find_group(session: Session, application: str, name: str) -> DeploymentGroup:
    """The deployment group; raises Missing."""
    row = session.scalar(
        select(DeploymentGroup).join(Application, Application.id == DeploymentGroup.application_id)
        .where(Application.name == application, DeploymentGroup.name == name)
    )
    if row is None:
        raise Missing(what="deployment group", name=f"{application}/{name}")
    return row


def names_of(session: Session, group_id: int) -> tuple[str, str]:
    """The names of a group's application and of the group."""
    row = session.execute(
        select(Application.name, DeploymentGroup.name)
        .join(DeploymentGroup, Application.id == DeploymentGroup.application_id)
        .where(DeploymentGroup.id == group_id)
    ).one()
    return row[0], row[1]


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Malformed(where=f"{what} name", why="use 1-64 of a-z 0-9 . _ - and start with a letter or digit")


def _parsed(settings: GroupSettings | dict[str, Any]) -> dict[str, Any]:
    if isinstance(settings, dict):
        try:
            settings = GroupSettings.model_validate(settings)
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            where = ".".join(["settings", *(str(part) for part in first["loc"])])
            raise Malformed(where=where, why=first["msg"].removeprefix("Value error, ")) from None
    return settings.model_dump(mode="json")
