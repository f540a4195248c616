"""What a git repository does with pushes that bring secrets, and git's hook for it. The only writer of its table.

"gate" takes them, as everything, and lets the review and the list of leaked secrets tell; "block" refuses them.
"""

import secrets
import shlex
import sys
from pathlib import Path

from sqlalchemy import select

from service.git import repos
from service.kernel import audit, clock
from service.kernel.errors import Malformed
from service.kernel.site import Site
from service.reviews.models import PushCheck

CHOICES = ("gate", "block")


def setting(site: Site, repository: str) -> str:
    """What holds for a git repository: "gate" unless somebody set it otherwise."""
    with site.db.read() as session:
        return session.scalar(select(PushCheck.secrets).where(PushCheck.repository == repository)) or CHOICES[0]


def put(site: Site, repository: str, says: str, actor: str) -> str:
    """Sets what holds from the next push on. Raises Missing, Malformed."""
    if says not in CHOICES:
        raise Malformed(where="secrets", why=f"is one of {', '.join(CHOICES)}")
    with site.db.write() as session:
        name = repos.find(session, repository).name
        row = session.scalar(select(PushCheck).where(PushCheck.repository == name))
        if row is None:
            row = PushCheck(repository=name)
            session.add(row)
        row.secrets, row.actor, row.updated_at = says, actor, clock.now()
        audit.record(session, actor, "review:SetPushCheck", f"review/{name}", secrets=says)
    return says


def hooks(site: Site, repository: str) -> Path | None:
    """The folder with the hooks that a push to the repository must pass; None where it passes none."""
    if setting(site, repository) != "block":
        return None
    folder = site.settings.data / "run" / "hooks" / "secrets"
    hook = folder / "pre-receive"
    text = f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m service.reviews.push_search\n"
    if not hook.exists() or hook.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{secrets.token_hex(8)}"
        fresh.write_text(text)
        fresh.chmod(0o700)
        fresh.replace(hook)
    return folder
