"""Pages of domains, and the forms by which administrators change groups, statuses and origin controls."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from registry import catalog, groups, patterns, repositories, statuses, storage, store
from registry.catalog import Place
from registry.formats import format_named
from registry.groups import Group, Restriction
from registry.names import PackageName
from registry.statuses import Wanted
from registry.views import package_url
from service.kernel.access import needs, principal, public, site
from service.kernel.errors import Clash, Problem, Refused

pages = Blueprint("registry_domains", __name__, template_folder="templates")
SETTINGS = (
    (groups.PUBLISH, "Publishing"), (groups.EXTERNAL_UPSTREAM, "From external indexes"),
    (groups.INTERNAL_UPSTREAM, "From upstream repositories"),
)
ADMIN = ("registry:Admin", "registry/{domain}/{repository}")


class NotDone(Problem):
    """409: the form's one version was left as it was."""

    status = 409
    says = "{version} was left as it was: {why}"


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


@pages.post("/packages/<domain>/-/groups")
@needs("registry:Admin", "registry/{domain}")
def set_group(domain: str) -> Response:
    """Creates the group, or changes it when it is there."""
    rules = {setting: Restriction(request.form.get(setting, groups.INHERIT)) for setting, _ in SETTINGS}
    pattern = request.form.get("pattern", "")
    try:
        groups.create(site(), domain, pattern, actor=principal().name, restrictions=rules)
    except Clash:
        groups.change(site(), domain, pattern, actor=principal().name, restrictions=rules)
    return redirect(f"/packages/{domain}", 303)


@pages.post("/packages/<domain>/<repository>/-/status")
@needs(*ADMIN)
def set_status(domain: str, repository: str) -> Response:
    """Sets the status of the version that the form names."""
    where, name, version = _place(domain, repository), _name(), request.form.get("version", "")
    told = statuses.update(site(), where, name, Wanted({version: ""}), request.form.get("status", ""), principal().name)
    if told.failed:
        raise NotDone(version=version, why=told.failed[version]["message"])
    return _back(where, name, version)


@pages.post("/packages/<domain>/<repository>/-/origins")
@needs(*ADMIN)
def set_origins(domain: str, repository: str) -> Response:
    """Sets the origin controls of the package that the form names."""
    where, name = _place(domain, repository), _name()
    store.set_origins(site(), where, name, request.form.get("publish", ""), request.form.get("upstream", ""), principal().name)
    return _back(where, name, "")


def _place(domain: str, repository: str) -> Place:
    with site().db.read() as session:
        return catalog.place(session, domain, repository)


def _name() -> PackageName:
    return format_named(request.form.get("format", "")).parse(request.form.get("package", ""))


def _back(where: Place, name: PackageName, version: str) -> Response:
    with site().db.read() as session:
        return redirect(package_url(where, catalog.package(session, where, name), version), 303)
