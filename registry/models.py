"""The registry's tables. `store.py`, `statuses.py` and `copying.py` write packages, `repositories.py` and `groups.py` what they live
in, `upstream/documents.py` upstream documents, `age.py` exceptions from the minimum age.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id

PUBLISHED, UNFINISHED, UNLISTED, ARCHIVED, DISPOSED = "Published", "Unfinished", "Unlisted", "Archived", "Disposed"
"""Statuses of a version. Published: listed and downloadable. Unlisted: downloadable by who knows it, listed to no client. Unfinished:
the same until its publisher is done (Maven). Archived: neither, and never published again, until it is taken back. Disposed: as
Archived with its assets gone for good. Deleted is no row at all."""
DOWNLOADABLE = (PUBLISHED, UNFINISHED, UNLISTED)
INTERNAL, EXTERNAL = "internal", "external"
ALLOW, BLOCK = "ALLOW", "BLOCK"
AUTHORITY = "authority"
"""In the details of an asset with attestations: who vouches for those who signed them, or "" when nobody known does."""
ENTERED = "entered"
"""In an asset's details: the repository, and external connection, by which it came into the domain. Absent: published where it is."""


class Domain(Base):
    """A namespace of package repositories. Assets of equal bytes are stored once, whatever repositories hold them."""

    __tablename__ = "registry_domains"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")
    groups_revision: Mapped[int] = mapped_column(default=0, server_default="0")
    """Grows with every change of its package groups; 0: there were never any, so nobody need look."""
    created_at: Mapped[datetime]


class PackageRepository(Base):
    """Holds packages of every format, and names where else to look."""

    __tablename__ = "registry_repositories"
    __table_args__ = (UniqueConstraint("domain_id", "name"),)
    id: Mapped[Id]
    domain_id: Mapped[int] = mapped_column(ForeignKey("registry_domains.id"))
    name: Mapped[str]
    project: Mapped[str]
    description: Mapped[str]
    upstreams: Mapped[list[str]]
    """Names of repositories of the same domain, in the order of search."""
    connections: Mapped[list[Any]]
    """External connections in the order of search: `{"format": "pypi", "url": ..., "ca_file": ..., "private": ...}`."""
    minimum_age_hours: Mapped[int] = mapped_column(default=0, server_default="0")
    """How old a version from outside must be before anybody gets it from here."""
    sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    """The number of the last version event."""
    revision: Mapped[int] = mapped_column(default=0)
    """Grows with every change of anything inside."""
    created_at: Mapped[datetime]


class Package(Base):
    """A package by its normalised name; `namespace` is an npm scope with its `@`, else empty."""

    __tablename__ = "registry_packages"
    __table_args__ = (UniqueConstraint("repository_id", "format", "namespace", "name"),)
    id: Mapped[Id]
    repository_id: Mapped[int] = mapped_column(ForeignKey("registry_repositories.id"))
    format: Mapped[str]
    namespace: Mapped[str]
    name: Mapped[str]
    display_name: Mapped[str]
    """Namespace and name as the publisher writes them: `Flask-Login`, `@team/button`."""
    publish: Mapped[str]
    """Origin control: may versions be published directly? ALLOW or BLOCK."""
    upstream: Mapped[str]
    """Origin control: may versions come from outside? ALLOW or BLOCK. With BLOCK and `publish` ALLOW, not from upstreams either."""
    latest: Mapped[str]
    summary: Mapped[str]
    revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Version(Base):
    """One version of a package. Its assets never change; more may be added, and it can be yanked or deleted."""

    __tablename__ = "registry_versions"
    __table_args__ = (UniqueConstraint("package_id", "key"),)
    id: Mapped[Id]
    package_id: Mapped[int] = mapped_column(ForeignKey("registry_packages.id"))
    version: Mapped[str]
    key: Mapped[str]
    """What makes two spellings the same version: 1.0 and 1.0.0 of a Python package."""
    status: Mapped[str]
    origin: Mapped[str]
    details: Mapped[dict[str, Any]]
    """The format's own metadata: core metadata of Python, the manifest of npm."""
    revision: Mapped[int] = mapped_column(default=0)
    """Counts changes of assets, metadata and status; told to others as `revision_of`."""
    yanked_reason: Mapped[str | None]
    """None: not yanked. May be empty."""
    published_by: Mapped[str]
    published_at: Mapped[datetime]


