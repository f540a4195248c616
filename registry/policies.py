"""Policies of domains and package repositories: read from text with the line of each mistake, shown, replaced, taken away."""

import json
import re
from collections.abc import Iterator
from typing import Any

from service.kernel import audit, auth, grants
from service.kernel.auth import Principal, Token
from service.kernel.errors import Clash, Malformed, Missing, Problem
from service.kernel.policy import Statement
from service.kernel.site import Site

STATEMENTS_MAX = 100
TEXT_CHARACTERS_MAX = 100_000
_KEYS = re.compile(r"Effect|Principal|Action|Resource|unknown keys (?P<unknown>[^,]+)")


class WrongLine(Problem):
    """400: the policy's text is wrong in a line."""

    status = 400
    says = "Line {line}: {why}"


def parse(text: str) -> list[Statement]:
    """Statements from JSON text. Raises WrongLine with the line, from 1, at which it is no JSON or no statement."""
    if len(text) > TEXT_CHARACTERS_MAX:
        raise WrongLine(line=1, why=f"the text is longer than {TEXT_CHARACTERS_MAX} characters")
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        raise WrongLine(line=error.lineno, why=f"no JSON: {error.msg.lower()}, column {error.colno}") from None
    except (RecursionError, ValueError):
        raise WrongLine(line=1, why="no JSON that can be read: it is nested too deeply or holds an endless number") from None
    if not isinstance(told, list) or len(told) > STATEMENTS_MAX:
        raise WrongLine(line=1, why=f"a policy is a list of at most {STATEMENTS_MAX} statements: begin with [")
    for start, end, statement in _places(text):
        line = text.count("\n", 0, start) + 1
        if not isinstance(statement, dict):
            raise WrongLine(line=line, why="a statement is an object with Effect, Principal, Action and Resource")
        try:
            grants.check([statement])
        except Malformed as problem:
            why = str(problem.facts["why"])
            raise WrongLine(line=line + _offset(text[start:end], why), why=why) from None
    return told


def shown(statements: list[Statement]) -> str:
    """Statements as text to edit."""
    return json.dumps(statements, indent=2, ensure_ascii=False)


def get(site: Site, resource: str) -> dict[str, Any]:
    """The policy that hangs on a resource, with its revision. Raises Missing."""
    with site.db.read() as session:
        row = grants.get(session, resource)
        if row is None:
            raise Missing(what="policy", name=resource)
        return {"resource": resource, "statements": row.statements, "revision": grants.revision_of(row)}


def put(site: Site, resource: str, statements: list[Statement], who: Principal, expected_revision: str = "") -> dict[str, Any]:
    """Replaces the policy. Raises Malformed, also for one that would lock `who` out, and Clash for another revision than expected."""
    with site.db.write() as session:
        row = grants.get(session, resource)
        if expected_revision and (row is None or grants.revision_of(row) != expected_revision):
            raise Clash(what="another revision of the policy of", name=resource)
        grants.put(session, resource, statements)
        after = auth.principal_of_token(session, session.get_one(Token, who.token_id))
        if not after.may("registry:Admin", resource):
            raise Malformed(where="policy", why=f"it would lock you out: {who.name} could not change {resource} any more")
        audit.record(session, who.name, "registry:Admin", resource, change="policy replaced", statements=statements)
    return get(site, resource)


def delete(site: Site, resource: str, actor: str) -> None:
    """Takes the policy away. Raises Missing."""
    with site.db.write() as session:
        if not grants.delete(session, resource):
            raise Missing(what="policy", name=resource)
        audit.record(session, actor, "registry:Admin", resource, change="policy deleted")


def _places(text: str) -> Iterator[tuple[int, int, Any]]:
    """Where each element of the list in `text` begins and ends, and what it is; `text` is a JSON list."""
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return
        value, end = decoder.raw_decode(text, at)
        yield at, end, value
        at = end


def _offset(statement: str, why: str) -> int:
    """In which line of the statement's text, from 0, the key stands that `why` begins with."""
    found = _KEYS.match(why)
    key = (found["unknown"] or found[0]) if found else ""
    return statement.count("\n", 0, max(statement.find(json.dumps(key)), 0))
