"""JSON API of the reviews room: reviews, their findings (as SARIF too), the gate of a commit, waivers."""

from datetime import datetime
from typing import Any, Literal

import orjson
from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from service.kernel import clock
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.errors import Malformed, Missing
from service.reviews import metering, queries, report, store, waivers
from service.reviews.models import DiagnosticRow, Review, Waiver
from service.reviews.queries import ID_MAX, Shown

api = APIBlueprint("reviews_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="reviews")])

State = Literal["queued", "running", "passed", "blocked", "failed"]


class ReviewsQuery(BaseModel):
    """Which reviews to list."""

    repository: str = ""
    commit: str = Field("", description="the whole hash")
    state: State | Literal[""] = ""
    after: int | None = Field(None, le=ID_MAX, description="the cursor that the answer before gave as `next`")
    limit: int = Field(50, ge=1, le=500)


class ReviewPath(BaseModel):
    """Names a review."""

    review_id: int


class FindingsQuery(BaseModel):
    """Which findings of a review to give, and how."""

    format: Literal["json", "sarif", "gitlab-sast", "gitlab-secrets", "gitlab-codequality", "sonar"] = Field(
        "json", description="sarif gives all findings as SARIF 2.1.0, the other forms those that neither a comment nor a waiver silences"
    )
    show: Literal["all", "new", "old", "waived", "suppressed"] = Field("all", description="new are those that count for the gate")
    after: int = Field(0, ge=0, le=ID_MAX, description="the cursor that the answer before gave as `next`")
    limit: int = Field(500, ge=1, le=5000)


class WaiveBody(BaseModel):
    """Which findings may stay, why, and how long."""

    model_config = ConfigDict(extra="forbid")
    fingerprints: list[str] = Field([], max_length=1000)
    all: bool = Field(False, description="all that are new and not waived yet, instead of a list")
    reason: str
    expires_days: int = waivers.DAYS_DEFAULT


class WaiversQuery(BaseModel):
    """Whose waivers to list."""

    repository: str
    after: int | None = Field(None, le=ID_MAX)
    limit: int = Field(50, ge=1, le=500)


class MeteredQuery(BaseModel):
    """Which months to tell of; the last twelve unless said otherwise."""

    repository: str = ""
    since: str = Field("", description="the first month, such as 2031-05")
    until: str = Field("", description="the last month")


class WaiverPath(BaseModel):
    """Names a waiver."""

    waiver_id: int


class GatePath(BaseModel):
    """Names a commit."""

    repository: str
    commit: str


@api.get("/reviews")
@public
def list_reviews(query: ReviewsQuery) -> dict[str, Any]:
    """The reviews that the caller may read, newest first."""
    who = principal()
    with site().db.read() as session:
        names = [name for name in queries.readable(session, who) if query.repository in ("", name)]
        rows = queries.reviews(
            session, names, commit=query.commit, state=query.state, before=query.after, limit=query.limit + 1
        )
    shown = rows[: query.limit]
    return {"items": [_review(row) for row in shown], "next": shown[-1].id if len(rows) > len(shown) else None}


@api.get("/reviews/<int:review_id>")
@public
def get_review(path: ReviewPath, query: FindingsQuery) -> dict[str, Any] | Response:
    """One review with its findings, what counts for the gate first, then by rank; `next` when there are more."""
    review = _readable(path.review_id)
    if query.format != "json":
        return _sarif(review) if query.format == "sarif" else _other_form(review, query.format)
    with site().db.read() as session:
        found = queries.findings(session, review.id, show=query.show, offset=query.after, limit=query.limit + 1)
        told, left = queries.diagnostics(session, review.id), queries.skipped(session, review.id)
    return {
        **_review(review), "findings": [_finding(one) for one in found[: query.limit]],
        "diagnostics": [_diagnostic(one) for one in told],
        "skipped": [{"path": one.path, "reason": one.skipped, "why": one.message} for one in left],
        "next": query.after + query.limit if len(found) > query.limit else None,
    }


@api.post("/reviews/<int:review_id>/waive")
@public
def waive(path: ReviewPath, body: WaiveBody) -> dict[str, Any]:
    """Lets findings stay; answers the review as the gate sees it now."""
    review = _readable(path.review_id)
    who = demand("review:Waive", f"review/{review.repository}")
    if body.all == bool(body.fingerprints):
        raise Malformed(where="fingerprints", why="name the findings or set `all`, one of the two")
    done = waivers.waive(
        site(), review.id, fingerprints=None if body.all else body.fingerprints, reason=body.reason,
        days=body.expires_days, actor=who.name,
    )
    return _review(done)


@api.get("/waivers")
@public
def list_waivers(query: WaiversQuery) -> dict[str, Any]:
    """The waivers of a repository, newest first, ended ones included."""
    demand("review:Read", f"review/{query.repository}")
    with site().db.read() as session:
        rows = queries.waivers(session, query.repository, before=query.after, limit=query.limit + 1)
    shown = rows[: query.limit]
    return {"items": [_waiver(row) for row in shown], "next": shown[-1].id if len(rows) > len(shown) else None}


@api.post("/waivers/<int:waiver_id>/revoke")
@public
def revoke_waiver(path: WaiverPath) -> dict[str, Any]:
    """Ends a waiver now; what passed by it is judged again."""
    principal()
    with site().db.read() as session:
        repository = queries.waiver(session, path.waiver_id).repository
    who = demand("review:Waive", f"review/{repository}")
    return _waiver(waivers.revoke(site(), path.waiver_id, who.name))


@api.get("/gate/<path:repository>/<commit>")
@needs("review:Read", "review/{repository}")
def gate_of_commit(path: GatePath) -> dict[str, Any]:
    """What the gate says about a commit; `verdict` is null while its review is not finished."""
    with site().db.read() as session:
        review = store.of_commit(session, path.repository, path.commit)
    if review is None:
        raise Missing(what=f"review in {path.repository} of a commit", name=path.commit)
    return {
        "repository": review.repository, "commit": review.commit, "state": review.state,
        "verdict": review.verdict or None, "reasons": review.reasons, "review_id": review.id, "url": _url(review),
    }


@api.get("/metered-lines")
@public
def list_metered(query: MeteredQuery) -> dict[str, Any]:
    """Lines of code that were new to the reviewer, by month (UTC), newest first, and git repository."""
    who = principal()
    try:
        until = clock.now() if not query.until else metering.months_before(metering.month_of(query.until), -1)
        since = metering.month_of(query.since) if query.since else metering.months_before(until, 11)
    except ValueError:
        raise Malformed(where="since or until", why="write a month as 2031-05") from None
    with site().db.read() as session:
        names = [name for name in queries.readable(session, who) if query.repository in ("", name)]
        rows = metering.months(session, names, since, until)
    return {"items": [{"repository": one.repository, "month": one.month, "reviews": one.reviews, "lines": one.lines} for one in rows]}


def _readable(review_id: int) -> Review:
    principal()
    with site().db.read() as session:
        review = queries.review(session, review_id)
    demand("review:Read", f"review/{review.repository}")
    return review


def _sarif(review: Review) -> Response:
    with site().db.read() as session:
        found = queries.findings(session, review.id)
        told = [*queries.diagnostics(session, review.id), *queries.skipped(session, review.id)]
    log = report.document(review, found, told, site().settings.base_url)
    return Response(orjson.dumps(log), content_type="application/sarif+json")


def _other_form(review: Review, form: str) -> Response:
    with site().db.read() as session:
        found = queries.findings(session, review.id)
    return Response(orjson.dumps(report.other_form(review, found, form)), content_type="application/json")


def _review(row: Review) -> dict[str, Any]:
    return {
        "id": row.id, "repository": row.repository, "commit": row.commit, "base_commit": row.base_commit or None,
        "ref": row.ref, "subject": row.subject, "actor": row.actor, "state": row.state, "verdict": row.verdict or None,
        "reasons": row.reasons, "counts": row.counts, "metered_lines": row.metered_lines,
        "gate": row.gate, "engine_version": row.engine_version, "rule_milliseconds": row.rule_costs,
        "error": row.error or None, "created_at": _moment(row.created_at), "started_at": _moment(row.started_at),
        "finished_at": _moment(row.finished_at), "url": _url(row),
    }


def _finding(shown: Shown) -> dict[str, Any]:
    row = shown.row
    return {
        "fingerprint": row.fingerprint, "rule": row.rule, "tool": row.tool, "severity": row.severity,
        "confidence": row.confidence, "cwe": row.cwe, "path": row.path, "line": row.line, "column": row.column,
        "end_line": row.end_line, "end_column": row.end_column, "message": row.message, "why": row.why, "fix": row.fix,
        "rank": row.rank, "new": row.is_new, "standing": shown.standing, "suppression": row.suppression,
        "waiver": _waiver(shown.waiver) if shown.waiver else None, "mend": row.mend, "steps": row.steps or [],
    }


def _diagnostic(row: DiagnosticRow) -> dict[str, Any]:
    return {"path": row.path, "line": row.line, "message": row.message, "unreadable": row.unreadable, "new": row.is_new}


def _waiver(row: Waiver) -> dict[str, Any]:
    return {
        "id": row.id, "repository": row.repository, "fingerprint": row.fingerprint, "review_id": row.review_id,
        "reason": row.reason, "actor": row.actor, "created_at": _moment(row.created_at),
        "expires_at": _moment(row.expires_at), "revoked_at": _moment(row.revoked_at), "revoked_by": row.revoked_by or None,
    }


def _url(row: Review) -> str:
    return f"{site().settings.base_url}/reviews/{row.id}"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
