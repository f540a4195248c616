"""Publishing Python packages: twine and uv, and everything an upload can have wrong."""

import hashlib
from pathlib import Path

import pytest

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload
from tests.registry.made import Distribution, sdist, wheel

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def on_disk(folder: Path, *files: Distribution) -> list[Path]:
    for one in files:
        (folder / one.filename).write_bytes(one.data)
    return [folder / one.filename for one in files]


def listed(server: Server, clients: Clients, name: str) -> list[dict[str, object]]:
    answer = server.call("GET", f"/pypi/default/{clients.repository}/simple/{name}/", headers=JSON)
    return answer.json()["files"] if answer.status == 200 else []


def test_pip_installs_what_twine_uploaded(clients: Clients, tmp_path: Path) -> None:
    sent = clients.twine_upload(*on_disk(tmp_path, wheel("hello-reg", "1.0"), sdist("hello-reg", "1.0")))
    assert sent.returncode == 0, sent.stdout + sent.stderr
    done = clients.pip_install("Hello.Reg==1.0", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "hello_reg.py").read_text() == "answer = 42\n"


def test_the_same_file_again_is_a_success(clients: Clients, tmp_path: Path, server: Server) -> None:
    files = on_disk(tmp_path, wheel("twice", "1.0"))
    assert clients.twine_upload(*files).returncode == 0
    assert clients.twine_upload(*files).returncode == 0
    assert len(listed(server, clients, "twice")) == 1


def test_other_bytes_under_a_name_are_refused(clients: Clients, tmp_path: Path, server: Server) -> None:
    first = wheel("other", "1.0")
    assert clients.twine_upload(*on_disk(tmp_path, first)).returncode == 0
    again = clients.twine_upload(*on_disk(tmp_path, wheel("other", "1.0", "answer = 43\n")))
    assert again.returncode != 0
    assert "File already exists" in " ".join((again.stdout + again.stderr).split())
    assert listed(server, clients, "other")[0]["hashes"] == {"sha256": first.sha256}


def test_uv_skips_what_is_published(clients: Clients, tmp_path: Path) -> None:
    files = on_disk(tmp_path, wheel("for-uv", "1.0"))
    first, second = clients.uv_publish(*files), clients.uv_publish(*files)
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    assert "already exists" in second.stderr


def test_uv_refuses_other_bytes(clients: Clients, tmp_path: Path) -> None:
    assert clients.uv_publish(*on_disk(tmp_path, wheel("for-uv", "1.0"))).returncode == 0
    again = clients.uv_publish(*on_disk(tmp_path, wheel("for-uv", "1.0", "answer = 43\n")))
    assert again.returncode != 0


def test_a_wrong_token_is_told(clients: Clients, tmp_path: Path, server: Server) -> None:
    sent = clients.twine_upload(*on_disk(tmp_path, wheel("secret", "1.0")), token="lgt_wrong")
    assert sent.returncode != 0
    assert "401" in sent.stdout + sent.stderr
    assert listed(server, clients, "secret") == []


def test_a_missing_token_is_challenged(upload: Upload) -> None:
    answer = upload(wheel("secret", "1.0"), token=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_readers_may_not_publish(server: Server, clients: Clients, upload: Upload) -> None:
    policy = [{"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["registry/*"]}]
    reader = server.new_account(f"reader-{clients.repository}", policy)
    answer = upload(wheel("secret", "1.0"), token=reader)
    assert answer.status == 403
    assert "registry:Publish" in answer.text
    assert server.call("GET", f"/pypi/default/{clients.repository}/simple/", token=reader).status == 200


def test_unknown_repositories_are_missing(upload: Upload) -> None:
    answer = upload(wheel("lost", "1.0"), repository="nowhere")
    assert answer.status == 404
    assert "default/nowhere" in answer.text


@pytest.mark.parametrize("filename", [
    "../evil-1.0-py3-none-any.whl", "/etc/evil-1.0-py3-none-any.whl", "a\\evil-1.0-py3-none-any.whl", "evil-1.0-py3-none-any.whl\x00.txt",
    "evil-1.0-py3-none-any.exe", "other-1.0-py3-none-any.whl", "evil-2.0-py3-none-any.whl", "evil.whl", ".evil-1.0.tar.gz", "",
])
def test_bad_file_names_are_refused(upload: Upload, server: Server, clients: Clients, filename: str) -> None:
    answer = upload(wheel("evil", "1.0"), filename=filename or "..")
    assert answer.status == 400, answer.text
    assert listed(server, clients, "evil") == []


@pytest.mark.parametrize("changed", [
    {"sha256_digest": "0" * 64}, {"md5_digest": "0" * 32}, {"blake2_256_digest": "0" * 64}, {"md5_digest": "not a digest"},
    {"name": "../evil"}, {"name": None}, {"version": "not a version"}, {"version": "1.1"}, {":action": "submit"}, {"filetype": "sdist"},
    {"protocol_version": "2"},
])
def test_lying_forms_are_refused(upload: Upload, server: Server, clients: Clients, changed: dict[str, str | None]) -> None:
    answer = upload(wheel("evil", "1.0"), **changed)
    assert answer.status == 400, answer.text
    assert listed(server, clients, "evil") == []


def test_every_digest_that_fits_is_accepted(upload: Upload) -> None:
    one = wheel("digests", "1.0")
    blake = hashlib.blake2b(one.data, digest_size=32).hexdigest()
    assert upload(one, md5_digest=hashlib.md5(one.data).hexdigest(), blake2_256_digest=blake).status == 200


def test_wheels_that_escape_are_refused(upload: Upload, server: Server, clients: Clients) -> None:
    answer = upload(wheel("evil", "1.0", members={"../../etc/passwd": "root"}))
    assert answer.status == 400
    assert "outside" in answer.text
    assert upload(sdist("evil", "1.0", root="../evil-1.0")).status == 400
    assert listed(server, clients, "evil") == []


def test_metadata_must_agree_with_the_form(upload: Upload) -> None:
    inner = wheel("inner", "1.0")
    disguised = Distribution("outer-1.0-py3-none-any.whl", inner.data, "outer", "1.0")
    answer = upload(disguised)
    assert answer.status == 400
    assert "inner" in answer.text


def test_damaged_archives_are_refused(upload: Upload) -> None:
    assert upload(Distribution("bad-1.0-py3-none-any.whl", b"PK not a zip", "bad", "1.0")).status == 400
    assert upload(Distribution("bad-1.0.tar.gz", b"\x1f\x8b not a gzip", "bad", "1.0")).status == 400


def test_a_release_has_one_source_distribution(upload: Upload) -> None:
    assert upload(sdist("one", "1.0")).status == 200
    other = sdist("one", "1.0", extra=b"more")
    answer = upload(Distribution("one-1.0.0.tar.gz", other.data, "one", "1.0"))
    assert answer.status == 400
    assert "already has a source distribution" in answer.text


def test_local_versions_can_be_published(upload: Upload, clients: Clients, tmp_path: Path) -> None:
    assert upload(wheel("local", "1.0+team.1")).status == 200
    assert clients.pip_install("local==1.0+team.1", tmp_path / "site").returncode == 0


def test_large_files_come_through_whole(upload: Upload, server: Server, clients: Clients) -> None:
    noise = hashlib.shake_256(b"seed").digest(24 * 1024 * 1024)
    one = sdist("large", "1.0", extra=noise)
    assert upload(one).status == 200
    got = server.call("GET", f"/pypi/default/{clients.repository}/files/large/{one.filename}")
    assert hashlib.sha256(got.body).hexdigest() == one.sha256
