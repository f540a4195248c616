"""Merging what came into windows, minutes into hours, hours into days, and letting the old go."""

import io
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from profiler import folded, store, tree, windows, wire
from profiler.aggregate import merge, prune
from profiler.models import Profile, Window
from profiler.store import DAY, HOUR, KEPT, MINUTE, Change, Key, Outcome
from profiler.tree import Tree
from service.kernel import clock
from service.kernel.bus import job
from service.kernel.errors import Missing
from service.kernel.events import ProfileReceived
from service.kernel.site import Site

TRIES = 20
SWEEP_SECONDS = 30.0
LATE = timedelta(minutes=5)
"""After the end of an hour or a day, before it is rolled up; what comes later is merged into both."""
ROLL_UP_ROWS = 2_000
FORGET_ROWS = 500


class Contended(Exception):
    """Other profiles changed the same windows again and again; the job is tried once more later."""


class _Sweep:
    """When the worker tidies up next; on its own monotonic clock."""

    due = 0.0


@job(queue="light", attempts=6)
def aggregate(site: Site, fact: ProfileReceived) -> None:
    """Merges a profile into the window of its minute and the longer ones already there; once, however often it runs.

    Merging happens outside the transaction, which only checks that the windows still are what they were merged from.
    """
    with site.db.read() as session:
        profile = session.get(Profile, fact.profile_id)
    if profile is None or profile.merged_at is not None:
        return
    arrived = _tree_of(site, profile)
    for _ in range(TRIES):
        with site.db.read() as session:
            before, absent = _targets(session, profile)
        try:
            changes = [_with(site, profile.group_id, key, digest, arrived, before) for key, digest in before.items()]
        except Missing:
            continue  # the window got new content since it was looked up
        with site.db.write() as session:
            outcome = store.merge_profile(session, profile.id, changes, absent)
        _drop(site, (c.before if outcome is Outcome.DONE else c.digest for c in changes))
        if outcome is not Outcome.STALE:
            return
    raise Contended(f"profile {profile.id}")


def tick(site: Site) -> None:
    """Rolls finished hours and days up and forgets what is too old; twice a minute."""
    if time.monotonic() < _Sweep.due:
        return
    _Sweep.due = time.monotonic() + SWEEP_SECONDS
    now = clock.now()
    for part_seconds, period_seconds in ((MINUTE, HOUR), (HOUR, DAY)):
        with site.db.read() as session:
            keys = _finished(session, part_seconds, period_seconds, now)
        for group_id, key in keys:
            _roll_up(site, group_id, key, part_seconds)
    with site.db.read() as session:
        old = store.is_anything_old(session, now)
    if old:
        with site.db.write() as session:
            digests = store.forget_old(session, now, FORGET_ROWS)
        _drop(site, digests)


def _tree_of(site: Site, profile: Profile) -> Tree:
    with site.blobs.open(profile.digest) as file:
        data = file.read()
    if profile.format == "folded":
        return folded.read(wire.unpack(data).decode("utf-8", "replace"))
    return wire.decode(data).tree


def _targets(session: Session, profile: Profile) -> tuple[dict[Key, str], list[Key]]:
    """Windows the profile goes into with their present digests ("" for a new one), and longer ones that are not there.

    Between the shortest and the longest one that exists none may be left out, or it would later be rolled up twice.
    """
    middle = profile.started_at + timedelta(milliseconds=profile.duration_ms / 2)
    age = clock.now() - middle
    periods = [period for period, kept in KEPT.items() if age < kept] or [DAY]
    keys = [Key(period, store.start_of(middle, period), profile.version) for period in periods]
    found = [store.find_window(session, profile.group_id, key) for key in keys]
    last = max((at for at, row in enumerate(found) if row is not None), default=0)
    rows = zip(keys[: last + 1], found[: last + 1], strict=True)
    return {key: row.digest if row else "" for key, row in rows}, keys[last + 1 :]


def _with(site: Site, group_id: int, key: Key, digest: str, arrived: Tree, before: dict[Key, str]) -> Change:
    trees = [windows.load(site.blobs, digest)] if digest else []
    held = any(other.period_seconds > key.period_seconds for other in before)
    return _change(site, group_id, key, digest, [*trees, arrived], 1, held)


def _change(
    site: Site, group_id: int, key: Key, before: str, trees: Sequence[Tree], profiles: int, held: bool
) -> Change:
    merged = prune(merge(trees))
    # The nonce makes the content nobody else's, so that it can be deleted when this window no longer needs it.
    about = {"group": group_id, "period": key.period_seconds, "starts_at": key.starts_at.isoformat(),
             "version": key.version, "nonce": secrets.token_hex(8)}
    blob = site.blobs.put(io.BytesIO(tree.dump(merged, about)))
    return Change(key, before, blob.digest, merged, profiles, held)


def _finished(session: Session, part_seconds: int, period_seconds: int, now: datetime) -> list[tuple[int, Key]]:
    """Longer windows whose time is over and that are not there yet."""
    over = store.start_of(now - LATE, period_seconds)
    rows = session.execute(
        select(Window.group_id, Window.version, Window.starts_at)
        .where(Window.period_seconds == part_seconds, Window.rolled_up.is_(False), Window.starts_at < over)
        .limit(ROLL_UP_ROWS)
    )
    return list({
        (group_id, Key(period_seconds, store.start_of(starts_at, period_seconds), version)): None
        for group_id, version, starts_at in rows
    })


def _roll_up(site: Site, group_id: int, key: Key, part_seconds: int) -> None:
    with site.db.read() as session:
        parts = store.parts_of(session, group_id, key, part_seconds)
    try:
        trees = [windows.load(site.blobs, part.digest) for part in parts]
    except Missing:
        return  # a late profile came in between; the next sweep sees it whole
    change = _change(site, group_id, key, "", trees, sum(part.profiles for part in parts), held=False)
    with site.db.write() as session:
        outcome = store.roll_up(session, group_id, change, part_seconds, {part.id: part.digest for part in parts})
    if outcome is not Outcome.DONE:
        _drop(site, [change.digest])


def _drop(site: Site, digests: Iterable[str]) -> None:
    for digest in digests:
        if digest:
            site.blobs.delete(digest)
