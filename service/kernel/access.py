"""The door of every route: who asks, and may they. A route without `needs` or `public` is refused."""

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import current_app, g, request

from service.kernel import audit, auth
from service.kernel.auth import Principal
from service.kernel.errors import Refused, Unauthenticated
from service.kernel.site import Site

_COOKIE = "lockgate_session"
GRANTS = "lockgate.grants"
"""In the WSGI environment: the (action, resource) pairs that the running request was allowed."""
P = ParamSpec("P")
R = TypeVar("R")


def site() -> Site:
    """The site of the running request."""
    return cast(Site, current_app.extensions["lockgate"])


def principal() -> Principal:
    """Who asks. Raises Unauthenticated, with the challenge, when nobody does."""
    if "principal" not in g:
        g.principal = _authenticate()
    return cast(Principal, g.principal)


def needs(action: str, resource: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Guards a view: the caller must be allowed `action` on `resource`, whose `{names}` are the view's arguments.

    `@needs("registry:Read", "registry/{domain}/{repository}")`. Raises Unauthenticated or Refused; a refusal is audited.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            demand(action, resource.format(**(request.view_args or {})))
            return view(*args, **kwargs)

        guarded.__access__ = f"{action} on {resource}"  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Marks a view that anybody may call, or that asks `demand` itself once it knows the resource."""
    view.__access__ = "public"  # type: ignore[attr-defined]
    return view


def demand(action: str, resource: str) -> Principal:
    """The check itself, for views that learn the resource from the body. Raises Unauthenticated or Refused."""
    who = principal()
    if not allowed(who, action, resource):
        with site().db.write() as session:
            audit.record(session, who.name, action, resource, outcome="refused", path=request.path)
        raise Refused(who=who.name, action=action, resource=resource)
    request.environ.setdefault(GRANTS, []).append((action, resource))
    return who


def allowed(who: Principal, action: str, resource: str) -> bool:
    """The one decision behind every door: the views' and that of answers given before Flask is asked (`registry/front.py`)."""
    return who.may(action, resource)


def authenticate(site: Site, headers: Any, address: str) -> Principal:
    """Who sends these credentials in its headers from this address, for whom cookies do not count. Raises Unauthenticated."""
    with site.db.snapshot() as snapshot:
        return auth.principal_of(snapshot, credentials_of(headers), address)


def credentials_of(headers: Any) -> str:
    """The token in a request: Bearer, Basic password (any user name), or the client's own header; "" if none."""
    kind, _, rest = headers.get("Authorization", "").partition(" ")
    rest = rest.strip()
    if kind.lower() == "bearer":
        return str(rest)
    if kind.lower() == "basic":
        try:
            _user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return str(password)
    return str(headers.get("X-NuGet-ApiKey", ""))


def client_address(environ: Mapping[str, Any]) -> str:
    """From where a request comes. The guard lets a forwarded address through only from a trusted proxy, which adds the last one."""
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
    return forwarded.rpartition(",")[2].strip() or str(environ.get("REMOTE_ADDR", ""))


def cookie_name() -> str:
    """The login's cookie, named by the port in the request's address: browsers send cookies to every port of a host."""
    _, colon, port = request.host.rpartition(":")
    return f"{_COOKIE}_{port}" if colon and port.isdigit() else _COOKIE


def _authenticate() -> Principal:
    if credentials_of(request.headers):
        return authenticate(site(), request.headers, client_address(request.environ))
    with site().db.read() as session:
        # A cookie never opens package or git routes: those belong to clients, and a page could be made to call them.
        cookie = "" if request.blueprint == "git_http" or _is_client_path(request.path) else request.cookies.get(cookie_name())
        who = auth.principal_of_login(session, cookie, client_address(request.environ)) if cookie else None
    if who is None:
        raise Unauthenticated(why="this needs a token and none was sent")
    g.by_cookie = True
    return who


def _is_client_path(path: str) -> bool:
    return path.startswith(("/pypi/", "/npm/", "/maven/", "/nuget/", "/generic/", "/git/"))
