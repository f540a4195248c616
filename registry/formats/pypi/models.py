"""What Python packages have beyond the registry's own tables: project status markers and rules for uploads."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id


class ProjectStatus(Base):
    """A project's status marker (PEP 792); a project without a row is active. Only `rules.py` writes here."""

    __tablename__ = "registry_project_status"
    id: Mapped[Id]
    package_id: Mapped[int] = mapped_column(ForeignKey("registry_packages.id", ondelete="CASCADE"), unique=True)
    status: Mapped[str]
    reason: Mapped[str]
    changed_at: Mapped[datetime]


class UploadRules(Base):
    """What a package repository takes as an upload of a Python package; without a row the defaults of `rules.py` hold."""

    __tablename__ = "registry_upload_rules"
    id: Mapped[Id]
    repository_id: Mapped[int] = mapped_column(ForeignKey("registry_repositories.id", ondelete="CASCADE"), unique=True)
    local_versions: Mapped[bool]
    closed_after_days: Mapped[int]
    """A release that is older takes no new files; 0: never closed."""
