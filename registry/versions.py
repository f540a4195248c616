"""Versions and their order: PEP 440 for Python, SemVer 2 for npm."""

import re
from collections.abc import Callable
from typing import Any

from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion
from packaging.version import Version as Pep440

from service.kernel.errors import Malformed

_SEMVER = re.compile(
    r"(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})"
    r"(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)

_RELEASE = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")
_FINAL, _NOT_DEV = (1,), (1, 0)
"""Parts of a sort key: no pre-release, and no development release, come after all that are one."""


def pypi_version(text: str) -> Pep440:
    """A PEP 440 version. Raises Malformed."""
    try:
        return Pep440(text)
    except InvalidVersion:
        raise Malformed(where="version", why=f"{text[:100]!r} is no valid Python version (PEP 440)") from None


def pypi_key(version: str) -> str:
    """The spelling under which equal versions meet: 1.0 and 1.0.0 are one version in Python."""
    return canonicalize_version(version)


def pypi_order(version: str) -> tuple[Any, ...]:
    """Sort key: highest last, final releases after all pre-releases, what is no version at all first."""
    try:
        parsed = Pep440(version)
    except InvalidVersion:
        return (0, version)
    return (1 if parsed.is_prerelease else 2, parsed)


def pypi_number(version: str) -> tuple[Any, ...]:
    """Sort key of PEP 440's own order, what is no version at all first; faster than `by_number(pypi_order)`."""
    if _RELEASE.fullmatch(version):
        return (1, 0, _trimmed([int(part) for part in version.split(".")]), _FINAL, -1, _NOT_DEV, ())
    try:
        parsed = Pep440(version)
    except InvalidVersion:
        return (0, version)
    # What a missing part counts as: https://packaging.python.org/en/latest/specifications/version-specifiers/#summary-of-permitted-suffixes-and-relative-ordering
    pre: tuple[Any, ...] = (0, *parsed.pre) if parsed.pre else _FINAL
    if parsed.pre is None and parsed.post is None and parsed.dev is not None:
        pre = (-1,)
    dev = _NOT_DEV if parsed.dev is None else (0, parsed.dev)
    local = tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in (parsed.local or "").split(".") if part)
    return (1, parsed.epoch, _trimmed(list(parsed.release)), pre, -1 if parsed.post is None else parsed.post, dev, local)


def _trimmed(release: list[int]) -> list[int]:
    while release and release[-1] == 0:
        release.pop()
    return release


def npm_version(text: str) -> str:
    """A SemVer version of at most 256 characters. Raises Malformed."""
    if len(text) > 256 or not _SEMVER.fullmatch(text):
        raise Malformed(where="version", why=f"{text[:100]!r} is no valid version (SemVer 2)")
    return text


def npm_order(version: str) -> tuple[Any, ...]:
    """Sort key: highest last, final releases after all pre-releases, what is no version at all first."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        return (0, version)
    numbers = tuple(int(part) for part in match.group(1, 2, 3))
    if match[4] is None:
        return (2, (numbers, (1,)))
    # Numeric identifiers sort below alphanumeric ones, and a shorter list below a longer one (SemVer 2, rule 11).
    return (1, (numbers, (0, tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in match[4].split(".")))))


def by_number(order: Callable[[str], Any]) -> Callable[[str], Any]:
    """Of an order that prefers final releases, the one by number alone: 1.0, 1.1rc1, 1.1."""

    def key(version: str) -> tuple[bool, Any]:
        preferred, number = order(version)
        return preferred > 0, number

    return key
