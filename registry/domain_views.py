"""Pages of domains: their package repositories, and package groups with the forms to change them.

A form that is refused comes back as it was sent, on the page that it stands on.
"""

from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from registry import associated, catalog, groups, patterns, repositories, storage
from registry.groups import Group, Restriction
from registry.settings_views import confirm
from registry.views import packages_page, repository_url
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.errors import Clash, Malformed, Problem, Refused

pages = Blueprint("registry_domains", __name__, template_folder="templates")
PACKAGES_SHOWN, GROUPS_SHOWN = 100, 100
SETTINGS = (
    (groups.PUBLISH, "Publishing"), (groups.EXTERNAL_UPSTREAM, "From external indexes"),
    (groups.INTERNAL_UPSTREAM, "From upstream repositories"),
)
ADMIN = ("registry:Admin", "registry/{domain}")
_NAME_PARTS = 3


@pages.get("/packages/<domain>")
@public
def domain_page(domain: str) -> str:
    """A domain: its repositories, what they take, and its package groups."""
    return _domain_page(domain)


def _domain_page(domain: str, trouble: Problem | None = None) -> str:
    who, args = principal(), request.args
    with site().db.read() as session:
        row = repositories.domain_named(session, domain)
        places = [p for p in catalog.places(session) if p.domain_id == row.id]
        readable = [p for p in places if who.may("registry:Read", p.resource)]
        if not readable and not who.may("registry:Read", f"registry/{domain}"):
            raise Refused(who=who.name, action="registry:Read", resource=f"registry/{domain}")
        known = groups.load(session, row.id, row.groups_revision)
        used = storage.used(session, [p.id for p in places])
    if all(group.pattern != patterns.ROOT for group in known):
        known = (Group(patterns.ROOT, "what holds for everything else", {}), *known)
    prefix, after = args.get("prefix", "").strip(), args.get("after", "")
    asked = [g for g in sorted(known, key=lambda g: g.pattern.text) if g.pattern.text.startswith(prefix) and g.pattern.text > after]
    more = {"prefix": prefix, "after": asked[GROUPS_SHOWN - 1].pattern.text} if len(asked) > GROUPS_SHOWN else {}
    return render_template(
        "registry/domain.html", domain=row, places=readable, used=used, settings=SETTINGS, server=request.host_url.rstrip("/"),
        rows=[(group, groups.effective_of(known, group.pattern)) for group in asked[:GROUPS_SHOWN]], prefix=prefix,
        many=len(known) > 1, more_groups=f"?{urlencode(more)}#groups" if more else "",
        may_admin=who.may("registry:Admin", f"registry/{domain}"), trouble=trouble,
        sent=request.form if trouble else {}, refused_form=request.path.rpartition("/-/")[2],
    )


@pages.post("/packages/-/domains")
@public
def create() -> Response | tuple[str, int]:
    """Makes a domain."""
    name = request.form.get("name", "").strip()
    who = demand("registry:Admin", f"registry/{name}")
    try:
        repositories.create_domain(site(), name, request.form.get("description", "").strip()[:1000], who.name)
    except (Malformed, Clash) as problem:
        return packages_page(problem), problem.status
    return redirect(f"/packages/{name}", 303)


@pages.post("/packages/<domain>/-/description")
@needs(*ADMIN)
def describe(domain: str) -> Response:
    """Says what the domain is for."""
    repositories.change_domain(site(), domain, request.form.get("description", "").strip()[:1000], principal().name)
    return redirect(f"/packages/{domain}", 303)


@pages.post("/packages/<domain>/-/repositories")
@public
def create_repository(domain: str) -> Response | tuple[str, int]:
    """Makes a package repository in the domain and leads to its settings."""
    form, name = request.form, request.form.get("name", "").strip()
    who = demand("registry:Admin", f"registry/{domain}/{name}")
    try:
        with site().db.read() as session:
            repositories.domain_named(session, domain)
        project, description = form.get("project", "").strip() or "default", form.get("description", "").strip()[:1000]
        made = repositories.create_repository(site(), domain, name, actor=who.name, project=project, description=description)
    except (Malformed, Clash) as problem:
        return _domain_page(domain, problem), problem.status
    return redirect(f"{repository_url(made)}/-/settings", 303)


