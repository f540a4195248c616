"""The wheel of `lockgate-agent`, made from the installed source: the same source gives the same bytes."""

import base64
import hashlib
import importlib.util
import io
import re
import zipfile
from pathlib import Path

from service.kernel.errors import Unavailable

DISTRIBUTION, PACKAGE = "lockgate-agent", "lockgate_agent"
_SKIPPED = {".pyc", ".pyo", ".so"}
# The earliest moment a zip archive can hold: no build time may leak into the bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)


def build() -> tuple[str, str, bytes, bytes]:
    """The file name, version, METADATA and bytes of the wheel. Raises Unavailable when the agent is not installed."""
    folder = _source()
    version = _version(folder)
    info = f"{PACKAGE}-{version}.dist-info"
    metadata = _metadata(version).encode()
    files = {f"{PACKAGE}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in _files(folder)}
    files[f"{info}/METADATA"] = metadata
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: lockgate\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = f"[console_scripts]\nlockgate-agent = {PACKAGE}.__main__:main\n".encode()
    record = "".join(f"{name},{_record_hash(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, _MOMENT)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(member, data)
    return f"{PACKAGE}-{version}-py3-none-any.whl", version, metadata, out.getvalue()


def _source() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise Unavailable(what=PACKAGE, why="it is not installed beside Lockgate")
    return Path(found.origin).parent


def _files(folder: Path) -> list[Path]:
    found = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in _SKIPPED and "__pycache__" not in p.parts)
    return sorted(found, key=lambda p: p.relative_to(folder).as_posix())


def _version(folder: Path) -> str:
    """Read, not imported: importing the agent could start it."""
    found = re.search(r'^VERSION\s*=\s*"([^"]+)"', (folder / "version.py").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise Unavailable(what=PACKAGE, why="its version.py names no VERSION")
    return found[1]


def _metadata(version: str) -> str:
    return (
        "Metadata-Version: 2.1\n"
        f"Name: {DISTRIBUTION}\n"
        f"Version: {version}\n"
        "Summary: Runs inside your programs and on your hosts: profiles them and deploys to them for Lockgate\n"
        "License: Apache-2.0\n"
        "Requires-Python: >=3.9\n"
        "Provides-Extra: pyinstrument\n"
        'Requires-Dist: pyinstrument >=5 ; extra == "pyinstrument"\n'
        "Description-Content-Type: text/markdown\n"
        "\n"
        "# lockgate-agent\n\n"
        "The guest of a Lockgate server, in the standard library alone.\n\n"
        "    import lockgate_agent\n"
        '    lockgate_agent.start("my-service", server="https://lockgate.example", token="...")\n\n'
        "`lockgate-agent deploy` runs on a host and carries out its deployments.\n"
    )


def _record_hash(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
