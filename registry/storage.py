"""What packages take: bytes as every repository counts them, and bytes as they are stored, equal ones once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.models import Asset, Package


@dataclass(frozen=True)
class Used:
    """Of some repositories together."""

    assets: int
    asset_bytes: int
    stored_bytes: int


def used(session: Session, repository_ids: Sequence[int]) -> Used:
    """Counts the living assets of repositories."""
    living = (
        select(Asset.digest, Asset.size).join(Package, Asset.package_id == Package.id)
        .where(Package.repository_id.in_(repository_ids), Asset.deleted_at.is_(None))
    ).subquery()
    count, total = session.execute(select(func.count(), func.coalesce(func.sum(living.c.size), 0)).select_from(living)).one()
    once = select(living.c.digest, func.max(living.c.size).label("size")).group_by(living.c.digest).subquery()
    stored = session.scalar(select(func.coalesce(func.sum(once.c.size), 0))) or 0
    return Used(int(count), int(total), int(stored))
