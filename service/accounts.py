"""JSON API of accounts and tokens."""

from datetime import timedelta
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from service.kernel import audit, auth, clock
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.auth import Account, Token
from service.kernel.errors import Missing, Refused

api = APIBlueprint("accounts_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="accounts")])
HOURS_MAX = 24 * 366


class NarrowToken(Refused):
    """A narrowed token must not beget a wider one, nor a short-lived one a longer one."""

    says = "the token {label} is narrowed by a scope and cannot issue tokens"
    todo = "Issue it with a token that carries the whole policy of the account."


class Statement(BaseModel):
    """One policy statement; `*` and `?` are wildcards."""

    model_config = ConfigDict(extra="forbid")
    Effect: str
    Action: list[str]
    Resource: list[str]


class NewToken(BaseModel):
    """A token to issue to oneself, or to another account with admin:IssueToken."""

    model_config = ConfigDict(extra="forbid")
    label: str = Field(min_length=1, max_length=100)
    account: str = ""
    hours: int | None = Field(None, ge=1, le=HOURS_MAX, description="lifetime; none: until revoked")
    scope: list[Statement] | None = Field(None, description="narrows what the token may do")


class NewAccount(BaseModel):
    """An account to create."""

    model_config = ConfigDict(extra="forbid")
    name: str
    policy: list[Statement] = []


class TokenPath(BaseModel):
    """Names a token by number."""

    token: int


@api.get("/whoami")
@public
def whoami() -> dict[str, Any]:
    """Who the caller is."""
    return {"name": principal().name}


@api.post("/accounts", responses={"201": {}})
@needs("admin:CreateAccount", "admin/accounts")
def create_account(body: NewAccount) -> tuple[dict[str, Any], int]:
    """Creates an account; it may do what its policy allows, nothing else."""
    policy = [statement.model_dump() for statement in body.policy]
    with site().db.write() as session:
        row = auth.create_account(session, body.name, policy)
        audit.record(session, principal().name, "admin:CreateAccount", f"admin/accounts/{row.name}", policy=policy)
        return {"name": row.name, "policy": row.policy}, 201


@api.post("/tokens", responses={"201": {}})
@public
def issue_token(body: NewToken) -> tuple[dict[str, Any], int]:
    """Issues a token. Its secret is in this answer and nowhere else."""
    who = principal()
    name = body.account or who.name
    if name != who.name:
        demand("admin:IssueToken", f"admin/accounts/{name}")
    scope = None if body.scope is None else [statement.model_dump() for statement in body.scope]
    lifetime = timedelta(hours=body.hours) if body.hours else None
    with site().db.write() as session:
        own = session.get_one(Token, who.token_id)
        if own.scope is not None:
            raise NarrowToken(label=own.label)
        if own.expires_at is not None:
            left = own.expires_at - clock.now()
            lifetime = min(lifetime, left) if lifetime else left
        account = auth.account_named(session, name)
        secret, row = auth.issue_token(session, account, body.label, scope=scope, lifetime=lifetime)
        audit.record(session, who.name, "admin:IssueToken", f"admin/accounts/{name}", token=row.id, label=body.label)
        return {"token": secret, **_row(row)}, 201


@api.get("/tokens")
@public
def list_tokens() -> dict[str, Any]:
    """The caller's own tokens, without secrets."""
    who = principal()
    with site().db.read() as session:
        rows = session.scalars(select(Token).where(Token.account_id == who.account_id).order_by(Token.id.desc()).limit(200)).all()
    return {"items": [_row(row) for row in rows], "next": None}


@api.delete("/tokens/<int:token>")
@public
def revoke_token(path: TokenPath) -> tuple[str, int]:
    """Ends one of the caller's tokens at once; others' with admin:RevokeToken."""
    who = principal()
    with site().db.read() as session:
        row = session.get(Token, path.token)
        owner = session.get_one(Account, row.account_id) if row else None
    if owner is None:
        raise Missing(what="token", name=str(path.token))
    if owner.id != who.account_id:
        demand("admin:RevokeToken", f"admin/accounts/{owner.name}")
    with site().db.write() as session:
        auth.revoke_token(session, path.token)
        audit.record(session, who.name, "admin:RevokeToken", f"admin/accounts/{owner.name}", token=path.token)
    return "", 204


def _row(row: Token) -> dict[str, Any]:
    moments = {name: moment.isoformat().replace("+00:00", "Z") if moment else None
               for name, moment in (("created_at", row.created_at), ("expires_at", row.expires_at), ("revoked_at", row.revoked_at))}
    return {"id": row.id, "label": row.label, "last_four": row.last_four, "scope": row.scope, **moments}
