"""Accounts and tokens: random, hashed, scoped, expiring, revocable at once.

A token is `lgt_` + 32 base62 characters (190 bits) + 6 base62 characters of CRC32, so that a scanner recognises one and a
typo is refused without a database look-up. Only the SHA-256 is stored: at 190 bits a slow hash adds nothing (ASVS 6.5.2).
"""

import hashlib
import ipaddress
import json
import re
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ForeignKey, Table, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.kernel import clock, grants
from service.kernel.db import Base, Id
from service.kernel.errors import Clash, Malformed, Missing, Unauthenticated
from service.kernel.grants import Grant
from service.kernel.policy import Decision, Policy, Statement, compile_policy
from service.kernel.statements import Readable
from service.kernel.statements import Statement as Prepared

PREFIX = "lgt_"
TOKEN_PATTERN = re.compile(r"lgt_[0-9A-Za-z]{38}")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Account(Base):
    """A person or a machine that may hold tokens. `policy` is its list of statements."""

    __tablename__ = "accounts"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    policy: Mapped[list[Any]]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Token(Base):
    """A credential of an account. `scope` narrows what the account may do; None means all of it."""

    __tablename__ = "tokens"
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    last_four: Mapped[str]
    label: Mapped[str]
    scope: Mapped[list[Any] | None] = mapped_column(nullable=True)
    networks: Mapped[list[Any] | None] = mapped_column(nullable=True)
    """Networks in CIDR form from which alone the token is good; None: from anywhere."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


_tokens, _accounts = cast(Table, Token.__table__), cast(Table, Account.__table__)
_BY_DIGEST = Prepared(
    # The columns of _Known; every request asks this.
    select(
        _tokens.c.id, _tokens.c.account_id, _tokens.c.scope, _tokens.c.networks, _tokens.c.expires_at, _tokens.c.revoked_at,
        _accounts.c.name, _accounts.c.policy, _accounts.c.disabled_at,
    )
    .join_from(_tokens, _accounts).where(_tokens.c.digest == bindparam("digest"))
)


class _Known(NamedTuple):
    """A token with its account."""

    id: int
    account_id: int
    scope: list[Any] | None
    networks: list[Any] | None
    expires_at: datetime | None
    revoked_at: datetime | None
    name: str
    policy: list[Any]
    disabled_at: datetime | None


class LoginSession(Base):
    """A browser that logged in: the cookie holds a random id, this row holds its SHA-256 and the token behind it."""

    __tablename__ = "login_sessions"
    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("tokens.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


@dataclass(frozen=True)
class Principal:
    """Who asks. Allowed means: the account's policy or the resource's says yes, none denies, and the token's scope, if any, agrees."""

    name: str
    account_id: int
    token_id: int
    statements: tuple[Policy, ...] = field(repr=False)
    """The account's policy, then the token's scope if it has one."""
    grants: tuple[Grant, ...] = field(default=(), repr=False)
    expires_at: datetime | None = None
    """When the token behind it ends."""

    def decide(self, action: str, resource: str) -> Decision:
        """The first decision that refuses, or the last that allows."""
        decision = grants.combine(self.statements[0](action, resource), self.grants, action, resource)
        if not decision.allowed:
            return decision
        for policy in self.statements[1:]:
            decision = policy(action, resource)
            if not decision.allowed:
                return decision
        return decision

    def may(self, action: str, resource: str) -> bool:
        """Whether `action` on `resource` is allowed."""
        return self.decide(action, resource).allowed


def create_account(session: Session, name: str, policy: list[Statement]) -> Account:
    """Adds an account. Raises Malformed for a bad name or policy, Clash when the name is taken."""
    if not _NAME.fullmatch(name):
        raise Malformed(where="account name", why="use 1-64 of a-z 0-9 . _ - and start with a letter or digit")
    compile_policy(policy)
    if session.scalar(select(Account).where(Account.name == name)):
        raise Clash(what="account", name=name)
    account = Account(name=name, policy=policy, created_at=clock.now(), disabled_at=None)
    session.add(account)
    session.flush()
    return account


