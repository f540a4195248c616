"""Forms for what Python packages have of their own: a project's status (PEP 792) and a package repository's rules for uploads."""

from flask import Blueprint, redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from registry.catalog import Place
from registry.formats import FormPart
from registry.formats.pypi import rules
from registry.formats.pypi.rules import Rules
from registry.formats.sources import place
from registry.models import Package
from registry.names import pypi_name
from service.kernel.access import needs, principal, site
from service.kernel.errors import Malformed

pages = Blueprint("registry_pypi_pages", __name__, url_prefix="/packages/<domain>/<repository>/-/pypi", template_folder="templates")
ADMIN = ("registry:Admin", "registry/{domain}/{repository}")
REASON_CHARACTERS_MAX = 500


def package_form(session: Session, package: Package) -> FormPart:
    """The project's status, to change."""
    return FormPart("pypi/status.html", {"now": rules.status_of(session, [package]), "statuses": rules.STATUSES})


def repository_form(session: Session, where: Place) -> FormPart:
    """The rules for uploads, to change."""
    return FormPart("pypi/rules.html", {"rules": rules.rules_of(session, where), "days_max": rules.CLOSED_AFTER_DAYS_MAX})


@pages.post("/project-status")
@needs(*ADMIN)
def set_status(domain: str, repository: str) -> Response:
    """Sets the status of the project that the form names."""
    where, name = place(domain, repository), pypi_name(request.form.get("package", ""))
    reason = request.form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
    rules.set_status(site(), where, name, request.form.get("status", ""), reason, principal().name)
    return redirect(f"/packages/{domain}/{repository}/pypi/{name.name}", 303)


@pages.post("/upload-rules")
@needs(*ADMIN)
def set_rules(domain: str, repository: str) -> Response:
    """Replaces the rules for uploads."""
    days = request.form.get("closed_after_days", "").strip() or "0"
    if not (days.isascii() and days.isdecimal() and len(days) < 6 and int(days) <= rules.CLOSED_AFTER_DAYS_MAX):
        raise Malformed(where="days after which a release takes no more files", why=f"a number from 0 to {rules.CLOSED_AFTER_DAYS_MAX}")
    wanted = Rules(local_versions=request.form.get("local_versions") == "yes", closed_after_days=int(days))
    rules.set_rules(site(), place(domain, repository), wanted, principal().name)
    return redirect(f"/packages/{domain}/{repository}/-/settings", 303)
