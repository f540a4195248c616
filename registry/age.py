"""The minimum age of what comes from outside: a version younger than that is neither shown nor handed out, unless the glass is broken.

Most malicious releases are found within days. A version whose publication nobody can date counts as too young.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import Table, bindparam, or_, select
from sqlalchemy.orm import Session

from registry.models import AgeException, PackageRepository
from registry.names import PackageName
from service.kernel import audit, clock
from service.kernel.errors import Malformed, Problem
from service.kernel.site import Site
from service.kernel.statements import Readable, Statement

_exceptions = cast(Table, AgeException.__table__)
_EXCEPTED = Statement(
    select(_exceptions.c.version).where(
        _exceptions.c.repository_id == bindparam("repository"), _exceptions.c.format == bindparam("format"),
        _exceptions.c.package == bindparam("package"), _exceptions.c.expires_at > bindparam("now"),
    )
)
HOURS_MAX = 24 * 366
EXCEPTION_HOURS_MAX = 24 * 90
STAMP_SECONDS = 60


class Guarded(Protocol):
    """A package repository with a minimum age."""

    @property
    def id(self) -> int:
        """Its row."""

    @property
    def minimum_age_hours(self) -> int:
        """0: any age."""


class Dated(Protocol):
    """A version, as a row or as what is shown of it."""

    @property
    def published_at(self) -> datetime:
        """When it was published, as far as is known."""


class Detailed(Protocol):
    """A stored file, likewise."""

    @property
    def details(self) -> dict[str, Any]:
        """The format's own facts."""


class TooYoung(Problem):
    """403: the version is held back."""

    status = 403
    says = "{package} {version} is held back: {why}, and this package repository asks for {hours} h"
    todo = "Take an older version, wait, or have an administrator break the glass: lockgate registry age allow."


@dataclass(frozen=True)
class Rule:
    """One repository's minimum age, and the version keys that are let through; "" lets every version through."""

    hours: int
    excepted: frozenset[str]


@dataclass(frozen=True)
class Gate:
    """The rules on the way of one package; a version passes when every one lets it pass."""

    rules: tuple[Rule, ...]
    now: datetime

    @property
    def stamp(self) -> tuple[object, ...]:
        """Changes when a rule does, and each minute, since versions come of age."""
        return (self.rules, int(self.now.timestamp()) // STAMP_SECONDS) if self.rules else ()

    def holds(self, key: str, published_at: datetime | None) -> bool:
        """Whether the version is too young."""
        return self._holder(key, published_at) is not None

    def check(self, package: str, version: str, key: str, published_at: datetime | None) -> None:
        """Raises TooYoung."""
        rule = self._holder(key, published_at)
        if rule is not None:
            why = "nobody says when it was published" if published_at is None else f"it was published {published_at:%Y-%m-%d %H:%M} UTC"
            raise TooYoung(package=package, version=version, why=why, hours=rule.hours)

    def _holder(self, key: str, published_at: datetime | None) -> Rule | None:
        for rule in self.rules:
            if not rule.excepted & {key, ""} and (published_at is None or self.now - published_at < timedelta(hours=rule.hours)):
                return rule
        return None


def gate(source: Readable, places: Iterable[Guarded], name: PackageName) -> Gate:
    """What stands in the way of a package that comes through these repositories."""
    now = clock.now()
    guarded = {p.id: p.minimum_age_hours for p in places if p.minimum_age_hours > 0}
    if not guarded:
        return Gate((), now)
    rules = []
    for number, hours in guarded.items():
        rows = _EXCEPTED.rows(source, {"repository": number, "format": name.format, "package": name.full, "now": now})
        rules.append(Rule(hours, frozenset(version for (version,) in rows)))
    return Gate(tuple(rules), now)


def moment(text: object) -> datetime | None:
    """A moment as an index writes it, or None when it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def published(version: Dated, asset: Detailed) -> datetime | None:
    """When the outside published a stored file, as far as it said so."""
    return moment(asset.details["uploaded_at"]) if "uploaded_at" in asset.details else version.published_at


def allow(site: Site, repository_id: int, resource: str, name: PackageName, key: str, reason: str, hours: int, actor: str) -> None:
    """Breaks the glass for a version, or with key "" for every version, for some hours. Raises Malformed; audited."""
    if not reason.strip():
        raise Malformed(where="reason", why="say why this cannot wait; it goes on record")
    if not 1 <= hours <= EXCEPTION_HOURS_MAX:
        raise Malformed(where="hours", why=f"1 to {EXCEPTION_HOURS_MAX}")
    now = clock.now()
    with site.db.write() as session:
        repository = session.get_one(PackageRepository, repository_id)
        repository.revision += 1
        session.add(
            AgeException(
                repository_id=repository_id, format=name.format, package=name.full, version=key, reason=reason.strip()[:1000], actor=actor,
                created_at=now, expires_at=now + timedelta(hours=hours),
            )
        )
        audit.record(
            session, actor, "registry:BreakGlass", resource, package=name.full, version=key or "every version", reason=reason, hours=hours
        )


def withdraw(site: Site, repository_id: int, resource: str, name: PackageName, actor: str) -> int:
    """Ends the package's exceptions now; answers how many."""
    now = clock.now()
    with site.db.write() as session:
        session.get_one(PackageRepository, repository_id).revision += 1
        rows = session.scalars(
            select(AgeException).where(
                AgeException.repository_id == repository_id, AgeException.format == name.format, AgeException.package == name.full,
                AgeException.expires_at > now,
            )
        ).all()
        for row in rows:
            row.expires_at = now
        audit.record(session, actor, "registry:BreakGlass", resource, package=name.full, change="withdrawn", count=len(rows))
        return len(rows)


def exceptions(session: Session, repository_id: int, package: str = "") -> list[AgeException]:
    """The exceptions in force, newest first."""
    query = select(AgeException).where(AgeException.repository_id == repository_id, AgeException.expires_at > clock.now())
    query = query.where(or_(AgeException.package == package, package == ""))  # type: ignore[arg-type]
    return list(session.scalars(query.order_by(AgeException.id.desc()).limit(200)))
