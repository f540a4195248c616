"""Packages for tests, made on the spot: wheels, source distributions, npm tarballs, and the forms they are sent in."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass
from typing import Any

BOUNDARY = "lockgate-test-boundary"


@dataclass
class Distribution:
    """A file to upload."""

    filename: str
    data: bytes
    name: str
    version: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def metadata(name: str, version: str, **more: str) -> str:
    lines = [("Metadata-Version", "2.1"), ("Name", name), ("Version", version), ("Summary", f"{name} for tests"), *more.items()]
    return "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in lines) + "\nAbout it.\n"


def wheel(name: str, version: str, code: str = "answer = 42\n", *, members: dict[str, str] | None = None, **more: str) -> Distribution:
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": code,
        f"{info}/METADATA": metadata(name, version, **more),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(members or {}),
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return Distribution(f"{module}-{version}-py3-none-any.whl", out.getvalue(), name, version)


def sdist(name: str, version: str, *, root: str = "", extra: bytes = b"") -> Distribution:
    root = root or f"{name}-{version}"
    data = tar_gz({f"{root}/PKG-INFO": metadata(name, version).encode(), f"{root}/data.bin": extra})
    return Distribution(f"{name.replace('-', '_')}-{version}.tar.gz", data, name, version)


def tar_gz(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def form(one: Distribution, *, filename: str | None = None, **changed: str | None) -> tuple[dict[str, str], bytes]:
    """Headers and body of a legacy upload; a field changed to None is left out."""
    fields: dict[str, str | None] = {
        ":action": "file_upload", "protocol_version": "1", "metadata_version": "2.1", "name": one.name, "version": one.version,
        "filetype": "bdist_wheel" if one.filename.endswith(".whl") else "sdist", "sha256_digest": one.sha256, **changed,
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items() if value is not None
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{filename or one.filename}"\r\n'
    body = b"".join([*parts, head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", one.data, f"\r\n--{BOUNDARY}--\r\n".encode()])
    return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}, body


def npm_tarball(name: str, version: str, code: str = "module.exports = 42\n", **files: str) -> bytes:
    members = {"package/package.json": json.dumps({"name": name, "version": version}).encode(), "package/index.js": code.encode()}
    return tar_gz(members | {path: text.encode() for path, text in files.items()})


def npm_document(name: str, version: str, tarball: bytes, **dist: str) -> dict[str, Any]:
    """The body of a publication."""
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    told = {"integrity": integrity, "shasum": hashlib.sha1(tarball).hexdigest(), "tarball": "http://elsewhere/x.tgz", **dist}
    manifest = {"name": name, "version": version, "description": "for tests", "dist": told}
    attachment = {"content_type": "application/octet-stream", "data": base64.b64encode(tarball).decode(), "length": len(tarball)}
    return {
        "_id": name, "name": name, "dist-tags": {"latest": version}, "versions": {version: manifest},
        "_attachments": {f"{name}-{version}.tgz": attachment},
    }
