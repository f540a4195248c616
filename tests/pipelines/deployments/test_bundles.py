"""Bundles: the server refuses hostile ones before a host sees them, and the agent refuses them again."""

import resource
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from lockgate_agent.deploy import bundle as on_host
from pipelines.deployments import bundle as on_server
from pipelines.deployments.appspec import BadAppspec
from service.kernel.blobs import LocalBlobs
from tests.pipelines.deployments import bundles


@pytest.mark.parametrize("wrong", bundles.hostile())
def test_server_refuses_hostile_bundle(wrong: str, tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    with (tmp_path / "b").open("wb+") as file:
        file.write(bundles.hostile()[wrong])
        file.seek(0)
        blob = blobs.put(file)
    with pytest.raises(on_server.BadBundle):
        on_server.read_appspec(blobs, blob.digest)


@pytest.mark.parametrize("wrong", bundles.hostile())
def test_agent_refuses_hostile_bundle(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.tar.gz").write_bytes(bundles.hostile()[wrong])
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(on_host.BundleRefused):
        on_host.unpack(str(tmp_path / "bundle.tar.gz"), str(inner / "archive"))
    assert not list(inner.iterdir())
    assert not (tmp_path / "outside").exists()
    assert not Path("/tmp/outside").exists()


def test_link_through_a_link_is_refused(tmp_path: Path) -> None:
    members = [bundles.entry("a", tarfile.SYMTYPE, "."), bundles.entry("b", tarfile.SYMTYPE, "a/../.."),
               bundles.entry("b/evil")]
    (tmp_path / "b.tar.gz").write_bytes(bundles.pack_members(members))
    (tmp_path / "inner").mkdir()
    with pytest.raises(on_host.BundleRefused):
        on_host.unpack(str(tmp_path / "b.tar.gz"), str(tmp_path / "inner" / "archive"))
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "inner" / "evil").exists()


def test_good_bundle_unpacks_without_dangerous_bits(tmp_path: Path) -> None:
    members = [bundles.entry("./run.sh", mode=0o4777), bundles.entry("lib", tarfile.DIRTYPE),
               bundles.entry("lib/current", tarfile.SYMTYPE, "../run.sh"), bundles.entry("copy", tarfile.LNKTYPE, "run.sh")]
    (tmp_path / "b.tar.gz").write_bytes(bundles.pack_members(members))
    on_host.unpack(str(tmp_path / "b.tar.gz"), str(tmp_path / "archive"))
    assert (tmp_path / "archive" / "run.sh").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "archive" / "lib" / "current").read_bytes() == b"#!/bin/sh\n"
    assert (tmp_path / "archive" / "copy").read_bytes() == b"#!/bin/sh\n"


def test_giant_header_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_bytes(bundles.giant_header())
    code = f"from lockgate_agent.deploy.bundle import *\ntry: unpack({str(tmp_path / 'b.tar.gz')!r}, {str(tmp_path / 'x')!r})\nexcept BundleRefused: print('refused')"
    limit = 400 * 1024 * 1024
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.stdout == "refused\n", done.stderr


def test_bundle_without_appspec_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(bundles.pack({"app/main.py": "x"}))
    blobs = LocalBlobs(tmp_path / "blobs")
    with (tmp_path / "b").open("rb") as file:
        blob = blobs.put(file)
    with pytest.raises(BadAppspec, match="is missing at the top of the bundle"):
        on_server.read_appspec(blobs, blob.digest)
