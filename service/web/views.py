"""Home, login, search, alarms, audit, settings."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from service.kernel import audit, auth, clock
from service.kernel.access import client_address, cookie_name, needs, principal, public, site
from service.kernel.bus import JobFailure
from service.kernel.errors import Malformed, Unauthenticated
from service.web import components, panels, tokens, trail

pages = Blueprint("web", __name__, template_folder="templates")
LOGIN_LIFETIME = timedelta(hours=12)
QUERY_CHARACTERS_MAX = 200
FAILED_JOBS_SHOWN = 50
_THEME_SECONDS = 365 * 86400


@pages.get("/")
@public
def home() -> str:
    """Everything going on, what asks for somebody first."""
    who = principal()
    told = panels.collect(site(), who, current_app.extensions.get("lockgate_panels", ()))
    return render_template("web/home.html", panels=told, asking=panels.asking(told), moving=panels.moving(told), host=request.host_url)


@pages.get("/search")
@public
def search_page() -> str:
    """Search over every room, for what the reader may see."""
    text = request.args.get("q", "").strip()[:QUERY_CHARACTERS_MAX]
    who = principal()
    sources = current_app.extensions.get("lockgate_search", ())
    hits, broken = panels.find(site(), who, text, sources) if text else ([], [])
    return render_template("web/search.html", text=text, hits=hits, broken=broken)


@pages.get("/alarms")
@public
def alarms() -> str:
    """What failed or waits, in every room; for administrators also the jobs that gave up."""
    who = principal()
    told = panels.collect(site(), who, current_app.extensions.get("lockgate_panels", ()))
    failures = None
    if who.may("admin:ReadJobs", "admin/jobs"):
        with site().db.read() as session:
            failures = session.scalars(select(JobFailure).order_by(JobFailure.id.desc()).limit(FAILED_JOBS_SHOWN)).all()
    return render_template("web/alarms.html", asking=panels.asking(told), failures=failures)


@pages.get("/audit")
@needs("admin:ReadAudit", "admin/audit")
def audit_trail() -> str:
    """The audit trail, filtered by the address."""
    args = request.args
    before = args.get("before", "0")
    if not before.isdecimal() or len(before) > 18:
        raise Malformed(where="before", why="is not the id of an audit row")
    chosen = trail.Filter(args.get("actor", ""), args.get("action", ""), args.get("resource", ""), args.get("outcome", ""), int(before))
    with site().db.read() as session:
        rows, older = trail.page(session, chosen)
    kept = {k: v for k, v in args.items() if k != "before" and v}
    newest = f"/audit?{urlencode(kept)}" if chosen.before else ""
    return render_template(
        "web/audit.html",
        rows=rows,
        chosen=chosen,
        kept=kept,
        newest=newest,
        older=f"/audit?{urlencode({**kept, 'before': older})}" if older else "",
    )


def login_url(full_path: str) -> str:
    """The login page that leads back to where the reader wanted to go."""
    path = local_path(full_path.rstrip("?"))
    return "/login" if path == "/" else f"/login?{urlencode({'next': path})}"


def local_path(text: str) -> str:
    """The path and query if they stay on this host, else `/`: a login link must not lead elsewhere."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\")) and all(" " < c != "\\" for c in text)
    return text if plain else "/"


@pages.get("/login")
@public
def login() -> BaseResponse | str:
    """The form for a token; whoever is logged in goes on at once."""
    onward = local_path(request.args.get("next", "/"))
    if components.viewer():
        return redirect(onward)
    return render_template("web/login.html", onward=onward, trouble="", who=None)


@pages.post("/login")
@public
def log_in() -> BaseResponse:
    """Opens a browser session for a token."""
    onward = local_path(request.form.get("next", "/"))
    secret = request.form.get("token", "").strip()
    try:
        with site().db.read() as session:
            who = auth.principal_of(session, secret, client_address(request.environ))
    except Unauthenticated as problem:
        page = render_template("web/login.html", onward=onward, trouble=problem.detail, who=None)
        return Response(page, 401)
    with site().db.write() as session:
        old = request.cookies.get(cookie_name(), "")
        if old:
            auth.end_login(session, old)
        value = auth.start_login(session, who.token_id, LOGIN_LIFETIME)
        audit.record(session, who.name, "admin:LogIn", f"admin/accounts/{who.name}", token=who.token_id)
    answer = redirect(onward, 303)
    answer.set_cookie(cookie_name(), value, max_age=LOGIN_LIFETIME, httponly=True, samesite="Lax", secure=_secure(), path="/")
    return answer


@pages.post("/logout")
@public
def log_out() -> BaseResponse:
    """Ends the browser session; without one there is nothing to end."""
    cookie = request.cookies.get(cookie_name(), "")
    if cookie:
        with site().db.write() as session:
            auth.end_login(session, cookie)
    answer = redirect("/login", 303)
    answer.delete_cookie(cookie_name(), path="/", httponly=True, samesite="Lax", secure=_secure())
    return answer


@pages.get("/settings")
@public
def settings() -> str:
    """The reader's own tokens and colours."""
    return _settings_page()


@pages.post("/settings/tokens")
@public
def create_token() -> str:
    """Makes a token and shows its secret this once."""
    who, form = principal(), request.form
    try:
        secret = tokens.create(site(), who, form.get("label", ""), form.get("days", ""), form.get("scope", ""), form.get("statements", ""))
    except Malformed as problem:
        return _settings_page(trouble=problem.detail, form=form)
    return _settings_page(secret=secret)


@pages.post("/settings/tokens/<int:token_id>/revoke")
@public
def revoke_token(token_id: int) -> BaseResponse:
    """Ends one of the reader's tokens."""
    tokens.revoke(site(), principal(), token_id)
    return redirect("/settings", 303)


@pages.post("/settings/theme")
@public
def choose_theme() -> BaseResponse:
    """Keeps the reader's colours in a cookie; "system" forgets them."""
    chosen = request.form.get("theme", "")
    answer = redirect("/settings", 303)
    if chosen in components.THEMES:
        answer.set_cookie(components.THEME_COOKIE, chosen, max_age=_THEME_SECONDS, samesite="Lax", secure=_secure())
    else:
        answer.delete_cookie(components.THEME_COOKIE)
    return answer


@pages.get("/-/components")
@public
def gallery() -> str:
    """Every piece that pages are made of, for whoever builds or checks one."""
    principal()
    return render_template("web/components.html", states=components.STATES, severities=components.SEVERITIES, now=clock.now())


def _settings_page(secret: str = "", trouble: str = "", form: Any = None) -> str:
    who = principal()
    now = clock.now()
    with site().db.read() as session:
        rows = [(token, tokens.state_of(token, now)) for token in tokens.own(session, who)]
        policy = session.get_one(auth.Account, who.account_id).policy
    return render_template(
        "web/settings.html",
        rows=rows,
        current=who.token_id,
        policy=policy,
        secret=secret,
        trouble=trouble,
        form=form or {},
        scopes=tokens.SCOPES,
        lifetimes=tokens.LIFETIMES_DAYS,
        themes=components.THEMES,
        account=who.name,
    )


def _secure() -> bool:
    """Cookies are for TLS only wherever the service is reached over it."""
    return request.is_secure or site().settings.base_url.startswith("https://")
