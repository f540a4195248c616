"""The rest of npm's protocol: unpublish, search, signatures, provenance, audits, and large tarballs."""

import base64
import hashlib
import io
import json
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.npm import streamed, unpublish
from registry.models import EXTERNAL, INTERNAL, Version
from service.kernel.errors import Problem
from tests.lockgate_server import Answer, Server
from tests.registry.attested import Authority, certificate, sigstore_bundle
from tests.registry.clients import Clients
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import npm_document, npm_tarball
from tests.registry.test_npm import packument, put

PIECES = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"data", b'"data":"AAAA",', b'"_attachments":{},', b'"y.tgz":{"data":""},', b"\\u0061", b"=",
          b"AA==", b" ", b'"x-1.0.0.tgz":{},', b"null", b"\xff", b".tgz", b'"_attachments":{"y.tgz":{"data":"AAAA"}},']


def published(server: Server, clients: Clients, name: str, version: str, **manifest: object) -> Answer:
    document = npm_document(name, version, npm_tarball(name, version))
    document["versions"][version].update(manifest)
    answer = put(server, clients, name, document)
    assert answer.status == 201, answer.text
    return answer


@pytest.mark.anydb
def test_npm_unpublishes_one_version(server: Server, clients: Clients) -> None:
    for version in ("1.0.0", "1.1.0"):
        published(server, clients, "fleeting", version)
    done = clients.npm("unpublish", "fleeting@1.1.0")
    assert done.returncode == 0, done.stderr
    left = packument(server, clients, "fleeting").json()
    assert (list(left["versions"]), left["dist-tags"]) == (["1.0.0"], {"latest": "1.0.0"})
    again = put(server, clients, "fleeting", npm_document("fleeting", "1.1.0", npm_tarball("fleeting", "1.1.0")))
    assert again.status == 400
    assert "previously used" in again.json()["error"]

