"""A person's own tokens and colours."""

import re

import pytest

from tests.web.visitor import Visitor

SECRET = re.compile(r"lgt_[0-9A-Za-z]{38}")
NEW = {"label": "laptop", "days": "30", "scope": "all", "statements": ""}


def make(visitor, **fields):
    return visitor.submit("/settings", "/settings/tokens", {**NEW, **fields})


def test_a_new_token_is_shown_once_and_works(visitor):
    answer = make(visitor, label="once")
    secret = SECRET.search(answer.text)[0]
    assert visitor.server.call("GET", "/api/v1/whoami", token=secret).json()["name"] == "admin"
    again = visitor.get("/settings").text
    assert secret not in again
    assert secret[-4:] in again


def test_a_narrowed_token_does_only_that(visitor):
    secret = SECRET.search(make(visitor, scope="install").text)[0]
    assert visitor.server.call("POST", "/api/v1/repositories", {"name": "narrow"}, token=secret).status == 403


def test_own_statements_narrow_a_token(visitor):
    statements = '[{"Effect": "Allow", "Action": ["git:Read"], "Resource": ["*"]}]'
    secret = SECRET.search(make(visitor, statements=statements).text)[0]
    assert visitor.server.call("GET", "/api/v1/repositories", token=secret).status == 200


def test_a_narrowed_token_cannot_make_another(visitor):
    secret = SECRET.search(make(visitor, scope="read").text)[0]
    narrow = Visitor(visitor.server).log_in(secret)
    answer = make(narrow, scope="all")
    assert answer.status == 403
    assert "has a scope" in answer.text


def test_a_short_token_makes_no_longer_one(visitor):
    secret = SECRET.search(make(visitor, days="7").text)[0]
    short = Visitor(visitor.server).log_in(secret)
    made = SECRET.search(make(short, days="never", label="heir").text)[0]
    heir = next(t for t in visitor.server.call("GET", "/api/v1/tokens", token=made).json()["items"] if t["label"] == "heir")
    assert heir["expires_at"] is not None


@pytest.mark.parametrize("fields", [
    {"label": ""}, {"label": "x" * 101}, {"days": "100000"}, {"days": "-1"}, {"scope": "nonsense"}, {"statements": "{"},
    {"statements": '{"Effect": "Allow"}'}, {"statements": '[{"Effect": "Perhaps", "Action": ["*"], "Resource": ["*"]}]'},
    {"statements": "[1]"},
])
def test_a_bad_field_makes_no_token(visitor, fields):
    answer = make(visitor, **fields)
    assert answer.status == 200
    assert "No token was made" in answer.text
    assert not SECRET.search(answer.text)


def test_a_revoked_token_stops_at_once(visitor):
    secret = SECRET.search(make(visitor, label="to end").text)[0]
    row = next(t for t in visitor.server.call("GET", "/api/v1/tokens").json()["items"] if t["label"] == "to end")
    assert visitor.submit("/settings", f"/settings/tokens/{row['id']}/revoke", {}).status == 303
    assert visitor.server.call("GET", "/api/v1/whoami", token=secret).status == 401


def test_nobody_ends_somebody_elses_token(visitor):
    other = Visitor(visitor.server).log_in(visitor.server.new_account("pages-other", []))
    row = visitor.server.call("GET", "/api/v1/tokens").json()["items"][0]
    assert other.submit("/settings", f"/settings/tokens/{row['id']}/revoke", {}).status == 404


def test_chosen_colours_stay(visitor):
    assert visitor.submit("/settings", "/settings/theme", {"theme": "dark"}).status == 303
    assert 'data-theme="dark"' in visitor.get("/").text
    visitor.submit("/settings", "/settings/theme", {"theme": ""})
    assert "data-theme" not in visitor.get("/").text


def test_a_made_up_theme_is_ignored(visitor):
    visitor.cookies["lockgate_theme"] = "x\\042onload=1"
    assert "data-theme" not in visitor.get("/").text
