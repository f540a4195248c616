"""Reading deployments: for the API as JSON, for pages as rows with their hosts and events side by side."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.deployments import store
from pipelines.deployments.models import Application, Deployment, DeploymentGroup, Host, LifecycleEvent, Target
from service.kernel.auth import Principal
from service.kernel.errors import Missing


@dataclass(frozen=True)
class Row:
    """One host of a deployment with its events."""

    target: Target
    host: Host
    events: list[LifecycleEvent]


def find(session: Session, deployment_id: int) -> Deployment:
    """The deployment; raises Missing."""
    row = session.get(Deployment, deployment_id)
    if row is None:
        raise Missing(what="deployment", name=str(deployment_id))
    return row


def rows_of(session: Session, deployment: Deployment) -> list[Row]:
    """The hosts of a deployment in the order they started, then those that wait."""
    pairs = session.execute(
        select(Target, Host).join(Host, Host.id == Target.host_id).where(Target.deployment_id == deployment.id)
    ).all()
    events: dict[int, list[LifecycleEvent]] = {target.id: [] for target, _ in pairs}
    for event in session.scalars(
        select(LifecycleEvent).join(Target, Target.id == LifecycleEvent.target_id)
        .where(Target.deployment_id == deployment.id).order_by(LifecycleEvent.position)
    ):
        events[event.target_id].append(event)
    rows = [Row(target, host, events[target.id]) for target, host in pairs]
    return sorted(rows, key=lambda row: (row.target.wave == 0, row.target.wave, row.host.name))


def newest(
    session: Session, group_ids: list[int], limit: int, cursor: int | None
) -> tuple[list[Deployment], int | None]:
    """At most `limit` deployments of these groups older than the cursor, newest first, and the next cursor."""
    query = select(Deployment).where(Deployment.group_id.in_(group_ids)).order_by(Deployment.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(Deployment.id < cursor)
    rows = list(session.scalars(query))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def readable_groups(session: Session, who: Principal) -> dict[int, tuple[str, str]]:
    """The names of application and group of every group that `who` may read, by group id."""
    rows = session.execute(
        select(DeploymentGroup.id, Application.name, DeploymentGroup.name)
        .join(Application, Application.id == DeploymentGroup.application_id)
        .order_by(Application.name, DeploymentGroup.name)
    ).all()
    return {row[0]: (row[1], row[2]) for row in rows if who.may("deploy:Read", store.resource(row[1], row[2]))}


def last_good(session: Session, group_id: int) -> Deployment | None:
    """The last deployment of the group that passed."""
    return session.scalar(
        select(Deployment).where(Deployment.group_id == group_id, Deployment.state == "passed")
        .order_by(Deployment.id.desc()).limit(1)
    )


def revision_names(session: Session, group_id: int) -> dict[str, str]:
    """What people call the revisions that were deployed to the group, by digest."""
    rows = session.execute(
        select(Deployment.digest, Deployment.bundle_name).where(Deployment.group_id == group_id).distinct()
    ).all()
    return {row[0]: row[1] for row in rows}


def summary_json(session: Session, row: Deployment) -> dict[str, Any]:
    """A deployment without its targets."""
    application, group = store.names_of(session, row.group_id)
    return {
        "id": row.id, "application": application, "group": group, "digest": row.digest, "bundle_name": row.bundle_name,
        "bytes": row.bundle_bytes, "state": row.state, "error": row.error, "reason": row.reason,
        "rollback_of": row.rollback_of, "rolled_back_by": row.rolled_back_by, "actor": row.actor,
        "created_at": iso(row.created_at), "started_at": iso(row.started_at), "finished_at": iso(row.finished_at),
    }


def deployment_json(session: Session, row: Deployment) -> dict[str, Any]:
    """A deployment with everything."""
    return {
        **summary_json(session, row), "settings": row.settings,
        "targets": [_target_json(found) for found in rows_of(session, row)],
    }


def host_json(host: Host) -> dict[str, Any]:
    """A host as the API shows it."""
    return {
        "name": host.name, "labels": host.labels, "health": host.health, "current_revision": host.current_revision,
        "agent_version": host.agent_version, "registered_at": iso(host.registered_at), "last_seen": iso(host.last_seen),
    }


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 with Z."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _target_json(row: Row) -> dict[str, Any]:
    return {
        "id": row.target.id, "host": row.host.name, "state": row.target.state, "wave": row.target.wave,
        "error": row.target.error, "reason": row.target.reason, "started_at": iso(row.target.started_at),
        "finished_at": iso(row.target.finished_at), "events": [
            {"name": e.name, "state": e.state, "error": e.error, "script": e.script, "exit_code": e.exit_code,
             "log": e.log, "started_at": iso(e.started_at), "finished_at": iso(e.finished_at)} for e in row.events
        ],
    }
