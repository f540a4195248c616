"""Hosts: how an agent joins a group, proves who it is, and is let go. The only writer of hosts."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipelines.deployments import store
from pipelines.deployments.models import DeploymentGroup, Host
from service.kernel import audit, auth, clock
from service.kernel.auth import Account, Principal, Token
from service.kernel.errors import Clash, Malformed, Missing, Refused
from service.kernel.policy import Statement

JOIN_TOKEN_LIFETIME = timedelta(hours=24)
LABELS_MAX = 50
COMEBACK_SECONDS = 15
SEEN_EVERY = timedelta(seconds=1)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,57}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class HostTaken(Clash):
    """409: another agent registered that host."""

    says = "the host {name} is registered already, by another agent"
    todo = "Give this host another name, or remove the old one from its group first."


@dataclass(frozen=True)
class Arrival:
    """What an agent says when it registers. `claim` is a secret it made itself and keeps."""

    host: str
    labels: dict[str, str]
    claim: str
    version: str


def register(
    session: Session, who: Principal, application: str, group: str, arrival: Arrival
) -> tuple[Host, str | None]:
    """The host, and its own token unless `who` is that host already.

    An agent that died before it stored its token comes back with the same claim and gets a new one. Raises HostTaken
    for anybody else, except for those who may edit the group. Raises Missing, Malformed.
    """
    _check(arrival)
    owner = store.find_group(session, application, group)
    host = session.scalar(select(Host).where(Host.name == arrival.host))
    itself = host is not None and host.removed_at is None and host.account_id == who.account_id
    if host is not None and not itself and not _may_take(session, who, host, arrival, application, group):
        raise HostTaken(name=arrival.host)
    if host is None:
        host = _created(session, arrival, owner, application, group)
    elif not itself:
        _revive(session, host, owner, application, group)
    host.labels, host.agent_version = dict(arrival.labels), arrival.version
    host.claim_digest, host.last_seen = auth.digest_of(arrival.claim), clock.now()
    if itself:
        return host, None
    account = session.get_one(Account, host.account_id)
    secret, _row = auth.issue_token(session, account, f"agent of {host.name}")
    audit.record(session, who.name, "deploy:Agent", store.resource(application, group), host=host.name, did="register")
    return host, secret


def speaking(session: Session, who: Principal) -> Host:
    """The host whose token was used. Raises Refused when the token is no host's."""
    host = session.scalar(select(Host).where(Host.account_id == who.account_id, Host.removed_at.is_(None)))
    if host is None:
        raise Refused(who=who.name, action="deploy:Agent", resource="a host: register this agent first")
    return host


def seen(session: Session, host_id: int) -> None:
    """The agent gave a sign of life."""
    session.execute(update(Host).where(Host.id == host_id).values(last_seen=clock.now()))


def is_stale(host: Host) -> bool:
    """Whether the last sign of life is old enough to be worth a new row version."""
    return clock.now() - host.last_seen > SEEN_EVERY


def is_lost(host: Host, patience_seconds: int, started: datetime) -> bool:
    """Whether the agent of a host in work, since `started`, was silent for too long.

    An agent that was silent before gets a shorter while to come back, as after a restart of the server: a machine that
    is gone should not hold up every deployment for the full time.
    """
    comeback = min(patience_seconds, COMEBACK_SECONDS)
    since = max(host.last_seen, started - timedelta(seconds=patience_seconds - comeback))
    return (clock.now() - since).total_seconds() > patience_seconds


def lost_reason(host: Host) -> str:
    """Why a host without an agent failed, in a sentence."""
    if host.removed_at is not None:
        return f"the host {host.name} was removed from its group"
    return f"the agent of {host.name} was last heard of at {host.last_seen:%Y-%m-%d %H:%M:%S} UTC"


def mark(session: Session, host_id: int, *, health: str, revision: str | None) -> None:
    """What a deployment left on the host; `revision` None leaves it as it is said to be."""
    values: dict[str, Any] = {"health": health}
    if revision is not None:
        values["current_revision"] = revision
    session.execute(
        update(Host).where(Host.id == host_id).values(**values).execution_options(synchronize_session="fetch")
    )