class Asset(Base):
    """One file of a version. A row outlives the file as a tombstone, so that a file name is never used twice."""

    __tablename__ = "registry_assets"
    __table_args__ = (UniqueConstraint("package_id", "name"), Index("ix_registry_assets_digest", "digest"))
    id: Mapped[Id]
    package_id: Mapped[int] = mapped_column(ForeignKey("registry_packages.id"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("registry_versions.id"), index=True)
    """None: the version was deleted."""
    name: Mapped[str]
    digest: Mapped[str]
    size: Mapped[int]
    hashes: Mapped[dict[str, Any]]
    """Hex digests by algorithm: sha256 always; md5, blake2b_256, sha1, sha512 as the format's clients ask."""
    details: Mapped[dict[str, Any]]
    uploaded_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class VersionEvent(Base):
    """One change of a package version. Rows are only ever added, and outlive what they tell of."""

    __tablename__ = "registry_events"
    __table_args__ = (UniqueConstraint("repository_id", "sequence"),)
    id: Mapped[Id]
    repository_id: Mapped[int] = mapped_column(ForeignKey("registry_repositories.id"))
    sequence: Mapped[int]
    """1, 2, 3 … in each package repository, without gaps."""
    operation: Mapped[str]
    """Created, Updated or Deleted."""
    format: Mapped[str]
    package: Mapped[str]
    version: Mapped[str]
    status: Mapped[str]
    revision: Mapped[str]
    changes: Mapped[dict[str, Any]]
    actor: Mapped[str]
    happened_at: Mapped[datetime]


class PackageGroup(Base):
    """What holds for every package of a domain whose name fits a pattern, and is no better described by a narrower one."""

    __tablename__ = "registry_package_groups"
    __table_args__ = (UniqueConstraint("domain_id", "pattern"),)
    id: Mapped[Id]
    domain_id: Mapped[int] = mapped_column(ForeignKey("registry_domains.id"))
    pattern: Mapped[str]
    description: Mapped[str]
    restrictions: Mapped[dict[str, Any]]
    """By PUBLISH, EXTERNAL_UPSTREAM, INTERNAL_UPSTREAM: `{"mode": "ALLOW_SPECIFIC_REPOSITORIES", "repositories": [...]}`."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AgeException(Base):
    """Somebody broke the glass: these versions may be had before they have the minimum age."""

    __tablename__ = "registry_age_exceptions"
    __table_args__ = (Index("ix_registry_age_exceptions_repository_id_package", "repository_id", "package"),)
    id: Mapped[Id]
    repository_id: Mapped[int] = mapped_column(ForeignKey("registry_repositories.id"))
    format: Mapped[str]
    package: Mapped[str]
    version: Mapped[str]
    """The version's key, or "" for every version."""
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class DistTag(Base):
    """A moving name for a version: npm's `latest`, `next`."""

    __tablename__ = "registry_dist_tags"
    __table_args__ = (UniqueConstraint("package_id", "tag"),)
    id: Mapped[Id]
    package_id: Mapped[int] = mapped_column(ForeignKey("registry_packages.id"))
    tag: Mapped[str]
    version: Mapped[str]


class UpstreamDocument(Base):
    """What an external connection says about one package, in our own form; served while fresh, and when upstream is down."""

    __tablename__ = "registry_upstream_documents"
    __table_args__ = (UniqueConstraint("connection", "name"),)
    id: Mapped[Id]
    connection: Mapped[str]
    """SHA-256 of the connection's format and URL: the URL may hold a password."""
    name: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """zlib-compressed JSON; None: upstream has no such package."""
    etag: Mapped[str]
    stamp: Mapped[str]
    """Changes when the body does."""
    checked_at: Mapped[datetime]
