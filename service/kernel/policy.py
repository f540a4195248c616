"""Who may do what: AWS-style JSON statements compiled to closures; explicit deny > allow > implicit deny."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from service.kernel.errors import Malformed

Statement = dict[str, Any]
"""`{"Effect": "Allow"|"Deny", "Action": [...], "Resource": [...]}`; `*` and `?` are wildcards."""

ALLOW_ALL: list[Statement] = [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]


@dataclass(frozen=True)
class Decision:
    """Allowed or not, and the statement that said so (None: nothing allowed it)."""

    allowed: bool
    statement: Statement | None


Policy = Callable[[str, str], Decision]


def compile_policy(statements: Iterable[Statement]) -> Policy:
    """Compiles statements to `decide(action, resource)`. Raises Malformed on a statement that is not of the form."""
    compiled = [(_effect(s), _matcher(s, "Action"), _matcher(s, "Resource"), s) for s in statements]
    denies = [(a, r, s) for deny, a, r, s in compiled if deny]
    allows = [(a, r, s) for deny, a, r, s in compiled if not deny]

    def decide(action: str, resource: str) -> Decision:
        for actions, resources, statement in denies:
            if actions(action) and resources(resource):
                return Decision(False, statement)
        for actions, resources, statement in allows:
            if actions(action) and resources(resource):
                return Decision(True, statement)
        return Decision(False, None)

    return decide


def _effect(statement: Statement) -> bool:
    if not isinstance(statement, dict):  # whoever wrote the policy's file may have written anything
        raise Malformed(where="policy", why="it must be a list of objects with Effect, Action and Resource")
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise Malformed(where="policy", why=f"Effect must be Allow or Deny, not {effect!r}")
    unknown = set(statement) - {"Sid", "Effect", "Action", "Resource"}
    if unknown:
        raise Malformed(where="policy", why=f"unknown keys {', '.join(sorted(unknown))}")
    return bool(effect == "Deny")


def _matcher(statement: Statement, key: str) -> Callable[[str], bool]:
    value = statement.get(key)
    patterns = [value] if isinstance(value, str) else value
    if not isinstance(patterns, list) or not patterns or not all(isinstance(p, str) for p in patterns):
        raise Malformed(where="policy", why=f"{key} must be a pattern or a non-empty list of patterns")
    flags = re.IGNORECASE if key == "Action" else 0
    one = re.compile("|".join(f"(?:{_glob(p)})" for p in patterns), flags | re.DOTALL)
    return lambda text: one.fullmatch(text) is not None


def _glob(pattern: str) -> str:
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
