"""Rows of pipelines.

`store` writes pipelines, new executions and gate decisions, `approvals` approvals, `attempts` attempts and artifacts;
only `runner` changes a status.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id

LIVE = ("queued", "running", "waiting")
"""States of executions, stages and actions that have not ended. "blocked" ends one until its gate changes."""


class Pipeline(Base):
    """What happens to the commits of a git repository. Locking this row serialises every change of its executions."""

    __tablename__ = "pipelines"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str]
    repository: Mapped[str] = mapped_column(index=True)
    """The git repository by name."""
    branches: Mapped[list[str]]
    """Globs of branch names. The pipeline file of a commit may narrow them, never widen."""
    file: Mapped[str]
    """Where in the commit the pipeline file is."""
    domain: Mapped[str]
    package_repository: Mapped[str]
    """Where builds install from and publish to, in `domain`."""
    network_max: Mapped[str]
    """The widest network an action of this pipeline may ask for: "none", "registry" or "full"."""
    require_gate: Mapped[bool]
    """Whether nothing may be published or deployed before a gate let the commit through, whatever the file says."""
    enabled: Mapped[bool]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class Execution(Base):
    """One run of a pipeline for one commit, by the definition that stood in that commit."""

    __tablename__ = "executions"
    __table_args__ = (
        UniqueConstraint("pipeline_id", "cause"),
        Index("ix_executions_pipeline_state", "pipeline_id", "state"),
        Index("ix_executions_commit", "commit"),
    )
    id: Mapped[Id]
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id"))
    cause: Mapped[str]
    """What started it, once: "push:12:refs/heads/main" or "manual:<key>"."""
    commit: Mapped[str]
    ref: Mapped[str]
    """Full ref, or "" for a commit that was named by its hash."""
    subject: Mapped[str] = mapped_column(Text)
    actor: Mapped[str]
    mode: Mapped[str]
    """"superseded", "queued" or "parallel"."""
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    definition: Mapped[dict[str, Any]]
    definition_from: Mapped[str]
    """The file it was read from, or "" for the default pipeline."""
    variables: Mapped[dict[str, Any]]
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("executions.id"))
    stop_asked_by: Mapped[str]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class StageExecution(Base):
    """A stage of an execution. At most one execution of a pipeline is inside a stage, unless its mode is parallel."""

    __tablename__ = "stage_executions"
    __table_args__ = (
        UniqueConstraint("execution_id", "position"),
        Index("ix_stage_executions_name_state", "name", "state"),
    )
    id: Mapped[Id]
    execution_id: Mapped[int] = mapped_column(ForeignKey("executions.id"))
    position: Mapped[int]
    name: Mapped[str]
    state: Mapped[str]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ActionExecution(Base):
    """An action of a stage. `started_at` is empty until its turn came."""

    __tablename__ = "action_executions"
    __table_args__ = (
        UniqueConstraint("stage_id", "position"),
        Index("ix_action_executions_state_kind", "state", "kind"),
    )
    id: Mapped[Id]
    execution_id: Mapped[int] = mapped_column(ForeignKey("executions.id"), index=True)
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage_executions.id"))
    position: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str]
    run_order: Mapped[int]
    inputs: Mapped[list[str]]
    outputs: Mapped[list[str]]
    configuration: Mapped[dict[str, Any]]
    timeout_minutes: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]]
    """What it led to: `deployment_id`, `review_id`, `approval_id`."""
    exported: Mapped[dict[str, Any]]
    """Variables for later actions: `#{name-of-this-action.KEY}`."""
    lost: Mapped[int]
    """Workers lost in a row."""
    deadline_at: Mapped[datetime | None] = mapped_column(index=True)
    """When an action that waits without a worker is given up."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Attempt(Base):
    """One try of an action. While a worker has it, `lease_until` lies ahead and `fence` is that worker's proof."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("action_id", "number"), Index("ix_attempts_state_lease", "state", "lease_until"))
    id: Mapped[Id]
    action_id: Mapped[int] = mapped_column(ForeignKey("action_executions.id"))
    execution_id: Mapped[int] = mapped_column(ForeignKey("executions.id"), index=True)
    number: Mapped[int]
    state: Mapped[str]
    """"queued", "running", "passed", "failed", "stopped" or "lost"."""
    reason: Mapped[str] = mapped_column(Text)
    worker_id: Mapped[str]
    fence: Mapped[str]
    lease_until: Mapped[datetime | None]
    cancel_requested: Mapped[bool]
    token_id: Mapped[int]
    """The registry token that dies with this attempt, or 0."""
    phases: Mapped[list[Any]]
    """`[name, state, seconds]` of each phase."""
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Artifact(Base):
    """What an attempt made for later actions: a .tar.gz in the blob store."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("attempt_id", "name"),)
    id: Mapped[Id]
    execution_id: Mapped[int] = mapped_column(ForeignKey("executions.id"), index=True)
    action_id: Mapped[int] = mapped_column(ForeignKey("action_executions.id"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    name: Mapped[str]
    digest: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime]


class Approval(Base):
    """A question to a person. It costs no worker, however long the answer takes."""

    __tablename__ = "approvals"
    id: Mapped[Id]
    execution_id: Mapped[int] = mapped_column(ForeignKey("executions.id"), index=True)
    action_id: Mapped[int] = mapped_column(ForeignKey("action_executions.id"), index=True)
    message: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(index=True)
    """"" while open, then "approved", "rejected", "expired" or "withdrawn"."""
    actor: Mapped[str]
    comment: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class GateDecision(Base):
    """What the review of a commit came to, as last heard."""

    __tablename__ = "gate_decisions"
    __table_args__ = (UniqueConstraint("repository", "commit"),)
    id: Mapped[Id]
    repository: Mapped[str]
    commit: Mapped[str]
    verdict: Mapped[str]
    """"passed" or "blocked"."""
    reasons: Mapped[list[str]]
    review_id: Mapped[int]
    by_person: Mapped[bool]
    """Whether a waiver changed it after the review."""
    decided_at: Mapped[datetime]
