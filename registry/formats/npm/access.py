"""npm's questions about who may do what: visibility, collaborators, organisations and teams, answered from policies."""

from typing import Any

from flask import Blueprint, Response
from sqlalchemy import select

from registry import catalog
from registry.formats.npm.problems import NotOffered
from registry.formats.sources import place
from registry.models import Package
from registry.names import npm_name
from service.kernel import grants
from service.kernel.access import needs, principal, site
from service.kernel.auth import Account, Principal
from service.kernel.errors import Malformed, Missing
from service.kernel.policy import compile_policy

bp = Blueprint("access", __name__)
READ = ("registry:Read", "registry/{domain}/{repository}")
PUBLISH = ("registry:Publish", "registry/{domain}/{repository}")
LISTED_MAX = 5000
ELSEWHERE = "who may read and publish is said by policies, set by an administrator with `lockgate admin policy`"


@bp.get("/-/package/<path:name>/visibility")
@needs(*READ)
def visibility(domain: str, repository: str, name: str) -> dict[str, Any]:
    """Nothing here is public: every reader needs a token."""
    _exists(domain, repository, name)
    return {"public": False}


@bp.get("/-/package/<path:name>/access")
@needs(*READ)
def show_access(domain: str, repository: str, name: str) -> dict[str, Any]:
    """The same, in the older words."""
    _exists(domain, repository, name)
    return {"access": "restricted"}


@bp.get("/-/package/<path:name>/collaborators")
@needs(*READ)
def collaborators(domain: str, repository: str, name: str) -> dict[str, str]:
    """The accounts that may read or publish."""
    _exists(domain, repository, name)
    return _members(f"registry/{domain}/{repository}", "read-write", "read-only")


@bp.get("/-/org/<scope>/user")
@needs(*READ)
def org_users(domain: str, repository: str, **_scope: str) -> dict[str, str]:
    """Every scope is the whole repository's: who may publish is a developer."""
    place(domain, repository)
    return {name: "developer" for name, may in _members(f"registry/{domain}/{repository}", "developer", "").items() if may}


@bp.get("/-/org/<scope>/team")
@needs(*READ)
def teams(domain: str, repository: str, **_scope: str) -> list[str]:
    """There are no teams."""
    place(domain, repository)
    return []


@bp.get("/-/org/<scope>/package")
@bp.get("/-/user/<scope>/package")
@needs(*READ)
def packages(domain: str, repository: str, scope: str) -> dict[str, str]:
    """The packages of a scope, or of an account: those it may publish."""
    where = place(domain, repository)
    wanted = f"@{scope.removeprefix('@')}"
    may = "read-write" if principal().may("registry:Publish", where.resource) else "read-only"
    with site().db.read() as session:
        query = select(Package.display_name, Package.namespace).where(Package.repository_id == where.id, Package.format == "npm")
        rows = session.execute(query.order_by(Package.name).limit(LISTED_MAX)).all()
    mine = scope == principal().name
    return {name: may for name, namespace in rows if mine or namespace == wanted}


@bp.route("/-/package/<path:name>/access", methods=["POST"])
@bp.route("/-/package/<path:name>/collaborators", methods=["POST", "PUT", "DELETE"])
@bp.route("/-/org/<path:name>", methods=["PUT", "POST", "DELETE"])
@bp.route("/-/team/<path:name>", methods=["PUT", "POST", "DELETE"])
@needs(*PUBLISH)
def change(**_names: str) -> Response:
    """`npm access set`, `npm owner`, `npm org` and `npm team` that would change something."""
    raise NotOffered(what="access change", instead=ELSEWHERE)


@bp.get("/-/team/<path:name>")
@needs(*READ)
def team(domain: str, repository: str, name: str) -> Response:
    """There is no such team."""
    place(domain, repository)
    raise Missing(what="team", name=name[:100])


@bp.route("/-/package/<path:name>/trust", methods=["GET", "POST", "DELETE"])
@bp.route("/-/package/<path:name>/trust/<number>", methods=["GET", "DELETE"])
@bp.route("/-/stage", methods=["GET", "POST"])
@bp.route("/-/stage/<path:name>", methods=["GET", "POST", "PUT", "DELETE"])
@needs(*READ)
def not_here(domain: str, repository: str, **_names: str) -> Response:
    """Trusted publishers and staged publishing."""
    place(domain, repository)
    raise NotOffered(what="trusted or staged publishing", instead="publish with a token, from a pipeline if it shall pass the gate")


@bp.post("/-/npm/v1/oidc/token/exchange/package/<path:name>")
@needs(*READ)
def exchange(domain: str, repository: str, name: str) -> Response:
    """An identity token of a build service for one of ours; npm goes on with its own token after this answer."""
    place(domain, repository)
    raise Missing(what="trusted publisher of the package", name=name[:214])


def _exists(domain: str, repository: str, name: str) -> None:
    try:
        parsed = npm_name(name)
    except Malformed:
        raise Missing(what="package", name=name[:100]) from None
    with site().db.read() as session:
        catalog.package(session, catalog.place(session, domain, repository), parsed)


def _members(resource: str, publisher: str, reader: str) -> dict[str, str]:
    found = {}
    with site().db.read() as session:
        for account in session.scalars(select(Account).where(Account.disabled_at.is_(None)).order_by(Account.name).limit(LISTED_MAX)):
            who = Principal(account.name, account.id, 0, (compile_policy(account.policy),), grants.load(session.connection(), account.name))
            if who.may("registry:Publish", resource):
                found[account.name] = publisher
            elif who.may("registry:Read", resource):
                found[account.name] = reader
    return found