OTHER_KEY = base64.b64encode(
    ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
VERIFIER = """
const { npm, registry, token, keys } = JSON.parse(process.argv[2])
const pacote = require(npm + '/node_modules/pacote')
const place = '//' + new URL(registry).host + new URL(registry).pathname
const pem = keys.map(k => ({ ...k, pemkey: '-----BEGIN PUBLIC KEY-----\\n' + k.key + '\\n-----END PUBLIC KEY-----' }))
pacote.manifest('signed@1.0.0', {
  registry, verifySignatures: true, [place + ':_keys']: pem, [place + ':_authToken']: token, cache: process.cwd() + '/verifier-cache',
}).then(m => console.log(m._signatures.length + ' signature'), e => console.log(e.code))
"""


def test_npm_unpublishes_a_whole_package(server: Server, clients: Clients) -> None:
    published(server, clients, "gone", "1.0.0")
    assert clients.npm("unpublish", "gone", "--force").returncode == 0
    assert packument(server, clients, "gone").status == 404
    answer = put(server, clients, "gone", npm_document("gone", "2.0.0", npm_tarball("gone", "2.0.0")))
    assert answer.status == 403
    assert "24 hours" in answer.json()["error"]


def test_what_others_need_stays(server: Server, clients: Clients) -> None:
    published(server, clients, "base_lib", "1.0.0")
    published(server, clients, "user-of-it", "1.0.0", dependencies={"base_lib": "^1.0.0"})
    rev = packument(server, clients, "base_lib").json()["_rev"]
    path = f"/npm/default/{clients.repository}/base_lib/-rev/{rev}"
    refused = server.call("DELETE", path)
    assert refused.status == 403
    assert "user-of-it depends on it" in refused.json()["error"]
    assert packument(server, clients, "base_lib").status == 200


def test_a_stale_revision_changes_nothing(server: Server, clients: Clients) -> None:
    published(server, clients, "stale", "1.0.0")
    rev = packument(server, clients, "stale").json()["_rev"]
    published(server, clients, "stale", "1.1.0")
    assert server.call("DELETE", f"/npm/default/{clients.repository}/stale/-rev/{rev}").status == 409
    assert list(packument(server, clients, "stale").json()["versions"]) == ["1.0.0", "1.1.0"]


@pytest.mark.anydb
def test_the_window_for_unpublishing_closes() -> None:
    now = datetime(2026, 1, 10, tzinfo=UTC)
    fresh = Version(origin=INTERNAL, published_at=now - timedelta(hours=71))
    assert unpublish.objection(fresh, now) == ""
    assert "72 hours" in unpublish.objection(Version(origin=INTERNAL, published_at=now - timedelta(hours=73)), now)
    assert "external" in unpublish.objection(Version(origin=EXTERNAL, published_at=now), now)


def test_search_knows_words_and_qualifiers(server: Server, clients: Clients) -> None:
    published(server, clients, "@team/button", "1.0.0", keywords=["ui"], description="A blue button", author={"name": "Ada"})
    published(server, clients, "cli-kit", "1.0.0", keywords=["cli"], description="A kit")

    def search(text: str, **more: str) -> list[str]:
        rest = "".join(f"&{k}={v}" for k, v in more.items())
        answer = packument(server, clients, f"-/v1/search?text={text}{rest}").json()
        return [one["package"]["name"] for one in answer["objects"]]

    assert search("blue") == ["@team/button"]
    assert search("keywords:cli") == ["cli-kit"]
    assert search("scope:team") == ["@team/button"]
    assert search("author:ada+blue") == ["@team/button"]
    assert search("keywords:nothing") == []
    assert len(search("", size="1")) == len(search("", size="1", **{"from": "1"})) == 1
    assert search("", size="1") != search("", size="1", **{"from": "1"})


def test_signatures_fit_the_keys(server: Server, clients: Clients) -> None:
    published(server, clients, "signed", "1.0.0")
    dist = packument(server, clients, "signed").json()["versions"]["1.0.0"]["dist"]
    [signature] = dist["signatures"]
    keys = {key["keyid"]: key for key in packument(server, clients, "-/npm/v1/keys").json()["keys"]}
    public = serialization.load_der_public_key(base64.b64decode(keys[signature["keyid"]]["key"]))
    message = f"signed@1.0.0:{dist['integrity']}".encode()
    public.verify(base64.b64decode(signature["sig"]), message, ec.ECDSA(hashes.SHA256()))
    assert (server.data / "registry-signing-key.pem").stat().st_mode & 0o777 == 0o600


def attested(name: str, version: str, **lies: Any) -> dict[str, object]:
    tarball = npm_tarball(name, version)
    document = npm_document(name, version, tarball)
    purl = lies.get("purl", f"pkg:npm/{name.replace('@', '%40')}@{version}")
    changed = {key: lies[key] for key in ("signature", "certificate") if key in lies}
    bundle = sigstore_bundle(purl, lies.get("sha512", hashlib.sha512(tarball).hexdigest()), **changed)
    document["_attachments"][f"{name}-{version}.sigstore"] = {"content_type": "application/json", "data": bundle, "length": len(bundle)}
    return document


def test_a_trusted_authority_vouches_for_provenance(server: Server, clients: Clients, trusted: Authority) -> None:
    path = f"/api/v1/registry/default/{clients.repository}/packages/npm"
    for name, signer, known in (("vouched", certificate(trusted), "verified"), ("alone", certificate(), "unverified")):
        assert put(server, clients, name, attested(name, "1.0.0", certificate=signer)).status == 201
        [asset] = server.call("GET", f"{path}/{name}/versions/1.0.0/assets").json()["items"]
        assert asset["attestation"] == known


def test_provenance_is_kept_and_served(server: Server, clients: Clients) -> None:
    assert put(server, clients, "@team%2fproven", attested("@team/proven", "1.0.0")).status == 201
    told = packument(server, clients, "@team/proven").json()["versions"]["1.0.0"]["dist"]["attestations"]
    assert told["provenance"] == {"predicateType": "https://slsa.dev/provenance/v1"}
    [one] = server.call("GET", told["url"]).json()["attestations"]
    assert one["predicateType"] == "https://slsa.dev/provenance/v1"
    assert "dsseEnvelope" in one["bundle"]
    published(server, clients, "plain", "1.0.0")
    assert packument(server, clients, "-/npm/v1/attestations/plain@1.0.0").status == 404


@pytest.mark.parametrize("lie", [
    {"purl": "pkg:npm/other@1.0.0"}, {"sha512": "0" * 128}, {"signature": base64.b64encode(b"no signature").decode()},
])
def test_lying_provenance_is_refused(server: Server, clients: Clients, lie: dict[str, str]) -> None:
    answer = put(server, clients, "proven", attested("proven", "1.0.0", **lie))
    assert answer.status == 400
    assert "provenance" in answer.json()["error"]
    assert packument(server, clients, "proven").status == 404


def test_signatures_and_keys_come_through_a_connection(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    signature = {"keyid": "SHA256:theirs", "sig": "c2ln"}
    upstream.offer_npm("outside", "1.0.0", npm_tarball("outside", "1.0.0"), signatures=[signature])
    upstream.answers["/npm/-/npm/v1/keys"] = (200, "application/json", json.dumps({"keys": [{"keyid": "SHA256:theirs"}]}).encode())
    assert packument(server, mirror, "outside").json()["versions"]["1.0.0"]["dist"]["signatures"] == [signature]
    assert "SHA256:theirs" in [key["keyid"] for key in packument(server, mirror, "-/npm/v1/keys").json()["keys"]]


@pytest.mark.anydb
@settings(max_examples=150, deadline=None)
@given(data=st.binary(min_size=1, max_size=400), sizes=st.lists(st.integers(1, 50), min_size=1, max_size=60), readme=st.text(max_size=40), first=st.booleans())
def test_streamed_documents_are_read_as_whole_ones(tmp_path_factory, data: bytes, sizes: list[int], readme: str, first: bool) -> None:
    attachments = {"x-1.0.0.tgz": {"data": base64.b64encode(data).decode(), "length": len(data)}, 'odd "name\\.sigstore': {"data": '{"a": 1}'}}
    document = {"_attachments": attachments, "readme": readme} if first else {"readme": readme, "n": [1, {"data": "x"}], "_attachments": attachments}
    raw = json.dumps(document).encode()
    got = streamed.receive(Pieces(raw, sizes), tmp_path_factory.getbasetemp())
    assert got.tarball is not None
    assert (got.tarball.read(), got.size) == (data, len(data))
    attachments["x-1.0.0.tgz"]["data"] = ""
    assert got.document == document
    # A small one with its length told is read whole, to the same end.
    again = streamed.receive(io.BytesIO(raw), tmp_path_factory.getbasetemp(), len(raw))
    assert again.tarball is not None
    assert (again.document, again.tarball.read(), again.size) == (document, data, len(data))


@pytest.mark.anydb
@settings(max_examples=200, deadline=None)
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 9)), max_size=3))
def test_what_is_read_whole_is_read_alike(tmp_path_factory, changes: list[tuple[float, bytes, int]]) -> None:
    raw = b'{"name":"x","readme":"it has \\"data\\"","_attachments":{"x-1.0.0.tgz":{"content_type":"a/b","data":"AAEC","length":3}}}'
    assert streamed.at_once(raw) is not None
    for where, piece, dropped in changes:
        at = int(where * len(raw))
        raw = raw[:at] + piece + raw[at + dropped :]
    quick = streamed.at_once(raw)
    if quick is not None:
        slow = streamed.receive(io.BytesIO(raw), tmp_path_factory.getbasetemp())
        assert quick.tarball is not None
        assert slow.tarball is not None
        assert (quick.document, quick.tarball.read(), quick.size) == (slow.document, slow.tarball.read(), slow.size)


