"""What a git repository does with pushes that bring secrets, and git's hook for it. The only writer of its table.

"gate" takes them, as everything, and lets the review and the list of leaked secrets tell; "block" refuses them.
"""

import secrets
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from service.git import repos
from service.kernel import audit, clock
from service.kernel.errors import Malformed
from service.kernel.site import Site
from service.reviews.models import PushCheck

CHOICES = ("gate", "block")
LEVELS = ("high", "medium", "low")
"""Of no secret the severity is critical or info."""


@dataclass(frozen=True)
class Setting:
    """What a git repository does with pushes that bring secrets, and from which severity on."""

    secrets: str = CHOICES[0]
    level: str = LEVELS[0]


def setting(site: Site, repository: str) -> Setting:
    """What holds for a git repository: "gate" unless somebody set it otherwise."""
    with site.db.read() as session:
        row = session.scalar(select(PushCheck).where(PushCheck.repository == repository))
        return Setting(row.secrets, row.level) if row is not None else Setting()


def put(site: Site, repository: str, says: str, level: str | None, actor: str) -> Setting:
    """Sets what holds from the next push on; without a level that stays as it was. Raises Missing, Malformed."""
    for field, word, choices in (("secrets", says, CHOICES), ("level", level or LEVELS[0], LEVELS)):
        if word not in choices:
            raise Malformed(where=field, why=f"is one of {', '.join(choices)}")
    with site.db.write() as session:
        name = repos.find(session, repository).name
        row = session.scalar(select(PushCheck).where(PushCheck.repository == name))
        if row is None:
            row = PushCheck(repository=name, level=LEVELS[0])
            session.add(row)
        row.secrets, row.level, row.actor, row.updated_at = says, level or row.level, actor, clock.now()
        audit.record(session, actor, "review:SetPushCheck", f"review/{name}", secrets=says, level=row.level)
        return Setting(row.secrets, row.level)


def hooks(site: Site, repository: str) -> Path | None:
    """The folder with the hooks that a push to the repository must pass; None where it passes none."""
    holds = setting(site, repository)
    if holds.secrets != "block":
        return None
    folder = site.settings.data / "run" / "hooks" / f"secrets-{holds.level}"
    hook = folder / "pre-receive"
    text = f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m service.reviews.push_search {holds.level}\n"
    if not hook.exists() or hook.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{secrets.token_hex(8)}"
        fresh.write_text(text)
        fresh.chmod(0o700)
        fresh.replace(hook)
    return folder
