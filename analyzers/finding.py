"""What a review says: findings, diagnostics and reports. Plain data that survives a trip through JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Literal

Severity = Literal["critical", "high", "medium", "low", "info"]
Confidence = Literal["high", "medium", "low"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
"""Worst first."""

SECRET_CWES = frozenset({256, 259, 312, 321, 522, 540, 798})
"""Weaknesses whose finding marks a text that must not be shown."""


def at_or_above(severity: str, level: str) -> bool:
    """Whether `severity` is as bad as `level` or worse. Raises ValueError for an unknown word."""
    order: tuple[str, ...] = SEVERITIES
    return order.index(severity) <= order.index(level)


@dataclass(frozen=True)
class SourceFile:
    """A file to review. `path` is relative to the repository, with `/`."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Step:
    """One step of a value on its way from where it enters the program to where it does harm."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    function: str = ""
    """The full name of the function that the value goes through here, as models know it; "" where there is none."""


@dataclass(frozen=True)
class Mend:
    """A change that removes the sin: the text from `line`, `column` to before `end_line`, `end_column` becomes `text`."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True)
class Finding:
    """One sin at one place. Lines and columns count from 1 in characters; `end_column` is the first one after."""

    rule: str
    tool: str
    """"lockgate", "bandit" or "detect-secrets"."""
    message: str
    severity: Severity
    confidence: Confidence
    cwe: int | None
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    fingerprint: str
    """Same for the same sin after lines above it moved: it holds no line number."""
    why: str
    fix: str
    rank: float
    """0 to 1: how much it deserves a developer's time."""
    new: bool | None = None
    """Whether the baseline lacks it; None where there is no baseline."""
    steps: tuple[Step, ...] = ()
    """The way of the value, source first and sink last; empty where no data flow was followed."""
    mend: Mend | None = None
    """A change that removes it, where one is known to be safe to offer."""
    secret_hash: str = ""
    """Of a secret its SHA-256 in hex, for telling it again: a server stores it with a key only, and no output shows it."""
    secret_sha1: str = ""
    """The same as detect-secrets' baselines have it; neither stored nor shown."""

    def without_hashes(self) -> "Finding":
        """As it may be shown: a bare hash of a short secret gives it away."""
        return replace(self, secret_hash="", secret_sha1="")

    @property
    def secret(self) -> bool:
        """Whether the marked text is a secret, to be masked wherever the source is shown."""
        return self.cwe in SECRET_CWES

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Finding":
        """From what `to_dict` gave."""
        steps = tuple(Step(**one) for one in value.get("steps", ()))
        mend = Mend(**value["mend"]) if value.get("mend") else None
        return cls(**{**value, "steps": steps, "mend": mend})


@dataclass(frozen=True)
class Diagnostic:
    """What could not be read or done: shown, never silent. `line` is 0 when it concerns the whole file."""

    path: str
    line: int
    message: str
    unreadable: bool = False
    """Whether the file itself could not be reviewed, so that anything may hide in it."""
    passing: bool = False
    """Whether time or memory ran out: the same file may fare better another time, so a report with this is not kept."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Diagnostic":
        """From what `to_dict` gave."""
        return cls(**value)


SkipReason = Literal["excluded", "binary", "link", "submodule", "folder"]


@dataclass(frozen=True)
class Skipped:
    """A file, or a folder with all in it, that was left out on purpose, and why in words."""

    path: str
    reason: SkipReason
    why: str


@dataclass(frozen=True)
class Suppressed:
    """A finding that a comment in the code or an entry of the settings silences, with the reason given there."""

    finding: Finding
    reason: str
    until: str = ""
    """The last day the comment counts, as YYYY-MM-DD; "" for ever."""
    line: int = 0
    """Where the comment is."""
    entry: int = 0
    """Of `review: accept:` in `.lockgate.yml` the number of the entry that silences it, from 1; 0 where a comment does."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Suppressed":
        """From what `to_dict` gave."""
        return cls(**{**value, "finding": Finding.from_dict(value["finding"])})

    @property
    def ended(self) -> str:
        """What is said after the last day."""
        what = f"entry {self.entry} of `review: accept:`, which accepted" if self.entry else "the suppression of"
        return f"{what} {self.finding.rule}{' here,' if self.entry else ''} ended on {self.until}"


@dataclass(frozen=True)
class Silence:
    """A comment that silences what is found across files: whoever looks at all of them applies it."""

    path: str
    line: int
    reason: str
    until: str = ""
    alone: bool = True
    """Whether it names nothing else, so that it is of no use when it silences nothing there."""


@dataclass(frozen=True)
class FileReport:
    """What is said about one file. The same for the same content, path, options and engine, so it can be kept.

    The day is no part of that: what is read from a store must pass through `on(today)`, where suppressions expire.
    """

    findings: tuple[Finding, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    lines: int = 0
    skipped: tuple[Skipped, ...] = ()
    """The file itself, where it was left out."""
    metered: int = 0
    """Its lines of code; see analyzers.metering."""
    code: str = ""
    """What it gives to the search for duplicates; see analyzers.shingles."""
    silences: tuple[Silence, ...] = ()
    """Comments about what no file shows alone."""

    @property
    def settled(self) -> bool:
        """Whether the same is said of the same file every time, so that the report may be kept."""
        return not any(told.passing for told in self.diagnostics)

    def on(self, today: date) -> "FileReport":
        """The report with findings whose suppression ended before `today` back among the findings."""
        ended = [s for s in self.suppressed if s.until and s.until < today.isoformat()]
        if not ended:
            return self
        told = tuple(Diagnostic(s.finding.path, s.line or s.finding.line, s.ended) for s in ended)
        back = sorted([*self.findings, *(s.finding for s in ended)], key=place)
        kept = tuple(s for s in self.suppressed if s not in ended)
        return replace(self, findings=tuple(back), diagnostics=self.diagnostics + told, suppressed=kept)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "FileReport":
        """From what `to_dict` gave, or an older engine with fewer fields."""
        return cls(
            tuple(Finding.from_dict(one) for one in value["findings"]),
            tuple(Diagnostic.from_dict(one) for one in value["diagnostics"]),
            tuple(Suppressed.from_dict(one) for one in value.get("suppressed", ())),
            value.get("lines", 0),
            tuple(Skipped(**one) for one in value.get("skipped", ())),
            value.get("metered", 0),
            value.get("code", ""),
            tuple(Silence(**one) for one in value.get("silences", ())),
        )


@dataclass(frozen=True)
class Report:
    """What is said about many files. `findings` are worst rank first; `seconds` is wall time."""

    findings: tuple[Finding, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    files: int = 0
    lines: int = 0
    seconds: float = 0.0
    suppressed: tuple[Suppressed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """What was left out, by path; not counted in `files`."""
    metered: int = 0
    """Lines of code among `lines`."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Report":
        """From what `to_dict` gave."""
        part = FileReport.from_dict(value)
        return cls(
            part.findings, part.diagnostics, value["files"], value["lines"], value["seconds"], part.suppressed, part.skipped,
            part.metered,
        )


def place(finding: Finding) -> tuple[str, int, int, str]:
    """Sorts findings by where they are."""
    return (finding.path, finding.line, finding.column, finding.rule)
