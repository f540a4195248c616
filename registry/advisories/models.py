"""Imported advisories. Only `store.py` writes here."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id


class Advisory(Base):
    """What one OSV record says about one package."""

    __tablename__ = "registry_advisories"
    __table_args__ = (UniqueConstraint("format", "package", "osv_id"),)
    id: Mapped[Id]
    format: Mapped[str]
    package: Mapped[str]
    """Normalised, an npm scope with its `@` and slash included."""
    osv_id: Mapped[str]
    body: Mapped[dict[str, Any]]


class AdvisoryImport(Base):
    """The last import of advisories of a format; without a row nothing is known, which is not the same as nothing found."""

    __tablename__ = "registry_advisory_imports"
    id: Mapped[Id]
    format: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    records: Mapped[int]
