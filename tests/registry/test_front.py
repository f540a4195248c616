"""The hot path gives Flask's answers: compared over one database that a real server writes to, answer for answer, row for row."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from registry.front import Front
from service import start
from service.app import create_app
from service.kernel import auth
from service.kernel.audit import AuditRow
from service.kernel.site import Site
from tests.lockgate_server import Server
from tests.registry import wsgi
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, create_repository
from tests.registry.made import npm_document, npm_tarball, wheel
from tests.registry.wsgi import Told

JSON = "application/vnd.pypi.simple.v1+json"
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
SHORT = "application/vnd.npm.install-v1+json"
ACTIONS = ["registry:Read"]


class Pair:
    """The same Flask application twice, with the front before it and without, over the server's own database and blobs."""

    def __init__(self, site: Site, **options: int) -> None:
        self.site, self.reached = site, 0
        self.flask = create_app(site)
        self.front = Front(self._counted, site, **options)

    def _counted(self, environ: Any, answer: Any) -> Any:
        self.reached += 1
        return self.flask(environ, answer)

    def ask(self, application: Any, path: str, method: str = "GET", **headers: str) -> Told:
        return wsgi.ask(application, method, path, **{f"HTTP_{name.upper()}": value for name, value in headers.items()})

    def hot(self, path: str, method: str = "GET", **headers: str) -> Told:
        """The front's answer to a request that it has answered before."""
        self.ask(self.front, path, method, **headers)
        return self.ask(self.front, path, method, **headers)

    def at_once(self, path: str, method: str = "GET", **headers: str) -> Told | None:
        """What the front gives before any WSGI call; None when it takes one."""
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "packages.test", "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http", **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        found = self.front.at_once(environ)
        return found and Told(str(found[0]), list(found[1]), found[2])

    def reaches_flask(self, path: str, **headers: str) -> bool:
        before = self.reached
        self.ask(self.front, path, **headers)
        return self.reached > before

    def audited(self, work: Callable[[], object]) -> list[tuple[str, str, str, str, Any]]:
        """The audit rows that the work wrote."""
        with self.site.db.read() as session:
            last = session.scalar(select(func.max(AuditRow.id))) or 0
        work()
        with self.site.db.read() as session:
            rows = session.scalars(select(AuditRow).where(AuditRow.id > last).order_by(AuditRow.id)).all()
        return [(r.actor, r.action, r.resource, r.outcome, r.detail) for r in rows]


@pytest.fixture
def site(server: Server) -> Iterator[Site]:
    opened = start.open_site(server.settings)
    yield opened
    opened.db.close()


@pytest.fixture
def pair(site: Site) -> Pair:
    return Pair(site)


@pytest.fixture
def bearer(server: Server) -> str:
    return f"Bearer {server.token}"


@pytest.fixture
def filled(server: Server, clients: Clients, upload: Upload) -> str:
    """The name of a repository with a Python and an npm package."""
    for number in range(4):
        upload(wheel("hot", f"1.{number}", code=f"n = {number}\n"))
    tarball = npm_tarball("hot", "1.0.0")
    path = f"/npm/default/{clients.repository}/hot"
    assert server.call("PUT", path, npm_document("hot", "1.0.0", tarball)).status == 201
    return clients.repository


