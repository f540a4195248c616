"""Pages of leaked secrets and of the gate's minimums."""

from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from service.git import repos
from service.kernel import bus
from service.kernel.access import demand, principal, public, site
from service.kernel.events import HistoryScanAsked
from service.reviews import leaks, minimum, push_checks, queries

pages = Blueprint("review_secrets", __name__, template_folder="templates")
ROWS = 50
_NUMBER_MAX = 10**15


@pages.get("/reviews/secrets")
@public
def secrets_page() -> str:
    """Secrets in the histories that the reader may see, the open ones unless the address says otherwise."""
    who, wanted = principal(), request.args.get("repository", "")
    state = request.args.get("state", "open")
    state = state if state in ("open", "resolved", "all") else "open"
    before = request.args.get("before", type=lambda text: max(1, min(int(text), _NUMBER_MAX)))
    with site().db.read() as session:
        readable = queries.readable(session, who)
        chosen = [name for name in readable if wanted in ("", name)]
        rows = leaks.leaked(session, chosen, before=before, limit=ROWS + 1, state="" if state == "all" else state)
    more, rows = len(rows) > ROWS, rows[:ROWS]
    base = f"/reviews/secrets?repository={wanted}&state={state}"
    return render_template(
        "reviews/secrets.html", secrets=rows, repositories=readable, repository=wanted, shown=state,
        may_resolve={name: who.may("review:ResolveSecret", f"review/{name}") for name in readable},
        may_scan=bool(wanted) and who.may("review:Scan", f"review/{wanted}"),
        push_check=push_checks.setting(site(), wanted) if wanted in readable else None, push_levels=push_checks.LEVELS,
        may_set_push_check=bool(wanted) and who.may("review:SetPushCheck", f"review/{wanted}"),
        newer=base if before else "", older=f"{base}&before={rows[-1].id}" if more else "",
    )


@pages.post("/reviews/secrets/<int:secret_id>/resolve")
@public
def resolve(secret_id: int) -> Response:
    """Marks a leaked secret as dealt with."""
    principal()
    with site().db.read() as session:
        repository = leaks.one(session, secret_id).repository
    who = demand("review:ResolveSecret", f"review/{repository}")
    leaks.resolve(site(), secret_id, request.form.get("reason", ""), who.name)
    return redirect("/reviews/secrets", 303)


@pages.post("/reviews/secrets/scan")
@public
def scan() -> Response:
    """Asks for a search of a whole history."""
    repository = request.form.get("repository", "")
    who = demand("review:Scan", f"review/{repository}")
    with site().db.write() as session:
        repos.find(session, repository)
        bus.publish(session, HistoryScanAsked(repository, who.name))
    return redirect(f"/reviews/secrets?repository={quote(repository)}", 303)


@pages.post("/reviews/secrets/pushes")
@public
def set_push_check() -> Response:
    """Sets what a git repository does with pushes that bring secrets."""
    repository = request.form.get("repository", "")
    who = demand("review:SetPushCheck", f"review/{repository}")
    push_checks.put(site(), repository, request.form.get("secrets", ""), request.form.get("level") or None, who.name)
    return redirect(f"/reviews/secrets?repository={quote(repository)}", 303)


@pages.get("/reviews/minimums")
@public
def minimums_page() -> str:
    """What no commit can lower."""
    who = demand("review:ReadMinimum", "review/minimums")
    with site().db.read() as session:
        rows = minimum.every(session)
    return render_template(
        "reviews/minimums.html", minimums=rows, choices=minimum.CHOICES, may_set=who.may("review:SetMinimum", "review/minimums")
    )


@pages.post("/reviews/minimums")
@public
def set_minimum() -> Response:
    """Sets a minimum from the form."""
    who = demand("review:SetMinimum", "review/minimums")
    says = {field: request.form[field] for field in minimum.CHOICES if field in request.form}
    minimum.put(site(), request.form.get("repositories", ""), says, who.name)
    return redirect("/reviews/minimums", 303)


@pages.post("/reviews/minimums/<int:minimum_id>/delete")
@public
def delete_minimum(minimum_id: int) -> Response:
    """Takes a minimum away."""
    who = demand("review:SetMinimum", "review/minimums")
    minimum.delete(site(), minimum_id, who.name)
    return redirect("/reviews/minimums", 303)
