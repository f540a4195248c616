"""A person's own tokens: what the settings page lists, makes and ends."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.kernel import audit, auth, clock
from service.kernel.auth import Principal, Token
from service.kernel.errors import Malformed, Missing, Problem
from service.kernel.policy import Statement
from service.kernel.site import Site

LABEL_CHARACTERS_MAX = 100
LISTED_MAX = 200
LIFETIMES_DAYS = (7, 30, 90, 365)
SCOPES: dict[str, tuple[str, list[Statement] | None]] = {
    "all": ("Everything I may do", None),
    "read": ("Read everything I may read", [{"Effect": "Allow", "Action": ["*:Read", "git:Pull"], "Resource": ["*"]}]),
    "git": (
        "Git: pull and push",
        [{"Effect": "Allow", "Action": ["git:Read", "git:Pull", "git:Push"], "Resource": ["*"]}],
    ),
    "install": ("Packages: install", [{"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["*"]}]),
    "publish": (
        "Packages: install and publish",
        [{"Effect": "Allow", "Action": ["registry:Read", "registry:Publish"], "Resource": ["*"]}],
    ),
    "agent": (
        "Host agent: carry out deployments",
        [{"Effect": "Allow", "Action": ["deploy:Agent"], "Resource": ["*"]}],
    ),
    "profile": (
        "Profiling agent: send profiles",
        [{"Effect": "Allow", "Action": ["profile:Submit"], "Resource": ["*"]}],
    ),
}
"""What a token may be narrowed to: key, what the page says, statements."""


class NarrowToken(Problem):
    """403: a token with a scope would hand out more than it may do itself."""

    status = 403
    says = "you are logged in with a token that has a scope; it can neither make nor end other tokens"
    todo = "Log in with a token that has no scope."


def own(session: Session, who: Principal) -> Sequence[Token]:
    """The account's tokens, newest first."""
    query = select(Token).where(Token.account_id == who.account_id).order_by(Token.id.desc()).limit(LISTED_MAX)
    return session.scalars(query).all()


def state_of(token: Token, now: datetime) -> str:
    """`active`, `expired` or `revoked`."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= now else "active"


def create(site: Site, who: Principal, label: str, days: str, scope: str, statements: str) -> str:
    """Issues a token, answers its secret. Raises Malformed for a bad field, NarrowToken when the caller has a scope."""
    label = label.strip()
    if not 1 <= len(label) <= LABEL_CHARACTERS_MAX:
        raise Malformed(where="label", why=f"say in 1 to {LABEL_CHARACTERS_MAX} characters what the token is for")
    lifetime = _lifetime(days)
    narrowed = _scope(scope, statements)
    with site.db.write() as session:
        current = _unscoped(session, who)
        if current.expires_at is not None:
            # A token that ends must not live on in another one that it made.
            rest = current.expires_at - clock.now()
            lifetime = rest if lifetime is None else min(lifetime, rest)
        account = session.get_one(auth.Account, who.account_id)
        secret, row = auth.issue_token(session, account, label, scope=narrowed, lifetime=lifetime)
        audit.record(session, who.name, "admin:IssueToken", f"admin/accounts/{who.name}", token=row.id, label=label)
    return secret


def revoke(site: Site, who: Principal, token_id: int) -> None:
    """Ends one of the caller's tokens. Raises Missing for anybody else's."""
    with site.db.write() as session:
        if token_id != who.token_id:
            _unscoped(session, who)
        row = session.get(Token, token_id)
        if row is None or row.account_id != who.account_id:
            raise Missing(what="token of yours", name=str(token_id))
        auth.revoke_token(session, token_id)
        audit.record(session, who.name, "admin:RevokeToken", f"admin/accounts/{who.name}", token=token_id, label=row.label)


def _unscoped(session: Session, who: Principal) -> Token:
    token = session.get_one(Token, who.token_id)
    if token.scope is not None:
        raise NarrowToken
    return token


def _lifetime(days: str) -> timedelta | None:
    if days == "never":
        return None
    if days not in map(str, LIFETIMES_DAYS):
        raise Malformed(where="expiry", why="choose one of the offered lifetimes")
    return timedelta(days=int(days))


def _scope(choice: str, statements: str) -> list[Statement] | None:
    if statements.strip():
        try:
            parsed = json.loads(statements)
        except ValueError as error:
            raise Malformed(where="statements", why=f"not JSON: {error}") from error
        if not isinstance(parsed, list) or not all(isinstance(s, dict) for s in parsed):
            raise Malformed(where="statements", why='write a list: [{"Effect": "Allow", "Action": […], "Resource": […]}]')
        return parsed
    if choice not in SCOPES:
        raise Malformed(where="scope", why="choose one of the offered scopes")
    return SCOPES[choice][1]
