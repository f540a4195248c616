"""Policies: deny by default, explicit deny wins, wildcards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.errors import Malformed
from service.kernel.policy import compile_policy

ACTIONS = st.sampled_from(["git:Pull", "git:Push", "registry:Read", "registry:Publish"])
RESOURCES = st.sampled_from(["git/shop", "git/shop/refs/heads/main", "registry/default/main"])
PATTERNS = st.sampled_from(["*", "git:*", "git:P?ll", "registry:Read", "git/*", "git/shop", "registry/*/main"])
STATEMENTS = st.lists(
    st.fixed_dictionaries({"Effect": st.sampled_from(["Allow", "Deny"]), "Action": st.lists(PATTERNS, min_size=1), "Resource": st.lists(PATTERNS, min_size=1)}),
    max_size=6,
)


def test_nothing_is_allowed_by_default() -> None:
    assert not compile_policy([])("git:Pull", "git/shop").allowed


def test_a_star_spans_slashes() -> None:
    policy = compile_policy([{"Effect": "Allow", "Action": "git:*", "Resource": "git/shop*"}])
    assert policy("git:Push", "git/shop/refs/heads/main").allowed
    assert not policy("git:Push", "git/other").allowed


def test_a_dot_is_only_a_dot() -> None:
    assert not compile_policy([{"Effect": "Allow", "Action": "*", "Resource": "git/a.b"}])("git:Pull", "git/axb").allowed


@given(STATEMENTS, ACTIONS, RESOURCES)
def test_adding_a_deny_never_grants(statements: list[dict[str, object]], action: str, resource: str) -> None:
    more = [*statements, {"Effect": "Deny", "Action": [action], "Resource": ["*"]}]
    assert not compile_policy(more)(action, resource).allowed


@given(STATEMENTS, ACTIONS, RESOURCES)
def test_adding_an_allow_never_takes_away(statements: list[dict[str, object]], action: str, resource: str) -> None:
    before = compile_policy(statements)(action, resource).allowed
    after = compile_policy([*statements, {"Effect": "Allow", "Action": ["git:*"], "Resource": ["*"]}])(action, resource).allowed
    assert after or not before


@pytest.mark.parametrize("bad", [
    {"Effect": "allow", "Action": ["*"], "Resource": ["*"]}, {"Effect": "Allow", "Action": [], "Resource": ["*"]},
    {"Effect": "Allow", "Action": ["*"]}, {"Effect": "Allow", "Action": ["*"], "Resource": ["*"], "Principal": "*"},
    {"Effect": "Allow", "Action": [1], "Resource": ["*"]},
])
def test_a_malformed_statement_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        compile_policy([bad])
