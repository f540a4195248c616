"""Rows of the git host. The objects and refs themselves live in bare repositories on disk."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id


class GitRepository(Base):
    """A hosted git repository. `storage` names its folder and never changes, so a rename moves nothing."""

    __tablename__ = "git_repositories"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    project: Mapped[str]
    description: Mapped[str]
    default_branch: Mapped[str]
    storage: Mapped[str] = mapped_column(unique=True)
    protected: Mapped[list[str]]
    """Globs of full ref names that only holders of `git:PushProtected` may update."""
    created_at: Mapped[datetime]


class Push(Base):
    """One run of receive-pack. It is written before git starts, so that a crash in between is noticed and made good."""

    __tablename__ = "pushes"
    id: Mapped[Id]
    repository_id: Mapped[int] = mapped_column(ForeignKey("git_repositories.id"), index=True)
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    """"receiving", "accepted" or "refused"."""
    commands: Mapped[list[Any]]
    """`[ref, old, new]` as announced; a missing side is forty zeros."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
