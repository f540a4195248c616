"""Kinds of secret as data, and looking for all of them in a text. One file each in `analyzers/detectors`."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from analyzers import detectors
from analyzers.context import Draft
from analyzers.credential import is_example, is_plausible
from analyzers.encoded import decoded_parts
from analyzers.finding import Confidence, Severity
from analyzers.lines import Lines
from analyzers.rarity import is_generated
from analyzers.setting import bare_name

WHY = (
    "Who reads the code has it too, in every clone, every built package and the history, also after it is deleted "
    "from the newest version."
)
FIX = "Withdraw it where it was issued, and read its successor from the environment or a secret store."
SHOWN_LAST = 4
_SHOWN_FROM_LENGTH = 16


@dataclass(frozen=True)
class Sighting:
    """A secret at a place of the text, in character offsets. `secret` is its plain text, however it is written there."""

    secret: str
    start: int
    end: int
    confidence: Confidence


def always(_: re.Match[str]) -> Confidence | None:
    """The grade of a form that nothing else has."""
    return "high"


@dataclass(frozen=True)
class Detector:
    """One kind of secret. The pattern's group `secret` is the secret itself, everything without such a group."""

    name: str
    title: str
    """What it is, for the message: "An AWS access key id"."""
    pattern: re.Pattern[str] | None
    words: tuple[str, ...]
    """Pieces of lower-case text of which one must be in the file: a quick look before the pattern."""
    source: str
    """The vendor's page or specification that the pattern was written from."""
    flagged: tuple[str, ...]
    near_misses: tuple[str, ...]
    grade: Callable[[re.Match[str]], Confidence | None] = always
    """How sure a match is; None for one that is no secret after all."""
    severity: Severity = "high"
    cwe: int = 798
    prior: float = 0.9
    files: tuple[str, ...] = ()
    """File names and suffixes it is for; none means all."""
    read: Callable[[str, str], Iterator[Sighting]] | None = None
    """Instead of a pattern: what is seen in a text at a path."""
    nested: bool = True
    """Whether it is also looked for inside base64 and the like."""
    telling: bool = False
    """Whether the form alone tells: a value that looks like a template or code is a secret there all the same."""

    def covers(self, path: str) -> bool:
        """Whether a file of this name can hold it."""
        name = bare_name(path)
        return not self.files or name in self.files or name.endswith(tuple(f for f in self.files if f[0] == "."))

    def sightings(self, text: str, path: str) -> Iterator[Sighting]:
        """Every place where it is seen."""
        if self.read is not None:
            yield from self.read(text, path)
        if self.pattern is None:
            return
        group: str | int = "secret" if "secret" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            confidence = self.grade(match) if self.telling or is_plausible(match.group(group)) else None
            if confidence is not None:
                yield Sighting(match.group(group), match.start(group), match.end(group), confidence)


def scan(text: str, lines: Lines, path: str) -> Iterator[Draft]:
    """Every secret that a detector of ours sees in a file, also inside what is encoded there."""
    lower, example = text.lower(), is_example(path)
    for detector in all_detectors():
        if detector.covers(path) and (not detector.words or any(word in lower for word in detector.words)):
            for one in detector.sightings(text, path):
                if one.confidence != "medium" or not example or is_generated(one.secret):
                    yield _draft(detector, one, lines, path)
    for part in decoded_parts(text):
        lower = part.text.lower()
        for detector in all_detectors():
            if detector.nested and detector.pattern is not None and any(word in lower for word in detector.words):
                for one in detector.sightings(part.text, path):
                    yield _draft(detector, Sighting(one.secret, part.start, part.end, one.confidence), lines, path, part.how)


def _draft(detector: Detector, seen: Sighting, lines: Lines, path: str, how: str = "") -> Draft:
    (line, column), (end_line, end_column) = lines.place(seen.start), lines.place(seen.end)
    title = f"{detector.title}, encoded as {how}" if how else detector.title
    confidence: Confidence = "medium" if seen.confidence == "high" and is_example(path) and detector.prior < 0.9 else seen.confidence
    prose = path.endswith(".py") and lines.is_docstring(line) and not is_generated(seen.secret)
    severity: Severity = "medium" if prose and detector.severity in ("high", "critical") else detector.severity
    return Draft(
        f"secret-{detector.name}", "lockgate", told(title, seen.secret), severity, confidence,
        detector.cwe, line, column, end_line, end_column, WHY, FIX, detector.prior, secret=seen.secret,
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