def test_front_and_flask_answer_alike(pair: Pair, filled: str, bearer: str, server: Server) -> None:
    pypi, npm = f"/pypi/default/{filled}", f"/npm/default/{filled}"
    reader = server.new_account(f"reader-{filled}", [{"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["registry/default/other"]}])
    file = f"{pypi}/files/hot/hot-1.0-py3-none-any.whl"
    etags = {path: dict(pair.ask(pair.flask, path, authorization=bearer).headers)["ETag"] for path in (f"{pypi}/simple/hot/", file, f"{npm}/hot")}
    paths = [
        f"{pypi}/simple/", f"{pypi}/simple/hot/", file, f"{file}.metadata", f"{npm}/hot", f"{npm}/hot/-/hot-1.0.0.tgz",
    ]
    odd = [
        f"{pypi}/simple/Hot/", f"{pypi}/simple/hot", f"{pypi}/simple/absent/", f"{pypi}/simple/%2e/", f"{pypi}/simple/hot/?a=b",
        f"{pypi}/files/hot/absent-1.0.tar.gz", f"{npm}/hot?write=true", f"{npm}/@scope/absent", f"{npm}/hot/1.0.0", f"{npm}/-/whoami",
        f"{npm}/h\u00f6t", "/pypi/default/absent/simple/hot/", "/pypi/", "/npm/default", "/healthz",
    ]
    wanted: list[dict[str, str]] = [
        {}, {"accept": PIP}, {"accept": "text/html"}, {"accept": SHORT}, {"accept": "nonsense;;q=x"}, {"accept_encoding": "gzip"},
        {"accept_encoding": "gzip;q=0, br"}, {"accept": PIP, "accept_encoding": "br, gzip"}, {"range": "bytes=0-9"}, {"range": "bytes=-5"},
        {"range": "bytes=9999999-"}, {"range": "bytes=5-1"}, {"range": "lines=1"}, {"range": "bytes=0-1,3-4"},
        {"range": "bytes=0-9", "if_range": '"other"'}, {"range": "bytes=0-9", "if_range": etags[file]}, {"if_none_match": "*"},
        *({"if_none_match": etag} for etag in etags.values()), *({"if_none_match": f'W/{etag}, "x"'} for etag in etags.values()),
        {"if_none_match": etags[f"{pypi}/simple/hot/"], "accept": PIP}, {"if_modified_since": "Tue, 24 Nov 2026 00:00:00 GMT"},
    ]
    doubtful: list[dict[str, str]] = [
        {}, {"authorization": "Bearer lgt_wrong"}, {"authorization": f"Bearer {reader}"}, {"authorization": "Basic !!!"}, {"cookie": "lockgate_session=x"},
        {"x_nuget_apikey": bearer.removeprefix("Bearer ")},
    ]
    known = {"authorization": bearer}
    asked = [(p, m, known | h) for p in paths for m in ("GET", "HEAD") for h in wanted]
    asked += [(p, "GET", known | h) for p in odd for h in wanted[:2]]
    asked += [(p, m, h) for p in (*paths[:3], odd[0]) for m in ("GET", "HEAD", "DELETE") for h in doubtful]
    for path, method, headers in asked:
        expected = _forget_ids(pair.ask(pair.flask, path, method, **headers))
        for _ in range(2):
            assert _forget_ids(pair.ask(pair.front, path, method, **headers)) == expected, (method, path, headers)
        ready = pair.at_once(path, method, **headers)
        assert ready is None or Told(expected.status[:3], expected.headers, expected.body) == ready, (method, path, headers)


def test_a_hot_answer_never_reaches_flask(pair: Pair, filled: str, bearer: str) -> None:
    pypi, npm = f"/pypi/default/{filled}", f"/npm/default/{filled}"
    for path in (f"{pypi}/simple/hot/", f"{pypi}/simple/", f"{pypi}/files/hot/hot-1.0-py3-none-any.whl", f"{npm}/hot", f"{npm}/hot/-/hot-1.0.0.tgz"):
        pair.hot(path, authorization=bearer)
        assert not pair.reaches_flask(path, authorization=bearer), path
        assert not pair.reaches_flask(path, authorization=bearer), path


def test_what_is_ready_ends_with_the_next_commit(server: Server, pair: Pair, filled: str, bearer: str) -> None:
    if not pair.site.db.is_sqlite:
        assert pair.site.db.state_at_hand() is None
        return
    path = f"/pypi/default/{filled}/simple/hot/"
    pair.hot(path, authorization=bearer)
    ready = pair.at_once(path, authorization=bearer)
    assert ready is not None
    assert ready.body == pair.ask(pair.flask, path, authorization=bearer).body
    for other in ({}, {"authorization": "Bearer lgt_wrong"}, {"authorization": bearer, "accept": JSON}):
        assert pair.at_once(path, **other) is None
    create_repository(server)
    assert pair.at_once(path, authorization=bearer) is None
    pair.hot(path, authorization=bearer)
    assert pair.at_once(path, authorization=bearer) == ready


def test_hot_answers_carry_the_first_ones_headers(server: Server, filled: str) -> None:
    for path in (f"/pypi/default/{filled}/simple/hot/", f"/npm/default/{filled}/hot"):
        told = [server.call("GET", path) for _ in range(12)]
        assert {answer.status for answer in told} == {200}
        assert len({answer.headers["X-Request-Id"] for answer in told}) == len(told)
        kinds = {tuple(sorted((k, v) for k, v in answer.headers.items() if k not in ("x-request-id", "date"))) for answer in told}
        assert len(kinds) == 1
        assert "nosniff" in str(kinds)


def test_refusals_are_audited_alike(pair: Pair, filled: str, bearer: str, server: Server) -> None:
    stranger = f"Bearer {server.new_account(f'stranger-{filled}', [{'Effect': 'Allow', 'Action': ACTIONS, 'Resource': ['registry/default/other']}])}"
    path = f"/pypi/default/{filled}/simple/hot/"
    pair.hot(path, authorization=bearer)
    plain = pair.audited(lambda: [pair.ask(pair.flask, path, authorization=stranger) for _ in range(2)])
    hot = pair.audited(lambda: [pair.ask(pair.front, path, authorization=stranger) for _ in range(2)])
    assert hot == plain
    assert [row[3] for row in hot] == ["refused", "refused"]
    assert pair.audited(lambda: pair.hot(path, authorization=bearer)) == []


def test_what_another_process_published_shows_at_once(pair: Pair, filled: str, bearer: str, upload: Upload) -> None:
    path = f"/pypi/default/{filled}/simple/hot/"
    for number in range(4):
        assert f"hot-2.{number}-".encode() not in pair.hot(path, authorization=bearer).body
        upload(wheel("hot", f"2.{number}", code=f"m = {number}\n"))
        assert f"hot-2.{number}-".encode() in pair.ask(pair.front, path, authorization=bearer).body


def test_a_yank_and_a_deletion_show_at_once(pair: Pair, filled: str, bearer: str, server: Server) -> None:
    version = f"/api/v1/registry/default/{filled}/packages/pypi/hot/versions/1.3"
    page, file = f"/pypi/default/{filled}/simple/hot/", f"/pypi/default/{filled}/files/hot/hot-1.3-py3-none-any.whl"
    pair.hot(page, authorization=bearer)
    assert pair.hot(file, authorization=bearer).status == "200 OK"
    assert server.call("PUT", f"{version}/yank", {"reason": "broken"}).status == 200
    assert b'data-yanked="broken"' in pair.ask(pair.front, page, authorization=bearer).body
    assert server.call("DELETE", version).status == 200
    assert b"hot-1.3-" not in pair.ask(pair.front, page, authorization=bearer).body
    assert pair.ask(pair.front, file, authorization=bearer).status.startswith("404")


def test_a_revoked_token_opens_nothing_hot(pair: Pair, filled: str) -> None:
    secret, number = _token(pair.site)
    path = f"/pypi/default/{filled}/simple/hot/"
    assert pair.hot(path, authorization=f"Bearer {secret}").status == "200 OK"
    with pair.site.db.write() as session:
        auth.revoke_token(session, number)
    answer = pair.ask(pair.front, path, authorization=f"Bearer {secret}")
    assert answer.status.startswith("401")


def test_an_expired_token_opens_nothing_hot(pair: Pair, filled: str) -> None:
    secret, _ = _token(pair.site, timedelta(seconds=1.5))
    path = f"/pypi/default/{filled}/simple/hot/"
    deadline = time.time() + 1.5
    assert pair.hot(path, authorization=f"Bearer {secret}").status == "200 OK"
    while time.time() <= deadline:
        pair.ask(pair.front, path, authorization=f"Bearer {secret}")
    assert pair.ask(pair.front, path, authorization=f"Bearer {secret}").status.startswith("401")


def test_a_policy_taken_away_counts_at_once(pair: Pair, filled: str, server: Server) -> None:
    name = f"member-{filled}"
    token = server.new_account(name, [{"Effect": "Allow", "Action": ACTIONS, "Resource": ["registry/*"]}])
    path = f"/pypi/default/{filled}/simple/hot/"
    assert pair.hot(path, authorization=f"Bearer {token}").status == "200 OK"
    with pair.site.db.write() as session:
        auth.account_named(session, name).policy = [{"Effect": "Deny", "Action": ["*"], "Resource": ["*"]}]
    assert pair.ask(pair.front, path, authorization=f"Bearer {token}").status.startswith("403")


def test_a_changed_search_path_shows_at_once(pair: Pair, filled: str, bearer: str, server: Server, upload: Upload) -> None:
    other = create_repository(server)
    upload(wheel("behind", "1.0"), repository=other)
    path = f"/pypi/default/{filled}/simple/behind/"
    assert pair.hot(path, authorization=bearer).status.startswith("404")
    assert server.call("PATCH", f"/api/v1/registry/default/{filled}", {"upstreams": [other]}).status == 200
    assert pair.hot(path, authorization=bearer).status == "200 OK"
    assert server.call("PATCH", f"/api/v1/registry/default/{filled}", {"upstreams": []}).status == 200
    assert pair.ask(pair.front, path, authorization=bearer).status.startswith("404")


def test_what_is_kept_stays_within_its_limit(site: Site, filled: str, bearer: str) -> None:
    small = Pair(site, kept_bytes_max=30_000)
    front = small.front
    path = f"/pypi/default/{filled}/files/hot/hot-1.0-py3-none-any.whl"
    for number in range(60):
        assert small.ask(small.front, path, authorization=bearer, range=f"bytes={number}-").status.startswith("206")
    assert len(front._answers) < 15
    assert front._size == sum(answer.size for answer in front._answers.values()) <= 30_000


def _token(site: Site, lifetime: timedelta | None = None) -> tuple[str, int]:
    with site.db.write() as session:
        secret, row = auth.issue_token(session, auth.account_named(session, "admin"), "front", lifetime=lifetime)
        return secret, row.id


def _forget_ids(told: Told) -> Told:
    """Error documents name their request."""
    body = told.body
    if b'"request_id":"' in body:
        head, _, rest = body.partition(b'"request_id":"')
        body = head + rest.partition(b'"')[2]
    return Told(told.status, told.headers, body)
