"""What an earlier action left is unpacked for a build, and nothing of it may lie elsewhere."""

import io
import tarfile
from pathlib import Path

import pytest

from pipelines.builds.unpacking import BadInput, unpack

pytestmark = pytest.mark.anydb


def _archive(path: Path, *members: tuple[str, bytes, str]) -> Path:
    """Each member: name, type, link target."""
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, 0o4755
            info.size = 5 if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"hello"))
    return path


def test_files_and_links_come_out_without_setuid(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a.tar.gz", ("bin/tool", tarfile.REGTYPE, ""), ("bin/same", tarfile.SYMTYPE, "tool"), ("bin/top", tarfile.SYMTYPE, ".."))
    unpack(archive, tmp_path / "out", bytes_max=100)
    assert (tmp_path / "out/bin/tool").read_bytes() == (tmp_path / "out/bin/same").read_bytes() == b"hello"
    assert (tmp_path / "out/bin/tool").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("members", [
    [("../out-of-it", tarfile.REGTYPE, "")],
    [("/abs", tarfile.REGTYPE, "")],
    [("a/../../x", tarfile.REGTYPE, "")],
    [("l", tarfile.SYMTYPE, "../..")],
    [("l", tarfile.SYMTYPE, "/etc/passwd")],
    [("a/b/up", tarfile.SYMTYPE, "../.."), ("l", tarfile.SYMTYPE, "a/b/up/..")],
    [("hard", tarfile.LNKTYPE, "/etc/passwd")],
    [("fifo", tarfile.FIFOTYPE, "")],
    [("twice", tarfile.REGTYPE, ""), ("twice", tarfile.REGTYPE, "")],
    [("to", tarfile.SYMTYPE, "file"), ("to", tarfile.REGTYPE, "")],
    [(f"big{n}", tarfile.REGTYPE, "") for n in range(30)],
])
def test_a_way_out_a_device_and_too_much_are_refused(tmp_path: Path, members: list[tuple[str, bytes, str]]) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    with pytest.raises(BadInput):
        unpack(_archive(tmp_path / "a.tar.gz", *members), inner / "out", bytes_max=100)
    assert [path.name for path in inner.iterdir()] == ["out"]
    assert not list(tmp_path.glob("out*"))


def test_a_truncated_archive_is_said(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a.tar.gz", ("f", tarfile.REGTYPE, ""))
    archive.write_bytes(archive.read_bytes()[:20])
    with pytest.raises(BadInput, match="cannot be unpacked"):
        unpack(archive, tmp_path / "out", bytes_max=100)
