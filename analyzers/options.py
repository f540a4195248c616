"""The `review:` section of `.lockgate.yml`, and CodeGuru's file of excludes; what is wrong names file, line and key."""

from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal

from pathspec import GitIgnoreSpec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

FILE = ".lockgate.yml"
CODEGURU_FILE = "aws-codeguru-reviewer.yml"
FILE_BYTES_MAX = 64 * 1024
PATTERNS_MAX = 500
_CODEGURU_KEYS = ("version", "excludeFiles")
_CODEGURU_VERSIONS = ("1.0", "1")
"""https://docs.aws.amazon.com/codeguru/latest/reviewer-ug/recommendation-suppression.html"""
ALL_BUT_SECRETS = "all-but-secrets"

Patterns = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=PATTERNS_MAX)]


_NAME = r"^(\*|[A-Za-z_][\w.()]*)(\.\w+)*(\(\))?$"
Names = Annotated[
    tuple[Annotated[str, Field(pattern=_NAME, max_length=200)], ...], Field(min_length=1, max_length=100)
]
SinkKind = Literal[
    "sql", "command", "code", "import", "template", "deserialize", "path", "xss", "ldap", "xpath", "nosql", "xml", "entities", "ssrf",
    "redirect", "header", "mail", "log", "regex", "session", "parsed", "rendered",
    "algorithm", "cipher", "mode", "cookie",
]  # fmt: skip
"""The kinds of `analyzers/models/kinds.toml`, written out so that this module stays cheap to import."""


class SourceModel(BaseModel):
    """Names of attributes, or of calls with `()`, that give what strangers decide."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    names: Names
    told: Annotated[str, Field(max_length=100)] = "a source that this repository names"


class SinkModel(BaseModel):
    """Names of calls that must not get what strangers decide: arguments by position and keyword."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    names: Names
    kind: SinkKind
    positions: Annotated[tuple[int, ...], Field(max_length=20)] = (0,)
    keywords: Annotated[tuple[str, ...], Field(max_length=20)] = ()


class SanitizerModel(BaseModel):
    """Names of calls whose result, or whose word as a test, makes a value harmless for some kinds of sink; `*` is all."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    names: Names
    kinds: Annotated[tuple[SinkKind | Literal["*"], ...], Field(min_length=1)]


class ModelOptions(BaseModel):
    """What data flow is told about functions of this repository and libraries that Lockgate does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sources: Annotated[tuple[SourceModel, ...], Field(max_length=100)] = ()
    sinks: Annotated[tuple[SinkModel, ...], Field(max_length=100)] = ()
    sanitizers: Annotated[tuple[SanitizerModel, ...], Field(max_length=100)] = ()
    guards: Annotated[tuple[SanitizerModel, ...], Field(max_length=100)] = ()

    def document(self) -> dict[str, Any]:
        """The models in the form of the files in `analyzers/models`."""
        tables = {"source": self.sources, "sink": self.sinks, "sanitizer": self.sanitizers, "guard": self.guards}
        return {name: [one.model_dump(mode="json") for one in given] for name, given in tables.items()}


class Accepted(BaseModel):
    """Findings that may stay, said where no comment can stand: by rule and path, of a secret also by its hash."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1, max_length=100)]
    """By name; `secret-*` are all kinds of secret."""
    paths: Annotated[Patterns, Field(min_length=1)]
    """Patterns of .gitignore."""
    reason: Annotated[str, Field(min_length=3, max_length=500)]
    until: date | None = None
    """The last day on which it counts."""
    hash: Annotated[str, Field(pattern=r"^(scrypt:[A-Za-z0-9_-]{16,64}:[0-9a-f]{64})?$")] = ""
    """See `analyzers.accept`; "" accepts whatever the rules find there."""

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        return GitIgnoreSpec.from_lines(self.paths)

    def covers(self, rule: str, path: str) -> bool:
        """Whether it is about findings of this rule in this file."""
        return any(fnmatchcase(rule, one) for one in self.rules) and self._spec.match_file(path)


class ReviewOptions(BaseModel):
    """What the review looks at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude: Patterns = ()
    """Paths that are not reviewed, as patterns of .gitignore."""
    disable: Patterns = ()
    """Rules, by name (`missing-timeout`, `B113`), or whole tools (`bandit`, `detect-secrets`) that say nothing; ALL_BUT_SECRETS."""

    enable: Patterns = ()
    """Rules about habits that are off unless named here: by name, or `*` for all of them."""

    accept: Annotated[tuple[Accepted, ...], Field(max_length=200)] = ()
    """Findings that may stay, each with a reason."""

    rules: Annotated[str, Field(max_length=200)] = ""
    """A folder of this repository with rules of its own, such as `tools/rules`; a server runs them only where it is told to."""

    models: ModelOptions = ModelOptions()
    """Sources, sinks, sanitisers and guards that data flow is told of."""

    @field_validator("rules")
    @classmethod
    def _is_folder(cls, value: str) -> str:
        parts = value.strip("/").split("/")
        if value and (value.startswith("/") or any(part in ("", ".", "..") for part in parts)):
            raise ValueError("must be a folder of this repository, such as `tools/rules`")
        return "/".join(parts)

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        return GitIgnoreSpec.from_lines(self.exclude)

    def excludes(self, path: str) -> bool:
        """Whether the file is not to be reviewed."""
        return bool(self.exclude) and self._spec.match_file(path)

    def excluded_by(self, path: str) -> str:
        """The pattern by which the file is not to be reviewed, the last that decides; "" when it is."""
        if not self.exclude:
            return ""
        found = self._spec.check_file(path)
        return self.exclude[found.index] if found.include and found.index is not None else ""

    def disables(self, rule: str, tool: str) -> bool:
        """Whether the rule's word is not wanted."""
        return rule in self.disable or (self.only_secrets and tool == "bandit") or (tool != "lockgate" and tool in self.disable)

    def enables(self, rule: str) -> bool:
        """Whether a rule that is off by default is wanted."""
        return rule in self.enable or "*" in self.enable

    @property
    def only_secrets(self) -> bool:
        """Whether nothing but secrets is looked for."""
        return ALL_BUT_SECRETS in self.disable

    @property
    def text(self) -> str:
        """The same text for the same options: for the key under which results are kept."""
        return self.model_dump_json()


