"""What a worker does with an attempt: takes it with a lease, keeps that, has the work done, hands in the result."""

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines import attempts, runner
from pipelines.actions import kinds
from pipelines.actions.kind import Task, Work, Worked
from pipelines.attempts import Made
from pipelines.builds import ownership, workspace
from pipelines.builds.runner import sweep
from pipelines.models import ActionExecution, Attempt, Execution, Pipeline
from pipelines.strangers import roots
from pipelines.turns import task_of
from service.kernel import auth
from service.kernel.auth import Account
from service.kernel.errors import Missing, Problem
from service.kernel.policy import Statement
from service.kernel.site import Site

ACCOUNT = "lockgate-build"
ASK_SECONDS = 0.5
"""How often the row is asked whether the attempt was cancelled."""
RENEW_SECONDS = 5.0
LEAVE_SECONDS_MAX, LEAVE_LOOK_SECONDS = 8.0, 0.02
"""A worker that is told to stop waits that long for its builds to end: the supervisor kills it after 15 s."""
TOKEN_GRACE = timedelta(minutes=15)
_POLICY: list[Statement] = [{"Effect": "Allow", "Action": ["registry:Read", "registry:Publish"], "Resource": ["registry/*"]}]
_log = structlog.get_logger("attempts")
_here: dict[str, "_Lease"] = {}
"""Leases that this process holds, by fence. A running attempt of this worker with another fence is that of a dead process."""
_taking = threading.Lock()
"""Held while an attempt is taken; a process that leaves keeps it to its end."""
_swept = threading.Event()


@dataclass(frozen=True)
class _Taken:
    task: Task
    fence: str
    token: str


def run(site: Site, attempt_id: int) -> None:
    """Does a queued attempt. One that a dead process of this worker held is given up, so that a new one follows."""
    sweep_once(site)
    with _taking:
        taken = _take(site, attempt_id)
        if taken is not None:
            _here[taken.fence] = _Lease(site, attempt_id, taken.fence)
    if taken is None:
        lose_own(site, attempt_id, "the worker was restarted")
        return
    try:
        _carry_out(site, attempt_id, taken, _here[taken.fence])
    finally:
        del _here[taken.fence]


def leave(site: Site) -> None:
    """This process is about to stop: takes nothing more, gives back what it has in hand and ends it.

    A job that is about to take an attempt waits for the lock until the process ends; whoever resumes the job takes it then.
    """
    deadline = time.monotonic() + LEAVE_SECONDS_MAX
    _taking.acquire(timeout=LEAVE_SECONDS_MAX)
    for lease in list(_here.values()):
        with site.db.write() as session:
            runner.hand_back(session, lease.attempt_id, "its worker was stopped; another attempt follows")
        lease.give_up()
    while _here and time.monotonic() < deadline:
        time.sleep(LEAVE_LOOK_SECONDS)


def lose_own(site: Site, attempt_id: int, reason: str) -> None:
    """Gives up an attempt of this worker that no process has in its hands any more."""
    with site.db.read() as session:
        row = session.get(Attempt, attempt_id)
    if row is not None and row.state == "running" and row.worker_id == site.worker_id and row.fence not in _here:
        with site.db.write() as session:
            runner.lose_attempt(session, attempt_id, reason)


def log_path(site: Site, attempt_id: int) -> Path:
    """Where the log of an attempt is."""
    return site.settings.data / "logs" / "attempts" / f"{attempt_id // 1000:06d}" / f"{attempt_id}.log"


def sweep_once(site: Site) -> None:
    """Ends and removes, once per process, what dead workers of this machine left behind."""
    if _swept.is_set():
        return
    _swept.set()
    for root in roots(site.settings.data):
        root.mkdir(parents=True, exist_ok=True)
        sweep(root)


def _take(site: Site, attempt_id: int) -> _Taken | None:
    with site.db.write() as session:
        fence = runner.claim_attempt(session, attempt_id, site.worker_id)
        if fence is None:
            return None
        row = session.get_one(Attempt, attempt_id, populate_existing=True)
        action = session.get_one(ActionExecution, row.action_id)
        execution = session.get_one(Execution, row.execution_id)
        pipeline = session.get_one(Pipeline, execution.pipeline_id)
        try:
            task = task_of(session, pipeline, execution, action, row)
        except Problem as problem:
            runner.finish_attempt(session, attempt_id, fence, "failed", problem.detail)
            return None
        secret, token = auth.issue_token(
            session,
            _account(session),
            f"attempt {attempt_id} of {pipeline.name}",
            scope=_scope(session, pipeline, execution),
            lifetime=timedelta(minutes=action.timeout_minutes) + TOKEN_GRACE,
        )
        row.token_id = token.id
        return _Taken(task, fence, secret)


