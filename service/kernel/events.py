"""Every fact of the product: what happened, in the past tense, as ids and strings. `service/flow.py` says what follows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RepositoryCreated:
    """A git repository exists."""

    repository: str
    project: str


@dataclass(frozen=True)
class Pushed:
    """One ref of a git repository moved. A created ref has `old` = "", a deleted one `new` = ""; hashes are hex commits."""

    repository: str
    ref: str
    old: str
    new: str
    actor: str
    push_id: int


@dataclass(frozen=True)
class TokenLeaked:
    """A commit holds a token of this Lockgate; `digest` is the SHA-256 under which tokens are stored."""

    digest: str
    repository: str
    commit: str
    path: str


@dataclass(frozen=True)
class SearchAsked:
    """All that a push brought is to be searched for secrets, as soon as there is room beside the reviews."""

    repository: str
    commit: str


@dataclass(frozen=True)
class HistoryScanAsked:
    """Somebody wants every object of a git repository searched for secrets, unreachable ones too."""

    repository: str
    actor: str


@dataclass(frozen=True)
class ReviewFinished:
    """A commit was reviewed; `verdict` is "passed" or "blocked", `reasons` are sentences."""

    review_id: int
    repository: str
    commit: str
    verdict: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class GateChanged:
    """A person changed the verdict of a reviewed commit by waiving findings."""

    review_id: int
    repository: str
    commit: str
    verdict: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class PackagePublished:
    """A version got an asset in a package repository."""

    domain: str
    repository: str
    format: str
    package: str
    version: str
    asset: str


@dataclass(frozen=True)
class PackageVersionChanged:
    """A package version was created, updated or deleted; `sequence` orders the changes of one package repository."""

    domain: str
    repository: str
    sequence: int
    operation: str
    format: str
    package: str
    version: str
    status: str
    revision: str


@dataclass(frozen=True)
class ExecutionStarted:
    """A pipeline execution exists and wants to advance."""

    execution_id: int


@dataclass(frozen=True)
class AttemptQueued:
    """An attempt of a pipeline action is ready for a worker."""

    attempt_id: int
    execution_id: int


@dataclass(frozen=True)
class AttemptFinished:
    """An attempt ended; `state` is "passed", "failed", "stopped" or "lost"."""

    attempt_id: int
    execution_id: int
    state: str


@dataclass(frozen=True)
class ApprovalDecided:
    """A person answered a manual approval."""

    approval_id: int
    execution_id: int
    approved: bool
    actor: str


@dataclass(frozen=True)
class ExecutionFinished:
    """A pipeline execution ended."""

    execution_id: int
    pipeline: str
    state: str


@dataclass(frozen=True)
class DeploymentCreated:
    """A deployment exists and wants its first wave."""

    deployment_id: int


@dataclass(frozen=True)
class DeploymentFinished:
    """A deployment ended; `attempt_id` is the pipeline attempt that asked for it, or 0."""

    deployment_id: int
    application: str
    group: str
    state: str
    attempt_id: int


@dataclass(frozen=True)
class ProfileReceived:
    """A profile was stored and waits for aggregation."""

    profile_id: int
    group: str


Fact = (
    RepositoryCreated | Pushed | TokenLeaked | SearchAsked | HistoryScanAsked | ReviewFinished | GateChanged | PackagePublished
    | PackageVersionChanged | ExecutionStarted | AttemptQueued | AttemptFinished | ApprovalDecided
    | ExecutionFinished | DeploymentCreated | DeploymentFinished | ProfileReceived
)
