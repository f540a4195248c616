"""Pages of domains: their package repositories, and package groups with the forms to change them."""

from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from registry import associated, catalog, groups, patterns, repositories, storage
from registry.groups import Group, Restriction
from service.kernel.access import needs, principal, public, site
from service.kernel.errors import Clash, Malformed, Refused

pages = Blueprint("registry_domains", __name__, template_folder="templates")
PACKAGES_SHOWN = 100
SETTINGS = (
    (groups.PUBLISH, "Publishing"), (groups.EXTERNAL_UPSTREAM, "From external indexes"),
    (groups.INTERNAL_UPSTREAM, "From upstream repositories"),
)


@pages.get("/packages/<domain>")
@public
def domain_page(domain: str) -> str:
    """A domain: its repositories, what they take, and its package groups."""
    who = principal()
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
    return render_template(
        "registry/domain.html", domain=row, places=readable, used=used, settings=SETTINGS, server=request.host_url.rstrip("/"),
        rows=[(group, groups.effective_of(known, group.pattern)) for group in known],
        may_admin=who.may("registry:Admin", f"registry/{domain}"),
    )


@pages.get("/packages/<domain>/-/groups")
@needs("registry:Read", "registry/{domain}")
def group_page(domain: str) -> str:
    """One package group: what holds for it and which packages belong to it; a pattern that is no group yet shows what it would get."""
    return _group_page(domain, patterns.read(request.args.get("pattern", patterns.ROOT.text)))


def _group_page(domain: str, wanted: patterns.Pattern, trouble: str = "") -> str:
    who = principal()
    with site().db.read() as session:
        row = repositories.domain_named(session, domain)
        known = groups.load(session, row.id, row.groups_revision)
        if all(group.pattern != wanted for group in known):
            patterns.parse(wanted.text)  # raises Malformed: it could not be made
        places = [p for p in catalog.places(session) if p.domain_id == row.id]
        readable = [p.id for p in places if who.may("registry:Read", p.resource)]
        items = associated.packages(session, readable, [g.pattern for g in known], wanted, limit=PACKAGES_SHOWN + 1)
    own = next((g for g in known if g.pattern == wanted), Group(wanted, "", {}))
    stored = {setting: own.restrictions.get(setting, Restriction(groups.INHERIT)) for setting, _ in SETTINGS}
    form = request.form if trouble else {
        "description": own.description, **{setting: rule.mode for setting, rule in stored.items()},
        **{f"{setting}_repositories": " ".join(rule.repositories) for setting, rule in stored.items()},
    }
    return render_template(
        "registry/group.html", domain=row, group=own, effect=groups.effective_of(known, wanted), settings=SETTINGS, modes=groups.MODES,
        items=items[:PACKAGES_SHOWN], more=len(items) > PACKAGES_SHOWN, is_there=wanted in (g.pattern for g in known),
        is_root=wanted == patterns.ROOT,
        form=form, trouble=trouble, places=[p.name for p in places], may_admin=who.may("registry:Admin", f"registry/{domain}"),
    )


@pages.post("/packages/<domain>/-/groups")
@needs("registry:Admin", "registry/{domain}")
def set_group(domain: str) -> Response | tuple[str, int]:
    """Creates the group, changes it when it is there, or deletes it. A form that is refused comes back as it was sent."""
    form, actor = request.form, principal().name
    pattern = form.get("pattern", "").strip()
    if form.get("act") == "delete":
        groups.delete(site(), domain, pattern, actor)
        return redirect(f"/packages/{domain}", 303)
    rules = {setting: _restriction(setting) for setting, _ in SETTINGS if setting in form}
    description = form["description"].strip()[:1000] if "description" in form else None
    try:
        _set(domain, pattern, actor, description, rules)
    except Malformed as problem:
        return _group_page(domain, patterns.read(pattern), problem.detail), problem.status
    return redirect(f"/packages/{domain}/-/groups?{urlencode({'pattern': patterns.read(pattern).text})}", 303)


def _set(domain: str, pattern: str, actor: str, description: str | None, rules: dict[str, Restriction]) -> None:
    try:
        groups.create(site(), domain, pattern, actor=actor, description=description or "", restrictions=rules)
    except Clash:
        groups.change(site(), domain, pattern, actor=actor, description=description, restrictions=rules)


def _restriction(setting: str) -> Restriction:
    mode = request.form.get(setting, groups.INHERIT)
    named = request.form.get(f"{setting}_repositories", "").replace(",", " ").split()
    return Restriction(mode, tuple(dict.fromkeys(named)) if mode == groups.SPECIFIC else ())
