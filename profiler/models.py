"""Profiling groups, the profiles that came, and the windows they were merged into."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id


class ProfilingGroup(Base):
    """The instances of one program that are looked at together."""

    __tablename__ = "profiling_groups"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str]
    description: Mapped[str]
    own_packages: Mapped[list[str]]
    """Top-level packages that are the program's own code, as its agents said or a person set."""
    enabled: Mapped[bool]
    """False tells the agents to stop sampling."""
    interval_seconds: Mapped[int | None]
    """Between two profiles of an instance; None leaves it to the agents."""
    created_at: Mapped[datetime]
    last_received_at: Mapped[datetime | None]


class Profile(Base):
    """One profile as it came. The same content of the same instance is one profile, however often it is sent."""

    __tablename__ = "profiles"
    __table_args__ = (
        UniqueConstraint("group_id", "instance", "digest"),
        Index("ix_profiles_group_id_started_at", "group_id", "started_at"),
    )
    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("profiling_groups.id"))
    instance: Mapped[str]
    version: Mapped[str]
    format: Mapped[str]
    """"pprof" or "folded"."""
    digest: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int]
    samples: Mapped[int]
    started_at: Mapped[datetime]
    duration_ms: Mapped[int]
    received_at: Mapped[datetime]
    merged_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it was merged into its windows; set in the transaction that changed them."""


class Window(Base):
    """The merged call tree of a minute, an hour or a day of one version."""

    __tablename__ = "profile_windows"
    __table_args__ = (
        UniqueConstraint("group_id", "period_seconds", "starts_at", "version"),
        Index("ix_profile_windows_period_seconds_rolled_up_starts_at", "period_seconds", "rolled_up", "starts_at"),
    )
    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("profiling_groups.id"))
    version: Mapped[str]
    period_seconds: Mapped[int]
    starts_at: Mapped[datetime]
    digest: Mapped[str]
    profiles: Mapped[int]
    """How many profiles are in it."""
    totals: Mapped[dict[str, Any]]
    """Metric → sum, so that a time line needs no trees."""
    units: Mapped[dict[str, Any]]
    """Metric → unit."""
    rolled_up: Mapped[bool]
    """Whether the next longer window holds it too."""
