"""Lists of versions, a part at a time: highest first, of one status if asked."""

from sqlalchemy.orm import Session

from registry import catalog
from registry.formats import format_named
from registry.models import ARCHIVED, DISPOSED, PUBLISHED, UNFINISHED, UNLISTED, Package, Version
from registry.versions import by_number
from service.kernel.errors import Malformed

STATUSES = (PUBLISHED, UNFINISHED, UNLISTED, ARCHIVED, DISPOSED)


def versions(session: Session, package: Package, *, status: str = "", after: str = "", limit: int) -> tuple[list[Version], str]:
    """At most `limit` versions below the version `after`, and the last of them when there are more, else "". Raises Malformed."""
    if status and status not in STATUSES:
        raise Malformed(where="status", why=f"is one of {', '.join(STATUSES)}")
    package_format = format_named(package.format)
    number = by_number(package_format.order)
    rows = sorted(catalog.versions(session, package), key=lambda one: number(one.version), reverse=True)
    if after:
        key = package_format.key(after)
        at = next((at for at, one in enumerate(rows) if one.key == key), None)
        if at is None:
            raise Malformed(where="cursor", why=f"there is no version {after[:100]!r} to go on from")
        rows = rows[at + 1 :]
    found = [one for one in rows if status in ("", one.status)]
    return found[:limit], found[limit - 1].version if len(found) > limit else ""
