"""The only writer of profiling groups, profiles and windows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from profiler.models import Profile, ProfilingGroup, Window
from profiler.tree import VALUE_MAX, Tree
from service.kernel import audit, clock
from service.kernel.bus import publish
from service.kernel.db import EPOCH
from service.kernel.errors import Clash, Malformed, Missing
from service.kernel.events import ProfileReceived

MINUTE, HOUR, DAY = 60, 3_600, 86_400
KEPT = {MINUTE: timedelta(days=2), HOUR: timedelta(days=15), DAY: timedelta(days=90)}
"""How long a window of each period stays; profiles themselves stay as long as a minute's window."""
OWN_PACKAGES_MAX = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PACKAGE = re.compile(r"[A-Za-z_]\w{0,99}")


@dataclass(frozen=True)
class Key:
    """Which window of a group."""

    period_seconds: int
    starts_at: datetime
    version: str


@dataclass(frozen=True)
class Change:
    """A window's new content; `before` is the digest it was made from, "" for a new window."""

    key: Key
    before: str
    digest: str
    tree: Tree
    profiles: int
    """Added to the window's count."""
    rolled_up: bool


class Outcome(Enum):
    """What became of a change."""

    DONE = "done"
    BEFORE = "done before"
    STALE = "made from windows that changed meanwhile"


@dataclass(frozen=True)
class Received:
    """A profile that passed all checks and whose blob is stored."""

    instance: str
    version: str
    own_packages: Sequence[str]
    format: str
    digest: str
    size_bytes: int
    samples: int
    started_at: datetime
    duration_ms: int


def create_group(
    session: Session, name: str, *, project: str, description: str, own_packages: Sequence[str], actor: str
) -> ProfilingGroup:
    """Adds a group. Raises Malformed for a bad name, Clash when it is taken."""
    if not _NAME.fullmatch(name):
        raise Malformed(where="name", why="use 1-100 letters, digits, . _ - and start with a letter or digit")
    if session.scalar(select(ProfilingGroup).where(ProfilingGroup.name == name)):
        raise Clash(what="profiling group", name=name)
    group = ProfilingGroup(
        name=name, project=project, description=description, own_packages=_packages(own_packages), enabled=True,
        interval_seconds=None, created_at=clock.now(), last_received_at=None,
    )
    session.add(group)
    session.flush()
    audit.record(session, actor, "profile:Create", f"profile/{name}")
    return group


def find_group(session: Session, name: str) -> ProfilingGroup:
    """The group. Raises Missing."""
    group = session.scalar(select(ProfilingGroup).where(ProfilingGroup.name == name))
    if group is None:
        raise Missing(what="profiling group", name=name)
    return group


def edit_group(
    session: Session, name: str, *, enabled: bool, interval_seconds: int | None, description: str,
    own_packages: Sequence[str], actor: str,
) -> ProfilingGroup:
    """Changes what a person may change. Raises Missing or Malformed."""
    group = find_group(session, name)
    group.enabled, group.interval_seconds, group.description = enabled, interval_seconds, description
    group.own_packages = _packages(own_packages)
    audit.record(session, actor, "profile:Edit", f"profile/{name}", enabled=enabled, interval_seconds=interval_seconds)
    return group


def receive(session: Session, group: ProfilingGroup, sent: Received) -> tuple[Profile, bool]:
    """Records a profile and says that it came; answers its row and whether it is new."""
    known = session.scalar(
        select(Profile).where(
            Profile.group_id == group.id, Profile.instance == sent.instance, Profile.digest == sent.digest
        )
    )
    if known is not None:
        return known, False
    now = clock.now()
    profile = Profile(
        group_id=group.id, instance=sent.instance, version=sent.version, format=sent.format, digest=sent.digest,
        size_bytes=sent.size_bytes, samples=sent.samples, started_at=sent.started_at, duration_ms=sent.duration_ms,
        received_at=now, merged_at=None,
    )
    session.add(profile)
    session.flush()
    group.last_received_at = now
    new = [p for p in sent.own_packages if p not in group.own_packages]
    if new:
        group.own_packages = [*group.own_packages, *new][:OWN_PACKAGES_MAX]
    publish(session, ProfileReceived(profile_id=profile.id, group=group.name))
    return profile, True


def find_window(session: Session, group_id: int, key: Key) -> Window | None:
    """The window, when it is there."""
    return session.scalar(
        select(Window).where(
            Window.group_id == group_id, Window.period_seconds == key.period_seconds,
            Window.starts_at == key.starts_at, Window.version == key.version,
        )
    )


