"""JSON API of leaked secrets, gate minimums and other tools' findings."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from analyzers.sarif_in import LOG_BYTES_MAX
from service.git import repos
from service.kernel import bus
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.errors import Malformed
from service.kernel.events import HistoryScanAsked
from service.reviews import imported, leaks, minimum, push_checks, queries
from service.reviews.models import GateMinimum, LeakedSecret
from service.reviews.queries import ID_MAX

api = APIBlueprint("secrets_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="reviews")])


class SecretsQuery(BaseModel):
    """Which leaked secrets to list."""

    repository: str = ""
    state: Literal["open", "resolved", ""] = ""
    after: int | None = Field(None, le=ID_MAX, description="the cursor that the answer before gave as `next`")
    limit: int = Field(50, ge=1, le=500)


class SecretPath(BaseModel):
    """Names a leaked secret."""

    secret_id: int


class ResolveBody(BaseModel):
    """What was done about it."""

    model_config = ConfigDict(extra="forbid")
    reason: str


class ScanBody(BaseModel):
    """Which git repository to search."""

    model_config = ConfigDict(extra="forbid")
    repository: str


class MinimumBody(BaseModel):
    """A minimum; what is left out stays as it was, and at first leaves the word to the commit."""

    model_config = ConfigDict(extra="forbid")
    repositories: str = Field("*", description="a glob over names of git repositories")
    block_at: str | None = None
    unparsable_files: str | None = None
    excludes: str | None = None
    suppressions: str | None = None
    imported: str | None = None


class MinimumPath(BaseModel):
    """Names a minimum."""

    minimum_id: int


class PushCheckPath(BaseModel):
    """Names a git repository."""

    repository: str


class PushCheckBody(BaseModel):
    """What it does with secrets."""

    model_config = ConfigDict(extra="forbid")
    secrets: Literal["gate", "block"]
    level: Literal["high", "medium", "low"] | None = Field(None, description="the lowest severity that is refused; at first high")


class SarifQuery(BaseModel):
    """The commit that the log is about."""

    repository: str
    commit: str = Field(description="the whole hash")


@api.get("/secrets")
@public
def list_secrets(query: SecretsQuery) -> dict[str, Any]:
    """Secrets in the histories that the caller may read, newest first. The secrets themselves are stored nowhere."""
    who = principal()
    with site().db.read() as session:
        names = [name for name in queries.readable(session, who) if query.repository in ("", name)]
        rows = leaks.leaked(session, names, before=query.after, limit=query.limit + 1, state=query.state)
    shown = rows[: query.limit]
    return {"items": [_secret(row) for row in shown], "next": shown[-1].id if len(rows) > len(shown) else None}


@api.post("/secrets/<int:secret_id>/resolve")
@public
def resolve_secret(path: SecretPath, body: ResolveBody) -> dict[str, Any]:
    """Marks a leaked secret as dealt with."""
    principal()
    with site().db.read() as session:
        repository = leaks.one(session, path.secret_id).repository
    who = demand("review:ResolveSecret", f"review/{repository}")
    return _secret(leaks.resolve(site(), path.secret_id, body.reason, who.name))


@api.post("/secrets/scan", responses={"202": {}})
@public
def scan_history(body: ScanBody) -> tuple[dict[str, Any], int]:
    """Asks for a search of every object of a git repository, unreachable ones too."""
    who = demand("review:Scan", f"review/{body.repository}")
    with site().db.write() as session:
        repos.find(session, body.repository)
        bus.publish(session, HistoryScanAsked(body.repository, who.name))
    return {"repository": body.repository}, 202


@api.get("/gate-minimums")
@needs("review:ReadMinimum", "review/minimums")
def list_minimums() -> dict[str, Any]:
    """What no commit can lower."""
    with site().db.read() as session:
        return {"items": [_minimum(row) for row in minimum.every(session)], "next": None}


@api.put("/gate-minimums")
@needs("review:SetMinimum", "review/minimums")
def put_minimum(body: MinimumBody) -> dict[str, Any]:
    """Sets the minimum for the git repositories that fit a glob."""
    says = body.model_dump(exclude={"repositories"}, exclude_none=True)
    return _minimum(minimum.put(site(), body.repositories, says, principal().name))


@api.delete("/gate-minimums/<int:minimum_id>")
@needs("review:SetMinimum", "review/minimums")
def delete_minimum(path: MinimumPath) -> tuple[str, int]:
    """Takes a minimum away."""
    minimum.delete(site(), path.minimum_id, principal().name)
    return "", 204


@api.get("/push-checks/<path:repository>")
@needs("review:Read", "review/{repository}")
def get_push_check(path: PushCheckPath) -> dict[str, str]:
    """What a git repository does with pushes that bring secrets."""
    return {"repository": path.repository, **asdict(push_checks.setting(site(), path.repository))}


@api.put("/push-checks/<path:repository>")
@needs("review:SetPushCheck", "review/{repository}")
def put_push_check(path: PushCheckPath, body: PushCheckBody) -> dict[str, str]:
    """Sets it: `gate` takes them and lets the gate tell, `block` refuses the push."""
    return {"repository": path.repository, **asdict(push_checks.put(site(), path.repository, body.secrets, body.level, principal().name))}


@api.post("/sarif", responses={"201": {}})
@public
def upload_sarif(query: SarifQuery) -> tuple[dict[str, Any], int]:
    """Takes the SARIF 2.1.0 log of any tool about a commit as the request's body."""
    who = demand("review:Import", f"review/{query.repository}")
    content = request.stream.read(LOG_BYTES_MAX + 1)
    if not content:
        raise Malformed(where="body", why="send the SARIF log as the body of the request")
    counts = imported.upload(site(), query.repository, query.commit, content, who.name)
    return {"repository": query.repository, "commit": query.commit, "findings": counts}, 201


def _secret(row: LeakedSecret) -> dict[str, Any]:
    return {
        "id": row.id, "repository": row.repository, "rule": row.rule, "message": row.message, "severity": row.severity,
        "confidence": row.confidence, "path": row.path, "line": row.line, "blob": row.blob, "commit": row.commit or None,
        "state": "resolved" if row.resolved_at else "open", "found_at": _moment(row.found_at), "resolved_at": _moment(row.resolved_at),
        "resolved_by": row.resolved_by or None, "resolution": row.resolution or None,
    }  # fmt: skip


def _minimum(row: GateMinimum) -> dict[str, Any]:
    return {
        "id": row.id, "repositories": row.repositories, "block_at": row.block_at, "unparsable_files": row.unparsable_files,
        "excludes": row.excludes, "suppressions": row.suppressions, "imported": row.imported, "actor": row.actor,
        "updated_at": _moment(row.updated_at),
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