class BrokenOptions(Exception):
    """A settings file cannot be used; `problems` are sentences that begin with file and line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def read_options(lockgate: bytes | None, codeguru: bytes | None = None) -> ReviewOptions:
    """The options from a repository's two settings files, either of which may be missing. Raises BrokenOptions."""
    document = mapping(FILE, lockgate)
    section = document.get("review")
    if section is not None and not isinstance(section, Mapping):
        where = f"{FILE}:{line_of(document, ('review',))}"
        raise BrokenOptions([f'{where}: `review` must be a mapping, such as `exclude: ["docs/"]`'])
    try:
        options = ReviewOptions.model_validate(dict(section or {}))
    except ValidationError as error:
        raise BrokenOptions([_told(document, dict(found)) for found in error.errors()[:20]]) from None
    excluded = _codeguru_excludes(codeguru)
    return options.model_copy(update={"exclude": (*options.exclude, *excluded)}) if excluded else options


def _codeguru_excludes(content: bytes | None) -> tuple[str, ...]:
    document = mapping(CODEGURU_FILE, content)
    for key in document:
        if key not in _CODEGURU_KEYS:
            close = get_close_matches(str(key), _CODEGURU_KEYS, n=1, cutoff=0.5)
            hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(_CODEGURU_KEYS)}"
            raise BrokenOptions([f"{CODEGURU_FILE}:{line_of(document, (key,))}: unknown key `{key}`; {hint}"])
    if "version" in document and str(document["version"]) not in _CODEGURU_VERSIONS:
        line = line_of(document, ("version",))
        raise BrokenOptions([f"{CODEGURU_FILE}:{line}: `version`: 1.0 is the only one there is, not {document['version']!s:.40}"])
    excludes = document.get("excludeFiles") or []
    if not isinstance(excludes, list) or not all(isinstance(one, str) and one for one in excludes):
        line = line_of(document, ("excludeFiles",))
        raise BrokenOptions([f"{CODEGURU_FILE}:{line}: `excludeFiles` must be a list of path patterns"])
    if len(excludes) > PATTERNS_MAX:
        raise BrokenOptions([f"{CODEGURU_FILE}:1: `excludeFiles` has more than {PATTERNS_MAX} patterns"])
    return tuple(str(one) for one in excludes)


def mapping(name: str, content: bytes | None, what: str = "a mapping") -> Mapping[Any, Any]:
    """A settings file as a mapping that knows its lines; empty without a file. Raises BrokenOptions."""
    if not content or not content.strip():
        return {}
    if len(content) > FILE_BYTES_MAX:
        raise BrokenOptions([f"{name}: larger than the limit of {FILE_BYTES_MAX} bytes"])
    from analyzers import yaml_lines  # ruamel.yaml: few processes ever read such a file

    document = yaml_lines.load(name, content)
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise BrokenOptions([f"{name}:1: must be {what}"])
    return document


def _told(document: Any, error: dict[str, Any]) -> str:
    path = ("review", *(part for part in error["loc"] if part != "[key]"))
    key = ".".join(str(part) for part in path)
    where = f"{FILE}:{line_of(document, path)}"
    if error["type"] == "extra_forbidden":
        known = tuple(ReviewOptions.model_fields)
        close = get_close_matches(str(path[-1]), known, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(known)}"
        return f"{where}: unknown key `{key}`; {hint}"
    said = error["msg"].removeprefix("Value error, ")
    message = said[0].lower() + said[1:]
    return f"{where}: `{key}`: {message}, not {error['input']!r:.80}"


def line_of(document: Any, path: Sequence[Any]) -> int:
    """The line, from 1, of the deepest part of `path` that the document has."""
    line = 0
    node: Any = document
    for part in path:
        try:
            places: Any = node.lc
            line = places.key(part)[0] if isinstance(node, Mapping) else places.item(part)[0]
            node = node[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line + 1