@pytest.mark.anydb
@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ab_attachments.tgzdata=', max_size=200).map(str.encode))
def test_broken_documents_never_crash_the_reader(tmp_path_factory, raw: bytes) -> None:
    try:
        streamed.receive(Pieces(raw, [7]), tmp_path_factory.getbasetemp())
    except Problem:
        pass


class Pieces:
    """A body that comes in pieces of these sizes, over and over."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes, self._turn = data, sizes, 0

    def read(self, _size: int, /) -> bytes:
        size = self._sizes[self._turn % len(self._sizes)]
        self._turn += 1
        piece, self._data = self._data[:size], self._data[size:]
        return piece


@pytest.mark.anydb
def test_a_large_tarball_stays_out_of_memory(server: Server, clients: Clients) -> None:
    noise = random.Random(1).randbytes(16 * 1024 * 1024).decode("latin-1")  # 24 MiB as UTF-8, 32 MiB in the document
    tarball = npm_tarball("heavy", "1.0.0", **{"package/noise.txt": noise})
    body = json.dumps(npm_document("heavy", "1.0.0", tarball)).encode()
    workers = server.children("web")
    before = {one.pid: one.memory_info().rss for one in workers}
    sent = server.call("PUT", f"/npm/default/{clients.repository}/heavy", body=body, headers={"Content-Type": "application/json"})
    assert sent.status == 201, sent.text
    grown = max(one.memory_info().rss - before[one.pid] for one in workers)
    assert grown < 24 * 1024 * 1024, grown
    assert hashlib.sha256(server.call("GET", f"/npm/default/{clients.repository}/heavy/-/heavy-1.0.0.tgz").body).digest() == hashlib.sha256(tarball).digest()


def test_pages_of_other_origins_may_read_with_a_token(server: Server, clients: Clients) -> None:
    root = f"/npm/default/{clients.repository}/"
    for name in ("first", "second"):
        document = npm_document(name, "1.0.0", npm_tarball(name, "1.0.0"))
        before = server.call("GET", root).json()["update_seq"]
        assert server.call("PUT", f"{root}{name}", document).status == 201
        assert server.call("GET", root).json()["update_seq"] > before
    assert {**server.call("GET", root).json(), "update_seq": 0} == {"db_name": f"default/{clients.repository}", "doc_count": 2, "update_seq": 0}
    for path in (root, f"{root}first", f"{root}first/1.0.0"):
        asked = server.call("OPTIONS", path, token=None, headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"})
        assert (asked.status, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")
        answer = server.call("GET", path)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert server.call("GET", path, token=None).status == 401


def test_npms_own_verifier_accepts_our_signatures(server: Server, clients: Clients, tmp_path: Path) -> None:
    """`npm audit signatures` does this after it fetched Sigstore's roots, which no test can reach."""
    document = npm_document("signed", "1.0.0", npm_tarball("signed", "1.0.0"))
    assert server.call("PUT", clients.url("npm", "signed"), document).status == 201
    keys = server.call("GET", clients.url("npm", "-/npm/v1/keys")).json()["keys"]
    (tmp_path / "verify.js").write_text(VERIFIER)
    npm = Path(shutil.which("npm") or "").resolve().parents[1]
    other = [{**keys[0], "key": OTHER_KEY}]
    told = []
    for trusted in (keys, other):
        asked = {"npm": str(npm), "registry": clients.url("npm"), "token": clients.token, "keys": trusted}
        told.append(clients.run("node", str(tmp_path / "verify.js"), json.dumps(asked)).stdout.strip())
    assert told == ["1 signature", "EINTEGRITYSIGNATURE"]
