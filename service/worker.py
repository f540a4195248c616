"""The worker: relays facts from the outbox to the jobs that follow, runs these durably on DBOS, and keeps the clock.

The outbox is the queue. A row stays until each of its jobs was started under a name of its own (`fact:job`), so relaying
twice starts once. DBOS remembers what was started: after kill -9 the same worker resumes its jobs at launch, and another
worker takes them over when the heartbeat stops.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy
import structlog
from dbos import DBOS, SetWorkflowID
from sqlalchemy import Select, event, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.flow import FAREWELLS, FLOW, TICKS
from service.kernel import bus, clock, workers
from service.kernel.bus import Job, JobFailure, Outbox
from service.kernel.site import Site
from service.worker_wake import address

POLL_SECONDS = 0.25
TICK_SECONDS = 1.0
BATCH_ROWS = 200
RECOVERY_QUEUE = "recovered"
RESERVED_SECONDS_MAX = 5.0
_log = structlog.get_logger("worker")

JOBS: dict[str, Job] = {job.name: job for jobs in FLOW.values() for job in jobs}
_site: Site | None = None
_wake = threading.Event()


class _Slots:
    """Which jobs take room in which queue. A job is counted from the moment the relay starts it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[str, tuple[str, float | None]] = {}

    def reserve(self, workflow_id: str, queue: str) -> None:
        """Counts a job that is about to start."""
        with self._lock:
            self._taken.setdefault(workflow_id, (queue, time.monotonic() + RESERVED_SECONDS_MAX))

    def confirm(self, workflow_id: str, queue: str) -> None:
        """The job runs."""
        with self._lock:
            self._taken[workflow_id] = (queue, None)

    def free(self, workflow_id: str) -> None:
        """The job ended."""
        with self._lock:
            self._taken.pop(workflow_id, None)
        _wake.set()

    def used(self) -> Counter[str]:
        """How many per queue. A reservation that never ran (its job had ended long ago) lapses."""
        now = time.monotonic()
        with self._lock:
            for key in [k for k, (_, until) in self._taken.items() if until is not None and until < now]:
                del self._taken[key]
            return Counter(queue for queue, _ in self._taken.values())


_slots = _Slots()


@DBOS.workflow(name="job")
def run_job(name: str, outbox_id: int, kind: str, body: dict[str, Any]) -> None:
    """One durable job. Its only step is the job itself, which is idempotent; the attempts are counted here."""
    assert _site is not None
    job, fact = JOBS[name], bus.fact_of(kind, body)
    workflow_id = f"{outbox_id}:{name}"
    _slots.confirm(workflow_id, job.queue)
    try:
        options: Any = {"name": name, "retries_allowed": job.attempts > 1, "max_attempts": job.attempts,
                        "interval_seconds": 0.5, "backoff_rate": 3.0}
        DBOS.run_step(options, job.run, _site, fact)
    except Exception as error:  # noqa: BLE001  a job that gave up must not stop the worker
        _give_up(job, outbox_id, fact, error)
    finally:
        _slots.free(workflow_id)


def _give_up(job: Job, outbox_id: int, fact: Any, error: Exception) -> None:
    assert _site is not None
    _log.error("job gave up", job=job.name, outbox=outbox_id, error=repr(error), exc_info=error)
    with _site.db.write() as session:
        session.add(JobFailure(job=job.name, outbox_id=outbox_id, error=f"{type(error).__name__}: {error}"[:2000], failed_at=clock.now()))
    if job.given_up is not None:
        job.given_up(_site, fact, f"{type(error).__name__}: {error}")