@pages.post("/packages/<domain>/-/delete")
@needs(*ADMIN)
def delete(domain: str) -> Response | tuple[str, int]:
    """Deletes the domain when its name was typed and nothing is in it any more."""
    try:
        confirm(domain, request.form.get("name", ""))
        repositories.delete_domain(site(), domain, principal().name)
    except Problem as problem:
        return _domain_page(domain, problem), problem.status
    return redirect("/packages", 303)


@pages.get("/packages/<domain>/-/groups")
@needs("registry:Read", "registry/{domain}")
def group_page(domain: str) -> str | tuple[str, int]:
    """One package group: what holds for it and which packages belong to it; a pattern that is no group yet shows what it would get."""
    try:
        return _group_page(domain, patterns.read(request.args.get("pattern", patterns.ROOT.text)))
    except Malformed as problem:
        return _domain_page(domain, problem), problem.status


def _group_page(domain: str, wanted: patterns.Pattern, trouble: Problem | None = None) -> str:
    who, after = principal(), request.args.get("after", "||").split("|")
    if len(after) != _NAME_PARTS:
        raise Malformed(where="after", why="is not where another page of this list ended")
    with site().db.read() as session:
        row = repositories.domain_named(session, domain)
        known = groups.load(session, row.id, row.groups_revision)
        if all(group.pattern != wanted for group in known):
            patterns.parse(wanted.text)  # raises Malformed: it could not be made
        places = [p for p in catalog.places(session) if p.domain_id == row.id]
        readable = [p.id for p in places if who.may("registry:Read", p.resource)]
        items = associated.packages(
            session, readable, [g.pattern for g in known], wanted, after=(after[0], after[1], after[2]), limit=PACKAGES_SHOWN + 1
        )
    own = next((g for g in known if g.pattern == wanted), Group(wanted, "", {}))
    stored = {setting: own.restrictions.get(setting, Restriction(groups.INHERIT)) for setting, _ in SETTINGS}
    form = request.form if trouble else {
        "description": own.description, **{setting: rule.mode for setting, rule in stored.items()},
        **{f"{setting}_repositories": " ".join(rule.repositories) for setting, rule in stored.items()},
    }
    shown = items[:PACKAGES_SHOWN]
    last = f"{shown[-1].name.format}|{shown[-1].name.namespace}|{shown[-1].name.name}" if len(items) > PACKAGES_SHOWN else ""
    return render_template(
        "registry/group.html", domain=row, group=own, effect=groups.effective_of(known, wanted), settings=SETTINGS, modes=groups.MODES,
        items=shown, more_packages=_group_url(domain, wanted, last) if last else "",
        first_packages=_group_url(domain, wanted) if any(after) else "", is_there=wanted in (g.pattern for g in known),
        is_root=wanted == patterns.ROOT,
        form=form, trouble=trouble, places=[p.name for p in places], may_admin=who.may("registry:Admin", f"registry/{domain}"),
    )


@pages.post("/packages/<domain>/-/groups")
@needs(*ADMIN)
def set_group(domain: str) -> Response | tuple[str, int]:
    """Creates the group, changes it when it is there, or deletes it."""
    form, actor = request.form, principal().name
    pattern = form.get("pattern", "").strip()
    try:
        if form.get("act") == "delete":
            groups.delete(site(), domain, pattern, actor)
            return redirect(f"/packages/{domain}", 303)
        rules = {setting: _restriction(setting) for setting, _ in SETTINGS if setting in form}
        _set(domain, pattern, actor, form["description"].strip()[:1000] if "description" in form else None, rules)
        return redirect(_group_url(domain, patterns.read(pattern)), 303)
    except Malformed as problem:
        return _group_page(domain, patterns.read(pattern), problem), problem.status


def _group_url(domain: str, pattern: patterns.Pattern, after: str = "") -> str:
    return f"/packages/{domain}/-/groups?{urlencode({'pattern': pattern.text, **({'after': after} if after else {})})}"


def _set(domain: str, pattern: str, actor: str, description: str | None, rules: dict[str, Restriction]) -> None:
    try:
        groups.create(site(), domain, pattern, actor=actor, description=description or "", restrictions=rules)
    except Clash:
        groups.change(site(), domain, pattern, actor=actor, description=description, restrictions=rules)


def _restriction(setting: str) -> Restriction:
    mode = request.form.get(setting, groups.INHERIT)
    named = request.form.get(f"{setting}_repositories", "").replace(",", " ").split()
    return Restriction(mode, tuple(dict.fromkeys(named)) if mode == groups.SPECIFIC else ())
