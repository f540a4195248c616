"""npm's questions about who one is: ping, whoami, both logins, logout, the profile, and tokens."""

from datetime import timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, request

from registry import intake
from registry.formats import Address
from registry.formats.npm import login, tokens
from registry.formats.npm.problems import NotOffered
from registry.formats.npm.tokens import NewToken
from registry.formats.sources import place
from service.kernel.access import client_address, needs, principal, public, site
from service.kernel.auth import Token
from service.kernel.errors import Malformed, Missing

bp = Blueprint("account", __name__)
READ = ("registry:Read", "registry/{domain}/{repository}")
BODY_BYTES_MAX = 64 * 1024
USER = "org.couchdb.user:"
POLL_SECONDS = 1
LIFETIME_DAYS_MAX = 3650


@bp.get("/-/ping")
@needs(*READ)
def ping(domain: str, repository: str) -> dict[str, Any]:
    """Alive, and the token is good."""
    place(domain, repository)
    return {}


@bp.get("/-/whoami")
@needs(*READ)
def whoami(domain: str, repository: str) -> dict[str, Any]:
    """Whose token it is."""
    place(domain, repository)
    return {"username": principal().name}


@bp.post("/-/v1/login")
@public
def start_login(domain: str, repository: str) -> dict[str, Any]:
    """Begins a login in the browser: where to approve it, and where to come for the token."""
    where = place(domain, repository)
    intake.whole(intake.body(BODY_BYTES_MAX))
    code = login.start(site(), where, client_address(request.environ))
    done = Address(request.host_url, domain, repository).url("npm", f"-/v1/done/{code}")
    return {"loginUrl": f"{request.host_url}npm-login/{domain}/{repository}/{code}", "doneUrl": done}


@bp.get("/-/v1/done/<code>")
@public
def poll_login(domain: str, repository: str, code: str) -> Response:
    """The token once somebody approved, 202 until then."""
    secret = login.take(site(), place(domain, repository), code)
    headers = {"Cache-Control": "no-store"}
    if secret is None:
        return Response(b"{}", 202, {**headers, "Retry-After": str(POLL_SECONDS)}, content_type="application/json")
    return Response(orjson.dumps({"token": secret}), 200, headers, content_type="application/json")


@bp.put("/-/user/<path:user>")
@public
def legacy_login(domain: str, repository: str, user: str) -> tuple[dict[str, Any], int]:
    """The login of older clients; the password is a token of the account."""
    where, told = place(domain, repository), _body()
    name = user.removeprefix(USER)
    if not user.startswith(USER) or told.get("name") != name or not isinstance(told.get("password"), str):
        raise Malformed(where="body", why="a login carries name and password")
    address = client_address(request.environ)
    who = tokens.check_password(site(), name, told["password"], address)
    secret, _ = tokens.create(site(), where, who, NewToken(f"npm login from {address}"))
    return {"ok": True, "id": USER + name, "rev": "_we_dont_use_revs_any_more", "token": secret}, 201


@bp.get("/-/user/<path:user>")
@needs(*READ)
def show_user(domain: str, repository: str, user: str) -> dict[str, Any]:
    """One's own account, as older clients ask for it."""
    place(domain, repository)
    if user != USER + principal().name:
        raise Missing(what="account of yours", name=user.removeprefix(USER)[:100])
    return {"_id": user, "name": principal().name, "email": "", "type": "user", "roles": []}


@bp.delete("/-/user/token/<token>")
@needs(*READ)
def logout(domain: str, repository: str, token: str) -> dict[str, Any]:
    """`npm logout` ends the token it used."""
    tokens.revoke(site(), place(domain, repository), principal(), token)
    return {"ok": True}


@bp.get("/-/npm/v1/user")
@needs(*READ)
def profile(domain: str, repository: str) -> dict[str, Any]:
    """`npm profile get`."""
    place(domain, repository)
    return {"name": principal().name, "email": "", "email_verified": False, "tfa": False, "fullname": "", "cidr_whitelist": None}


@bp.post("/-/npm/v1/user")
@needs(*READ)
def change_profile(**_names: str) -> Response:
    """`npm profile set`."""
    raise NotOffered(what="profile change", instead="accounts are kept by an administrator with `lockgate admin user`")


@bp.get("/-/npm/v1/tokens")
@needs(*READ)
def list_tokens(domain: str, repository: str) -> dict[str, Any]:
    """`npm token list`."""
    place(domain, repository)
    rows = [_told(row) for row in tokens.listed(site(), principal())]
    return {"objects": rows, "total": len(rows), "urls": {}}


@bp.post("/-/npm/v1/tokens")
@needs(*READ)
def create_token(domain: str, repository: str) -> tuple[dict[str, Any], int]:
    """`npm token create`: read-only or not, bound to networks or not, with an end or not."""
    told = _body()
    tokens.check_password(site(), principal().name, str(told.get("password") or ""), client_address(request.environ))
    for key in ("packages", "scopes", "orgs"):
        if told.get(key):
            raise Malformed(where=key, why="a token here is good for one package repository, not for single packages or scopes")
    networks = told.get("cidr_whitelist") or []
    if not isinstance(networks, list) or not all(isinstance(one, str) for one in networks) or len(networks) > 50:
        raise Malformed(where="cidr_whitelist", why="is a list of at most 50 networks such as 10.1.0.0/16")
    days = told.get("expires")
    if days is not None and not (isinstance(days, int) and 0 < days <= LIFETIME_DAYS_MAX):
        raise Malformed(where="expires", why=f"is a number of days from 1 to {LIFETIME_DAYS_MAX}")
    permission = told.get("packages_and_scopes_permission")
    if permission not in (None, "read-only", "read-write"):
        raise Malformed(where="packages_and_scopes_permission", why="is read-only or read-write")
    new = NewToken(
        str(told.get("name") or told.get("description") or "npm token")[:100], told.get("readonly") is True or permission == "read-only",
        tuple(networks), timedelta(days=days) if days else None,
    )
    secret, row = tokens.create(site(), place(domain, repository), principal(), new)
    return {**_told(row), "token": secret}, 201


@bp.delete("/-/npm/v1/tokens/token/<key>")
@needs(*READ)
def revoke_token(domain: str, repository: str, key: str) -> tuple[str, int]:
    """`npm token revoke`."""
    tokens.revoke(site(), place(domain, repository), principal(), key)
    return "", 204


def _told(row: Token) -> dict[str, Any]:
    created = row.created_at.isoformat().replace("+00:00", "Z")
    return {
        # npm shows this as the beginning of the token; only the end of it is kept here, and that stands in the name.
        "token": "lgt_", "key": row.digest, "name": f"{row.label} (…{row.last_four})", "created": created, "updated": created,
        "readonly": tokens.is_readonly(row), "cidr_whitelist": row.networks,
        "expires": row.expires_at.isoformat().replace("+00:00", "Z") if row.expires_at else None,
    }


def _body() -> dict[str, Any]:
    try:
        told = orjson.loads(intake.whole(intake.body(BODY_BYTES_MAX)))
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        raise Malformed(where="body", why="must be a JSON object")
    return told