class WorkerProcess:
    """Runs until `stop` is set."""

    def __init__(self, site: Site, stop: threading.Event) -> None:
        global _site  # noqa: PLW0603  workflows are module-level by DBOS design, and a process has one site
        _site = site
        self._site, self._stop = site, stop
        self._idle_since: object = None
        """The state of the database in which no fact of any kind was waiting."""
        self._capacity = {"light": 8, "reviews": 2, "searches": 1, "builds": site.settings.build_slots, "deploys": 8}

    def run(self) -> None:
        """Launches DBOS, then relays and ticks."""
        _launch_dbos(self._site)
        wake_socket = _listen(self._site.settings.data)
        threading.Thread(target=self._tick_forever, daemon=True, name="ticks").start()
        try:
            while not self._stop.is_set():
                if not self._survive(self._relay):
                    _wake.wait(POLL_SECONDS)
                _wake.clear()
        finally:
            # DBOS is not asked to wind down: it waits for its pollers, and what runs is resumed at the next start anyway.
            wake_socket.close()
            for farewell in FAREWELLS:
                self._survive(lambda farewell=farewell: farewell(self._site))  # type: ignore[misc]
            self._survive(self._goodbye)

    def _relay(self) -> bool:
        """Starts the jobs of waiting facts as far as there is room; answers whether anything was started."""
        state = self._site.db.state()
        if state == self._idle_since:
            return False
        without_room = self._without_room()
        waiting = _waiting(without_room)
        with self._site.db.read() as session:
            if not session.scalars(waiting.limit(1)).all():
                self._idle_since = None if without_room else state
                return False
        if self._site.db.is_sqlite:
            return self._relay_alone(waiting)
        with self._site.db.write() as session:
            rows = session.scalars(waiting.with_for_update(skip_locked=True)).all()
            return _mark(session, [row.id for row in rows if self._start_jobs(row)])

    def _without_room(self) -> list[str]:
        """The kinds of facts whose jobs must wait. They are not even read: two hundred waiting builds would hide all that follows."""
        used = _slots.used()
        full = {queue for queue, room in self._capacity.items() if used[queue] >= room}
        return [kind.__name__ for kind, jobs in FLOW.items() if any(job.queue in full for job in jobs)]

    def _relay_alone(self, waiting: Select[Outbox]) -> bool:
        # There is one worker per SQLite file, so nothing needs claiming and the write lock is held only for the mark.
        with self._site.db.read() as session:
            rows = session.scalars(waiting).all()
        done = [row.id for row in rows if self._start_jobs(row)]
        if not done:
            return False
        with self._site.db.write() as session:
            return _mark(session, done)

    def _start_jobs(self, row: Outbox) -> bool:
        jobs = FLOW[type(bus.fact_of(row.kind, row.body))]
        used = _slots.used()
        if any(used[job.queue] >= self._capacity[job.queue] for job in jobs):
            return False
        for job in jobs:
            workflow_id = f"{row.id}:{job.name}"
            _slots.reserve(workflow_id, job.queue)
            with SetWorkflowID(workflow_id):
                DBOS.start_workflow(run_job, job.name, row.id, row.kind, row.body)
        return True

    def _tick_forever(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._survive(self._heartbeat)
            for tick in TICKS:
                self._survive(lambda tick=tick: tick(self._site))  # type: ignore[misc]
            self._survive(self._take_over)
            self._stop.wait(max(0.05, TICK_SECONDS - (time.monotonic() - began)))

    def _heartbeat(self) -> None:
        with self._site.db.write() as session:
            workers.beat(session, self._site.worker_id)

    def _goodbye(self) -> None:
        with self._site.db.write() as session:
            workers.forget(session, self._site.worker_id)

    def _take_over(self) -> None:
        """Resumes the jobs of workers whose heartbeat stopped, by DBOS' public cancel and resume."""
        with self._site.db.read() as session:
            gone = [name for name in workers.dead(session) if name != self._site.worker_id]
        for name in gone:
            for status in DBOS.list_workflows(status="PENDING", executor_id=name, load_input=False, load_output=False):
                DBOS.cancel_workflow(status.workflow_id)
                DBOS.resume_workflow(status.workflow_id, queue_name=RECOVERY_QUEUE)
            with self._site.db.write() as session:
                workers.forget(session, name)

    def _survive(self, part: Callable[[], Any]) -> Any:
        """Runs a part of the loop; a database that is away for a moment must not end the worker."""
        try:
            return part()
        except Exception as error:  # noqa: BLE001
            _log.error("worker loop", part=getattr(part, "__name__", "tick"), error=repr(error), exc_info=error)
            self._stop.wait(0.5)
            return None


def _waiting(but: list[str]) -> Select[Outbox]:
    return select(Outbox).where(Outbox.relayed_at.is_(None), Outbox.kind.not_in(but)).order_by(Outbox.id).limit(BATCH_ROWS)


def _mark(session: Session, ids: list[int]) -> bool:
    if ids:
        session.execute(update(Outbox).where(Outbox.id.in_(ids)).values(relayed_at=clock.now()))
    return bool(ids)


def _listen(data: Path) -> socket.socket:
    path = address(data)
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)

    def receive() -> None:
        while True:
            try:
                listener.recv(16)
            except OSError:
                return
            _wake.set()

    threading.Thread(target=receive, daemon=True, name="wake").start()
    return listener


def _launch_dbos(site: Site) -> None:
    config: Any = {
        "name": "lockgate", "application_version": "1", "executor_id": site.worker_id, "enable_otlp": False,
        "log_level": "WARNING", "notification_listener_polling_interval_sec": 5.0, "scheduler_polling_interval_sec": 60.0,
    }
    if site.db.is_sqlite:
        path = site.settings.data / "jobs.sqlite"
        config["system_database_url"] = f"sqlite:///{path}"
        config["system_database_engine"] = jobs_engine(path)
    else:
        config["system_database_url"] = site.settings.database_url
        config["sys_db_pool_size"] = 10
    DBOS(config=config)
    for attempt in range(5):
        try:
            DBOS.launch()
            break
        except OperationalError:
            if attempt == 4:
                raise
            time.sleep(0.2)
    DBOS.register_queue(RECOVERY_QUEUE, worker_concurrency=8, polling_interval_sec=2.0)


def jobs_engine(path: Path) -> sqlalchemy.Engine:
    """The SQLite database of the durable jobs, tuned, with what DBOS asks of it."""
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=32, connect_args={"timeout": 10.0})

    @event.listens_for(engine, "connect")
    def _tune(connection: Any, _record: Any) -> None:
        # As shipped, DBOS on SQLite uses a rollback journal: 7 queued jobs a second against 58 with these two.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")
        # On Python 3.12 and later DBOS takes SQLite 3.42 for granted; Debian 12 has 3.40, which answers NULL to this.
        if connection.execute("SELECT unixepoch('subsec')").fetchone()[0] is None:
            connection.create_function("unixepoch", 1, lambda _modifier: time.time())

    return engine
