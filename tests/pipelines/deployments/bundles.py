"""Bundles for tests, good and hostile."""

import gzip
import io
import tarfile
from collections.abc import Mapping

APPSPEC = """version: 0.0
os: linux
files:
  - source: app
    destination: /srv/app
hooks:
"""


def pack(files: Mapping[str, str | bytes]) -> bytes:
    """A tar.gz of these files; scripts, `*.sh`, are executable."""
    members = []
    for name, content in files.items():
        member = tarfile.TarInfo(name)
        member.mode = 0o755 if name.endswith(".sh") else 0o644
        members.append((member, content.encode() if isinstance(content, str) else content))
    return pack_members(members)


def pack_members(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar.gz of exactly these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member, content in members:
            if member.isreg():
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def revision(version: str, **hooks: str) -> bytes:
    """A revision whose application is one file, and whose hooks are these shell scripts."""
    spec = APPSPEC + "".join(f"  {name}: [{{location: hooks/{name}.sh, timeout: 20}}]\n" for name in hooks)
    if not hooks:
        spec = spec.replace("hooks:\n", "")
    scripts = {f"hooks/{name}.sh": f"#!/bin/sh\n{text}\n" for name, text in hooks.items()}
    return pack({"appspec.yml": spec, "app/version": version, **scripts})


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    """One member of any kind."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, mode
    return member, b"#!/bin/sh\n" if kind == tarfile.REGTYPE else b""


def giant_header() -> bytes:
    """An archive whose extended header claims 3 GiB; reading it whole would take as much memory."""
    member = tarfile.TarInfo("././@PaxHeader")
    member.type, member.size = tarfile.XHDTYPE, 3 * 1024**3
    return gzip.compress(member.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 1_000_000)


def bomb() -> bytes:
    """A small archive with a member of 9 GiB, as announced by its header."""
    member = tarfile.TarInfo("app/zeros")
    member.size = 9 * 1024**3
    return gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1_000_000)


def hostile() -> dict[str, bytes]:
    """Bundles that must never be unpacked, by what is wrong with them."""
    spec = (tarfile.TarInfo("appspec.yml"), b"version: 0.0\nos: linux\n")

    def bad(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
        return pack_members([spec, *members])

    return {
        "traversal": bad(entry("../outside")),
        "inner traversal": bad(entry("app/../../outside")),
        "absolute name": bad(entry("/tmp/outside")),
        "link outside": bad(entry("app/link", tarfile.SYMTYPE, "../../outside")),
        "absolute link": bad(entry("app/link", tarfile.SYMTYPE, "/etc/passwd")),
        "hard link outside": bad(entry("app/link", tarfile.LNKTYPE, "../outside")),
        "device": bad(entry("app/null", tarfile.CHRTYPE)),
        "pipe": bad(entry("app/pipe", tarfile.FIFOTYPE)),
        "twice": bad(entry("app/a"), entry("app/./a")),
        "giant header": giant_header(),
        "bomb": bomb(),
        "cut off": pack({"appspec.yml": "version: 0.0\nos: linux\n", "x": bytes(range(256)) * 4000})[:500],
        "not an archive": b"hello",
    }
