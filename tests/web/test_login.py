"""Logging in and out."""

import pytest

from tests.web.visitor import Visitor


def test_a_stranger_is_led_to_the_login(stranger):
    answer = stranger.get("/audit?actor=admin")
    assert answer.status == 302
    assert answer.headers["Location"] == "/login?next=%2Faudit%3Factor%3Dadmin"


def test_after_login_the_wanted_page_opens(stranger):
    answer = stranger.post("/login", {"token": stranger.server.token, "next": "/audit?actor=admin"})
    assert (answer.status, answer.headers["Location"]) == (303, "/audit?actor=admin")
    assert stranger.get("/audit?actor=admin").status == 200


def test_the_session_cookie_is_kept_from_scripts(stranger):
    answer = stranger.post("/login", {"token": stranger.server.token})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"lockgate_session_{stranger.server.port}="), "two servers of one host do not end each other's logins"
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert stranger.server.token not in cookie


@pytest.mark.parametrize("onward", [
    "//elsewhere.invalid/", "https://elsewhere.invalid/", "/\\elsewhere.invalid", "\\\\elsewhere.invalid", "/\t/elsewhere.invalid",
    "javascript:alert(1)", "elsewhere.invalid", "", "/%0d%0aSet-Cookie:a=b\r\nX: y",
])
def test_login_leads_nowhere_else(stranger, onward):
    answer = stranger.post("/login", {"token": stranger.server.token, "next": onward})
    assert (answer.status, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(("token", "why"), [
    ("", "none was sent"), ("lgt_short", "mistyped or cut off"), ("x" * 5000, "not known"), ("lgt_<script>", "mistyped"),
])
def test_a_wrong_token_is_told_and_refused(stranger, token, why):
    answer = stranger.post("/login", {"token": token})
    assert answer.status == 401
    assert why in answer.text
    assert "<script>" not in answer.text.replace("<script src", "")
    assert not stranger.cookies


def test_a_login_page_never_repeats_the_token(stranger):
    assert "lgt_wrong-secret" not in stranger.post("/login", {"token": "lgt_wrong-secret"}).text


def test_logging_out_ends_the_session_everywhere(visitor):
    kept = dict(visitor.cookies)
    assert visitor.submit("/", "/logout", {}).status == 303
    assert not [name for name in visitor.cookies if name.startswith("lockgate_session")]
    assert Visitor(visitor.server, kept).get("/").status == 302


def test_logging_in_again_ends_the_old_session(visitor):
    old = dict(visitor.cookies)
    token = visitor.form_token("/")
    assert visitor.post("/login", {"token": visitor.server.token, "csrf_token": token}).status == 303
    assert Visitor(visitor.server, old).get("/").status == 302


def test_a_revoked_token_ends_its_sessions(server, visitor):
    made = server.call("POST", "/api/v1/tokens", {"label": "short"}).json()
    other = Visitor(server).log_in(made["token"])
    assert other.get("/").status == 200
    server.call("DELETE", f"/api/v1/tokens/{made['id']}")
    assert other.get("/").status == 302


def test_logins_are_audited(visitor):
    assert "admin:LogIn" in visitor.get("/audit?action=admin:LogIn").text


def test_a_session_cookie_opens_no_package_route(visitor):
    assert visitor.get("/pypi/default/main/simple/").status == 401


def test_pages_for_a_person_are_not_kept(visitor):
    answer = visitor.get("/settings")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
