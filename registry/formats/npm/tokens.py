"""npm's own tokens: issued by a login or by `npm token create`, good for one package repository, listed and revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from registry.catalog import Place
from service.kernel import audit, auth, clock
from service.kernel.auth import Principal, Token
from service.kernel.errors import Missing, Problem, Unauthenticated
from service.kernel.policy import Statement
from service.kernel.site import Site

LISTED_MAX = 500


class NarrowToken(Problem):
    """403: a token with a scope of its own would hand out more than it may do itself."""

    status = 403
    says = "this token has a scope; it can neither make nor end other tokens"
    todo = "Log in again, or use a token without a scope."


@dataclass(frozen=True)
class NewToken:
    """What a token is asked to be."""

    label: str
    is_readonly: bool = False
    networks: tuple[str, ...] = ()
    """CIDR; empty: good from anywhere."""
    lifetime: timedelta | None = None


def scope_of(where: Place, *, is_readonly: bool) -> list[Statement]:
    """What a token of npm may do: read and, if not read-only, publish, in this package repository alone."""
    actions = ["registry:Read"] if is_readonly else ["registry:Read", "registry:Publish"]
    return [{"Effect": "Allow", "Action": actions, "Resource": [where.resource]}]


def is_readonly(token: Token) -> bool:
    """Whether npm shall show the token as read-only."""
    writing = {"registry:Publish", "registry:*", "*"}
    return token.scope is not None and not any(writing & set(statement.get("Action", [])) for statement in token.scope)


def issue(session: Session, where: Place, parent: Token, new: NewToken) -> tuple[str, Token]:
    """A token of the same account, that may do no more and lives no longer than `parent`. Raises NarrowToken or Malformed."""
    check_may_issue(parent, where)
    lifetime = new.lifetime
    if parent.expires_at is not None:
        rest = parent.expires_at - clock.now()
        lifetime = rest if lifetime is None else min(lifetime, rest)
    networks = list(new.networks) or (list(parent.networks) if parent.networks else None)
    account = session.get_one(auth.Account, parent.account_id)
    scope = scope_of(where, is_readonly=new.is_readonly)
    secret, row = auth.issue_token(session, account, new.label, scope=scope, lifetime=lifetime, networks=networks)
    audit.record(session, account.name, "admin:IssueToken", f"admin/accounts/{account.name}", token=row.id, label=new.label, by="npm")
    return secret, row


def check_may_issue(token: Token, where: Place) -> None:
    """Raises NarrowToken when the token may do less than those it would make."""
    if token.scope is not None and token.scope != scope_of(where, is_readonly=False):
        raise NarrowToken


def create(site: Site, where: Place, who: Principal, new: NewToken) -> tuple[str, Token]:
    """`npm token create`."""
    with site.db.write() as session:
        return issue(session, where, session.get_one(Token, who.token_id), new)


def listed(site: Site, who: Principal) -> Sequence[Token]:
    """The account's living tokens, newest first."""
    now = clock.now()
    living = select(Token).where(Token.account_id == who.account_id, Token.revoked_at.is_(None))
    with site.db.read() as session:
        query = living.where(or_(Token.expires_at.is_(None), Token.expires_at > now)).order_by(Token.id.desc()).limit(LISTED_MAX)
        return session.scalars(query).all()


def revoke(site: Site, where: Place, who: Principal, key: str) -> None:
    """Ends one of the caller's tokens, named by its key or its secret. Raises Missing for anybody else's, NarrowToken."""
    with site.db.write() as session:
        query = select(Token).where(Token.account_id == who.account_id, or_(Token.digest == key, Token.digest == auth.digest_of(key)))
        row = session.scalar(query)
        if row is None:
            raise Missing(what="token of yours", name=f"{key[:8]}…")
        if row.id != who.token_id and row.scope not in _ours(where):
            check_may_issue(session.get_one(Token, who.token_id), where)
        auth.revoke_token(session, row.id)
        audit.record(session, who.name, "admin:RevokeToken", f"admin/accounts/{who.name}", token=row.id, label=row.label, by="npm")


def check_password(site: Site, name: str, password: str, address: str) -> Principal:
    """Who this is: Lockgate has no passwords, so npm's prompt for one takes a token of the account. Raises Unauthenticated."""
    with site.db.read() as session:
        who = auth.principal_of(session, password, address)
    if who.name != name:
        raise Unauthenticated(why=f"the token given as password is not of the account {name}")
    return who


def _ours(where: Place) -> list[list[Statement]]:
    return [scope_of(where, is_readonly=True), scope_of(where, is_readonly=False)]
