"""What a kind of action is: how it begins, what it waits for, and what a worker does for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from pipelines.models import ActionExecution, Artifact, Attempt, Execution, Pipeline
from service.kernel.site import Site

APPROVAL_MINUTES = 7 * 24 * 60
MINUTES_MAX = 30 * 24 * 60
Examples = list[dict[str, Any]]


class Configuration(BaseModel):
    """Keys of `configuration` of one kind; unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Task:
    """An action whose turn it is, with what it may know. Rows belong to the caller's session."""

    pipeline: Pipeline
    execution: Execution
    action: ActionExecution
    configuration: Any
    """An instance of the kind's `Configuration`, variables filled in."""
    inputs: dict[str, Artifact]
    attempt: Attempt | None
    """For kinds that have attempts."""

    @property
    def label(self) -> str:
        """Names this attempt for people and in the variables of a build: `shop:12:build:1`."""
        number = self.attempt.number if self.attempt else 1
        return f"{self.pipeline.name}:{self.execution.id}:{self.action.name}:{number}"


@dataclass(frozen=True)
class Standing:
    """How an action stands after it began or was looked at. "running" and "waiting" mean: look again later."""

    state: Literal["queued", "running", "waiting", "passed", "failed", "blocked", "stopped"]
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """An attempt in the hands of a worker."""

    site: Site
    task: Task
    folder: Path
    """Empty and its own; removed afterwards."""
    build_folder: Path
    """Not made yet: for the builds library, which keeps order there itself."""
    inputs: dict[str, Path]
    """Archives of the input artifacts, by name."""
    log: Path
    token: str = field(repr=False)
    """For the package repository of the pipeline; revoked when the attempt ends."""
    should_stop: Callable[[], bool]


@dataclass(frozen=True)
class Worked:
    """What came of it. `artifacts` are archives by the name of the output."""

    state: Literal["passed", "failed", "stopped"]
    reason: str = ""
    artifacts: dict[str, Path] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)
    phases: tuple[tuple[str, str, float], ...] = ()


class Kind:
    """Base of every kind. A subclass gives its word and configuration and says how to begin, to look, or to work.

    `begin`, `look` and `cancel` run inside the transaction that moves the execution: no network, no files, no waiting.
    """

    word: ClassVar[str]
    icon: ClassVar[str] = "●"
    Configuration: ClassVar[type[Configuration]] = Configuration
    in_worker: ClassVar[bool] = False
    """Whether `work` does it, in a worker's "builds" queue."""
    has_attempts: ClassVar[bool] = False
    releases: ClassVar[bool] = False
    """Whether it gives something to others: a pipeline may demand that a gate came before."""
    minutes: ClassVar[int] = 60
    """Given up after that long, unless the definition says otherwise."""
    inputs: ClassVar[tuple[int, int]] = (0, 0)
    """How many input artifacts, at least and at most."""
    outputs: ClassVar[tuple[int, int]] = (0, 0)
    valid: ClassVar[Examples]
    """Actions that a definition may hold, without name and kind; a test reads them all."""
    invalid: ClassVar[Examples]

    def begin(self, session: Session, task: Task) -> Standing:
        """Called once per attempt or turn. The default hands the action to a worker."""
        del session, task
        return Standing("queued")

    def look(self, session: Session, task: Task) -> Standing | None:
        """Called whenever something may have changed while it runs or waits; None: nothing has."""
        del session, task
        return None

    def cancel(self, session: Session, task: Task, actor: str, *, expired: bool) -> Standing | None:
        """Ends what it waits for: `actor` stopped it or its time is over; None: `look` will see the end."""
        del session, task
        return Standing("failed", "its time is over") if expired else Standing("stopped", f"stopped by {actor}")

    def work(self, work: Work) -> Worked:
        """Does it, in a worker, with `Work.should_stop` asked often. May run again after a worker died."""
        raise NotImplementedError(self.word)
