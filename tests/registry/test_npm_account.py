"""npm's logins and tokens: who gets what, for which repository, and how it ends."""

import json
import re
import subprocess
import time
import urllib.parse

import pytest

from service.kernel.auth import is_inside
from tests.lockgate_server import Answer, Server
from tests.registry.clients import Clients
from tests.registry.conftest import create_repository
from tests.registry.made import npm_document, npm_tarball


def npm(server: Server, clients: Clients, method: str, rest: str, body: object = None, token: str | None = "") -> Answer:
    return server.call(method, f"/npm/default/{clients.repository}/{rest}", body, token=token)


def new_token(server: Server, clients: Clients, token: str = "", **asked: object) -> Answer:
    body = {"name": "tests", "password": token or server.token, **asked}
    return npm(server, clients, "POST", "-/npm/v1/tokens", body, token=token)


def open_session(server: Server) -> dict[str, str]:
    """A browser's headers after it logged in."""
    form = urllib.parse.urlencode({"token": server.token, "next": "/"}).encode()
    answer = server.call("POST", "/login", token=None, body=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status in (302, 303), answer.text
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def approve(server: Server, url: str, browser: dict[str, str]) -> Answer:
    page = server.call("GET", url, token=None, headers=browser)
    assert page.status == 200, page.text
    field = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert field is not None
    body = urllib.parse.urlencode({"csrf_token": field[1]}).encode()
    headers = {**browser, "Content-Type": "application/x-www-form-urlencoded", "Origin": server.url}
    return server.call("POST", url, token=None, headers=headers, body=body)


@pytest.mark.anydb
def test_npm_logs_in_through_the_browser(server: Server, clients: Clients) -> None:
    clients.npm("ping", token=None)  # writes .npmrc without a token
    command = ["npm", "login", "--auth-type=web", "--browser=false"]
    env = clients.environment(NPM_CONFIG_USERCONFIG=str(clients.home / ".npmrc"))
    waiting = subprocess.Popen(command, cwd=clients.home, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    told = ""
    deadline = time.monotonic() + 60
    while "/npm-login/" not in told and time.monotonic() < deadline:
        told += waiting.stdout.readline()
    url = re.search(r"http\S+/npm-login/\S+", told)
    assert url is not None, told
    assert approve(server, url[0], open_session(server)).status == 303
    rest, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, told + rest
    assert "_authToken=lgt_" in (clients.home / ".npmrc").read_text()
    assert clients.run("npm", "whoami", NPM_CONFIG_USERCONFIG=str(clients.home / ".npmrc")).stdout.strip() == "admin"


def test_a_browser_login_gives_its_token_once(server: Server, clients: Clients) -> None:
    told = npm(server, clients, "POST", "-/v1/login", {}, token=None).json()
    assert server.call("GET", told["doneUrl"], token=None).status == 202
    assert server.call("GET", told["doneUrl"].replace(clients.repository, "main"), token=None).status == 404
    assert approve(server, told["loginUrl"], open_session(server)).status == 303
    got = server.call("GET", told["doneUrl"], token=None)
    assert got.headers["Cache-Control"] == "no-store"
    token = got.json()["token"]
    assert server.call("GET", told["doneUrl"], token=None).status == 404
    assert npm(server, clients, "GET", "-/whoami", token=token).json() == {"username": "admin"}
    elsewhere = server.call("GET", "/npm/default/main/-/whoami", token=token)
    assert elsewhere.status == 403


def test_a_login_needs_a_person(server: Server, clients: Clients) -> None:
    told = npm(server, clients, "POST", "-/v1/login", {}, token=None).json()
    assert server.call("POST", told["loginUrl"], token=None).status in (302, 303, 401, 403)
    assert server.call("GET", told["doneUrl"], token=None).status == 202
    assert npm(server, clients, "GET", "-/v1/done/made-up", token=None).status == 404


def test_older_clients_log_in_with_a_token_as_password(server: Server, clients: Clients) -> None:
    user = "-/user/org.couchdb.user:admin"
    done = npm(server, clients, "PUT", user, {"name": "admin", "password": server.token}, token=None)
    assert done.status == 201
    token = done.json()["token"]
    assert npm(server, clients, "GET", "-/whoami", token=token).status == 200
    assert npm(server, clients, "PUT", user, {"name": "admin", "password": "lgt_wrong"}, token=None).status == 401
    other = npm(server, clients, "PUT", "-/user/org.couchdb.user:eve", {"name": "eve", "password": server.token}, token=None)
    assert other.status == 401
    assert npm(server, clients, "DELETE", f"-/user/token/{token}", token=token).status == 200
    assert npm(server, clients, "GET", "-/whoami", token=token).status == 401


@pytest.mark.anydb
def test_npm_lists_makes_and_revokes_tokens(server: Server, clients: Clients) -> None:
    made = clients.npm("token", "create", "--name", "laptop", "--password", server.token, "--json")
    assert made.returncode == 0, made.stderr
    token = json.loads(made.stdout)["token"]
    assert "laptop" in clients.npm("token", "list").stdout
    assert npm(server, clients, "GET", "-/whoami", token=token).status == 200
    assert clients.npm("token", "revoke", token).returncode == 0
    assert npm(server, clients, "GET", "-/whoami", token=token).status == 401


def test_a_read_only_token_cannot_publish(server: Server, clients: Clients) -> None:
    made = new_token(server, clients, readonly=True)
    assert (made.status, made.json()["readonly"]) == (201, True)
    token = made.json()["token"]
    assert npm(server, clients, "GET", "-/ping", token=token).status == 200
    assert npm(server, clients, "PUT", "x", {"name": "x"}, token=token).status == 403
    assert new_token(server, clients, token=token).status == 403


def test_a_token_is_bound_to_its_networks(server: Server, clients: Clients) -> None:
    inside = new_token(server, clients, cidr_whitelist=["127.0.0.0/8"]).json()
    outside = new_token(server, clients, cidr_whitelist=["10.9.0.0/16", "fd00::/8"]).json()
    for _ in range(3):
        assert npm(server, clients, "GET", "-/whoami", token=inside["token"]).status == 200
        refused = npm(server, clients, "GET", "-/whoami", token=outside["token"])
        assert refused.status == 401
        assert "10.9.0.0/16" in refused.json()["error"]
    forged = server.call(
        "GET", f"/npm/default/{clients.repository}/-/whoami", token=outside["token"], headers={"X-Forwarded-For": "10.9.0.1"}
    )
    assert forged.status == 401
    assert new_token(server, clients, cidr_whitelist=["10.9.0.0/99"]).status == 400


@pytest.mark.anydb
@pytest.mark.parametrize(("address", "fits"), [
    ("10.1.2.3", True), ("10.2.0.1", False), ("::ffff:10.1.0.9", True), ("fd00::1", True), ("fe80::1", False), ("", False), ("10.1.0.0/16", False),
])
def test_an_address_lies_in_a_network(address: str, fits: bool) -> None:
    assert is_inside(address, ["10.1.0.0/16", "fd00::/8"]) is fits


def test_tokens_are_made_only_with_a_token_as_password(server: Server, clients: Clients) -> None:
    assert npm(server, clients, "POST", "-/npm/v1/tokens", {"password": "guess"}).status == 401
    assert new_token(server, clients, scopes=["@team"]).status == 400
    assert new_token(server, clients, expires=7).json()["expires"] is not None
    assert new_token(server, clients, expires=-1).status == 400


def test_nobody_revokes_the_tokens_of_others(server: Server, clients: Clients) -> None:
    policy = [{"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["registry/*"]}]
    other = server.new_account(f"npm-other-{clients.repository}", policy)
    assert npm(server, clients, "DELETE", f"-/npm/v1/tokens/token/{server.token}", token=other).status == 404
    assert npm(server, clients, "GET", "-/whoami").status == 200


def test_access_questions_are_answered(server: Server, clients: Clients) -> None:
    policy = [{"Effect": "Allow", "Action": ["registry:Read"], "Resource": [f"registry/default/{clients.repository}"]}]
    reader = f"npm-seen-{clients.repository}"
    server.new_account(reader, policy)
    npm(server, clients, "PUT", "@team%2fseen", npm_document("@team/seen", "1.0.0", npm_tarball("@team/seen", "1.0.0")))
    people = npm(server, clients, "GET", "-/package/@team%2fseen/collaborators").json()
    assert (people["admin"], people[reader]) == ("read-write", "read-only")
    assert npm(server, clients, "GET", "-/package/@team%2fseen/visibility").json() == {"public": False}
    assert npm(server, clients, "GET", "-/org/team/package").json() == {"@team/seen": "read-write"}
    assert npm(server, clients, "GET", "-/org/team/team").json() == []
    assert npm(server, clients, "GET", "-/npm/v1/user").json()["name"] == "admin"
    for method, rest in (("POST", "-/package/@team%2fseen/access"), ("PUT", "-/org/team/user"), ("GET", "-/stage"), ("GET", "-/package/@team%2fseen/trust")):
        answer = npm(server, clients, method, rest, {} if method != "GET" else None)
        assert answer.status == 405, rest
        assert answer.json()["error"]
    assert npm(server, clients, "POST", "-/npm/v1/oidc/token/exchange/package/@team%2fseen", {}).status == 404


def test_a_token_of_one_repository_opens_no_other(server: Server, clients: Clients) -> None:
    token = new_token(server, clients).json()["token"]
    other = create_repository(server)
    assert server.call("GET", f"/npm/default/{other}/-/ping", token=token).status == 403
    assert server.call("GET", "/api/v1/repositories", token=token).json()["items"] == []
