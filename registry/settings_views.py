"""Pages on which administrators set up package repositories and write policies. A form that is refused comes back as it was sent."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from registry import catalog, policies, repositories
from registry.catalog import Place
from registry.formats import all_formats
from registry.upstream.http import shown
from registry.views import repository_url
from service.kernel.access import needs, principal, site
from service.kernel.errors import Malformed, Missing, Problem

pages = Blueprint("registry_settings", __name__, template_folder="templates")
ADMIN = ("registry:Admin", "registry/{domain}/{repository}")
ADMIN_DOMAIN = ("registry:Admin", "registry/{domain}")
LINES_AROUND = 3


@pages.get("/packages/<domain>/<repository>/-/settings")
@needs(*ADMIN)
def settings(domain: str, repository: str) -> str:
    """Where it looks, how old what comes from outside must be, and what its formats ask of uploads."""
    return settings_page(_place(domain, repository))


@pages.post("/packages/<domain>/<repository>/-/settings")
@needs(*ADMIN)
def change_settings(domain: str, repository: str) -> Response | tuple[str, int]:
    """Changes all of it at once."""
    where, form = _place(domain, repository), request.form
    try:
        repositories.change_repository(
            site(), where, actor=principal().name, description=_text(form.get("description", "")),
            upstreams=tuple(_lines(form.get("upstreams", ""))), connections=_connections(where, form.get("connections", "")),
            minimum_age_hours=whole_number("minimum age", form.get("minimum_age_hours", "")),
        )
    except Problem as problem:
        return settings_page(where, problem), problem.status
    return redirect(repository_url(where), 303)


@pages.post("/packages/<domain>/<repository>/-/delete")
@needs(*ADMIN)
def delete(domain: str, repository: str) -> Response | tuple[str, int]:
    """Deletes the package repository when its name was typed."""
    where = _place(domain, repository)
    try:
        confirm(where.name, request.form.get("name", ""))
        repositories.delete_repository(site(), where, principal().name)
    except Problem as problem:
        return settings_page(where, problem), problem.status
    return redirect(f"/packages/{domain}", 303)


@pages.get("/packages/<domain>/-/policy")
@needs(*ADMIN_DOMAIN)
def domain_policy(domain: str) -> str:
    """The domain's policy, to edit."""
    with site().db.read() as session:
        repositories.domain_named(session, domain)
    return _policy(f"registry/{domain}")


@pages.post("/packages/<domain>/-/policy")
@needs(*ADMIN_DOMAIN)
def put_domain_policy(domain: str) -> Response | tuple[str, int]:
    """Replaces or removes it."""
    with site().db.read() as session:
        repositories.domain_named(session, domain)
    return _put_policy(f"registry/{domain}", f"/packages/{domain}")


@pages.get("/packages/<domain>/<repository>/-/policy")
@needs(*ADMIN)
def repository_policy(domain: str, repository: str) -> str:
    """The package repository's policy, to edit."""
    return _policy(_place(domain, repository).resource)


@pages.post("/packages/<domain>/<repository>/-/policy")
@needs(*ADMIN)
def put_repository_policy(domain: str, repository: str) -> Response | tuple[str, int]:
    """Replaces or removes it."""
    where = _place(domain, repository)
    return _put_policy(where.resource, repository_url(where))


def confirm(name: str, typed: str) -> None:
    """What takes something away for good wants its name typed. Raises Malformed."""
    if typed.strip() != name:
        raise Malformed(where="confirmation", why=f"type {name} to confirm")


def whole_number(where: str, text: str) -> int:
    """A number as a form sends it; empty is 0. Raises Malformed."""
    if text.strip() and not (text.strip().isascii() and text.strip().isdecimal() and len(text.strip()) < 10):
        raise Malformed(where=where, why=f"{text[:20]!r} is no whole number")
    return int(text.strip() or 0)


def _place(domain: str, repository: str) -> Place:
    with site().db.read() as session:
        return catalog.place(session, domain, repository)


def _text(text: str) -> str:
    if len(text) > 1000:
        raise Malformed(where="description", why="at most 1000 characters")
    return text.strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _connections(where: Place, text: str) -> tuple[catalog.Connection, ...]:
    pairs = []
    for line in _lines(text):
        kind, _, url = line.partition(" ")
        if kind not in all_formats() or not url.strip():
            why = f"write a format ({', '.join(all_formats())}), a space, and its URL"
            raise Malformed(where=f"external connection {line[:100]!r}", why=why)
        pairs.append((kind, url.strip()))
    return repositories.connections_of(pairs, private=principal().may("admin:ConnectPrivate", "admin/upstreams"), known=where.connections)


def settings_page(where: Place, trouble: Problem | None = None) -> str:
    """The settings of a package repository; `trouble` is why the form that this request sends was refused."""
    refused_form = request.path.rpartition("/-/")[2] if trouble else ""
    with site().db.read() as session:
        parts = [part for one in all_formats().values() if (part := one.repository_form(session, where))]
        others = [p.name for p in catalog.places(session) if p.domain_id == where.domain_id and p.id != where.id]
    form = request.form if refused_form == "settings" else {
        "description": where.description, "upstreams": "\n".join(where.upstreams), "minimum_age_hours": str(where.minimum_age_hours),
        "connections": "\n".join(f"{c.format} {shown(c.url)}" for c in where.connections),
    }
    return render_template(
        "registry/settings.html", place=where, form=form, trouble=trouble, sent=request.form,
        refused_form=refused_form, parts=parts, others=others,
        hidden=any(c.url != shown(c.url) for c in where.connections),
    )


def _policy(resource: str, trouble: policies.WrongLine | Problem | None = None, sent: str | None = None) -> str:
    try:
        known = policies.get(site(), resource)
    except Missing:
        known = {"statements": [], "revision": ""}
    text = policies.shown(known["statements"]) if sent is None else sent
    line = int(trouble.facts["line"]) if isinstance(trouble, policies.WrongLine) else 0
    first = max(line - LINES_AROUND, 1)
    return render_template(
        "registry/policy.html", resource=resource, text=text, revision=request.form.get("revision", known["revision"]),
        there=bool(known["revision"]), trouble=trouble.detail if trouble else "", todo=trouble.todo if trouble else "",
        line=line, first=first,
        around=text.splitlines()[first - 1 : line + LINES_AROUND - 1] if line else [],
    )


def _put_policy(resource: str, back: str) -> Response | tuple[str, int]:
    form = request.form
    sent = form.get("statements", "").replace("\r\n", "\n")
    try:
        if form.get("act") == "remove":
            policies.delete(site(), resource, principal().name)
        else:
            policies.put(site(), resource, policies.parse(sent), principal(), form.get("revision", ""))
    except Problem as problem:
        return _policy(resource, problem, sent), problem.status
    return redirect(back, 303)
