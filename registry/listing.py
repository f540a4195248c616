"""Lists of packages and versions, a part at a time."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry import catalog
from registry.catalog import Place
from registry.formats import format_named
from registry.models import (
    ALLOW,
    ARCHIVED,
    BLOCK,
    DISPOSED,
    EXTERNAL,
    INTERNAL,
    PUBLISHED,
    UNFINISHED,
    UNLISTED,
    Package,
    Version,
)
from registry.versions import by_number
from service.kernel.errors import Malformed

STATUSES = (PUBLISHED, UNFINISHED, UNLISTED, ARCHIVED, DISPOSED)
BY_VERSION, BY_PUBLICATION = "version", "published"


@dataclass(frozen=True)
class PackageFilter:
    """Which packages of a repository; what is empty does not matter."""

    words: str = ""
    format: str = ""
    namespace: str = ""
    """What the namespace begins with."""
    prefix: str = ""
    """What the name begins with."""
    publish: str = ""
    upstream: str = ""


def packages(session: Session, where: Place, wanted: PackageFilter, *, after: str = "", limit: int) -> tuple[list[Package], str]:
    """At most `limit` packages by name, and what to ask on with when there are more, else "". Raises Malformed."""
    if wanted.namespace and not wanted.format:
        raise Malformed(where="namespace", why="means something in one format; give `format` too")
    for control in ("publish", "upstream"):
        if getattr(wanted, control) not in ("", ALLOW, BLOCK):
            raise Malformed(where=control, why="is ALLOW or BLOCK")
    name, _, number = after.rpartition(" ")
    if after and not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise Malformed(where="cursor", why="is not the `next` of a page before")
    conditions = [column == value for column, value in ((Package.publish, wanted.publish), (Package.upstream, wanted.upstream)) if value]
    scope = ("@" if wanted.format == "npm" else "") + wanted.namespace.removeprefix("@") if wanted.namespace else ""
    conditions += [
        column.startswith(begin, autoescape=True) for column, begin in ((Package.namespace, scope), (Package.name, wanted.prefix)) if begin
    ]
    rows = catalog.search(
        session, [where.id], words=wanted.words, format_name=wanted.format, after=(name, int(number or 0)), limit=limit + 1,
        conditions=conditions,
    )
    return rows[:limit], f"{rows[limit - 1].name} {rows[limit - 1].id}" if len(rows) > limit else ""


def versions(
    session: Session, package: Package, *, status: str = "", origin: str = "", order: str = BY_VERSION, after: str = "", limit: int
) -> tuple[list[Version], str]:
    """At most `limit` versions behind the version `after`, and the last of them when there are more, else "". Raises Malformed.

    `order`: the highest first, or the one that was published last.
    """
    for where, value, known in (
        ("status", status, ("", *STATUSES)), ("origin", origin, ("", INTERNAL, EXTERNAL)), ("order", order, (BY_VERSION, BY_PUBLICATION)),
    ):
        if value not in known:
            raise Malformed(where=where, why=f"is one of {', '.join(one for one in known if one)}")
    package_format = format_named(package.format)
    rows = catalog.versions(session, package)  # by publication
    if order == BY_VERSION:
        number = by_number(package_format.order)
        rows.sort(key=lambda one: number(one.version), reverse=True)
    else:
        rows.reverse()
    if after:
        key = package_format.key(after)
        at = next((at for at, one in enumerate(rows) if one.key == key), None)
        if at is None:
            raise Malformed(where="cursor", why=f"there is no version {after[:100]!r} to go on from")
        rows = rows[at + 1 :]
    found = [one for one in rows if status in ("", one.status) and origin in ("", one.origin)]
    return found[:limit], found[limit - 1].version if len(found) > limit else ""


def default_version(session: Session, package: Package) -> str:
    """The version to show first: npm's `latest`, else the published one that came last, else "".

    https://docs.aws.amazon.com/codeartifact/latest/ug/list-packages-versions.html
    """
    tagged = catalog.tags(session, package).get("latest", "")
    rows = catalog.versions(session, package)
    published = [one.version for one in rows if one.status == PUBLISHED] or [one.version for one in rows]
    return tagged or (published[-1] if published else "")
