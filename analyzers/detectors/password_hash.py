"""Hashes of passwords as servers keep them: guessing happens away from the server."""

import re
from collections.abc import Iterator

from analyzers.detector import Detector, Sighting
from analyzers.setting import bare_name


def _hashes(text: str, path: str) -> Iterator[Sighting]:
    if bare_name(path).endswith("htpasswd"):
        for match in _TRADITIONAL.finditer(text):
            yield Sighting(match["secret"], *match.span("secret"), "medium")
    for match in _HASH.finditer(text):
        if len(set(match.group())) >= _HASH_SIGNS_MIN:
            yield Sighting(match.group(), *match.span(), "medium")


_HASH_SIGNS_MIN = 12
_TRADITIONAL = re.compile(r"^[^\s:#]{1,80}:(?P<secret>[./0-9A-Za-z]{13})$", re.MULTILINE)
"""crypt(3) as of 1979, still what htpasswd -d writes: no sign tells it, so only that file is looked at."""

_HASH = re.compile(
    r"(?<![A-Za-z0-9/])(?:\${1,2}(?:2[abxy]\${1,2}\d\d\${1,2}[./A-Za-z0-9]{53}|apr1\${1,2}[./A-Za-z0-9]{1,16}\${1,2}[./A-Za-z0-9]{22}|"
    r"[89]\$[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43}|"
    r"[156]\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22,86}|y\$[./A-Za-z0-9]{1,16}\$[./"
    r"A-Za-z0-9]{1,30}\$[./A-Za-z0-9]{43}|"
    r"P\$[./A-Za-z0-9]{31})|\{SSHA(?:256|512)?\}[A-Za-z0-9+/]{24,120}={0,2}|"
    r"pbkdf2_sha256\$\d{1,8}\$[A-Za-z0-9]{4,30}\$[A-Za-z0-9+/]{40,50}=?|\{SHA\}[A-Za-z0-9+/]{27}=|"
    r"\{[0-9a-f]{40}[./A-Za-z0-9]{8}(?=\"))"
    r"(?![A-Za-z0-9./$])"
)

DETECTORS = (
    Detector(
        name="password-hash",
        title="The hash of a password",
        pattern=None,
        read=_hashes,
        words=("$2", "$apr1$", ":", "$8$", "$9$", "$1$", "$5$", "$6$", "$y$", "$p$", "{ssha", "{sha}", "rpc-password", "pbkdf2_sha256$"),
        source="https://manpages.debian.org/stable/libcrypt-dev/crypt.5.en.html",
        flagged=(
            "ann:$2y$10$" + "k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgH",
            "root:$6$saltsalt$k3Tz9QpXv7LmW2rB8sYdN4hJfUaEoG6cRiKx1qV5wZtD0yMnPbSgHjFlCeIuAok3Tz9QpXv7LmW2rB8sYdN4hJ:19000:0:99999:7:::",
            "ann:$apr1$r31.....$" + "HqJZimcKQFAMYayBlzkrA/",
        ),
        near_misses=("$2y$10$short", "awk '{print $2}'", "$6$salt$hash"),
        severity="medium",
        cwe=522,
        prior=0.6,
        files=(
            ".htpasswd",
            "dockerfile",
            ".dockerfile",
            ".sh",
            ".bash",
            "htpasswd",
            "shadow",
            ".shadow",
            "passwd",
            ".sql",
            ".dump",
            ".csv",
            ".yml",
            ".yaml",
            ".json",
            ".ldif",
            ".conf",
            ".env",
            ".xml",
            ".properties",
            ".txt",
            ".ini",
            ".php",
            ".ks",
            ".cfg",
            ".users",
            ".bak",
            "master.passwd",
            "proftpdpasswd",
            "ftpd.passwd",
            ".passwd",
            ".tfstate",
            ".conf.txt",
            ".dist",
        ),
    ),
)
