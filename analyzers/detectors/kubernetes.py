"""Values that are only encoded: Kubernetes Secrets and FTP clients."""

import base64
import re
from collections.abc import Iterator

from analyzers.credential import is_filler, is_plausible
from analyzers.detector import Detector, Sighting

_ENTRY = re.compile(
    r"^[ \t]{1,12}[\"']?(?P<name>[\w.-]{1,100})[\"']?:[ \t]{0,8}[\"']?(?P<value>[A-Za-z0-9+/]{6,4000}={0,2})[\"']?[ \t]*$", re.MULTILINE
)

_PUBLIC = re.compile(
    r"(\.crt|\.cert|\.pub|username|user|host|port|database|db_?name|namespace|url|ca\.|config|email|region|bucket|id)$", re.IGNORECASE
)


def _secret_data(text: str, _path: str) -> Iterator[Sighting]:
    """Values below `data:` of a Kubernetes Secret: base64 is no protection."""
    for document in re.finditer(r"(?:\A|^---[^\n]*\n)(?:(?!^---).*\n?){1,2000}", text, re.MULTILINE):
        body = document.group()
        if not re.search(r"^kind:[ \t]{0,8}[\"']?Secret\b", body, re.MULTILINE):
            continue
        section = re.search(r"^data:[ \t]*\n((?:[ \t]+[^\n]*\n?|\n)*)", body, re.MULTILINE)
        for entry in _ENTRY.finditer(section.group(1)) if section else ():
            if (plain := _plain(entry["value"])) and not _PUBLIC.search(entry["name"]):
                at = document.start() + section.start(1) + entry.start("value") if section else 0
                yield Sighting(plain, at, at + len(entry["value"]), "high")


def _encoded_password(text: str, _path: str) -> Iterator[Sighting]:
    for match in re.finditer(r"<Pass encoding=\"base64\">([A-Za-z0-9+/]{4,400}={0,2})</Pass>", text):
        if plain := _plain(match.group(1)):
            yield Sighting(plain, *match.span(1), "high")


def _plain(value: str) -> str:
    """What base64 text says if that may be a credential, else ""."""
    try:
        plain = base64.b64decode(value + "=" * (-len(value) % 4)).decode().strip()
    except ValueError:
        return ""
    whole = plain.startswith("-----BEGIN") or (is_plausible(plain) and not is_filler(plain))
    return plain if whole and len(plain) >= 4 else ""


DETECTORS = (
    Detector(
        name="kubernetes-secret",
        title="The value of a Kubernetes Secret",
        pattern=None,
        read=_secret_data,
        words=("kind: secret", 'kind: "secret'),
        source="https://kubernetes.io/docs/concepts/configuration/secret/",
        files=(".yaml", ".yml"),
        flagged=("kind: Secret\napiVersion: v1\ndata:\n  password: dHVsaXAtNDQtcmFpbg==\n",),
        near_misses=("kind: ConfigMap\ndata:\n  password: dHVsaXAtNDQtcmFpbg==\n", "kind: Secret\ndata:\n  password: cGFzc3dvcmQ=\n"),
    ),
    Detector(
        name="ftp-client-password",
        title="A password of an FTP client",
        pattern=None,
        read=_encoded_password,
        words=("<pass encoding",),
        source="https://wiki.filezilla-project.org/Securing_your_saved_passwords",
        files=(".xml",),
        flagged=('<Pass encoding="base64">dHVsaXAtNDQtcmFpbg==</Pass>',),
        near_misses=('<Pass encoding="base64">cGFzc3dvcmQ=</Pass>',),
    ),
)
