"""`npm login` in a browser: the client waits, somebody who is logged in approves, the client gets a token of theirs.

The secret is made when the client comes for it and is never stored. What names a pending login is a random text that only
the client and who it shows the address to know; it holds for one package repository.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from registry.catalog import Place
from registry.formats.npm import tokens
from registry.formats.npm.models import PendingLogin
from service.kernel import audit, auth, clock
from service.kernel.auth import Principal, Token
from service.kernel.errors import Missing, Unavailable
from service.kernel.site import Site

LIFETIME = timedelta(minutes=5)
PENDING_MAX = 1000


def start(site: Site, where: Place, client: str) -> str:
    """Opens a login; answers its code. Raises Unavailable when too many wait."""
    code = secrets.token_urlsafe(24)
    now = clock.now()
    with site.db.write() as session:
        session.execute(delete(PendingLogin).where(PendingLogin.expires_at <= now))
        if (session.scalar(select(func.count()).select_from(PendingLogin)) or 0) >= PENDING_MAX:
            raise Unavailable(what="npm login", why="too many logins wait for approval; try again in five minutes")
        session.add(
            PendingLogin(digest=_digest(where, code), client=client[:200], created_at=now, expires_at=now + LIFETIME, token_id=None)
        )
    return code


def waiting(site: Site, where: Place, code: str) -> PendingLogin:
    """A login that was not yet approved or fetched. Raises Missing."""
    with site.db.read() as session:
        row = _find(session, where, code)
    if row.token_id is not None:
        raise Missing(what="npm login that waits for approval", name=f"{code[:6]}…")
    return row


def approve(site: Site, where: Place, code: str, who: Principal) -> None:
    """Lets the waiting client in, as `who`. Raises Missing, or NarrowToken when the browser's own token is a scoped one."""
    with site.db.write() as session:
        row = _find(session, where, code)
        if row.token_id is not None:
            raise Missing(what="npm login that waits for approval", name=f"{code[:6]}…")
        tokens.check_may_issue(session.get_one(Token, who.token_id), where)
        row.token_id = who.token_id
        audit.record(session, who.name, "registry:Login", where.resource, client=row.client, change="npm login approved")


def take(site: Site, where: Place, code: str) -> str | None:
    """The token of an approved login, once; None: it still waits. Raises Missing when it ended, Unauthenticated."""
    with site.db.read() as session:
        if _find(session, where, code).token_id is None:
            return None
    with site.db.write() as session:
        row = _find(session, where, code)
        parent = session.get_one(Token, row.token_id)
        auth.principal_of_token(session, parent, row.client)  # it may have been revoked meanwhile
        secret, _ = tokens.issue(session, where, parent, tokens.NewToken(f"npm login from {row.client}"))
        session.delete(row)
    return secret


def _find(session: Session, where: Place, code: str) -> PendingLogin:
    row = session.scalar(select(PendingLogin).where(PendingLogin.digest == _digest(where, code)))
    if row is None or row.expires_at <= clock.now():
        raise Missing(what="npm login that waits", name=f"{code[:6]}…")
    return row


def _digest(where: Place, code: str) -> str:
    return auth.digest_of(f"npm login {where.id} {code}")
