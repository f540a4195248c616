"""Pages of the reviews room: the list, one review with its findings in the source, and the acts on them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from analyzers.cells import NOTEBOOK_BYTES_MAX, is_notebook, without_outputs
from analyzers.finding import Confidence, Severity, Step
from analyzers.lesson import Lesson, lessons, snippet
from analyzers.limits import FILE_BYTES_MAX
from analyzers.ranker import CONFIDENCE_WEIGHT, SEVERITY_WEIGHT
from service.git import browse, repos
from service.kernel import clock
from service.kernel.access import demand, principal, public, site
from service.kernel.auth import Principal
from service.kernel.errors import Malformed, Missing
from service.kernel.site import Site
from service.reviews import metering, queries, source, store, waivers
from service.reviews.models import FindingRow, Review
from service.reviews.options import gate_of
from service.reviews.queries import SHOWN, Shown
from service.reviews.source import Excerpt

pages = Blueprint("reviews", __name__, template_folder="templates")

REVIEWS_ON_PAGE = 50
FINDINGS_ON_PAGE = 25
LEFT_OUT_ON_PAGE = 500
MONTHS_ON_PAGE = 12
PAGE_MAX = 10**15
LARGE_NOTEBOOKS_ON_PAGE = 3
PANEL_ROWS = 8
PANEL_LOOKS_AT = 100
STATES = ("queued", "running", "passed", "blocked", "failed")
DAYS = (7, 30, 90, 365)


@dataclass(frozen=True)
class Placed:
    """A finding as the page shows it; `excerpt` is None when the reader may not see the source or it is gone."""

    shown: Shown
    url: str
    excerpt: Excerpt | None
    rank_reasons: str
    lessons: tuple[Lesson, ...]
    """For each function that the value goes through: that it is a sanitiser."""


@pages.get("/reviews")
@public
def list_page() -> str:
    """The reviews that the reader may see, newest first, filtered by the address."""
    who, wanted = principal(), request.args.get("repository", "")
    state, before = request.args.get("state", ""), request.args.get("before", type=_number)
    with site().db.read() as session:
        readable = queries.readable(session, who)
        chosen = [name for name in readable if not wanted or name == wanted]
        rows = queries.reviews(session, chosen, state=state, before=before, limit=REVIEWS_ON_PAGE + 1)
    filters = {key: value for key, value in (("repository", wanted), ("state", state)) if value}
    more = len(rows) > REVIEWS_ON_PAGE
    rows = rows[:REVIEWS_ON_PAGE]
    return render_template(
        "reviews/list.html", reviews=rows, may_see_minimums=who.may("review:ReadMinimum", "review/minimums"),
        repositories=readable, states=STATES, repository=wanted, wanted_state=state,
        newer=_address("/reviews", filters) if before else "",
        older=_address("/reviews", {**filters, "before": str(rows[-1].id)}) if more else "",
        push=_push_command(wanted or (readable[0] if readable else "REPOSITORY")),
    )


@pages.get("/reviews/<int:review_id>")
@public
def review_page(review_id: int) -> str:
    """One review: the verdict, then the findings, each in its place in the source."""
    review = _readable(review_id)
    show, page = request.args.get("show", "all"), request.args.get("page", 1, type=_number)
    if show not in SHOWN:
        raise Malformed(where="show", why=f"is one of {', '.join(SHOWN)}")
    with site().db.read() as session:
        standings = queries.standings(session, review_id)
        rows = queries.findings(
            session, review_id, show=show, offset=(page - 1) * FINDINGS_ON_PAGE, limit=FINDINGS_ON_PAGE
        )
        diagnostics, left_out = queries.diagnostics(session, review_id), queries.skipped(session, review_id, LEFT_OUT_ON_PAGE)
        secrets = queries.secret_places(session, review_id)
    base = f"/reviews/{review_id}"
    return render_template(
        "reviews/review.html", review=review, findings=_placed(review, rows, secrets), diagnostics=diagnostics,
        left_out=left_out,
        standings=standings, show=show, file_url=file_url, gate_line=gate_line, days=DAYS,
        days_default=waivers.DAYS_DEFAULT, snippet=snippet,
        may_waive=principal().may("review:Waive", f"review/{review.repository}"),
        tabs=[(f"{name.capitalize()} {standings[name]}", _address(base, {"show": name}), name == show)
              for name in SHOWN if standings[name] or name in ("all", show)],
        newer=_address(base, {"show": show, "page": str(page - 1)}) if page > 1 else "",
        older=_address(base, {"show": show, "page": str(page + 1)}) if page * FINDINGS_ON_PAGE < standings[show] else "",
    )


@pages.get("/reviews/metered")
@public
def metered_page() -> str:
    """Lines of code that were new to the reviewer, by month and git repository."""
    who, now = principal(), clock.now()
    with site().db.read() as session:
        rows = metering.months(session, queries.readable(session, who), metering.months_before(now, MONTHS_ON_PAGE - 1), now)
    return render_template("reviews/metered.html", rows=rows)


@pages.get("/reviews/of/<path:repository>/<commit>")
@public
def review_of_commit(repository: str, commit: str) -> Response:
    """The review of a commit, by redirect. Raises Missing when it was not reviewed."""
    demand("review:Read", f"review/{repository}")
    with site().db.read() as session:
        review = store.of_commit(session, repository, commit)
    if review is None:
        raise Missing(what=f"review in {repository} of a commit", name=commit)
    return redirect(f"/reviews/{review.id}")


@pages.post("/reviews/<int:review_id>/waive")
@public
def waive(review_id: int) -> Response:
    """Waives the findings named in the form, or all that are new."""
    review = _readable(review_id)
    who = demand("review:Waive", f"review/{review.repository}")
    form = request.form
    waivers.waive(
        site(), review_id, fingerprints=None if form.get("all") else form.getlist("fingerprint"),
        reason=form.get("reason", ""), days=form.get("days", waivers.DAYS_DEFAULT, type=int), actor=who.name,
    )
    return redirect(f"/reviews/{review_id}", 303)


@pages.post("/reviews/<int:review_id>/waivers/<int:waiver_id>/revoke")
@public
def revoke(review_id: int, waiver_id: int) -> Response:
    """Ends a waiver that covers a finding of this review."""
    review = _readable(review_id)
    who = demand("review:Waive", f"review/{review.repository}")
    with site().db.read() as session:
        if queries.waiver(session, waiver_id).repository != review.repository:
            abort(404)
    waivers.revoke(site(), waiver_id, who.name)
    return redirect(f"/reviews/{review_id}", 303)


def panel(site: Site, who: Principal) -> dict[str, Any]:
    """The newest reviews for the home page, and every branch whose newest review is blocked or failed."""
    with site.db.read() as session:
        readable = queries.readable(session, who)
        recent = queries.reviews(session, readable, limit=PANEL_LOOKS_AT)
    seen: set[tuple[str, str]] = set()
    rows: list[dict[str, Any]] = []
    for row in recent:
        settled = (row.repository, row.ref) in seen
        seen.add((row.repository, row.ref))
        if len(rows) < PANEL_ROWS or (row.state in ("blocked", "failed") and not settled):
            rows.append({
                "text": f"{row.repository}: {row.subject or row.commit[:10]}", "url": f"/reviews/{row.id}",
                "state": row.state, "line": row.reasons[0] if row.reasons else "", "at": row.created_at,
                "settled": settled,
            })
    return {
        "title": "Reviews", "url": "/reviews", "rows": rows,
        "empty": "Each push to a branch is reviewed; push a commit to get the first review.",
        "command": _push_command(readable[0] if readable else "REPOSITORY"),
    }


def search(site: Site, who: Principal, text: str) -> list[dict[str, str]]:
    """Reviews of a commit whose hash begins with the text, or whose message holds it."""
    with site.db.read() as session:
        found = queries.search(session, queries.readable(session, who), text)
    return [
        {"kind": "Review", "title": row.subject or row.commit[:10], "url": f"/reviews/{row.id}",
         "line": f"{row.state}, {row.repository} at {row.commit[:10]}"}
        for row in found
    ]


def _push_command(repository: str) -> str:
    return f"git push {request.host_url}git/{repository} main"


def _readable(review_id: int) -> Review:
    """The review, if the reader may read it. Who is not known learns nothing about which reviews there are."""
    principal()
    with site().db.read() as session:
        review = queries.review(session, review_id)
    demand("review:Read", f"review/{review.repository}")
    return review


def _placed(review: Review, rows: Sequence[Shown], secrets: Sequence[tuple[str, int, int]]) -> list[Placed]:
    contents = _contents(review, {shown.row.blob: shown.row.path for shown in rows})
    covered: dict[str, set[int]] = defaultdict(set)
    for blob, line, end_line in secrets:
        if blob in contents:
            covered[blob].update(source.lines_to_cover(contents[blob], line, end_line))
    placed = []
    for shown in rows:
        row, content = shown.row, contents.get(shown.row.blob)
        lines = None if content is None else source.excerpt(content, row.line, row.end_line, secret_lines=covered[row.blob])
        taught = lessons(row.rule, [Step(**step) for step in row.steps or ()])
        placed.append(Placed(shown, file_url(review, row.path, row.line), lines, _rank_reasons(row), taught))
    return placed


def _contents(review: Review, blobs: dict[str, str]) -> dict[str, bytes]:
    """The files by blob, as far as the reader may see the source and they are still in the git repository.

    `blobs` gives each its path. Of large notebooks a few are read, without their outputs.
    """
    if not blobs or not principal().may("git:Read", f"git/{review.repository}"):
        return {}
    found: dict[str, bytes] = {}
    try:
        with site().db.read() as session:
            folder = repos.folder(site().settings, repos.find(session, review.repository))
        for oid, content in browse.blobs(folder, sorted(blobs), limit_bytes=FILE_BYTES_MAX):
            found[oid] = content  # noqa: PERF403  what was read before one is missing is kept
        large = [oid for oid in sorted(blobs) if oid not in found and is_notebook(blobs[oid])]
        for number in large[:LARGE_NOTEBOOKS_ON_PAGE]:
            for oid, content in browse.blobs(folder, [number], limit_bytes=NOTEBOOK_BYTES_MAX):
                found[oid] = without_outputs(content)
    except (Missing, LookupError, ValueError):
        pass  # the repository or a blob is gone: git collects what no ref reaches; the finding is still worth reading
    return found


def _rank_reasons(row: FindingRow) -> str:
    severity = SEVERITY_WEIGHT[cast(Severity, row.severity)]
    confidence = CONFIDENCE_WEIGHT[cast(Confidence, row.confidence)]
    return (
        f"{row.severity} severity ({severity:g}) × {row.confidence} confidence ({confidence:g})"
        f" × this rule's record ({row.rank / severity / confidence:.2g})"
    )


def file_url(review: Review, path: str, line: int) -> str:
    """The page of a file at the reviewed commit, at a line."""
    return f"/repositories/{quote(review.repository)}/-/blob/{review.commit}/{quote(path)}" + (f"#L{line}" if line else "")


def gate_line(review: Review) -> str:
    """The gate's settings for this commit, in words."""
    if review.gate.get("problems"):
        return "the gate's settings cannot be read"
    options = gate_of(review.gate)
    level = options.block_at
    text = "the gate blocks at no severity" if level == "never" else f"the gate blocks new findings of {level} severity"
    if level not in ("never", "critical"):
        text += " and above"
    text += "".join(f", lets pass {number} {severity}" for severity, number in options.max_new.items())
    minimums = review.gate.get("minimums")
    return f"{text}; the server's minimum for {' and '.join(minimums)} holds" if minimums else text


def _number(text: str) -> int:
    """A number from an address that a database takes, at least 1."""
    return max(1, min(int(text), PAGE_MAX))


def _address(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