def merge_profile(session: Session, profile_id: int, changes: Sequence[Change], absent: Iterable[Key]) -> Outcome:
    """Puts a profile's new windows in place, unless that was done before or they are no longer what they were.

    `absent` are windows that must still not be there: had one appeared, it would have to hold this profile too.
    """
    profile = session.get(Profile, profile_id)
    if profile is None:
        return Outcome.BEFORE
    _lock_group(session, profile.group_id)
    session.refresh(profile)
    if profile.merged_at is not None:
        return Outcome.BEFORE
    if any(find_window(session, profile.group_id, key) is not None for key in absent):
        return Outcome.STALE
    if not _put(session, profile.group_id, changes):
        return Outcome.STALE
    profile.merged_at = clock.now()
    return Outcome.DONE


def roll_up(session: Session, group_id: int, change: Change, part_seconds: int, parts: dict[int, str]) -> Outcome:
    """Puts a longer window in place and marks its parts (window id → digest) as held by it, if they are still those."""
    _lock_group(session, group_id)
    rows = parts_of(session, group_id, change.key, part_seconds)
    if {row.id: row.digest for row in rows} != parts or not _put(session, group_id, [change]):
        return Outcome.STALE
    for row in rows:
        row.rolled_up = True
    return Outcome.DONE


def parts_of(session: Session, group_id: int, key: Key, part_seconds: int) -> Sequence[Window]:
    """The shorter windows that lie in a longer one."""
    ends = key.starts_at + timedelta(seconds=key.period_seconds)
    return session.scalars(
        select(Window).where(
            Window.group_id == group_id, Window.version == key.version, Window.period_seconds == part_seconds,
            Window.starts_at >= key.starts_at, Window.starts_at < ends,
        )
    ).all()


def is_anything_old(session: Session, now: datetime) -> bool:
    """Whether `forget_old` would find something."""
    return any(session.scalar(query.limit(1)) is not None for query in _old(now))


def forget_old(session: Session, now: datetime, limit: int) -> list[str]:
    """Removes what is older than its time, at most `limit` rows of each kind; answers digests that nothing names now."""
    digests = []
    for query in _old(now):
        for row in session.scalars(query.limit(limit)):
            digests.append(row.digest)
            session.delete(row)
    session.flush()
    return [d for d in digests if session.scalar(select(Profile.id).where(Profile.digest == d).limit(1)) is None]


def is_package(name: str) -> bool:
    """Whether this can be the name of a top-level package."""
    return bool(_PACKAGE.fullmatch(name))


def start_of(moment: datetime, period_seconds: int) -> datetime:
    """When the window of this length that holds the moment starts."""
    return moment - timedelta(seconds=(moment - EPOCH).total_seconds() % period_seconds)


def _put(session: Session, group_id: int, changes: Sequence[Change]) -> bool:
    found = [(change, find_window(session, group_id, change.key)) for change in changes]
    if any((row.digest if row else "") != change.before for change, row in found):
        return False
    for change, row in found:
        if row is None:
            row = Window(
                group_id=group_id, version=change.key.version, period_seconds=change.key.period_seconds,
                starts_at=change.key.starts_at, profiles=0,
            )
            session.add(row)
        row.digest, row.rolled_up = change.digest, change.rolled_up
        row.profiles += change.profiles
        row.units = dict(change.tree.units)
        row.totals = {metric: min(change.tree.total(metric), VALUE_MAX) for metric in change.tree.units}
    return True


def _old(now: datetime) -> list[Select[Window] | Select[Profile]]:
    queries: list[Select[Window] | Select[Profile]] = []
    for period, kept in KEPT.items():
        old = select(Window).where(Window.period_seconds == period, Window.starts_at < now - kept)
        queries.append(old if period == DAY else old.where(Window.rolled_up.is_(True)))
    late = now - KEPT[MINUTE]
    queries.append(select(Profile).where(Profile.received_at < late, Profile.merged_at.is_not(None)))
    return queries


def _lock_group(session: Session, group_id: int) -> None:
    # On PostgreSQL two workers may merge at once; the windows of a group change one after the other.
    session.get(ProfilingGroup, group_id, with_for_update=True)


def _packages(names: Sequence[str]) -> list[str]:
    for name in names:
        if not is_package(name):
            raise Malformed(where="own_packages", why=f"{name!r} is not the name of a top-level package")
    if len(names) > OWN_PACKAGES_MAX:
        raise Malformed(where="own_packages", why=f"more than {OWN_PACKAGES_MAX} packages")
    return list(dict.fromkeys(names))
