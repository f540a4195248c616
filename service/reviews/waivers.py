"""The only writer of waivers: a person lets findings stay, for a reason and a time, or takes that back.

A waiver holds for its repository and fingerprint, in the review where it is said and in every later one. Reviews that were
blocked before stay so: an old commit must not start its way to production because somebody waived on the newest.
Revoking is the other way round: whatever passed by that waiver is judged again. The end of a waiver's time changes no
verdict that was given while it held.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.kernel import audit, clock
from service.kernel.errors import Clash, Malformed, Missing
from service.kernel.site import Site
from service.reviews import store
from service.reviews.models import FindingRow, Review, Waiver

REASON_CHARACTERS_MIN = 3
REASON_CHARACTERS_MAX = 1000
DAYS_DEFAULT = 30
DAYS_MAX = 365
_REVIEWS_AT_ONCE = 50


class NotReviewed(Clash):
    """The review holds no findings that could be waived."""

    says = "review {review_id} is {state}: there is nothing to waive until it has passed or blocked"


def waive(
    site: Site, review_id: int, *, fingerprints: Sequence[str] | None, reason: str, days: int, actor: str
) -> Review:
    """Waives findings of a review, all that are new when `fingerprints` is None, and decides its gate again.

    Raises Missing for an unknown review or fingerprint, Malformed for a bad reason or time, NotReviewed.
    """
    reason = reason.strip()
    if not REASON_CHARACTERS_MIN <= len(reason) <= REASON_CHARACTERS_MAX:
        raise Malformed(where="reason", why=f"say why in {REASON_CHARACTERS_MIN} to {REASON_CHARACTERS_MAX} characters")
    if not 1 <= days <= DAYS_MAX:
        raise Malformed(where="expires_days", why=f"must be 1 to {DAYS_MAX}")
    with site.db.write() as session:
        review = session.get(Review, review_id)
        if review is None:
            raise Missing(what="review", name=str(review_id))
        if review.state not in ("passed", "blocked"):
            raise NotReviewed(review_id=review_id, state=review.state)
        for fingerprint, ids in _chosen(session, review_id, fingerprints).items():
            waiver = _add(session, review, fingerprint, reason, days, actor)
            store.cover(session, ids, waiver.id)
            audit.record(session, actor, "review:Waive", f"review/{review.repository}", review=review_id,
                         waiver=waiver.id, fingerprint=fingerprint, reason=reason, days=days)
        store.judge_again(session, review)
        return review


def revoke(site: Site, waiver_id: int, actor: str) -> Waiver:
    """Ends a waiver now and judges again what it covered. Idempotent. Raises Missing."""
    with site.db.write() as session:
        waiver = session.get(Waiver, waiver_id)
        if waiver is None:
            raise Missing(what="waiver", name=str(waiver_id))
        if waiver.revoked_at is None:
            waiver.revoked_at, waiver.revoked_by = clock.now(), actor
            audit.record(session, actor, "review:RevokeWaiver", f"review/{waiver.repository}", waiver=waiver_id,
                         fingerprint=waiver.fingerprint)
    while settle(site):
        pass
    return waiver


def settle(site: Site) -> bool:
    """Judges some of the reviews that still lean on a revoked waiver; answers whether there may be more.

    A separate step, so that a process that dies between leaves work to be found, not a wrong verdict.
    """
    leaning = (
        select(FindingRow.review_id).join(Waiver, FindingRow.waiver_id == Waiver.id)
        .where(Waiver.revoked_at.is_not(None)).distinct().order_by(FindingRow.review_id.desc()).limit(_REVIEWS_AT_ONCE)
    )
    with site.db.read() as session:
        review_ids = session.scalars(leaning).all()
    if not review_ids:
        return False
    with site.db.write() as session:
        for review_id in review_ids:
            _uncover(session, session.get_one(Review, review_id))
    return True


def _chosen(session: Session, review_id: int, fingerprints: Sequence[str] | None) -> dict[str, list[int]]:
    """The findings to waive: row ids by fingerprint."""
    wanted = select(FindingRow.fingerprint, FindingRow.id).where(FindingRow.review_id == review_id)
    if fingerprints is None:
        wanted = wanted.where(FindingRow.is_new, FindingRow.waiver_id.is_(None))
    elif fingerprints:
        wanted = wanted.where(FindingRow.fingerprint.in_(list(fingerprints)))
    else:
        raise Malformed(where="fingerprints", why="name at least one finding, or say all")
    found: dict[str, list[int]] = {}
    for fingerprint, row_id in session.execute(wanted):
        found.setdefault(fingerprint, []).append(row_id)
    for fingerprint in fingerprints or ():
        if fingerprint not in found:
            raise Missing(what=f"finding in review {review_id}", name=fingerprint)
    return found


def _add(session: Session, review: Review, fingerprint: str, reason: str, days: int, actor: str) -> Waiver:
    at = clock.now()
    waiver = Waiver(
        repository=review.repository, fingerprint=fingerprint, review_id=review.id, reason=reason, actor=actor,
        created_at=at, expires_at=at + timedelta(days=days), revoked_at=None, revoked_by="",
    )
    session.add(waiver)
    session.flush()
    return waiver


def _uncover(session: Session, review: Review) -> None:
    rows = session.execute(
        select(FindingRow.id, FindingRow.fingerprint).join(Waiver, FindingRow.waiver_id == Waiver.id)
        .where(FindingRow.review_id == review.id, Waiver.revoked_at.is_not(None))
    ).all()
    instead = store.active_waivers(session, review.repository, {fingerprint for _, fingerprint in rows})
    for row_id, fingerprint in rows:
        store.cover(session, [row_id], instead.get(fingerprint))
    store.judge_again(session, review)
