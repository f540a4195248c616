"""Profiles into windows: each counted once, hours and days hold what their minutes held, the old is let go."""

import gzip
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from profiler import folded, jobs, store, windows
from profiler.models import Profile, Window
from profiler.store import DAY, HOUR, MINUTE, Received
from profiler.windows import Span
from service.kernel import clock
from service.kernel.events import ProfileReceived
from service.kernel.site import Site

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class At:
    """The clock of the tests."""

    def __init__(self) -> None:
        self.now = NOON


@pytest.fixture
def at(monkeypatch) -> At:
    """Moves the product's clock."""
    told = At()
    monkeypatch.setattr(clock, "now", lambda: told.now)
    monkeypatch.setattr(jobs._Sweep, "due", 0.0)
    monkeypatch.setattr(jobs, "SWEEP_SECONDS", 0.0)
    return told


@pytest.fixture
def group(site: Site, at: At) -> int:
    with site.db.write() as session:
        return store.create_group(session, "g", project="p", description="", own_packages=[], actor="t").id


def send(site: Site, group: int, moment: datetime, text: str, version: str = "1") -> int:
    """Receives a profile without merging it."""
    blob = site.blobs.put(io.BytesIO(gzip.compress(text.encode(), mtime=0)))
    sent = Received("i", version, [], "folded", blob.digest, blob.size, folded.read(text).total("samples"), moment, 20_000)
    with site.db.write() as session:
        found = session.get(store.ProfilingGroup, group)
        assert found is not None
        return store.receive(session, found, sent)[0].id


def merge(site: Site, profile: int) -> None:
    jobs.aggregate.run(site, ProfileReceived(profile, "g"))


def total(site: Site, group: int, start: datetime, end: datetime, version: str = "") -> int:
    return windows.read(site, group, Span(start, end), version).tree.total("samples")


def rows(site: Site, period: int) -> list[Window]:
    with site.db.read() as session:
        return list(session.scalars(select(Window).where(Window.period_seconds == period).order_by(Window.starts_at)))


def test_a_job_that_runs_twice_counts_once(site: Site, group: int, at: At):
    profile = send(site, group, NOON - timedelta(seconds=50), "a;b 3\n")
    merge(site, profile)
    merge(site, profile)
    assert total(site, group, NOON - timedelta(minutes=2), NOON) == 3
    assert [(w.profiles, w.totals) for w in rows(site, MINUTE)] == [(1, {"samples": 3})]


def test_many_workers_merge_one_minute(site: Site, group: int, at: At):
    profiles = [send(site, group, NOON - timedelta(seconds=50), f"a;f{n} 1\n") for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda profile: merge(site, profile), profiles * 2))
    assert total(site, group, NOON - timedelta(minutes=2), NOON) == 12
    assert [w.profiles for w in rows(site, MINUTE)] == [12]


def test_replaced_windows_leave_no_blobs(site: Site, group: int, at: At):
    for number in range(5):
        merge(site, send(site, group, NOON - timedelta(seconds=50), f"a {number + 1}\n"))
    stored = [p for p in (site.settings.data / "blobs").rglob("*") if p.is_file()]
    assert len(stored) == 5 + 1


def test_minutes_roll_up_into_hours_and_days(site: Site, group: int, at: At):
    for hour in range(3):
        for minute in range(0, 60, 20):
            at.now = NOON + timedelta(hours=hour, minutes=minute + 1)
            merge(site, send(site, group, at.now - timedelta(seconds=55), f"a;h{hour} {minute + 1}\n"))
    at.now = NOON + timedelta(hours=3, minutes=10)
    jobs.tick(site)
    assert [w.totals["samples"] for w in rows(site, HOUR)] == [63, 63, 63]
    assert all(w.rolled_up for w in rows(site, MINUTE))
    assert total(site, group, NOON - timedelta(hours=1), at.now) == 189
    assert total(site, group, NOON + timedelta(hours=1), NOON + timedelta(hours=2)) == 63
    assert total(site, group, NOON + timedelta(minutes=20), NOON + timedelta(hours=1)) == 62
    at.now = NOON + timedelta(days=1)
    jobs.tick(site)
    jobs.tick(site)
    assert [(w.totals["samples"], w.profiles) for w in rows(site, DAY)] == [(189, 9)]
    assert total(site, group, NOON - timedelta(hours=12), at.now) == 189


def test_a_late_profile_reaches_every_window(site: Site, group: int, at: At):
    at.now = NOON + timedelta(minutes=2)
    merge(site, send(site, group, NOON, "a 1\n"))
    at.now = NOON + timedelta(days=1)
    jobs.tick(site)
    jobs.tick(site)
    merge(site, send(site, group, NOON + timedelta(minutes=30), "late 5\n"))
    merge(site, send(site, group, NOON + timedelta(hours=4), "later 7\n"))
    jobs.tick(site)
    assert [w.totals["samples"] for w in rows(site, DAY)] == [13]
    assert [w.totals["samples"] for w in rows(site, HOUR)] == [6, 7]
    assert total(site, group, NOON - timedelta(hours=12), at.now) == 13
    assert total(site, group, NOON, NOON + timedelta(hours=1)) == 6


def test_old_windows_go_and_sums_stay(site: Site, group: int, at: At):
    at.now = NOON + timedelta(minutes=2)
    merge(site, send(site, group, NOON, "a 4\n"))
    for days in (1, 3, 20, 80):
        at.now = NOON + timedelta(days=days)
        jobs.tick(site)
        jobs.tick(site)
        assert total(site, group, NOON - timedelta(days=1), at.now) == 4
    assert [len(rows(site, period)) for period in (MINUTE, HOUR, DAY)] == [0, 0, 1]
    with site.db.read() as session:
        assert session.scalar(select(Profile.id)) is None
    at.now = NOON + timedelta(days=100)
    jobs.tick(site)
    assert not [p for p in (site.settings.data / "blobs").rglob("*") if p.is_file()]


def test_versions_are_kept_apart(site: Site, group: int, at: At):
    merge(site, send(site, group, NOON - timedelta(seconds=50), "a 1\n", "1.0"))
    merge(site, send(site, group, NOON - timedelta(seconds=40), "a 2\n", "2.0"))
    span = Span(NOON - timedelta(minutes=5), NOON)
    assert total(site, group, span.start, span.end) == 3
    assert total(site, group, span.start, span.end, "2.0") == 2
    with site.db.read() as session:
        assert sorted(windows.versions(session, group, span)) == ["1.0", "2.0"]


def test_the_time_line_has_every_step(site: Site, group: int, at: At):
    merge(site, send(site, group, NOON - timedelta(minutes=10), "a 4\n"))
    with site.db.read() as session:
        bars = windows.time_line(session, group, Span(NOON - timedelta(hours=1), NOON))
    assert len(bars) == 60
    assert [bar.totals for bar in bars if bar.totals] == [{"samples": 4}]
