"""What rules of strangers say, who may lie: read strictly, held against the files that they were given. Cheap to import.

Such rules run in an isolation (`analyzers.brought_run`) and leave one line of JSON first, about themselves, and one for each
file. Nothing in it is taken but findings within the lines of a file that was asked about, under names of their own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analyzers.finding import Confidence, Diagnostic, Severity, SourceFile
from analyzers.lines import Lines

PREFIX = "repository/"
"""Before the name of each rule that a repository brings, so that it can pass for none of ours."""
TOOL = "repository"
ANSWER = "answers.jsonl"
ANSWER_BYTES_MAX = 8 * 1024 * 1024

_Text = Annotated[str, Field(max_length=2_000)]
_Number = Annotated[int, Field(ge=1, le=10_000_000)]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Reported(_Strict):
    """One finding. Lines and columns count from 1."""

    rule: _Name
    message: Annotated[str, Field(min_length=1, max_length=500)]
    severity: Severity
    confidence: Confidence
    cwe: Annotated[int, Field(ge=1, le=99_999)] | None
    line: _Number
    column: _Number
    end_line: _Number
    end_column: _Number
    why: _Text
    fix: _Text


class FileAnswer(_Strict):
    """What is said of one file: its number in the request, findings, and sentences about rules that failed on it."""

    file: Annotated[int, Field(ge=0)]
    findings: Annotated[tuple[Reported, ...], Field(max_length=500)]
    failed: Annotated[tuple[Annotated[str, Field(max_length=500)], ...], Field(max_length=200)]


class Told(_Strict):
    """A class that is not run, with the line it stands on."""

    path: Annotated[str, Field(max_length=200, pattern=r"^[^/\x00-\x1f]+$")]
    line: Annotated[int, Field(ge=0, le=10_000_000)]
    message: _Text


class Head(_Strict):
    """The first line: what the rules are, or why they cannot be loaded."""

    broken: _Text = ""
    told: Annotated[tuple[Told, ...], Field(max_length=200)] = ()


class Costs(_Strict):
    """A line at the end: milliseconds by rule."""

    costs: Annotated[dict[_Name, Annotated[int, Field(ge=0, le=10_000_000)]], Field(max_length=500)]


@dataclass(frozen=True)
class Brought:
    """What brought rules add to the review of one file: findings, and sentences about what went wrong."""

    findings: tuple[Reported, ...] = ()
    told: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"findings": [one.model_dump() for one in self.findings], "told": list(self.told)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Brought":
        """From what `to_dict` gave."""
        return cls(tuple(Reported.model_validate(one) for one in value["findings"]), tuple(value["told"]))


@dataclass
class Answers:
    """What was believed of an answer, by the number of the file."""

    files: dict[int, Brought] = field(default_factory=dict)
    broken: str = ""
    told: tuple[Diagnostic, ...] = ()
    costs: Counter[str] = field(default_factory=Counter)


def read_answers(content: bytes, files: Sequence[SourceFile]) -> Answers:
    """The answer to a request about `files`. A line that breaks the rules ends it there: what came before counts."""
    read = Answers()
    try:
        for number, line in enumerate(content.splitlines()):
            if number == 0:
                head = Head.model_validate_json(line)
                read.broken = head.broken
                read.told = tuple(Diagnostic(one.path, one.line, one.message) for one in head.told)
            elif line.startswith(b'{"costs"'):
                read.costs.update({f"{PREFIX}{name}": cost for name, cost in Costs.model_validate_json(line).costs.items()})
            else:
                answer = FileAnswer.model_validate_json(line)
                if answer.file < len(files):
                    read.files[answer.file] = _believed(answer, files[answer.file])
    except ValidationError as error:
        read.broken = read.broken or f"their answer cannot be read: {error.errors()[0]['msg'].lower()}"
    return read


def _believed(answer: FileAnswer, file: SourceFile) -> Brought:
    lines = Lines(file.content.decode(errors="replace"))
    inside = [one for one in answer.findings if _is_inside(one, lines)]
    told = list(answer.failed)
    if len(inside) < len(answer.findings):
        told.append(f"{len(answer.findings) - len(inside)} findings of the repository's own rules lie outside this file and were dropped")
    return Brought(tuple(inside), tuple(told))


def _is_inside(one: Reported, lines: Lines) -> bool:
    """A file's own node ends where a line after its last would begin."""
    if not (one.line, one.column) <= (one.end_line, one.end_column):
        return False
    if one.line > max(len(lines), 1) or one.end_line > len(lines) + 1:
        return False
    return one.column <= len(lines[one.line]) + 1 and one.end_column <= len(lines[one.end_line]) + 1
