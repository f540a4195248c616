"""What a package's page and its repository's settings show for Python alone, to change."""

from sqlalchemy.orm import Session

from registry.catalog import Place
from registry.formats import FormPart
from registry.formats.pypi import rules
from registry.models import Package


def package_form(session: Session, package: Package) -> FormPart:
    """The project's status, to change."""
    return FormPart("pypi/status.html", {"now": rules.status_of(session, [package]), "statuses": rules.STATUSES})


def repository_form(session: Session, where: Place) -> FormPart:
    """The rules for uploads, to change."""
    return FormPart("pypi/rules.html", {"rules": rules.rules_of(session, where), "days_max": rules.CLOSED_AFTER_DAYS_MAX})
