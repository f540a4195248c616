"""buildspec 0.2: its model, its errors by file, line and key, and its JSON schema.

The format is that of CodeBuild (https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html).
"""

import difflib
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from pipelines.builds import yaml_positions
from pipelines.builds.yaml_positions import Document, Loc, NotYaml, dotted
from service.kernel.errors import Malformed

RETRIES_MAX = 100
PATTERN_CHARS_MAX = 200
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = ("CODEBUILD_", "LOCKGATE_")
SHELLS = {"bash": "bash", "/bin/bash": "bash", "sh": "/bin/sh", "/bin/sh": "/bin/sh"}
PHASES = ("install", "pre_build", "build", "post_build")

_NOT_CARRIED_OUT: tuple[tuple[str, str], ...] = (
    (r"run-as|phases\.\w+\.run-as", "every command runs as the one user of the build"),
    (r"phases\.install\.runtime-versions", "the server's own Python and Node are used"),
    (r"proxy", "the network is set by the pipeline action"),
    (r"batch", "one build is run"),
    (r"reports\.[^.]+", "the files are left where they are; add them to artifacts to keep them"),
    (r"cache", "each build starts clean"),
    (r"env\.git-credential-helper", "no git credentials are given to a build"),
    (r"artifacts(\.secondary-artifacts\.[^.]+)?\.s3-prefix", "artifacts are kept in the server's own store"),
    (
        r"artifacts(\.secondary-artifacts\.[^.]+)?\.enable-symlinks",
        "links inside the artifact are always kept as links",
    ),
)


class BadBuildspec(Malformed):
    """The buildspec cannot be used; `where` names file, line and key."""

    todo = "Correct {where}; the JSON schema of a buildspec is published for editors."


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise PydanticCustomError("name", "a variable name has letters, digits and _ only and starts with no digit")
    if value.startswith(RESERVED):
        raise PydanticCustomError("name", "names that start with CODEBUILD_ or LOCKGATE_ belong to the build itself")
    return value


def _shell(value: str) -> str:
    if value not in SHELLS:
        raise PydanticCustomError("shell", "the shell must be bash or /bin/sh")
    return SHELLS[value]


def _regex(value: str) -> str:
    OnFailure.parse(value)
    return value


_scalar = WithJsonSchema({"type": ["string", "number", "boolean"]})
Text = Annotated[str, _scalar]
YesNo = Annotated[bool, WithJsonSchema({"enum": [True, False, "yes", "no"]})]
VariableName = Annotated[str, AfterValidator(_name)]
Variables = dict[VariableName, Text]


@dataclass(frozen=True)
class OnFailure:
    """What follows a failed phase: `abort`, `continue` or `retry` (up to `retries` times while `pattern` is found)."""

    act: Literal["abort", "continue", "retry"]
    retries: int = 0
    pattern: re.Pattern[str] | None = None

    @classmethod
    def parse(cls, text: str) -> "OnFailure":
        """Reads ABORT, CONTINUE, RETRY, RETRY-count, RETRY-regex or RETRY-count-regex."""
        word, _, rest = text.partition("-")
        if word in ("ABORT", "CONTINUE") and not rest:
            return cls("abort" if word == "ABORT" else "continue")
        if word != "RETRY":
            raise PydanticCustomError("on_failure", "use ABORT, CONTINUE, RETRY, RETRY-count, RETRY-regex or RETRY-count-regex")
        count, _, regex = rest.partition("-")
        if not re.fullmatch(r"\d{1,6}", count):
            count, regex = "3", rest
        if int(count) > RETRIES_MAX:
            raise PydanticCustomError("on_failure", f"at most {RETRIES_MAX} retries")
        if len(regex) > PATTERN_CHARS_MAX:
            raise PydanticCustomError("on_failure", f"the pattern may have {PATTERN_CHARS_MAX} characters")
        try:
            return cls("retry", int(count), re.compile(regex) if regex else None)
        except re.error as error:
            raise PydanticCustomError("on_failure", f"not a regular expression: {error}") from None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-"), populate_by_name=False)


class Environment(_Part):
    """`env`: variables, where secrets come from, what is handed on, and the shell."""

    shell: Annotated[str, AfterValidator(_shell), WithJsonSchema({"enum": sorted(SHELLS)})] = "bash"
    variables: Variables = Field(default_factory=dict)
    parameter_store: Variables = Field(default_factory=dict)
    secrets_manager: Variables = Field(default_factory=dict)
    exported_variables: list[VariableName] = Field(default_factory=list, max_length=100)
    git_credential_helper: YesNo = False


class Phase(_Part):
    """One phase: commands in order in one shell, and `finally`, which always runs after them."""

    commands: list[Text] = Field(min_length=1, max_length=1000)
    finally_: list[Text] = Field(default_factory=list, max_length=1000, alias="finally")
    on_failure: Annotated[str, AfterValidator(_regex)] | None = None
    run_as: Text | None = None

    @property
    def failure(self) -> OnFailure | None:
        """The policy that was written, or None for the default of the phase."""
        return OnFailure.parse(self.on_failure) if self.on_failure else None


class InstallPhase(Phase):
    """`install` may also name runtime versions; with them it needs no commands."""

    commands: list[Text] = Field(default_factory=list, max_length=1000)
    runtime_versions: dict[str, Text] = Field(default_factory=dict)


class Phases(_Part):
    """The four phases, in the order in which they run."""

    install: InstallPhase | None = None
    pre_build: Phase | None = Field(default=None, alias="pre_build")
    build: Phase | None = None
    post_build: Phase | None = Field(default=None, alias="post_build")

    @model_validator(mode="after")
    def _some(self) -> "Phases":
        if not any((self.install, self.pre_build, self.build, self.post_build)):
            raise PydanticCustomError("phases", f"at least one of {', '.join(PHASES)} is needed")
        return self


