"""Forms about versions: statuses, origin controls, yanks, copies, goodbyes, and the broken glass of the minimum age.

A form that is refused comes back as it was sent, on the page that it stands on.
"""

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from registry import age, catalog, copying, statuses, store
from registry.catalog import Place
from registry.formats import format_named
from registry.names import PackageName
from registry.package_views import package_page
from registry.settings_views import whole_number
from registry.statuses import Outcome, Wanted
from registry.views import package_url, repository_page, repository_url
from service.kernel.access import demand, needs, principal, site
from service.kernel.errors import Malformed, Missing, Problem, Refused

pages = Blueprint("registry_versions", __name__)
READ = ("registry:Read", "registry/{domain}/{repository}")
ADMIN = ("registry:Admin", "registry/{domain}/{repository}")
PUBLISH = ("registry:Publish", "registry/{domain}/{repository}")
BREAK_GLASS = ("registry:BreakGlass", "registry/{domain}/{repository}")
ROUTE = "/packages/<domain>/<repository>/-"

Act = Callable[[Place, PackageName, str], Response]
"""Does what a form asks for to the package and version that it names."""


class NotDone(Problem):
    """409: the form's one version was left as it was."""

    status = 409
    says = "{version} was left as it was: {why}"


def on_package_page(act: Act) -> Callable[[str, str], Response | tuple[str, int]]:
    """The form as a view: whatever refuses it stands on the package's page, above what was filled in."""

    @wraps(act)
    def answer(domain: str, repository: str) -> Response | tuple[str, int]:
        where, version = _place(domain, repository), request.form.get("version", "")
        try:
            name = _name()
        except Problem as problem:
            return repository_page(where, problem), problem.status
        try:
            return act(where, name, version)
        except Refused:
            raise
        except Problem as problem:
            return _refused(where, name, version, problem), problem.status

    return answer


def _refused(where: Place, name: PackageName, version: str, problem: Problem) -> str:
    try:
        return package_page(where, name, version, problem)
    except Missing:  # the version has gone meanwhile, or there never was one
        pass
    try:
        return package_page(where, name, "", problem)
    except Missing:
        return repository_page(where, problem)


@pages.post(f"{ROUTE}/status")
@needs(*ADMIN)
@on_package_page
def set_status(where: Place, name: PackageName, version: str) -> Response:
    """Sets the status of the version that the form names."""
    _done(version, statuses.update(site(), where, name, Wanted({version: ""}), request.form.get("status", ""), principal().name))
    return _back(where, name, version)


@pages.post(f"{ROUTE}/origins")
@needs(*ADMIN)
@on_package_page
def set_origins(where: Place, name: PackageName, version: str) -> Response:
    """Sets the origin controls of the package that the form names, and goes back to the version it shows, if any."""
    store.set_origins(site(), where, name, request.form.get("publish", ""), request.form.get("upstream", ""), principal().name)
    with site().db.read() as session:
        return redirect(package_url(where, catalog.package(session, where, name), version), 303)


@pages.post(f"{ROUTE}/yank")
@needs(*PUBLISH)
@on_package_page
def yank(where: Place, name: PackageName, version: str) -> Response:
    """Yanks the version, or takes its yank back."""
    reason = request.form.get("reason", "").strip()[:1000] if request.form.get("act") == "yank" else None
    store.yank(site(), where, name, version, reason, principal().name)
    return _back(where, name, version)


@pages.post(f"{ROUTE}/copy")
@needs(*READ)
@on_package_page
def copy(where: Place, name: PackageName, version: str) -> Response:
    """Copies the version to another package repository of the domain, and leads there."""
    to = request.form.get("to", "")
    who = demand("registry:Publish", f"registry/{where.domain}/{to}")
    target = _place(where.domain, to)
    overwrite = request.form.get("overwrite") == "yes"
    _done(version, copying.copy(site(), where, target, name, Wanted({version: ""}), who.name, overwrite=overwrite))
    return _back(target, name, version)


@pages.post(f"{ROUTE}/end")
@needs(*ADMIN)
@on_package_page
def end(where: Place, name: PackageName, version: str) -> Response:
    """Disposes of the version or deletes it, when it was typed to confirm."""
    if request.form.get("typed", "").strip() != version:
        raise NotDone(version=version, why=f"type {version} to confirm")
    act = {"dispose": statuses.dispose, "delete": statuses.remove}.get(request.form.get("act", ""))
    if act is None:
        raise Malformed(where="act", why="dispose or delete")
    _done(version, act(site(), where, name, Wanted({version: ""}), principal().name))
    return _back(where, name, version if act is statuses.dispose else "")


@pages.post(f"{ROUTE}/age-exception")
@needs(*BREAK_GLASS)
def break_glass(domain: str, repository: str) -> Response | tuple[str, int]:
    """Lets a version through before its age, or ends the package's exceptions."""
    where = _place(domain, repository)
    try:
        _break_glass(where, _name(), request.form.get("version", "").strip())
    except Problem as problem:
        return repository_page(where, problem), problem.status
    return redirect(repository_url(where), 303)


def _break_glass(where: Place, name: PackageName, version: str) -> None:
    who = principal().name
    if request.form.get("act") == "withdraw":
        age.withdraw(site(), where.id, where.resource, name, who)
        return
    key = format_named(name.format).key(version) if version else ""
    hours = whole_number("hours", request.form.get("hours", ""))
    age.allow(site(), where.id, where.resource, name, key, request.form.get("reason", ""), hours, who)


def _place(domain: str, repository: str) -> Place:
    with site().db.read() as session:
        return catalog.place(session, domain, repository)


def _name() -> PackageName:
    return format_named(request.form.get("format", "")).parse(request.form.get("package", "").strip())


def _done(version: str, told: Outcome) -> None:
    if told.failed:
        raise NotDone(version=version, why=told.failed[version]["message"])


def _back(where: Place, name: PackageName, version: str) -> Response:
    """To the package's page; to its repository's when nothing is left of it that could be shown."""
    with site().db.read() as session:
        try:
            row = catalog.package(session, where, name)
        except Missing:
            return redirect(repository_url(where), 303)
        gone = not version and not catalog.versions(session, row)
    return redirect(repository_url(where) if gone else package_url(where, row, version), 303)