def _carry_out(site: Site, attempt_id: int, taken: _Taken, lease: "_Lease") -> None:
    with lease, _folders(site, attempt_id, taken.fence) as (folder, build_folder):
        log = log_path(site, attempt_id)
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            inputs = _fetch(site, taken.task, folder / "inputs")
            work = Work(site, taken.task, folder, build_folder, inputs, log, taken.token, lease.should_stop)
            worked = kinds()[taken.task.action.kind].work(work)
            made = [_store(site, name, archive) for name, archive in worked.artifacts.items()]
        except Problem as problem:
            worked, made = Worked("failed", f"{problem.detail} {problem.todo}".strip()), []
        except Exception as error:  # noqa: BLE001  the attempt must end, whatever broke
            _log.exception("attempt failed", attempt=attempt_id)
            worked, made = Worked("failed", f"Lockgate failed while doing this: {type(error).__name__}: {error}"), []
        _say_reason(log, worked)
        with site.db.write() as session:
            runner.finish_attempt(
                session,
                attempt_id,
                taken.fence,
                worked.state,
                worked.reason,
                made=made,
                exported=worked.exported,
                phases=worked.phases,
            )


def _say_reason(log: Path, worked: Worked) -> None:
    """A log that nobody wrote still tells why there is none."""
    if not log.exists():
        log.write_text(f"##[error] {worked.reason}\n" if worked.reason else "")


class _Lease:
    """Renews the lease while the work goes on, and notices when it should not go on."""

    def __init__(self, site: Site, attempt_id: int, fence: str) -> None:
        self.attempt_id = attempt_id
        self._site, self._fence = site, fence
        self._over = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True, name=f"lease-{attempt_id}")

    def should_stop(self) -> bool:
        """Whether the attempt was cancelled or is somebody else's by now."""
        return self._stop.is_set()

    def give_up(self) -> None:
        """The attempt is no longer this process' business."""
        self._stop.set()

    def __enter__(self) -> "_Lease":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        silent = since_renewal = 0.0
        while not self._over.wait(ASK_SECONDS):
            since_renewal += ASK_SECONDS
            try:
                with self._site.db.read() as session:
                    cancelled = attempts.is_cancelled(session, self.attempt_id, self._fence)
                if not cancelled and since_renewal >= RENEW_SECONDS:
                    with self._site.db.write() as session:
                        cancelled = not attempts.renew(session, self.attempt_id, self._fence)
                    since_renewal = 0.0
                silent = 0.0
            except Exception as error:  # noqa: BLE001  a database that is away for a moment must not end a build
                _log.warning("lease not renewed", attempt=self.attempt_id, error=repr(error))
                silent += ASK_SECONDS
                cancelled = silent > attempts.LEASE.total_seconds()  # by now somebody else may have it
            if cancelled:
                self._stop.set()
                return


def _scope(session: Session, pipeline: Pipeline, execution: Execution) -> list[Statement]:
    """What the token of an attempt may do: read, and publish once a gate is open, where one is demanded."""
    passed = session.scalar(
        select(ActionExecution.id)
        .where(ActionExecution.execution_id == execution.id, ActionExecution.kind == "gate")
        .where(ActionExecution.state == "passed")
        .limit(1)
    )
    actions = ["registry:Read", "registry:Publish"] if passed or not pipeline.require_gate else ["registry:Read"]
    return [{"Effect": "Allow", "Action": actions, "Resource": [f"registry/{pipeline.domain}/{pipeline.package_repository}"]}]


def _account(session: Session) -> Account:
    try:
        return auth.account_named(session, ACCOUNT)
    except Missing:
        return auth.create_account(session, ACCOUNT, _POLICY)


@contextlib.contextmanager
def _folders(site: Site, attempt_id: int, fence: str) -> Iterator[tuple[Path, Path]]:
    own, builds = (root / f"{attempt_id}-{fence}" for root in roots(site.settings.data))
    (own / "inputs").mkdir(parents=True)
    (own / "owner").write_text(ownership.mine())
    try:
        yield own, builds
    finally:
        shutil.rmtree(own, ignore_errors=True)
        workspace.remove(builds)


def _fetch(site: Site, task: Task, folder: Path) -> dict[str, Path]:
    found = {}
    for name, artifact in task.inputs.items():
        found[name] = folder / f"{name}.tar.gz"
        with site.blobs.open(artifact.digest) as source, found[name].open("wb") as out:
            shutil.copyfileobj(source, out)
    return found


def _store(site: Site, name: str, archive: Path) -> Made:
    with archive.open("rb") as source:
        blob = site.blobs.put(source)
    return Made(name, blob.digest, blob.size)
