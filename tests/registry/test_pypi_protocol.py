"""The newer parts of the Python index's protocol: attestations, status markers, the JSON API, rules for uploads."""

import hashlib
import json

import pytest
import requests
from cryptography.x509.oid import ExtendedKeyUsageOID
from twine.commands.upload import skip_upload
from twine.package import PackageFile

from tests.lockgate_server import Answer, Server
from tests.registry.attested import PUBLISH, Authority, attestation, certificate
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, create_repository
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import Distribution, form, sdist, wheel

JSON = "application/vnd.pypi.simple.v1+json"


def get(server: Server, clients: Clients, rest: str, **headers: str) -> Answer:
    return server.call("GET", f"/pypi/default/{clients.repository}/{rest}", headers=headers)


def page(server: Server, clients: Clients, name: str) -> dict:
    return get(server, clients, f"simple/{name}/", Accept=JSON).json()


def set_status(server: Server, clients: Clients, name: str, status: str, reason: str = "") -> Answer:
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/{name}/project-status"
    return server.call("PUT", path, {"status": status, "reason": reason})


def test_attestations_are_kept_and_served(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("attested", "1.0")
    sent = attestation(one.filename, one.sha256)
    assert upload(one, attestations=json.dumps([sent])).status == 200
    upload(sdist("attested", "1.0"))
    attested, plain = page(server, clients, "attested")["files"]
    assert plain["provenance"] is None
    answer = server.call("GET", attested["provenance"])
    assert answer.headers["Content-Type"] == "application/vnd.pypi.integrity.v1+json"
    [bundle] = answer.json()["attestation_bundles"]
    assert bundle["attestations"] == [sent]
    assert bundle["publisher"]["claims"] == {"issuer": "https://forge"}
    assert f'data-provenance="{attested["provenance"]}"' in get(server, clients, "simple/attested/").text
    assert get(server, clients, f"integrity/attested/1.0/{plain['filename']}/provenance").status == 404


def test_nobody_is_said_to_have_verified_an_attestation(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("attested", "1.0")
    upload(one, attestations=json.dumps([attestation(one.filename, one.sha256)]))
    upload(sdist("attested", "1.0"))
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/attested/versions/1.0/assets"
    told = {asset["name"]: asset["attestation"] for asset in server.call("GET", path).json()["items"]}
    assert told == {one.filename: "unverified", "attested-1.0.tar.gz": None}
    shown = server.call("GET", f"/packages/default/{clients.repository}/pypi/attested", headers={"Accept": "text/html"}).text
    assert shown.count("signer unverified") == 1


def told_of(server: Server, upload: Upload, clients: Clients, name: str, *certificates: bytes) -> tuple[str, str | None]:
    """What the API says of a file that comes with attestations."""
    one = wheel(name, "1.0")
    kinds = (PUBLISH, "https://slsa.dev/provenance/v1")
    sent = [attestation(one.filename, one.sha256, kind, certificate=each) for kind, each in zip(kinds, certificates, strict=False)]
    assert upload(one, attestations=json.dumps(sent)).status == 200
    [asset] = server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages/pypi/{name}/versions/1.0/assets").json()["items"]
    return asset["attestation"], asset["authority"]


def test_a_trusted_authority_vouches_for_a_signer(server: Server, clients: Clients, upload: Upload, trusted: Authority) -> None:
    assert told_of(server, upload, clients, "vouched", certificate(trusted), certificate(trusted)) == ("verified", f"CN={trusted.name}")
    shown = server.call("GET", f"/packages/default/{clients.repository}/pypi/vouched", headers={"Accept": "text/html"}).text
    assert "signer verified" in shown
    target = create_repository(server)
    server.call("POST", f"/api/v1/registry/default/{clients.repository}/packages/pypi/vouched/copy", {"to": target, "versions": ["1.0"]})
    [asset] = server.call("GET", f"/api/v1/registry/default/{target}/packages/pypi/vouched/versions/1.0/assets").json()["items"]
    assert asset["attestation"] == "verified"


def test_others_are_not_vouched_for(server: Server, clients: Clients, upload: Upload, trusted: Authority) -> None:
    impostor = Authority(trusted.name)
    server_only = certificate(trusted, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    wrong = {"self": [certificate()], "impostor": [certificate(impostor)], "late": [certificate(trusted, minutes=-5)], "tls": [server_only],
             "half": [certificate(trusted), certificate()]}
    for name, certificates in wrong.items():
        assert told_of(server, upload, clients, f"no-{name}", *certificates) == ("unverified", None), name
    (server.data / "attestation-authorities" / "one.pem").write_bytes(trusted.pem(ca=False))
    assert told_of(server, upload, clients, "no-ca", certificate(trusted)) == ("unverified", None)
    (server.data / "attestation-authorities" / "two.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nnone")
    one = wheel("no-file", "1.0")
    broken = upload(one, attestations=json.dumps([attestation(one.filename, one.sha256)]))
    assert broken.status == 500
    assert "two.pem cannot be read" in broken.text


@pytest.mark.parametrize("lie", ["another file", "other bytes", "signature", "unknown kind", "twice", "no JSON", "empty"])
def test_lying_attestations_are_refused(upload: Upload, server: Server, clients: Clients, lie: str) -> None:
    one = wheel("attested", "1.0")
    good = attestation(one.filename, one.sha256)
    sent = {
        "another file": [attestation("attested-2.0-py3-none-any.whl", one.sha256)], "other bytes": [attestation(one.filename, "0" * 64)],
        "signature": [attestation(one.filename, one.sha256, signature=attestation("x", "0")["envelope"]["signature"])],
        "unknown kind": [attestation(one.filename, one.sha256, "https://example.org/kind")], "twice": [good, good], "empty": [],
    }
    answer = upload(one, attestations="{" if lie == "no JSON" else json.dumps(sent[lie]))
    assert answer.status == 400
    assert "attestations" in answer.text
    assert get(server, clients, "simple/attested/").status == 404


def test_attestations_come_through_a_connection(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    one = wheel("outside", "1.0")
    told = {"version": 1, "attestation_bundles": []}
    upstream.offer(one, provenance=f"{upstream.url}/provenance.json")
    upstream.answers["/provenance.json"] = (200, "application/json", json.dumps(told).encode())
    [file] = page(server, mirror, "outside")["files"]
    assert file["provenance"].startswith(server.url)
    assert server.call("GET", file["provenance"]).json() == told


def test_a_status_marker_is_told(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("marked", "1.0"))
    assert page(server, clients, "marked")["project-status"] == {"status": "active"}
    etag = get(server, clients, "simple/marked/").headers["ETag"]
    assert set_status(server, clients, "marked", "deprecated", 'use "other"').status == 200
    assert page(server, clients, "marked")["project-status"] == {"status": "deprecated", "reason": 'use "other"'}
    text = get(server, clients, "simple/marked/", **{"If-None-Match": etag}).text
    assert '<meta name="pypi:project-status" content="deprecated">' in text
    assert 'content="use &quot;other&quot;"' in text
    assert set_status(server, clients, "marked", "lost").status == 400
    assert set_status(server, clients, "unknown", "archived").status == 404


def test_archived_projects_take_no_uploads(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("put-by", "1.0"))
    set_status(server, clients, "put-by", "archived", "finished")
    answer = upload(wheel("put-by", "1.1"))
    assert answer.status == 403
    assert "finished" in answer.text
    assert upload(wheel("put-by", "1.0")).status == 200
    assert page(server, clients, "put-by")["versions"] == ["1.0"]


def test_quarantined_projects_offer_no_files(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("caught", "1.0")
    upload(one)
    for _ in range(3):
        assert get(server, clients, f"files/caught/{one.filename}").body == one.data
    set_status(server, clients, "caught", "quarantined", "malware")
    assert page(server, clients, "caught")["files"] == []
    answer = get(server, clients, f"files/caught/{one.filename}")
    assert answer.status == 403
    assert "malware" in answer.text
    page_of_it = server.call("GET", f"/packages/default/{clients.repository}/pypi/caught", headers={"Accept": "text/html"}).text
    assert "This project is quarantined (malware)" in page_of_it


def test_a_status_comes_through_a_connection(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    upstream.offer(wheel("outside", "1.0"))
    status, kind, body = upstream.answers["/simple/outside/"]
    told = json.loads(body) | {"project-status": {"status": "archived", "reason": "no longer kept"}}
    upstream.answers["/simple/outside/"] = (status, kind, json.dumps(told).encode())
    assert page(server, mirror, "outside")["project-status"] == {"status": "archived", "reason": "no longer kept"}


def test_the_older_json_tells_of_a_release(server: Server, clients: Clients, upload: Upload) -> None:
    one, newer = wheel("classic", "1.0", Requires_Python=">=3.8"), wheel("classic", "1.1")
    upload(one)
    upload(newer)
    whole = get(server, clients, "pypi/classic/json")
    assert (whole.status, whole.json()["info"]["version"], list(whole.json()["releases"])) == (200, "1.1", ["1.0", "1.1"])
    told = get(server, clients, "pypi/classic/1.0/json").json()
    assert "releases" not in told
    assert told["info"]["summary"] == "classic for tests"
    [url] = told["urls"]
    assert url["digests"] == {
        "sha256": one.sha256, "md5": hashlib.md5(one.data).hexdigest(), "blake2b_256": hashlib.blake2b(one.data, digest_size=32).hexdigest()
    }
    assert (url["packagetype"], url["python_version"], url["requires_python"], url["size"]) == ("bdist_wheel", "py3", ">=3.8", len(one.data))
    assert server.call("GET", url["url"]).body == one.data
    assert get(server, clients, "pypi/classic/json", **{"If-None-Match": whole.headers["ETag"]}).status == 304
    assert get(server, clients, "pypi/Classic/json").status == 301
    assert get(server, clients, "pypi/classic/9.9/json").status == 404


def test_the_same_bytes_under_another_name_are_refused(upload: Upload) -> None:
    one = wheel("doubled", "1.0")
    assert upload(one).status == 200
    answer = upload(Distribution("doubled-1.0-py2.py3-none-any.whl", one.data, "doubled", "1.0"))
    assert answer.status == 400
    assert answer.text.startswith("File already exists")


def test_a_repository_can_refuse_local_versions(server: Server, clients: Clients, upload: Upload) -> None:
    path = f"/api/v1/registry/default/{clients.repository}/upload-rules"
    assert server.call("GET", path).json() == {"local_versions": True, "closed_after_days": 0}
    assert upload(wheel("local", "1.0+here")).status == 200
    assert server.call("PATCH", path, {"local_versions": False}).json()["local_versions"] is False
    answer = upload(wheel("local", "1.1+here"))
    assert answer.status == 403
    assert "local version" in answer.text
    assert upload(wheel("local", "1.1")).status == 200


def test_twine_recognises_what_exists(upload: Upload, tmp_path) -> None:
    # The command itself offers --skip-existing only for hosts it knows; this is its own judgement of our answer.
    first, again = wheel("skipped", "1.0"), wheel("skipped", "1.0", "answer = 43\n")
    upload(first)
    told = upload(again)
    (tmp_path / again.filename).write_bytes(again.data)
    answer = requests.Response()
    answer.status_code, answer.reason, answer._content = told.status, told.reason, told.body
    package = PackageFile.from_filename(str(tmp_path / again.filename), None)
    assert skip_upload(answer, True, package)


def test_every_field_of_the_form_is_kept(server: Server, clients: Clients, upload: Upload) -> None:
    data = sdist("fields", "1.0").data
    bare = Distribution("fields-1.0.tar.gz", data, "fields", "1.0")
    sent = upload(bare, summary="From the form", keywords="a,b", comment="ignored", gpg_signature="ignored", platform="any")
    assert sent.status == 200, sent.text
    assert get(server, clients, "pypi/fields/json").json()["info"]["summary"] == "fields for tests"


def test_a_url_can_ask_for_a_form(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("forms", "1.0"))
    latest = "application/vnd.pypi.simple.latest+json"
    assert get(server, clients, "simple/forms/", Accept=latest).headers["Content-Type"] == JSON
    assert get(server, clients, f"simple/forms/?format={JSON.replace('+', '%2B')}").headers["Content-Type"] == JSON


def test_yanked_and_deleted_stay_so_upstream(server: Server, clients: Clients, upload: Upload) -> None:
    below = create_repository(server, upstreams=[clients.repository])
    headers, body = form(wheel("shared", "1.0"))
    assert server.call("POST", f"/pypi/default/{clients.repository}/", headers=headers, body=body).status == 200
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/shared/versions/1.0"
    server.call("PUT", f"{path}/yank", {"reason": "broken"})
    told = server.call("GET", f"/pypi/default/{below}/pypi/shared/json").json()
    assert (told["info"]["yanked"], told["info"]["yanked_reason"]) == (True, "broken")