class Artifact(_Part):
    """Which files make up an artifact. Patterns know `*`, `**` and `?` and are relative to `base-directory`."""

    files: list[Text] = Field(default_factory=list, max_length=1000)
    name: Text | None = None
    discard_paths: YesNo = False
    base_directory: Text | None = None
    exclude_paths: list[Text] = Field(default_factory=list, max_length=1000)
    enable_symlinks: YesNo = False
    s3_prefix: Text | None = None


class Artifacts(Artifact):
    """`artifacts`: the primary artifact and, by id, secondary ones."""

    secondary_artifacts: dict[str, Artifact] = Field(default_factory=dict, max_length=100)

    @model_validator(mode="after")
    def _files(self) -> "Artifacts":
        if not self.files and not self.secondary_artifacts:
            raise PydanticCustomError("files", "files is needed: the patterns of what to keep")
        for key, artifact in self.secondary_artifacts.items():
            if not artifact.files:
                raise PydanticCustomError("files", f"secondary artifact {key} needs files: the patterns of what to keep")
            if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", key) or key == "primary":
                raise PydanticCustomError("id", f"{key!r} cannot be the id of an artifact; use letters, digits, _ . and -")
        return self


class Report(_Part):
    """One report group: files of test results or coverage."""

    files: list[Text] = Field(min_length=1)
    base_directory: Text | None = None
    discard_paths: YesNo = False
    file_format: Text = "JUNITXML"


class Cache(_Part):
    """Folders to keep between builds."""

    key: Text | None = None
    fallback_keys: list[Text] = Field(default_factory=list, max_length=5)
    action: Literal["restore", "save"] | None = None
    paths: list[Text] = Field(min_length=1)


class Proxy(_Part):
    """Settings for a build behind an explicit proxy."""

    upload_artifacts: YesNo = False
    logs: YesNo = False


class Buildspec(_Part):
    """A buildspec.yml, version 0.2."""

    version: Annotated[Literal["0.2"], WithJsonSchema({"enum": [0.2, "0.2"]})]
    run_as: Text | None = None
    env: Environment = Field(default_factory=Environment)
    proxy: Proxy | None = None
    batch: dict[str, Any] | None = None
    phases: Phases
    reports: dict[str, Report] = Field(default_factory=dict, max_length=5)
    artifacts: Artifacts | None = None
    cache: Cache | None = None


@dataclass(frozen=True)
class LoadedSpec:
    """A buildspec with its path and the keys in it that have no effect, each a sentence."""

    path: str
    spec: Buildspec
    warnings: tuple[str, ...]


def load(text: bytes, path: str) -> LoadedSpec:
    """Reads and checks a buildspec. Raises BadBuildspec with the place of the first thing that is wrong."""
    try:
        document = yaml_positions.read(text)
    except NotYaml as error:
        raise BadBuildspec(where=_where(path, error.line, error.key), why=error.why) from None
    if not isinstance(document.data, dict):
        raise BadBuildspec(where=_where(path, 1, ""), why="a buildspec is a mapping that starts with `version: 0.2`")
    try:
        spec = Buildspec.model_validate(document.data)
    except ValidationError as error:
        raise _first_problem(error, document, path) from None
    return LoadedSpec(path, spec, tuple(_warnings(document, path)))


def schema() -> dict[str, Any]:
    """The JSON schema of a buildspec, for editors and for publishing."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Buildspec.model_json_schema(by_alias=True)}


def _where(path: str, line: int, key: str) -> str:
    return f"{path}, line {line}" + (f", key {key}" if key else "")


def _first_problem(error: ValidationError, document: Document, path: str) -> BadBuildspec:
    found = []
    for problem in error.errors(include_url=False):
        loc: Loc = tuple(part for part in problem["loc"] if part != "[key]")
        # A mistyped key makes a needed one missing too; what is written is told before what is not.
        order = (problem["type"] == "missing", document.line(loc))
        found.append((order, loc, _why(problem["type"], problem["msg"], loc, problem.get("input"))))
    _order, loc, why = min(found, key=lambda one: one[0])
    return BadBuildspec(where=_where(path, document.line(loc), dotted(loc)), why=why)


def _why(kind: str, message: str, loc: Loc, given: object) -> str:
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(str(loc[-1]), _known_keys(), n=1)
        return "there is no such key" + (f"; did you mean {close[0]}?" if close else "")
    if kind == "missing":
        return "this key is needed"
    if loc == ("version",):
        return f"version {given} is not supported; write `version: 0.2`"
    if kind == "string_type" and isinstance(given, dict):
        return "text is needed and this is a mapping; put quotes around a command that holds a colon and a space"
    if given is None:
        return "a value is needed and there is none"
    return message[:1].lower() + message[1:]


def _known_keys() -> list[str]:
    models = (Environment, Phase, InstallPhase, Phases, Artifacts, Report, Cache, Proxy, Buildspec)
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})


def _warnings(document: Document, path: str) -> list[str]:
    found = []
    for loc, line in document.lines.items():
        key = ".".join(str(part) for part in loc)
        for pattern, instead in _NOT_CARRIED_OUT:
            if re.fullmatch(pattern, key) and _value(document.data, loc) not in ("no", "false", "False", "No"):
                found.append(f"{path}:{line}: {key} has no effect: {instead}")
    return found


def _value(data: Any, loc: Loc) -> object:
    for part in loc:
        data = data[part]
    return data
