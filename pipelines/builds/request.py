"""What a build is asked to do, and what came of it. Plain frozen data, so that it can cross a process or a queue."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Network = Literal["none", "registry", "full"]
State = Literal["passed", "failed", "stopped", "skipped"]
Cause = Literal["", "command", "spec", "executor", "limit", "artifacts", "stopped"]

PRIMARY = "primary"
"""The key in `BuildResult.artifacts` of the artifact without an id; secondary ones keep their ids."""

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one build may use at most; going over ends the build with a reason."""

    seconds_max: float = 3600
    memory_bytes_max: int = 2048 * MIB
    processes_max: int = 512
    """Processes and threads together, as the kernel counts them."""
    disk_bytes_max: int = 4096 * MIB
    """Source, home, temporary files and what the phases make, together; also the most that artifacts may unpack to."""
    log_bytes_max: int = 32 * MIB
    """Output kept in the log; the rest is counted, its end is kept, and sixteen times as much ends the build."""


@dataclass(frozen=True)
class RegistryAccess:
    """The package repository a build may use, with a token that dies with the build."""

    base_url: str
    """Where the server answers for this host: `http://127.0.0.1:8642`, without a slash at the end."""
    domain: str
    repository: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class BuildRequest:
    """One build. `work` is a folder of its own that the build may empty, fill and leave its artifacts in."""

    name: str
    source: Path
    work: Path
    spec_text: bytes | None = None
    """The buildspec; None means that the commit has none and the default for its kind of project is used."""
    spec_path: str = "buildspec.yml"
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """Variables by these names, also found by `env.secrets-manager` and `env.parameter-store`; masked in the log."""
    network: Network = "registry"
    limits: Limits = field(default_factory=Limits)
    executor: str = "bubblewrap"
    registry: RegistryAccess | None = None
    inputs: dict[str, Path] = field(default_factory=dict)
    """Artifacts of earlier actions (.tar.gz by name), unpacked to where CODEBUILD_SRC_DIR_<name> points."""
    started_by: str = ""
    source_version: str = ""
    """The commit, for CODEBUILD_RESOLVED_SOURCE_VERSION."""
    build_number: int = 0
    move_source: bool = False
    """The source folder was made for this build: take it instead of copying it."""


@dataclass(frozen=True)
class PhaseResult:
    """How one phase went. `exit_code` is that of the command that failed, or 0."""

    name: str
    state: State
    exit_code: int
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class BuildResult:
    """How the build went. Archives in `artifacts` stay in the work folder until the caller removes it."""

    state: State
    reason: str
    phases: tuple[PhaseResult, ...] = ()
    artifacts: dict[str, Path] = field(default_factory=dict)
    artifact_names: dict[str, str] = field(default_factory=dict)
    """What the buildspec's `name` came to, for those artifacts that have one."""
    exported: dict[str, str] = field(default_factory=dict)
    log_truncated: bool = False
    cause: Cause = ""
    """What kind of thing ended a build that did not pass."""
