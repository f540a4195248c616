"""JSON API of domains: their package groups, policies and short-lived tokens."""

from datetime import timedelta
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from registry import associated, catalog, groups, patterns, policies, repositories, storage
from registry.api import ADMIN, PAGE, READ, REPOSITORY, RepositoryPath, place_of
from registry.described import moment
from registry.formats import format_named
from registry.groups import Effective, Group, Restriction
from registry.models import Domain
from service.kernel import audit, auth, clock
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.auth import Principal, Token
from service.kernel.errors import Malformed, Missing, Refused

api = APIBlueprint("registry_domain_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="registry")])
TOKEN_SECONDS_MIN, TOKEN_SECONDS_MAX, TOKEN_SECONDS = 900, 43_200, 43_200
DOMAIN = "/domains/<domain>"
READ_DOMAIN, ADMIN_DOMAIN = ("registry:Read", "registry/{domain}"), ("registry:Admin", "registry/{domain}")


class ScopedToken(Refused):
    """A narrowed token cannot beget another: the new one would not carry its scope."""

    says = "the token is narrowed by a scope and cannot issue tokens"
    todo = "Ask with a token that carries the whole policy of the account."


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewDomain(_Body):
    """A domain to create."""

    name: str
    description: str = Field("", max_length=1000)


class DomainChange(_Body):
    """What to change."""

    description: str = Field(max_length=1000)


class Rule(_Body):
    """One restriction: ALLOW, BLOCK, ALLOW_SPECIFIC_REPOSITORIES or INHERIT."""

    mode: str
    repositories: list[str] = Field([], max_length=1000)


class NewGroup(_Body):
    """A package group."""

    pattern: str
    description: str = Field("", max_length=1000)
    restrictions: dict[str, Rule] = Field({}, description="by PUBLISH, EXTERNAL_UPSTREAM, INTERNAL_UPSTREAM; others are inherited")


class GroupChange(_Body):
    """What to change; what is left out stays."""

    pattern: str
    description: str | None = Field(None, max_length=1000)
    restrictions: dict[str, Rule] | None = None
    add_repositories: dict[str, list[str]] = Field({}, description="by setting: to what ALLOW_SPECIFIC_REPOSITORIES allows")
    remove_repositories: dict[str, list[str]] = {}


class PolicyBody(_Body):
    """A resource policy: statements `{"Effect", "Principal", "Action", "Resource"}`."""

    statements: list[dict[str, Any]] = Field(max_length=policies.STATEMENTS_MAX)
    expected_revision: str = Field("", description="the revision the policy must have now")


class TokenBody(_Body):
    """How long the token shall live."""

    duration_seconds: int = Field(
        TOKEN_SECONDS, ge=0, le=TOKEN_SECONDS_MAX, description="900 to 43200; 0: as long as the token that asks, at most the longest"
    )


class DomainPath(BaseModel):
    """Names a domain."""

    domain: str


class GroupQuery(BaseModel):
    """Names a group by its pattern."""

    pattern: str


class GroupsQuery(BaseModel):
    """Which groups."""

    prefix: str = Field("", max_length=patterns.PATTERN_CHARACTERS_MAX, description="what the pattern begins with")
    within: str = Field("", description="only the groups whose nearest wider group has this pattern")
    cursor: str = Field("", max_length=patterns.PATTERN_CHARACTERS_MAX, description="`next` of the page before")
    limit: int = Field(1000, ge=1, le=1000)


class GroupPackagesQuery(GroupQuery):
    """Names a group, or a pattern to try out."""

    cursor: str = Field("", max_length=600, description="`next` of the page before")
    limit: int = Field(PAGE, ge=1, le=1000)


class MatchQuery(BaseModel):
    """Names a package, there or not."""

    format: str
    package: str


@api.post("/domains", responses={"201": {}})
@public
def create_domain(body: NewDomain) -> tuple[dict[str, Any], int]:
    """Creates a domain."""
    who = demand("registry:Admin", f"registry/{body.name}")
    return _domain(repositories.create_domain(site(), body.name, body.description, who.name)), 201


@api.get(DOMAIN)
@public
def get_domain(path: DomainPath) -> dict[str, Any]:
    """A domain: its package repositories that the caller may read, and what its assets take, stored once however often they are held."""
    who = principal()
    with site().db.read() as session:
        row = repositories.domain_named(session, path.domain)
        places = [p for p in catalog.places(session) if p.domain_id == row.id]
        readable = [p.name for p in places if who.may("registry:Read", p.resource)]
        _see(who, row.name, readable)
        used = storage.used(session, [p.id for p in places])
    return {
        **_domain(row), "repositories": readable, "assets": used.assets, "asset_bytes": used.asset_bytes, "stored_bytes": used.stored_bytes,
    }


@api.patch(DOMAIN)
@needs(*ADMIN_DOMAIN)
def change_domain(path: DomainPath, body: DomainChange) -> dict[str, Any]:
    """Changes the description."""
    return _domain(repositories.change_domain(site(), path.domain, body.description, principal().name))


@api.delete(DOMAIN)
@needs(*ADMIN_DOMAIN)
def delete_domain(path: DomainPath) -> tuple[str, int]:
    """Deletes a domain that holds no package repository any more."""
    repositories.delete_domain(site(), path.domain, principal().name)
    return "", 204


@api.get(f"{DOMAIN}/groups")
@needs(*READ_DOMAIN)
def list_groups(path: DomainPath, query: GroupsQuery) -> dict[str, Any]:
    """The package groups with what holds for each after inheritance; the root group always."""
    with site().db.read() as session:
        known = _with_root(_groups(session, path.domain))
    wanted = patterns.read(query.within) if query.within else None
    found = [
        g for g in sorted(known, key=lambda g: g.pattern.text) if g.pattern.text.startswith(query.prefix) and g.pattern.text > query.cursor
        and (wanted is None or _parent(known, g) == wanted)
    ]
    items = [_group(known, g) for g in found[: query.limit]]
    return {"items": items, "next": items[-1]["pattern"] if len(found) > query.limit else None}


@api.get(f"{DOMAIN}/groups/described")
@needs(*READ_DOMAIN)
def get_group(path: DomainPath, query: GroupQuery) -> dict[str, Any]:
    """One package group."""
    wanted = patterns.read(query.pattern)
    with site().db.read() as session:
        known = _with_root(_groups(session, path.domain))
    own = next((g for g in known if g.pattern == wanted), None)
    if own is None:
        raise Missing(what="package group", name=wanted.text)
    return _group(known, own)


@api.post(f"{DOMAIN}/groups", responses={"201": {}})
@needs(*ADMIN_DOMAIN)
def create_group(path: DomainPath, body: NewGroup) -> tuple[dict[str, Any], int]:
    """Creates a package group."""
    made = groups.create(
        site(), path.domain, body.pattern, actor=principal().name, description=body.description, restrictions=_rules(body.restrictions)
    )
    return _with_effect(path.domain, made), 201


@api.patch(f"{DOMAIN}/groups")
@needs(*ADMIN_DOMAIN)
def change_group(path: DomainPath, body: GroupChange) -> dict[str, Any]:
    """Changes a package group, the root group `/*` too."""
    rules = None if body.restrictions is None else _rules(body.restrictions)
    changed = groups.change(
        site(), path.domain, body.pattern, actor=principal().name, description=body.description, restrictions=rules,
        add=body.add_repositories, remove=body.remove_repositories,
    )
    return _with_effect(path.domain, changed)


@api.delete(f"{DOMAIN}/groups")
@needs(*ADMIN_DOMAIN)
def delete_group(path: DomainPath, query: GroupQuery) -> tuple[str, int]:
    """Deletes a package group; its packages belong to the next wider one."""
    groups.delete(site(), path.domain, query.pattern, principal().name)
    return "", 204


@api.get(f"{DOMAIN}/groups/match")
@needs(*READ_DOMAIN)
def match_group(path: DomainPath, query: MatchQuery) -> dict[str, Any]:
    """The group a package belongs to, and what holds for it."""
    name = format_named(query.format).parse(query.package)
    with site().db.read() as session:
        effect = groups.effective(_groups(session, path.domain), name)
    return {
        "format": name.format, "package": name.full, "group": effect.pattern, "association": effect.association,
        "effective": _effect(effect),
    }


@api.get(f"{DOMAIN}/groups/packages")
@needs(*READ_DOMAIN)
def list_group_packages(path: DomainPath, query: GroupPackagesQuery) -> dict[str, Any]:
    """The packages, in repositories that the caller may read, that belong to a group, or would if there were one of that pattern."""
    who, wanted = principal(), patterns.read(query.pattern)
    after = query.cursor.split("|") if query.cursor else ["", "", ""]
    if len(after) != 3:
        raise Malformed(where="cursor", why="is not the `next` of a page before")
    with site().db.read() as session:
        known = [group.pattern for group in _groups(session, path.domain)]
        places = [p.id for p in catalog.places(session) if p.domain == path.domain and who.may("registry:Read", p.resource)]
        found = associated.packages(session, places, known, wanted, after=(after[0], after[1], after[2]), limit=query.limit + 1)
    last = found[query.limit - 1].name if len(found) > query.limit else None
    items = [{"format": one.name.format, "package": one.name.full, "association": one.association} for one in found[: query.limit]]
    return {"items": items, "next": f"{last.format}|{last.namespace}|{last.name}" if last else None}


@api.get(f"{DOMAIN}/policy")
@needs(*READ_DOMAIN)
def get_domain_policy(path: DomainPath) -> dict[str, Any]:
    """The domain's policy."""
    return policies.get(site(), f"registry/{path.domain}")


@api.put(f"{DOMAIN}/policy")
@needs(*ADMIN_DOMAIN)
def put_domain_policy(path: DomainPath, body: PolicyBody) -> dict[str, Any]:
    """Replaces the domain's policy; it holds for every package repository in it."""
    with site().db.read() as session:
        repositories.domain_named(session, path.domain)
    return policies.put(site(), f"registry/{path.domain}", body.statements, principal(), body.expected_revision)


@api.delete(f"{DOMAIN}/policy")
@needs(*ADMIN_DOMAIN)
def delete_domain_policy(path: DomainPath) -> tuple[str, int]:
    """Takes the domain's policy away."""
    policies.delete(site(), f"registry/{path.domain}", principal().name)
    return "", 204


@api.get(f"{REPOSITORY}/policy")
@needs(*READ)
def get_repository_policy(path: RepositoryPath) -> dict[str, Any]:
    """The package repository's policy."""
    return policies.get(site(), place_of(path).resource)


@api.put(f"{REPOSITORY}/policy")
@needs(*ADMIN)
def put_repository_policy(path: RepositoryPath, body: PolicyBody) -> dict[str, Any]:
    """Replaces the package repository's policy."""
    return policies.put(site(), place_of(path).resource, body.statements, principal(), body.expected_revision)


@api.delete(f"{REPOSITORY}/policy")
@needs(*ADMIN)
def delete_repository_policy(path: RepositoryPath) -> tuple[str, int]:
    """Takes the package repository's policy away."""
    policies.delete(site(), place_of(path).resource, principal().name)
    return "", 204


@api.post(f"{DOMAIN}/token", responses={"201": {}})
@public
def issue_token(path: DomainPath, body: TokenBody) -> tuple[dict[str, Any], int]:
    """A token for the domain's packages alone, that ends by itself in 15 minutes to 12 hours; DELETE /tokens/ID ends it at once."""
    who, seconds = principal(), body.duration_seconds
    if 0 < seconds < TOKEN_SECONDS_MIN:
        raise Malformed(where="duration_seconds", why=f"is 0 or {TOKEN_SECONDS_MIN} to {TOKEN_SECONDS_MAX}")
    scope = [{"Effect": "Allow", "Action": ["registry:*"], "Resource": [f"registry/{path.domain}", f"registry/{path.domain}/*"]}]
    with site().db.write() as session:
        repositories.domain_named(session, path.domain)
        places = [p for p in catalog.places(session) if p.domain == path.domain]
        _see(who, path.domain, [p.name for p in places if who.may("registry:Read", p.resource)])
        own = session.get_one(Token, who.token_id)
        if own.scope is not None:
            raise ScopedToken
        lifetime = timedelta(seconds=seconds or TOKEN_SECONDS_MAX)
        if own.expires_at is not None:
            lifetime = min(lifetime, own.expires_at - clock.now())
        account = auth.account_named(session, who.name)
        secret, row = auth.issue_token(session, account, f"packages of {path.domain}", scope=scope, lifetime=lifetime)
        lives = int(lifetime.total_seconds())
        audit.record(session, who.name, "registry:IssueToken", f"registry/{path.domain}", token=row.id, seconds=lives)
        assert row.expires_at is not None
        return {"token": secret, "id": row.id, "expires_at": moment(row.expires_at)}, 201


def _see(who: Principal, domain: str, readable: list[str]) -> None:
    if not readable and not who.may("registry:Read", f"registry/{domain}"):
        raise Refused(who=who.name, action="registry:Read", resource=f"registry/{domain}")


def _groups(session: Session, domain: str) -> tuple[Group, ...]:
    row = repositories.domain_named(session, domain)
    return groups.load(session, row.id, row.groups_revision)


def _with_effect(domain: str, group: Group) -> dict[str, Any]:
    with site().db.read() as session:
        return _group(_with_root(_groups(session, domain)), group)


def _with_root(known: tuple[Group, ...]) -> tuple[Group, ...]:
    return known if any(g.pattern == patterns.ROOT for g in known) else (Group(patterns.ROOT, "", {}), *known)


def _parent(known: tuple[Group, ...], group: Group) -> patterns.Pattern | None:
    """The nearest wider group."""
    return next(iter(patterns.parents([g.pattern for g in known], group.pattern)), None)


def _rules(told: dict[str, Rule]) -> dict[str, Restriction]:
    return {setting: Restriction(rule.mode, tuple(rule.repositories)) for setting, rule in told.items()}


def _domain(row: Domain) -> dict[str, Any]:
    return {"name": row.name, "description": row.description, "created_at": moment(row.created_at)}


def _group(known: tuple[Group, ...], group: Group) -> dict[str, Any]:
    own = {
        setting: {"mode": rule.mode, "repositories": list(rule.repositories)}
        for setting in groups.SETTINGS for rule in [group.restrictions.get(setting, Restriction(groups.INHERIT))]
    }
    parent = _parent(known, group)
    return {
        "pattern": group.pattern.text, "description": group.description, "parent": parent and parent.text, "restrictions": own,
        "effective": _effect(groups.effective_of(known, group.pattern)),
    }


def _effect(effect: Effective) -> dict[str, Any]:
    return {
        setting: {"mode": rule.mode, "repositories": list(rule.repositories), "from": pattern}
        for setting, (rule, pattern) in effect.rules.items()
    }
