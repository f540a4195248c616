"""Tokens that carry a checksum, so that a typo or an invented one can be told from a real one without asking anybody."""

import re
import zlib

from analyzers.detector import Detector
from analyzers.finding import Confidence

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = 6


def base62_checksum(body: str) -> str:
    """CRC-32 of `body` as six base62 digits."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_DIGITS):
        number, rest = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[rest] + digits
    return digits


def _by_checksum(match: re.Match[str]) -> Confidence | None:
    """A token whose checksum is wrong was invented for an example or cut; the form alone still tells something."""
    body = match["secret"].split("_", 1)[1]
    return "high" if base62_checksum(body[:-_DIGITS]) == body[-_DIGITS:] else "medium"


def _must_match(match: re.Match[str]) -> Confidence | None:
    return "high" if _by_checksum(match) == "high" else None


_BODY = "a8Fk2LmQ9xRt4VbN7cYp1ZsWd6HgJu"

DETECTORS = (
    Detector(
        name="github-token",
        title="A GitHub token",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>gh[pousr]_[A-Za-z0-9]{36})(?![A-Za-z0-9])"),
        words=("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        source="https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/",
        flagged=(f'token = "ghp_{_BODY}{base62_checksum(_BODY)}"', f"ghs_{_BODY}" + "000000"),
        near_misses=("ghp_" + "x" * 36, f"ghp_{_BODY}", f"highp_{_BODY}000000"),
        grade=_by_checksum,
    ),
    Detector(
        name="github-fine-grained-token",
        title="A GitHub fine-grained token",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})(?![A-Za-z0-9])"),
        words=("github_pat_",),
        source="https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/"
        "about-authentication-to-github",
        flagged=(f"github_pat_{_BODY[:22]}_{_BODY}{_BODY[:29]}",),
        near_misses=("github_pat_short", "github_pat_" + "x" * 22 + "_" + "x" * 59),
    ),
    Detector(
        name="npm-token",
        title="An npm token",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>npm_[A-Za-z0-9]{36})(?![A-Za-z0-9])"),
        words=("npm_",),
        source="https://docs.npmjs.com/about-access-tokens",
        flagged=(f"//host/:_authToken=npm_{_BODY}{base62_checksum(_BODY)}",),
        near_misses=("npm_config_registry", "npm_" + "x" * 36, "npm_lifecycle_script_that_is_a_rather_long_"),
        grade=_by_checksum,
    ),
    Detector(
        name="lockgate-token",
        title="A Lockgate token",
        pattern=re.compile(r"(?<![A-Za-z0-9])(?P<secret>lgt_[A-Za-z0-9]{38})(?![A-Za-z0-9])"),
        words=("lgt_",),
        source="the module docstring of service/kernel/auth.py",
        flagged=(f"LOCKGATE_TOKEN=lgt_{_BODY}k3" + base62_checksum(f"{_BODY}k3"),),
        near_misses=(f"lgt_{_BODY}k3" + "000000", "lgt_token"),
        grade=_must_match,
    ),
)