def remove(session: Session, application: str, group: str, name: str, *, actor: str) -> None:
    """Takes the host out of its group and ends its tokens. Raises Missing."""
    owner = store.find_group(session, application, group)
    host = session.scalar(select(Host).where(Host.name == name, Host.group_id == owner.id, Host.removed_at.is_(None)))
    if host is None:
        raise Missing(what="host", name=name)
    host.removed_at = clock.now()
    session.get_one(Account, host.account_id).disabled_at = clock.now()
    _end_tokens(session, host.account_id)
    audit.record(session, actor, "deploy:Edit", store.resource(application, group), host=name, did="remove")


def issue_join_token(session: Session, application: str, group: str, *, actor: str) -> str:
    """A token, good for a day, that lets agents join this group and nothing else."""
    owner = store.find_group(session, application, group)
    name = f"join-{owner.id}"
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        account = auth.create_account(session, name, _agent_policy(application, group))
    secret, _row = auth.issue_token(session, account, f"join {application}/{group}", lifetime=JOIN_TOKEN_LIFETIME)
    audit.record(session, actor, "deploy:Edit", store.resource(application, group), did="join token")
    return secret


def in_group(session: Session, group_id: int) -> list[Host]:
    """The hosts of a group by name."""
    return list(session.scalars(
        select(Host).where(Host.group_id == group_id, Host.removed_at.is_(None)).order_by(Host.name)
    ))


def _may_take(
    session: Session, who: Principal, host: Host, arrival: Arrival, application: str, group: str
) -> bool:
    if host.removed_at is not None or host.claim_digest == auth.digest_of(arrival.claim):
        return host.removed_at is not None or store.names_of(session, host.group_id) == (application, group)
    old = store.resource(*store.names_of(session, host.group_id))
    return who.may("deploy:Edit", old) and who.may("deploy:Edit", store.resource(application, group))


def _created(session: Session, arrival: Arrival, owner: DeploymentGroup, application: str, group: str) -> Host:
    account = auth.create_account(session, f"host-{arrival.host}", _agent_policy(application, group))
    at = clock.now()
    host = Host(
        name=arrival.host, group_id=owner.id, account_id=account.id, labels={}, claim_digest="", agent_version="",
        health="unknown", current_revision="", registered_at=at, last_seen=at, removed_at=None,
    )
    session.add(host)
    session.flush()
    return host


def _revive(session: Session, host: Host, owner: DeploymentGroup, application: str, group: str) -> None:
    """Makes a known host this agent's: the tokens of the one before end, and after a move its revision is unknown."""
    account = session.get_one(Account, host.account_id)
    account.policy, account.disabled_at = _agent_policy(application, group), None
    _end_tokens(session, host.account_id)
    if host.removed_at is not None or host.group_id != owner.id:
        host.health, host.current_revision, host.registered_at = "unknown", "", clock.now()
    host.group_id, host.removed_at = owner.id, None


def _end_tokens(session: Session, account_id: int) -> None:
    session.execute(
        update(Token).where(Token.account_id == account_id, Token.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


def _agent_policy(application: str, group: str) -> list[Statement]:
    return [{"Effect": "Allow", "Action": ["deploy:Agent"], "Resource": [store.resource(application, group)]}]


def _check(arrival: Arrival) -> None:
    if not _NAME.fullmatch(arrival.host):
        raise Malformed(where="host", why="use 1-58 of a-z 0-9 . _ - and start with a letter or digit")
    if len(arrival.claim) < 32:
        raise Malformed(where="claim", why="a secret of at least 32 characters that the agent made")
    if len(arrival.labels) > LABELS_MAX:
        raise Malformed(where="labels", why=f"at most {LABELS_MAX}")
    for key, value in arrival.labels.items():
        if not _LABEL.fullmatch(key) or len(value) > 200 or not value.isprintable():
            raise Malformed(where=f"labels.{key[:64]}", why="a name of letters, digits, _ and a printable value")
