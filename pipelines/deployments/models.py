"""Rows of deployments. `runner` alone changes a status; `store` and `hosts` write the rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id


class Application(Base):
    """Something that is deployed. It belongs to a project and has deployment groups."""

    __tablename__ = "applications"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str]
    created_at: Mapped[datetime]


class DeploymentGroup(Base):
    """Hosts that get the same revision. Locking this row serialises all that happens to its deployments."""

    __tablename__ = "deployment_groups"
    __table_args__ = (UniqueConstraint("application_id", "name"),)
    id: Mapped[Id]
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id"))
    name: Mapped[str]
    settings: Mapped[dict[str, Any]]
    """A `settings.GroupSettings` as JSON."""
    created_at: Mapped[datetime]


class Host(Base):
    """A machine, or a part of one, with an agent. `account_id` is the account whose tokens speak for it."""

    __tablename__ = "hosts"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("deployment_groups.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), unique=True)
    labels: Mapped[dict[str, Any]]
    claim_digest: Mapped[str]
    """SHA-256 of a secret the agent made before it registered: who knows it may register the same host again."""
    agent_version: Mapped[str]
    health: Mapped[str]
    """"healthy", "unhealthy" (its last deployment failed) or "unknown" (it never had one)."""
    current_revision: Mapped[str]
    """Digest of the bundle that runs there, or "" when that is not known."""
    registered_at: Mapped[datetime]
    last_seen: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Deployment(Base):
    """One revision on its way to one group. Its settings and appspec are those of its start, whatever changes later."""

    __tablename__ = "deployments"
    __table_args__ = (Index("ix_deployments_group_state", "group_id", "state"),)
    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("deployment_groups.id"))
    digest: Mapped[str]
    """The revision: SHA-256 of its tar.gz bundle in the blob store."""
    bundle_name: Mapped[str]
    bundle_bytes: Mapped[int]
    appspec: Mapped[dict[str, Any] | None]
    """Read from the bundle by the first job; None until then."""
    settings: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    """"queued", "running", "passed", "failed" or "stopped"."""
    error: Mapped[str]
    """A word for machines when it failed: NO_HOSTS, HEALTH_CONSTRAINTS, BAD_BUNDLE, GAVE_UP."""
    reason: Mapped[str]
    rollback_of: Mapped[int | None] = mapped_column(ForeignKey("deployments.id"))
    rolled_back_by: Mapped[int | None] = mapped_column(ForeignKey("deployments.id"))
    attempt_id: Mapped[int]
    """The pipeline attempt that asked for it, or 0."""
    actor: Mapped[str]
    stop_asked_by: Mapped[str]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Target(Base):
    """One host in one deployment."""

    __tablename__ = "deployment_targets"
    __table_args__ = (
        UniqueConstraint("deployment_id", "host_id"), Index("ix_deployment_targets_host_state", "host_id", "state"),
    )
    id: Mapped[Id]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("hosts.id"))
    state: Mapped[str]
    """"queued", "running", "passed", "failed", "skipped" or "stopped"."""
    health_before: Mapped[str]
    revision_before: Mapped[str]
    """"current", "old" or "unknown", against the revision of this deployment."""
    wave: Mapped[int]
    """Which start it belonged to, from 1; 0 before it started."""
    error: Mapped[str]
    """A word for machines: AGENT_LOST, TIMEOUT, HEALTH_CHECK, or what the agent reported."""
    reason: Mapped[str]
    probes_passed: Mapped[int]
    next_probe_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class LifecycleEvent(Base):
    """One step on one host."""

    __tablename__ = "lifecycle_events"
    __table_args__ = (UniqueConstraint("target_id", "name"),)
    id: Mapped[Id]
    target_id: Mapped[int] = mapped_column(ForeignKey("deployment_targets.id"))
    position: Mapped[int]
    name: Mapped[str]
    state: Mapped[str]
    """"queued", "running", "passed", "failed", "skipped" or "stopped"."""
    error: Mapped[str]
    script: Mapped[str]
    """The script that ran last."""
    exit_code: Mapped[int | None]
    log: Mapped[str] = mapped_column(Text)
    """The end of what its scripts wrote."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
