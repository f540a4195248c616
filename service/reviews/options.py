"""The settings of a commit, read from its own `.lockgate.yml`; what is wrong with them names file, line and key."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analyzers.finding import SEVERITIES, Severity, at_or_above
from analyzers.options import CODEGURU_FILE, FILE, FILE_BYTES_MAX, BrokenOptions, ReviewOptions, line_of, mapping
from analyzers.options import read_options as review_options

__all__ = ["SEVERITIES", "BrokenOptions", "GateOptions", "Options", "read_gate", "read_options"]

SECTIONS = ("review", "gate")


class GateOptions(BaseModel):
    """What new findings a commit may bring.

    A severity at or above `block_at` may have none; `max_new` sets another number for single severities, and a number
    for one below `block_at` limits that too. `never` lifts the first rule, not `max_new`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    block_at: Literal["critical", "high", "medium", "low", "info", "never"] = "high"
    max_new: dict[Severity, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(default_factory=dict)
    unparsable_files: Literal["block", "allow"] = "block"
    imported: Literal["ignore", "count"] = "ignore"
    """Whether new findings that other tools' SARIF logs bring count."""

    def limit(self, severity: str) -> int | None:
        """How many new findings of this severity pass the gate; None: any number."""
        for name, number in self.max_new.items():
            if name == severity:
                return number
        blocked = self.block_at != "never" and at_or_above(severity, self.block_at)
        return 0 if blocked else None


@dataclass(frozen=True)
class Options:
    """What to review and what to let pass; `problems` are sentences about settings that could not be read."""

    gate: GateOptions
    review: ReviewOptions
    problems: tuple[str, ...]
    heed_suppressions: bool = True
    """Whether comments in the code silence findings."""
    minimums: tuple[str, ...] = ()
    """The globs of the server's minimums that hold for the repository."""


def gate_of(stored: Mapping[str, Any]) -> GateOptions:
    """The options out of what a review keeps under `gate`, which holds problems and minimums too."""
    return GateOptions.model_validate({key: value for key, value in stored.items() if key not in ("problems", "minimums")})


def read_options(read: Callable[[str, int], bytes | None]) -> Options:
    """The settings of the commit that `read(path, limit_bytes)` reads from. Never raises: a problem blocks, it does not hide."""
    content = read(FILE, FILE_BYTES_MAX + 1)
    problems: list[str] = []
    gate, reviewing = GateOptions(), ReviewOptions()
    try:
        gate = read_gate(content)
    except BrokenOptions as broken:
        problems += broken.problems
    try:
        reviewing = review_options(content, read(CODEGURU_FILE, FILE_BYTES_MAX + 1))
    except BrokenOptions as broken:
        # A file that is no YAML at all is told once.
        problems += [told for told in broken.problems if told.split(": ")[0] not in {p.split(": ")[0] for p in problems}]
    return Options(gate, reviewing, tuple(problems))


def read_gate(content: bytes | None) -> GateOptions:
    """The gate's options; the default without a file or section. Raises BrokenOptions."""
    document = mapping(FILE, content, f"a mapping with the sections {' and '.join(SECTIONS)}")
    unknown = [str(key) for key in document if key not in SECTIONS]
    if unknown:
        raise BrokenOptions([f"{_at(document, (key,))}: unknown section `{key}`{_nearest(key, SECTIONS)}" for key in unknown])
    section = document.get("gate")
    if section is None:
        return GateOptions()
    if not isinstance(section, Mapping):
        raise BrokenOptions([f"{_at(document, ('gate',))}: `gate` must be a mapping, such as `block_at: high`"])
    try:
        return GateOptions.model_validate(dict(section))
    except ValidationError as error:
        raise BrokenOptions([_told(document, dict(found)) for found in error.errors()[:20]]) from None


def _told(document: Mapping[Any, Any], error: dict[str, Any]) -> str:
    path = tuple(part for part in ("gate", *error["loc"]) if part != "[key]")
    key = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        return f"{_at(document, path)}: unknown key `{key}`{_nearest(str(path[-1]), tuple(GateOptions.model_fields))}"
    return f"{_at(document, path)}: `{key}`: {error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r:.80}"


def _at(document: Mapping[Any, Any], path: tuple[Any, ...]) -> str:
    """`.lockgate.yml:7`, the line of the deepest key of `path` that the document has."""
    return f"{FILE}:{line_of(document, path)}"


def _nearest(key: str, known: Sequence[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; known are {', '.join(known)}"
