"""Policies of resources: statements with a principal that hang on a resource and hold for it and all below it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import orjson
from sqlalchemy import Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.kernel import clock
from service.kernel.db import Base, Id
from service.kernel.errors import Malformed
from service.kernel.policy import Decision, Policy, compile_policy
from service.kernel.policy import Statement as PolicyStatement
from service.kernel.statements import Readable, Statement


class ResourcePolicy(Base):
    """The policy of one resource. An allow here is as good as one of the account's own policy; a deny here beats any allow."""

    __tablename__ = "resource_policies"
    id: Mapped[Id]
    resource: Mapped[str] = mapped_column(unique=True)
    statements: Mapped[list[Any]]
    updated_at: Mapped[datetime]


_policies = cast(Table, ResourcePolicy.__table__)
_ALL = Statement(select(_policies.c.resource, _policies.c.statements))


@dataclass(frozen=True)
class Grant:
    """A resource's policy as it concerns one account."""

    resource: str
    policy: Policy

    def concerns(self, resource: str) -> bool:
        """Whether `resource` is the grant's own or below it."""
        return resource == self.resource or resource.startswith(f"{self.resource}/")


def load(source: Readable, account: str) -> tuple[Grant, ...]:
    """What the policies of all resources say to an account."""
    return tuple(_grant(resource, orjson.dumps(statements), account) for resource, statements in _ALL.rows(source))


def combine(own: Decision, grants: tuple[Grant, ...], action: str, resource: str) -> Decision:
    """The account's own decision with those of the resource: explicit deny > allow > implicit deny."""
    if not own.allowed and own.statement is not None:
        return own
    for grant in grants:
        if grant.concerns(resource):
            said = grant.policy(action, resource)
            if not said.allowed and said.statement is not None:
                return said
            if said.allowed and not own.allowed:
                own = said
    return own


def check(statements: list[PolicyStatement]) -> None:
    """Raises Malformed unless each statement is of the form `{"Effect", "Principal", "Action", "Resource"}`."""
    for statement in statements:
        _principals(statement)
    compile_policy(_bare(statement) for statement in statements)


def get(session: Session, resource: str) -> ResourcePolicy | None:
    """The policy that hangs on this very resource."""
    return session.scalar(select(ResourcePolicy).where(ResourcePolicy.resource == resource))


def put(session: Session, resource: str, statements: list[PolicyStatement]) -> ResourcePolicy:
    """Replaces the policy. Raises Malformed."""
    check(statements)
    row = get(session, resource)
    if row is None:
        row = ResourcePolicy(resource=resource, statements=statements, updated_at=clock.now())
        session.add(row)
    row.statements, row.updated_at = statements, clock.now()
    session.flush()
    return row


def revision_of(row: ResourcePolicy) -> str:
    """Another after each change."""
    return hashlib.sha256(orjson.dumps(row.statements)).hexdigest()[:16]


def delete(session: Session, resource: str) -> bool:
    """Takes the policy away; answers whether there was one."""
    row = get(session, resource)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


@lru_cache(maxsize=1024)
def _grant(resource: str, raw: bytes, account: str) -> Grant:
    statements = [s for s in orjson.loads(raw) if {"*", account} & set(_principals(s))]
    return Grant(resource, compile_policy(_bare(s) for s in statements))


def _principals(statement: PolicyStatement) -> list[str]:
    told = statement.get("Principal")
    named = [told] if isinstance(told, str) else told
    if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
        raise Malformed(where="policy", why='Principal must be "*", an account, or a non-empty list of accounts')
    return named


def _bare(statement: PolicyStatement) -> PolicyStatement:
    return {key: value for key, value in statement.items() if key != "Principal"}
