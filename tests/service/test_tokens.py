"""Tokens: recognisable, checked without a look-up, revocable at once."""

import re

from hypothesis import given
from hypothesis import strategies as st

from service.kernel import auth
from tests.lockgate_server import Server

READ_ONLY = [{"Effect": "Allow", "Action": ["git:Read", "git:Pull"], "Resource": ["git/*"]}]


def test_a_fresh_token_is_well_formed() -> None:
    secret = auth.new_secret()
    assert re.fullmatch(r"lgt_[0-9A-Za-z]{38}", secret)
    assert auth.well_formed(secret)


@given(st.integers(4, 41), st.characters(categories=(), include_characters="0Az9"))
def test_a_typo_is_noticed(position: int, letter: str) -> None:
    secret = auth.new_secret()
    mistyped = secret[:position] + letter + secret[position + 1 :]
    assert mistyped == secret or not auth.well_formed(mistyped)


def test_no_token_gets_a_challenge(server: Server) -> None:
    answer = server.call("GET", "/api/v1/repositories", token=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert answer.json()["todo"]


def test_an_unknown_token_is_told_so(server: Server) -> None:
    answer = server.call("GET", "/api/v1/repositories", token=auth.new_secret())
    assert (answer.status, answer.json()["detail"]) == (401, "the token is not known here")


def test_a_revoked_token_ends_at_once(server: Server) -> None:
    secret = server.new_account("revoked", READ_ONLY)
    assert server.call("GET", "/api/v1/repositories", token=secret).status == 200
    number = next(line.split("\t")[0] for line in server.admin("token", "list").splitlines() if line.split("\t")[1] == "revoked")
    server.admin("token", "revoke", number)
    assert server.call("GET", "/api/v1/repositories", token=secret).status == 401


def test_an_account_without_policy_may_nothing(server: Server) -> None:
    secret = server.new_account("nobody", [])
    answer = server.call("POST", "/api/v1/repositories", {"name": "mine"}, token=secret)
    assert answer.status == 403
    assert "nobody may not git:Create on git" in answer.json()["detail"]


def test_a_refusal_is_on_the_audit_trail(server: Server) -> None:
    secret = server.new_account("curious", READ_ONLY)
    server.call("POST", "/api/v1/repositories", {"name": "mine"}, token=secret)
    page = server.call("GET", "/audit?actor=curious", headers={"Accept": "text/html"})
    assert "git:Create" in page.text
    assert "refused" in page.text
