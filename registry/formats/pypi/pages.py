"""Forms for what Python packages have of their own: a project's status (PEP 792) and a package repository's rules for uploads."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from registry.formats.pypi import rules
from registry.formats.pypi.rules import Rules
from registry.formats.sources import place
from registry.names import pypi_name
from registry.package_views import package_page
from registry.settings_views import settings_page
from service.kernel.access import needs, principal, site
from service.kernel.errors import Malformed, Problem

pages = Blueprint("registry_pypi_pages", __name__, url_prefix="/packages/<domain>/<repository>/-/pypi", template_folder="templates")
ADMIN = ("registry:Admin", "registry/{domain}/{repository}")
REASON_CHARACTERS_MAX = 500


@pages.post("/project-status")
@needs(*ADMIN)
def set_status(domain: str, repository: str) -> Response | tuple[str, int]:
    """Sets the status of the project that the form names."""
    where, name = place(domain, repository), pypi_name(request.form.get("package", ""))
    reason = request.form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
    try:
        rules.set_status(site(), where, name, request.form.get("status", ""), reason, principal().name)
    except Problem as problem:
        return package_page(where, name, request.form.get("version", ""), problem), problem.status
    return redirect(f"/packages/{domain}/{repository}/pypi/{name.name}", 303)


@pages.post("/upload-rules")
@needs(*ADMIN)
def set_rules(domain: str, repository: str) -> Response | tuple[str, int]:
    """Replaces the rules for uploads."""
    where = place(domain, repository)
    try:
        rules.set_rules(site(), where, _rules(), principal().name)
    except Problem as problem:
        return settings_page(where, problem), problem.status
    return redirect(f"/packages/{domain}/{repository}/-/settings", 303)


def _rules() -> Rules:
    days = request.form.get("closed_after_days", "").strip() or "0"
    if not (days.isascii() and days.isdecimal() and len(days) < 6 and int(days) <= rules.CLOSED_AFTER_DAYS_MAX):
        raise Malformed(where="days after which a release takes no more files", why=f"a number from 0 to {rules.CLOSED_AFTER_DAYS_MAX}")
    return Rules(local_versions=request.form.get("local_versions") == "yes", closed_after_days=int(days))