def account_named(session: Session, name: str) -> Account:
    """The account; raises Missing."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise Missing(what="account", name=name)
    return account


def issue_token(
    session: Session,
    account: Account,
    label: str,
    *,
    scope: list[Statement] | None = None,
    lifetime: timedelta | None = None,
    networks: list[str] | None = None,
    value: str | None = None,
) -> tuple[str, Token]:
    """A new token of `account`: the secret, shown this once, and its row. `value` fixes the secret (first start only)."""
    if scope is not None:
        compile_policy(scope)
    for one in networks or ():
        _network(one)
    secret = value or new_secret()
    at = clock.now()
    row = Token(
        account_id=account.id, digest=digest_of(secret), last_four=secret[-4:], label=label, scope=scope, networks=networks or None,
        created_at=at, expires_at=at + lifetime if lifetime else None, revoked_at=None,
    )
    session.add(row)
    session.flush()
    return secret, row


def revoke_token(session: Session, token_id: int) -> None:
    """Ends a token now. Raises Missing."""
    row = session.get(Token, token_id)
    if row is None:
        raise Missing(what="token", name=str(token_id))
    row.revoked_at = row.revoked_at or clock.now()


def principal_of(source: Readable, secret: str, address: str = "") -> Principal:
    """Who holds this token and sends it from `address`. Raises Unauthenticated, saying whether it is unknown, expired or revoked.

    Without an address a token that is bound to networks is refused.
    """
    if not secret:
        raise Unauthenticated(why="this needs a token and none was sent")
    if secret.startswith(PREFIX) and not well_formed(secret):
        raise Unauthenticated(why="the token is mistyped or cut off: its checksum does not fit")
    token = _BY_DIGEST.first(source, {"digest": digest_of(secret)})
    if token is None:
        raise Unauthenticated(why="the token is not known here")
    return _principal(source, _Known(*token), address)


def principal_of_token(session: Session, token: Token, address: str = "") -> Principal:
    """Who holds this token row and sends it from `address`. Raises Unauthenticated when it is revoked, expired, or its account disabled."""
    [known] = _BY_DIGEST.rows(session, {"digest": token.digest})
    return _principal(session, _Known(*known), address)


def _principal(source: Readable, token: _Known, address: str) -> Principal:
    if token.revoked_at is not None:
        raise Unauthenticated(why="the token was revoked")
    if token.expires_at is not None and token.expires_at <= clock.now():
        raise Unauthenticated(why="the token expired")
    if token.networks is not None and not is_inside(address, token.networks):
        networks = ", ".join(map(str, token.networks))
        raise Unauthenticated(why=f"the token is good only from {networks}, and this came from {address or 'elsewhere'}")
    if token.disabled_at is not None:
        raise Unauthenticated(why=f"the account {token.name} is disabled")
    policies = [_compiled(json.dumps(told)) for told in (token.policy, token.scope) if told is not None]
    return Principal(token.name, token.account_id, token.id, tuple(policies), grants.load(source, token.name), token.expires_at)


@lru_cache(maxsize=1024)
def _compiled(statements: str) -> Policy:
    return compile_policy(json.loads(statements))


def is_inside(address: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of the networks; what is no address lies in none."""
    try:
        at = ipaddress.ip_address(address)
    except ValueError:
        return False
    at = getattr(at, "ipv4_mapped", None) or at
    return any(at in _network(one) for one in networks)


def start_login(session: Session, token_id: int, lifetime: timedelta = timedelta(hours=12)) -> str:
    """Opens a browser session for a token; answers the cookie's value."""
    value = secrets.token_urlsafe(32)
    at = clock.now()
    session.add(LoginSession(digest=digest_of(value), token_id=token_id, created_at=at, expires_at=at + lifetime))
    return value


def principal_of_login(session: Session, cookie: str, address: str = "") -> Principal | None:
    """Who logged in with this cookie, or None when the session ended."""
    row = session.scalar(select(LoginSession).where(LoginSession.digest == digest_of(cookie)))
    if row is None or row.expires_at <= clock.now():
        return None
    try:
        return principal_of_token(session, session.get_one(Token, row.token_id), address)
    except Unauthenticated:
        return None


def end_login(session: Session, cookie: str) -> None:
    """Closes the browser session."""
    row = session.scalar(select(LoginSession).where(LoginSession.digest == digest_of(cookie)))
    if row is not None:
        session.delete(row)


def new_secret() -> str:
    """A fresh token text."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(32))
    return PREFIX + body + _checksum(body)


def well_formed(secret: str) -> bool:
    """Whether the text is a whole token: form and checksum."""
    return bool(TOKEN_PATTERN.fullmatch(secret)) and _checksum(secret[4:36]) == secret[36:]


def digest_of(secret: str) -> str:
    """SHA-256 in hex, the only form that is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Malformed(where="network", why=f"{text[:60]!r} is no network in CIDR form such as 10.1.0.0/16") from None


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = _ALPHABET[rest] + digits
    return digits
