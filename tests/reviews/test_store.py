"""Reviews, waivers and the facts they publish, on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from analyzers.finding import Diagnostic
from service.kernel import clock
from service.kernel.audit import AuditRow
from service.kernel.bus import Outbox
from service.kernel.errors import Malformed, Missing
from service.kernel.events import Pushed
from service.kernel.site import Site
from service.reviews import baseline, queries, store, waivers
from service.reviews.models import Review, Waiver
from tests.reviews.conftest import Reviewed, finding


def facts(site: Site) -> list[tuple[str, str]]:
    """Every fact about a verdict, with the verdict."""
    with site.db.read() as session:
        rows = session.scalars(select(Outbox).order_by(Outbox.id))
        return [(row.kind, row.body["verdict"]) for row in rows if "verdict" in row.body]


def verdict(site: Site, review_id: int) -> str:
    with site.db.read() as session:
        return session.get_one(Review, review_id).verdict


def waive(site: Site, review: Review, *fingerprints: str) -> Review:
    return waivers.waive(site, review.id, fingerprints=fingerprints or None, reason="known", days=7, actor="bo")


def test_a_verdict_and_its_fact_come_together(site: Site, reviewed: Reviewed) -> None:
    review = reviewed(new=[finding()], old=[finding("f2", "low")])
    assert (review.state, review.verdict) == ("blocked", "blocked")
    assert review.reasons[0] == "1 of 2 findings is new and high"
    assert review.counts["new"] == 1
    assert facts(site) == [("ReviewFinished", "blocked")]


def test_finishing_twice_tells_once(site: Site, reviewed: Reviewed) -> None:
    review = reviewed(new=[finding()])
    again = store.Outcome("", [], [], store.GateOptions(), (), {}, "engine 1")
    store.finish(site, review.id, again)
    assert verdict(site, review.id) == "blocked"
    assert facts(site) == [("ReviewFinished", "blocked")]


def test_a_reviewed_commit_is_not_begun_again(site: Site, reviewed: Reviewed) -> None:
    review = reviewed()
    assert store.begin(site, Pushed("shop", "refs/heads/other", "", review.commit, "ana", 2), "x") is None


def test_a_review_that_failed_blocks(site: Site) -> None:
    fact = Pushed("shop", "refs/heads/main", "", "a" * 40, "ana", 1)
    for _ in range(2):
        store.fail(site, fact, "the disk is full")
    with site.db.read() as session:
        review = store.of_commit(session, "shop", "a" * 40)
    assert review is not None
    assert (review.state, review.verdict) == ("failed", "blocked")
    assert "the disk is full" in review.reasons[0]
    assert facts(site) == [("ReviewFinished", "blocked")]


def test_a_failed_review_can_be_made_good(site: Site, reviewed: Reviewed) -> None:
    store.fail(site, Pushed("shop", "refs/heads/main", "", "a" * 40, "ana", 1), "the disk is full")
    assert reviewed(commit="a" * 40).verdict == "passed"
    assert facts(site) == [("ReviewFinished", "blocked"), ("ReviewFinished", "passed")]


def test_a_waiver_opens_the_gate(site: Site, reviewed: Reviewed) -> None:
    review = reviewed(new=[finding("f1"), finding("f2")])
    assert waive(site, review, "f1").verdict == "blocked"
    assert waive(site, review, "f2").verdict == "passed"
    assert facts(site) == [("ReviewFinished", "blocked"), ("GateChanged", "passed")]


def test_waived_findings_stay_visible(site: Site, reviewed: Reviewed) -> None:
    review = waive(site, reviewed(new=[finding("f1"), finding("f2")]))
    assert (review.counts["findings"], review.counts["waived"], review.counts["new"]) == (2, 2, 0)
    with site.db.read() as session:
        assert [shown.standing for shown in queries.findings(session, review.id)] == ["waived", "waived"]


def test_a_waiver_is_in_the_audit_trail(site: Site, reviewed: Reviewed) -> None:
    waive(site, reviewed(new=[finding()]))
    with site.db.read() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "review:Waive")).one()
    assert (row.actor, row.resource, row.detail["reason"]) == ("bo", "review/shop", "known")


def test_revoking_closes_the_gate_again(site: Site, reviewed: Reviewed) -> None:
    review = waive(site, reviewed(new=[finding()]))
    with site.db.read() as session:
        waiver = session.scalars(select(Waiver)).one()
    for _ in range(2):
        waivers.revoke(site, waiver.id, "cy")
    assert verdict(site, review.id) == "blocked"
    assert [kind for kind, _ in facts(site)] == ["ReviewFinished", "GateChanged", "GateChanged"]


def test_revoking_judges_every_review_it_carried(site: Site, reviewed: Reviewed) -> None:
    first = waive(site, reviewed(new=[finding()]))
    later = [reviewed(new=[finding()]) for _ in range(3)]
    assert {review.verdict for review in later} == {"passed"}
    with site.db.read() as session:
        waiver = session.scalars(select(Waiver)).one()
    waivers.revoke(site, waiver.id, "cy")
    assert {verdict(site, review.id) for review in (first, *later)} == {"blocked"}


def test_a_second_waiver_survives_the_first(site: Site, reviewed: Reviewed) -> None:
    waive(site, reviewed(new=[finding()]), "f1")
    review = waive(site, reviewed(new=[finding()]), "f1")
    with site.db.read() as session:
        second = max(session.scalars(select(Waiver.id)))
    waivers.revoke(site, second, "cy")
    assert verdict(site, review.id) == "passed"


def test_an_older_blocked_review_stays_blocked(site: Site, reviewed: Reviewed) -> None:
    older, newer = reviewed(new=[finding()]), reviewed(new=[finding()])
    waive(site, newer)
    assert verdict(site, older.id) == "blocked"


def test_an_ended_waiver_covers_nothing_new(site: Site, reviewed: Reviewed) -> None:
    review = waive(site, reviewed(new=[finding()]))
    with site.db.write() as session:
        session.execute(update(Waiver).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert verdict(site, review.id) == "passed"
    assert reviewed(new=[finding()]).verdict == "blocked"


def test_what_passed_by_waiver_stays_new(site: Site, reviewed: Reviewed) -> None:
    base = waive(site, reviewed(new=[finding("f1")], old=[finding("f2")]))
    with site.db.read() as session:
        found = baseline.find(session, "shop", "b" * 40, {"b" * 40: [base.commit], base.commit: []})
    assert found.commit == base.commit
    assert (found.fingerprints, found.waived) == ({"f2"}, {"f1"})


def test_a_blocked_review_makes_nothing_old(site: Site, reviewed: Reviewed) -> None:
    blocked = reviewed(new=[finding()])
    with site.db.read() as session:
        found = baseline.find(session, "shop", "b" * 40, {"b" * 40: [blocked.commit], blocked.commit: []})
    assert (found.commit, found.fingerprints) == ("", frozenset())


def test_a_waiver_needs_reason_time_and_finding(site: Site, reviewed: Reviewed) -> None:
    review = reviewed(new=[finding()])
    for reason, days, fingerprints, problem in (
        ("  ", 7, ["f1"], Malformed), ("known", 0, ["f1"], Malformed), ("known", 366, ["f1"], Malformed),
        ("known", 7, ["f9"], Missing), ("known", 7, [], Malformed),
    ):
        with pytest.raises(problem):
            waivers.waive(site, review.id, fingerprints=fingerprints, reason=reason, days=days, actor="bo")
    assert verdict(site, review.id) == "blocked"


def test_waivers_do_not_mend_what_was_not_read(site: Site, reviewed: Reviewed) -> None:
    unread = Diagnostic("shop/broken.py", 3, "cannot be parsed", unreadable=True)
    review = reviewed(new=[finding()], told=[unread])
    assert waive(site, review).verdict == "blocked"


def test_hostile_text_is_stored_as_it_can_be(site: Site, reviewed: Reviewed) -> None:
    review = reviewed(new=[finding(message="nul \0 and half \ud800 a pair", path="a\udcff.py")])
    with site.db.read() as session:
        row = queries.findings(session, review.id)[0].row
    assert row.message == "nul \N{REPLACEMENT CHARACTER} and half \\ud800 a pair"


def test_findings_that_count_come_first(site: Site, reviewed: Reviewed) -> None:
    review = reviewed(new=[finding("low", "low", rank=0.1), finding("high", rank=0.5)], old=[finding("old", rank=0.9)])
    with site.db.read() as session:
        assert [shown.row.fingerprint for shown in queries.findings(session, review.id)] == ["high", "low", "old"]
        assert queries.standings(session, review.id) == {"all": 3, "new": 2, "old": 1, "waived": 0, "suppressed": 0}
