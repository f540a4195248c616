"""What another site can make a browser send does nothing here."""

import pytest

from tests.web.visitor import Visitor

THEME = "/settings/theme"


def test_a_form_without_its_token_is_refused(visitor):
    answer = visitor.post(THEME, {"theme": "dark"}, Origin=visitor.server.url)
    assert answer.status == 403
    assert "form token is missing" in answer.text


@pytest.mark.parametrize("token", ["", "x", "A" * 86 + "==", "ü", "\0", "A" * 10_000])
def test_a_made_up_form_token_is_refused(visitor, token):
    assert visitor.post(THEME, {"theme": "dark", "csrf_token": token}).status == 403


def test_another_sessions_form_token_is_refused(visitor, server):
    other = Visitor(server).log_in()
    assert visitor.post(THEME, {"theme": "dark", "csrf_token": other.form_token("/settings")}).status == 403


def test_a_form_token_looks_new_each_time(visitor):
    first, second = visitor.form_token("/settings"), visitor.form_token("/settings")
    assert first != second
    for token in (first, second):
        assert visitor.post(THEME, {"theme": "dark", "csrf_token": token}).status == 303


@pytest.mark.parametrize("headers", [
    {"Origin": "http://elsewhere.invalid"}, {"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1.elsewhere.invalid"},
])
def test_a_foreign_origin_is_refused_even_with_token(visitor, headers):
    answer = visitor.post(THEME, {"theme": "dark", "csrf_token": visitor.form_token("/settings")}, **headers)
    assert answer.status == 403


def test_a_foreign_form_cannot_log_anybody_in(stranger):
    answer = stranger.post("/login", {"token": stranger.server.token}, Origin="http://elsewhere.invalid")
    assert answer.status == 403
    assert not stranger.cookies


def test_a_cookie_alone_changes_nothing_over_the_api(visitor):
    answer = visitor.post("/api/v1/repositories", {}, **{"Content-Type": "application/json"})
    assert answer.status == 403


def test_a_page_script_may_send_the_token_as_header(visitor):
    token = visitor.form_token("/settings")
    answer = visitor.post(THEME, {"theme": "dark"}, **{"X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin"})
    assert answer.status == 303


@pytest.mark.parametrize("path", ["/pypi/default/main/", "/git/any/git-receive-pack", "/api/v1/repositories"])
def test_remembered_basic_credentials_do_not_help_other_sites(server, path):
    headers = {"Authorization": "Basic x", "Origin": "http://elsewhere.invalid"}
    assert server.call("POST", path, {}, token=None, headers=headers).status == 403


def test_clients_without_a_browser_need_no_form_token(server):
    assert server.call("POST", "/api/v1/tokens", {"label": "script"}).status == 201
