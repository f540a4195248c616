"""Kinds of secret as data, and looking for all of them in a text. One file each in `analyzers/detectors`."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from analyzers import detectors
from analyzers.context import Draft
from analyzers.credential import is_plausible
from analyzers.finding import Confidence, Severity
from analyzers.lines import Lines

WHY = (
    "Who reads the code has it too, in every clone, every built package and the history, also after it is deleted "
    "from the newest version."
)
FIX = "Withdraw it where it was issued, and read its successor from the environment or a secret store."
SHOWN_LAST = 4
_SHOWN_FROM_LENGTH = 16


@dataclass(frozen=True)
class Detector:
    """One kind of secret. The pattern's group `secret` is the secret itself, everything without such a group."""

    name: str
    title: str
    """What it is, for the message: "An AWS access key id"."""
    pattern: re.Pattern[str]
    words: tuple[str, ...]
    """Pieces of lower-case text of which one must be in the file: a quick look before the pattern."""
    source: str
    """The vendor's page or specification that the pattern was written from."""
    flagged: tuple[str, ...]
    near_misses: tuple[str, ...]
    grade: Callable[[re.Match[str]], Confidence | None] = lambda _: "high"
    """How sure a match is; None for one that is no secret after all."""
    severity: Severity = "high"
    cwe: int = 798
    prior: float = 0.9
    files: tuple[str, ...] = ()
    """File names and suffixes it is for; none means all."""

    def covers(self, path: str) -> bool:
        """Whether a file of this name can hold it."""
        name = PurePosixPath(path).name.lower()
        return not self.files or name in self.files or name.endswith(tuple(f for f in self.files if f[0] == "."))


def scan(text: str, lines: Lines, path: str) -> Iterator[Draft]:
    """Every secret that a detector of ours sees in a file."""
    lower = text.lower()
    for detector in all_detectors():
        if detector.covers(path) and any(word in lower for word in detector.words):
            yield from _scan_for(detector, text, lines)


def _scan_for(detector: Detector, text: str, lines: Lines) -> Iterator[Draft]:
    group: str | int = "secret" if "secret" in detector.pattern.groupindex else 0
    for match in detector.pattern.finditer(text):
        secret = match.group(group)
        confidence = detector.grade(match) if is_plausible(secret) else None
        if confidence is not None:
            (line, column), (end_line, end_column) = lines.place(match.start(group)), lines.place(match.end(group))
            yield Draft(
                f"secret-{detector.name}", "lockgate", told(detector.title, secret), detector.severity, confidence,
                detector.cwe, line, column, end_line, end_column, WHY, FIX, detector.prior, secret=secret,
            )  # fmt: skip


def told(title: str, secret: str) -> str:
    """The message about a secret: of a long one the last four characters, of a short one nothing."""
    ending = f", ending in …{secret[-SHOWN_LAST:]}," if len(secret) >= _SHOWN_FROM_LENGTH and "\n" not in secret else ""
    return f"{title}{ending} is in the source."


@cache
def all_detectors() -> tuple[Detector, ...]:
    """Every kind of secret that Lockgate knows itself, by name."""
    modules = [importlib.import_module(f"{detectors.__name__}.{m.name}") for m in pkgutil.iter_modules(detectors.__path__)]
    return tuple(sorted((one for module in modules for one in module.DETECTORS), key=lambda one: one.name))
