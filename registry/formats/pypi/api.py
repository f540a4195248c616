"""JSON API of what Python packages have of their own: status markers of projects, and rules for uploads."""

from dataclasses import asdict
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from registry import catalog
from registry.formats.pypi import rules
from registry.formats.pypi.rules import Rules, Status
from registry.formats.sources import place
from registry.names import pypi_name
from service.kernel.access import needs, principal, site

api = APIBlueprint("registry_pypi_api", __name__, url_prefix="/api/v1/registry/<domain>/<repository>", abp_tags=[Tag(name="registry")])
READ = ("registry:Read", "registry/{domain}/{repository}")
ADMIN = ("registry:Admin", "registry/{domain}/{repository}")


class RepositoryPath(BaseModel):
    """Names a package repository."""

    domain: str
    repository: str


class ProjectPath(RepositoryPath):
    """Names a Python project."""

    package: str


class NewStatus(BaseModel):
    """A status marker of PEP 792: active, archived, deprecated or quarantined."""

    model_config = ConfigDict(extra="forbid")
    status: str
    reason: str = Field("", max_length=500)


class NewRules(BaseModel):
    """What a package repository takes as an upload of a Python package; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    local_versions: bool | None = None
    closed_after_days: int | None = Field(None, ge=0, le=rules.CLOSED_AFTER_DAYS_MAX)


@api.get("/packages/pypi/<package>/project-status")
@needs(*READ)
def get_status(path: ProjectPath) -> dict[str, Any]:
    """The project's status marker."""
    where, name = place(path.domain, path.repository), pypi_name(path.package)
    with site().db.read() as session:
        return asdict(rules.status_of(session, [catalog.package(session, where, name)]))


@api.put("/packages/pypi/<package>/project-status")
@needs(*ADMIN)
def set_status(path: ProjectPath, body: NewStatus) -> dict[str, Any]:
    """Sets it: archived takes no uploads, quarantined also offers no files, deprecated only tells."""
    where, name = place(path.domain, path.repository), pypi_name(path.package)
    rules.set_status(site(), where, name, body.status, body.reason, principal().name)
    return asdict(Status(body.status, body.reason))


@api.get("/upload-rules")
@needs(*READ)
def get_rules(path: RepositoryPath) -> dict[str, Any]:
    """What may be uploaded."""
    with site().db.read() as session:
        return asdict(rules.rules_of(session, place(path.domain, path.repository)))


@api.patch("/upload-rules")
@needs(*ADMIN)
def change_rules(path: RepositoryPath, body: NewRules) -> dict[str, Any]:
    """Changes what is given."""
    where = place(path.domain, path.repository)
    with site().db.read() as session:
        now = rules.rules_of(session, where)
    changed = Rules(**{**asdict(now), **body.model_dump(exclude_none=True)})
    rules.set_rules(site(), where, changed, principal().name)
    return asdict(changed)
