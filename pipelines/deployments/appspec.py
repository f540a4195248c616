"""`appspec.yml`: what goes where on a host, and which scripts run when. Errors name file, line and key.

The format is AWS CodeDeploy's for servers, version 0.0. Hosts get the parsed form as JSON, so agents need no YAML.
"""

import posixpath
from collections.abc import Collection
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.kernel.errors import Malformed

FILENAMES = ("appspec.yml", "appspec.yaml")
BYTES_MAX = 64 * 1024
NODES_MAX = 10_000
EVENT_SECONDS_MAX = 3600

SCRIPTED = ("ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
TRAFFIC = ("BeforeBlockTraffic", "AfterBlockTraffic", "BeforeAllowTraffic", "AfterAllowTraffic")
EVENTS = ("ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart",
          "ValidateService")
"""The lifecycle of a target, in order; DownloadBundle and Install run no scripts."""


class BadAppspec(Malformed):
    """400: appspec.yml is wrong; `key` is the path of the entry, lines count from 1."""

    says = "{file}, line {line}, {key}: {why}"


def _inside(value: str) -> str:
    if "\0" in value or ".." in value.split("/"):
        raise ValueError("`..` is not allowed")
    return value


def _relative(value: str) -> str:
    if value.startswith("/"):
        raise ValueError("give a path inside the bundle, without a leading /")
    return posixpath.normpath(_inside(value))


def _absolute(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("give an absolute path, such as /srv/app")
    return _inside(value)


def _version(value: float) -> float:
    if value != 0.0:
        raise ValueError("0.0 is the only version")
    return value


Path = Annotated[str, Field(min_length=1, max_length=1024)]
Text = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class FileCopy(_Strict):
    """A file or folder of the bundle (`/`: all of it) and where it goes; a folder's contents go into `destination`."""

    source: Annotated[Path, AfterValidator(_inside)]
    destination: Annotated[Path, AfterValidator(_absolute)]


class Permission(_Strict):
    """Owner, group and mode for what was copied below `object`."""

    object: Annotated[Path, AfterValidator(_absolute)]
    pattern: str = Field("**", min_length=1, max_length=256)
    exclude: list[str] = Field([], alias="except", max_length=100)
    owner: Text | None = None
    group: Text | None = None
    mode: str | None = Field(None, pattern=r"^[0-7]{3,4}$")
    type: list[Literal["file", "directory"]] = ["file", "directory"]

    @model_validator(mode="before")
    @classmethod
    def _octal(cls, value: Any) -> Any:
        """YAML reads 644 and 0644 as numbers; the second, an octal one, has lost its digits."""
        if isinstance(value, dict) and isinstance(value.get("mode"), int):
            raise ValueError('put the mode in quotes: "0644"')
        for key in ("acls", "context"):
            if isinstance(value, dict) and key in value:
                raise ValueError(f"{key} is not supported; use owner, group and mode")
        return value


class Script(_Strict):
    """A script of the bundle. Its own time limit counts inside the 3600 seconds of its event."""

    location: Annotated[Path, AfterValidator(_relative)]
    timeout: int = Field(EVENT_SECONDS_MAX, ge=1, le=EVENT_SECONDS_MAX)
    runas: Text | None = None


class Appspec(_Strict):
    """The whole file. Hooks for traffic events are accepted; they do not run without a load balancer."""

    version: Annotated[float, AfterValidator(_version)]
    os: Literal["linux"]
    files: list[FileCopy] = Field([], max_length=1000)
    file_exists_behavior: Literal["DISALLOW", "OVERWRITE", "RETAIN"] | None = None
    permissions: list[Permission] = Field([], max_length=1000)
    hooks: dict[
        Literal["ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService",
                "BeforeBlockTraffic", "AfterBlockTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"],
        Annotated[list[Script], Field(max_length=50)],
    ] = {}


def parse(text: bytes, file: str = "appspec.yml") -> Appspec:
    """Reads the file's text. Raises BadAppspec with the first thing that is wrong and its line."""
    if len(text) > BYTES_MAX:
        raise BadAppspec(file=file, line=1, key="the file", why=f"larger than {BYTES_MAX} bytes")
    try:
        node = yaml.compose(text.decode(), yaml.SafeLoader)
        lines = _lines(file, node)
        value = yaml.safe_load(text.decode())
    except UnicodeDecodeError:
        raise BadAppspec(file=file, line=1, key="the file", why="not UTF-8 text") from None
    except yaml.YAMLError as problem:
        raise _unreadable(file, problem) from None
    except RecursionError:
        raise BadAppspec(file=file, line=1, key="the file", why="nested too deeply") from None
    if not isinstance(value, dict):
        raise BadAppspec(file=file, line=1, key="the file", why="must be a mapping with version, os, files and hooks")
    try:
        spec = Appspec.model_validate(value)
    except ValidationError as problem:
        raise _first(file, problem, lines) from None
    _check_event_times(file, spec, lines)
    return spec


def check_members(spec: Appspec, names: Collection[str], text: bytes, file: str = "appspec.yml") -> None:
    """Whether every script and source is in the bundle whose member names are given. Raises BadAppspec.

    `text` is the file that `spec` was read from.

    Names are normalised, without a leading `./`; folders may be missing when their contents are there.
    """
    written = text.decode().splitlines()

    def line_of(value: str) -> int:
        return next((i + 1 for i, line in enumerate(written) if value in line), 1)

    folders = {"."} | {parent for name in names for parent in _parents(name)}
    for event, scripts in spec.hooks.items():
        for script in scripts:
            if script.location not in names:
                why = f"{script.location} is not in the bundle"
                raise BadAppspec(file=file, line=line_of(script.location), key=f"hooks.{event}", why=why)
    for copy in spec.files:
        source = posixpath.normpath(copy.source.lstrip("/") or ".")
        if source not in names and source not in folders:
            why = f"{copy.source} is not in the bundle"
            raise BadAppspec(file=file, line=line_of(copy.source), key="files", why=why)


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _check_event_times(file: str, spec: Appspec, lines: dict[tuple[Any, ...], int]) -> None:
    for event, scripts in spec.hooks.items():
        said = sum(s.timeout for s in scripts if "timeout" in s.model_fields_set)
        if said > EVENT_SECONDS_MAX:
            where = lines.get(("hooks", event), 1)
            why = f"the time limits add up to {said} seconds; {EVENT_SECONDS_MAX} is the most for one event"
            raise BadAppspec(file=file, line=where, key=f"hooks.{event}", why=why)


def _lines(file: str, root: yaml.Node | None) -> dict[tuple[Any, ...], int]:
    """The line of every entry by its path. Refuses aliases, which could blow a small file up, and repeated keys."""
    found: dict[tuple[Any, ...], int] = {(): 1}
    seen: set[int] = set()
    stack: list[tuple[tuple[Any, ...], yaml.Node]] = [((), root)] if root is not None else []
    while stack:
        path, node = stack.pop()
        line = node.start_mark.line + 1
        if id(node) in seen:
            raise BadAppspec(file=file, line=line, key=_dotted(path), why="YAML aliases are not allowed here")
        seen.add(id(node))
        if len(seen) > NODES_MAX:
            raise BadAppspec(file=file, line=line, key=_dotted(path), why=f"more than {NODES_MAX} entries")
        found.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = (*path, str(key.value))
                if inner in found:
                    raise BadAppspec(file=file, line=key.start_mark.line + 1, key=_dotted(inner), why="given twice")
                found[inner] = key.start_mark.line + 1
                stack.append((inner, value))
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(((*path, i), value) for i, value in enumerate(node.value))
    return found


def _first(file: str, problem: ValidationError, lines: dict[tuple[Any, ...], int]) -> BadAppspec:
    error = problem.errors(include_url=False)[0]
    path = tuple(part for part in error["loc"] if part != "[key]")
    known = path
    while known not in lines:
        known = known[:-1]
    why = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        why = "there is no such key"
    elif error["type"] == "missing":
        why = "is missing"
    return BadAppspec(file=file, line=lines[known], key=_dotted(path), why=why)


def _dotted(path: tuple[Any, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "the file"


def _unreadable(file: str, problem: yaml.YAMLError) -> BadAppspec:
    mark = getattr(problem, "problem_mark", None)
    why = getattr(problem, "problem", None) or "not YAML"
    return BadAppspec(file=file, line=mark.line + 1 if mark else 1, key="the file", why=why)
