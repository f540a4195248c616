"""What reads need of packages, versions and files: only the columns that are shown, by statements compiled once."""

from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import BigInteger, Table, bindparam, select, type_coerce

from registry.models import Asset, DistTag, Package, Version
from service.kernel.db import moment_of
from service.kernel.statements import Statement


class StoredPackage(NamedTuple):
    """A package as reads need it: columns of `Package`, without the ORM's weight."""

    id: int
    display_name: str
    publish: str
    upstream: str
    revision: int


class ShownVersion(NamedTuple):
    """What a page or packument shows of a version: columns of `Version`."""

    id: int
    package_id: int
    version: str
    key: str
    status: str
    origin: str
    published_micros: int
    yanked_reason: str | None
    details: dict[str, Any] = {}  # noqa: RUF012  read only
    """Empty unless they were asked for."""

    @property
    def published_at(self) -> datetime:
        """When it was published."""
        return moment_of(self.published_micros)


class ShownAsset(NamedTuple):
    """What a page or packument shows of a file: columns of `Asset`."""

    id: int
    version_id: int
    name: str
    digest: str
    size: int
    details: dict[str, Any]
    uploaded_micros: int
    hashes: dict[str, Any] = {}  # noqa: RUF012  read only
    """Empty unless they were asked for."""

    @property
    def uploaded_at(self) -> datetime:
        """When it was stored."""
        return moment_of(self.uploaded_micros)


_packages, _versions, _assets, _tags = (cast(Table, model.__table__) for model in (Package, Version, Asset, DistTag))
PACKAGE = Statement(
    select(*(_packages.c[key] for key in StoredPackage._fields)).where(
        _packages.c.repository_id == bindparam("repository"), _packages.c.format == bindparam("format"),
        _packages.c.namespace == bindparam("namespace"), _packages.c.name == bindparam("name"),
    )
)
OF_VERSION = (
    *(_versions.c[key] for key in ("id", "package_id", "version", "key", "status", "origin")),
    type_coerce(_versions.c.published_at, BigInteger), _versions.c.yanked_reason,
)
_OF_ASSET = (
    *(_assets.c[key] for key in ("id", "version_id", "name", "digest", "size", "details")), type_coerce(_assets.c.uploaded_at, BigInteger)
)
VERSIONS = Statement(select(*OF_VERSION).where(_versions.c.package_id == bindparam("package")))
VERSIONS_WITH_DETAILS = Statement(select(*OF_VERSION, _versions.c.details).where(_versions.c.package_id == bindparam("package")))
_LIVING = (_assets.c.package_id == bindparam("package"), _assets.c.deleted_at.is_(None))
ASSETS = Statement(select(*_OF_ASSET).where(*_LIVING).order_by(_assets.c.id))
ASSETS_WITH_HASHES = Statement(select(*_OF_ASSET, _assets.c.hashes).where(*_LIVING).order_by(_assets.c.id))
FILE = Statement(
    select(*OF_VERSION, *_OF_ASSET, _assets.c.deleted_at.is_(None))
    .select_from(_assets.join(_versions, _assets.c.version_id == _versions.c.id))
    .where(_assets.c.package_id == bindparam("package"), _assets.c.name == bindparam("name"))
)
STATUS = Statement(select(_versions.c.status).where(_versions.c.package_id == bindparam("package"), _versions.c.key == bindparam("key")))
TAGS = Statement(select(_tags.c.tag, _tags.c.version).where(_tags.c.package_id == bindparam("package")).order_by(_tags.c.tag))
NAMES = Statement(
    select(_packages.c.display_name, _packages.c.name)
    .where(_packages.c.repository_id == bindparam("repository"), _packages.c.format == bindparam("format"))
)
