"""Publications taken ahead of Flask: compared with Flask's own over one database, answer for answer, row for row."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from registry.models import PackageRepository, VersionEvent
from registry.receiver import Receiver
from service import start
from service.app import create_app
from service.kernel.audit import AuditRow
from service.kernel.blobs import open_blobs
from service.kernel.bus import Outbox
from service.kernel.site import Site
from tests.lockgate_server import Server
from tests.registry import wsgi
from tests.registry.conftest import account, create_repository
from tests.registry.made import form, npm_document, npm_tarball, sdist, wheel
from tests.registry.wsgi import Told

Sent = tuple[str, str, dict[str, str], bytes]
"""Method, path after the repository, headers, body."""


class Pair:
    """The same application twice, with the receiver before it and without, each publishing to a repository of its own."""

    def __init__(self, server: Server, site: Site) -> None:
        self.server, self.site, self.reached = server, site, 0
        self.flask = create_app(site)
        self.receiver = Receiver(self._counted, site)
        self.hot, self.plain = create_repository(server), create_repository(server)

    def _counted(self, environ: Any, answer: Any) -> Any:
        self.reached += 1
        return self.flask(environ, answer)

    def send(self, format_name: str, sent: Sent, token: str | None = "") -> tuple[Told, bool]:
        """The receiver's answer, which must be Flask's, and whether the receiver gave it alone."""
        before = self.reached
        first = self._ask(self.receiver, f"/{format_name}/default/{self.hot}/", sent, token)
        alone = self.reached == before
        second = self._ask(self.flask, f"/{format_name}/default/{self.plain}/", sent, token)
        body = first.body.replace(self.hot.encode(), self.plain.encode())
        assert Told(first.status.replace(self.hot, self.plain), first.headers, body) == second
        return first, alone

    def _ask(self, application: Any, base: str, sent: Sent, token: str | None) -> Told:
        method, path, headers, body = sent
        secret = self.server.token if token == "" else token
        named = {name.upper().replace("-", "_"): value for name, value in headers.items()}
        more = {name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}": value for name, value in named.items()}
        if secret:
            more = {"HTTP_AUTHORIZATION": f"Bearer {secret}", **more}
        told = wsgi.ask(application, method, base + path, body, **{
            "CONTENT_LENGTH": str(len(body)), "lockgate.request_id": "of-the-test", **more,
        })
        # An answer to a publication is kept by nobody, so it varies with nothing.
        given = sorted(pair for pair in told.headers if pair[0] != "Vary")
        return Told(told.status, given, told.body.replace(base.encode(), b"/base/"))

    def written(self, repository: str) -> list[Any]:
        """The audit rows, facts and events of a repository, without what tells one repository, moment or row from another."""
        with self.site.db.read() as session:
            place = session.scalar(select(PackageRepository).where(PackageRepository.name == repository))
            assert place is not None
            rows: list[Any] = [
                (r.actor, r.action, r.outcome, r.detail)
                for r in session.scalars(select(AuditRow).where(AuditRow.resource == f"registry/default/{repository}").order_by(AuditRow.id))
                if r.action == "registry:Publish"
            ]
            rows += [
                (r.kind, {k: v for k, v in r.body.items() if k not in ("repository", "revision")})
                for r in session.scalars(select(Outbox).order_by(Outbox.id)) if r.body.get("repository") == repository
            ]
            rows += [
                (e.sequence, e.operation, e.package, e.version, e.status, e.changes, e.actor)
                for e in session.scalars(select(VersionEvent).where(VersionEvent.repository_id == place.id).order_by(VersionEvent.sequence))
            ]
        return [orjson.loads(orjson.dumps(row).replace(repository.encode(), b"-")) for row in rows]


@pytest.fixture
def site(server: Server) -> Iterator[Site]:
    opened = start.open_site(server.settings)
    yield opened
    opened.db.close()


@pytest.fixture
def pair(server: Server, site: Site) -> Pair:
    return Pair(server, site)


def upload(*made: Any, **changed: Any) -> Sent:
    return ("POST", "", *form(*made, **changed))


def npm(name: str, version: str, path: str = "", code: str = "module.exports = 42\n") -> Sent:
    body = orjson.dumps(npm_document(name, version, npm_tarball(name, version, code)))
    return "PUT", path or name, {"Content-Type": "application/json"}, body


def test_good_uploads_need_no_flask(pair: Pair) -> None:
    legacy = ("POST", "legacy/", *form(wheel("told", "1.1", Requires_Python=">=3.9")))
    for sent in (upload(wheel("told", "1.0")), upload(wheel("told", "1.0")), legacy, upload(sdist("told", "1.2"), gpg_signature="x")):
        answer, alone = pair.send("pypi", sent)
        assert (answer.status, alone) == ("200 OK", True), answer
    assert pair.written(pair.hot) == pair.written(pair.plain)
    assert [row[1] for row in pair.written(pair.hot)[-3:]] == ["Created"] * 3


def test_good_npm_publications_need_no_flask(pair: Pair) -> None:
    scoped = npm("@team/told", "1.0.0", "@team/told"), npm("@team/told", "1.1.0", "@team%2ftold")
    for sent, status in ((npm("told", "1.0.0"), 201), (npm("told", "1.0.0"), 200), *((one, 201) for one in scoped)):
        answer, alone = pair.send("npm", sent)
        assert (int(answer.status[:3]), alone) == (status, True), answer
    deprecated = orjson.dumps({"name": "told", "versions": {"1.0.0": {"deprecated": "use another"}}})
    answer, alone = pair.send("npm", ("PUT", "told", {"Content-Type": "application/json"}, deprecated))
    assert (answer.status, alone) == ("201 CREATED", True)
    assert pair.written(pair.hot) == pair.written(pair.plain)


def test_refusals_are_told_by_flask(pair: Pair) -> None:
    good = upload(wheel("told", "1.0"))
    pair.send("pypi", good)
    pair.send("pypi", upload(sdist("told", "1.0")))
    pair.send("npm", npm("told", "1.0.0"))
    headers, body = form(wheel("told", "2.0"))
    refused: list[tuple[str, Sent, int]] = [
        ("pypi", upload(wheel("told", "1.0", "other = 1\n")), 409),
        ("pypi", upload(sdist("told", "1.0", extra=b"x")), 409),
        ("pypi", upload(wheel("told", "2.0"), sha256_digest="0" * 64), 400),
        ("pypi", upload(wheel("told", "2.0"), name="other"), 400),
        ("pypi", upload(wheel("told", "2.0"), filename="../told-2.0-py3-none-any.whl"), 400),
        ("pypi", ("POST", "", headers, body[:-10]), 400),
        ("pypi", ("POST", "", {**headers, "Content-Length": str(len(body) + 7)}, body), 400),
        ("pypi", ("POST", "", {**headers, "Content-Length": str(1 << 50)}, body), 413),
        ("pypi", ("POST", "", {"Content-Type": "text/plain"}, body), 400),
        ("npm", npm("told", "1.0.0", code="changed"), 409),
        ("npm", npm("told", "1.1.0", "Other"), 400),
        ("npm", ("PUT", "told", {"Content-Type": "application/json"}, b"{"), 400),
    ]
    for format_name, sent, status in refused:
        answer, alone = pair.send(format_name, sent)
        assert (int(answer.status[:3]), alone) == (status, False), (answer, sent)
    assert pair.written(pair.hot) == pair.written(pair.plain)


def test_strangers_are_flasks_to_refuse(pair: Pair) -> None:
    good = upload(wheel("told", "1.0"))
    reads = {"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["*"]}
    _, reader = account(pair.server, reads)
    method, path, headers, body = good
    foreign = (method, path, {**headers, "Origin": "https://elsewhere.test"}, body)
    for sent, token, status in ((good, None, 401), (good, "lgt_wrong", 401), (good, reader, 403), (foreign, "", 403)):
        answer, alone = pair.send("pypi", sent, token)
        assert (int(answer.status[:3]), alone) == (status, False), answer
    assert [row[2] for row in pair.written(pair.hot)] == ["refused"]
    assert pair.written(pair.hot) == pair.written(pair.plain)


def test_a_broken_store_is_told_alike(pair: Pair, tmp_path: Path) -> None:
    pair.site.blobs = open_blobs(f"file://{tmp_path}/blobs")
    shutil.rmtree(tmp_path / "blobs")
    answer, alone = pair.send("pypi", upload(wheel("told", "1.0")))
    assert (answer.status, alone) == ("500 INTERNAL SERVER ERROR", False)
    with pair.site.db.read() as session:
        count = session.scalar(select(func.count()).select_from(Outbox).where(Outbox.body["repository"].as_string() == pair.hot))
    assert count == 0
