"""What agents and probes say about a target's events, checked and handed to `runner`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pipelines.deployments import hosts, lifecycle, runner, settings
from pipelines.deployments.models import Deployment, Host, LifecycleEvent, Target
from pipelines.deployments.settings import HealthCheck
from service.kernel import clock
from service.kernel.errors import Clash, Missing

LOG_CHARACTERS_MAX = 8192
CLAIM_SECONDS = 5.0
PROBE_LOG_CHARACTERS_MAX = 2048


class TargetEnded(Clash):
    """409: the agent should put this work away; it ended here."""

    says = "this host's part of deployment {deployment} ended: {state}"


class OutOfOrder(Clash):
    """409: an event was reported whose turn it is not."""

    says = "{event} cannot be {state} now: {why}"


@dataclass(frozen=True)
class Report:
    """An event began, goes on, or ended: `state` is "running", "passed", "failed", "skipped" or "stopped"."""

    event: str
    state: str
    error: str = ""
    script: str = ""
    exit_code: int | None = None
    log: str = ""


def take(session: Session, host_id: int, target_id: int, report: Report) -> bool:
    """Records an agent's report; answers whether the agent should interrupt its work. A repeated report is harmless.

    Raises Missing for a target of another host, TargetEnded, OutOfOrder.
    """
    found = runner.lock_target(session, target_id)
    if found is None or found[1].host_id != host_id:
        raise Missing(what="target", name=str(target_id))
    deployment, target = found
    events = lifecycle.of(session, target)
    event = next((e for e in events if e.name == report.event and e.name != lifecycle.HEALTH_CHECK), None)
    if event is None:
        raise Missing(what="lifecycle event", name=report.event)
    if event.state in runner.ENDED and event.state == report.state:
        return bool(deployment.stop_asked_by)
    if target.state != "running":
        raise TargetEnded(deployment=deployment.id, state=target.state)
    _write(event, events, report)
    session.flush()
    if event.state in runner.ENDED:
        runner.reported(session, deployment, target, event)
    return bool(deployment.stop_asked_by) or target.state != "running"


def next_claim(check: HealthCheck) -> datetime:
    """Until when one who probes a host has it to itself: long enough for the next probe and its answer."""
    return clock.now() + timedelta(seconds=check.interval_seconds + check.timeout_seconds + CLAIM_SECONDS)


def probed(session: Session, target_id: int, ok: bool, note: str) -> bool:
    """Records one probe of the health check, and its end when there were enough good ones or the time is over.

    Answers whether to probe on.
    """
    found = runner.lock_target(session, target_id)
    if found is None:
        return False
    deployment, target = found
    event = _health_event(session, target)
    check = settings.read(deployment.settings).health_check
    if event is None or check is None or event.started_at is None or target.state != "running":
        return False
    at = clock.now()
    target.probes_passed = target.probes_passed + 1 if ok else 0
    event.log = (event.log + f"{at:%H:%M:%S} {note}\n")[-PROBE_LOG_CHARACTERS_MAX:]
    if target.probes_passed >= check.successes:
        event.state, event.finished_at = "passed", at
    elif (at - event.started_at).total_seconds() > check.give_up_seconds:
        event.state, event.error, event.finished_at = "failed", lifecycle.HEALTH_CHECK, at
    session.flush()
    if event.state in runner.ENDED:
        runner.reported(session, deployment, target, event)
        return False
    target.next_probe_at = next_claim(check)
    return True


def overdue(session: Session, deployment: Deployment, target: Target) -> tuple[str, str] | None:
    """The error and reason when a running target's agent is gone or an event takes too long, else None."""
    host = session.get_one(Host, target.host_id)
    patience = settings.read(deployment.settings).lost_after_seconds
    if target.started_at is None or target.next_probe_at is not None:
        return None
    if host.removed_at is not None or hosts.is_lost(host, patience, target.started_at):
        return "AGENT_LOST", hosts.lost_reason(host)
    last_sign = target.started_at
    for event in lifecycle.of(session, target):
        if event.state == "running" and event.started_at is not None:
            limit = lifecycle.seconds_max(deployment.appspec or {}, event.name) + patience
            late = (clock.now() - event.started_at).total_seconds() > limit
            return ("TIMEOUT", f"{event.name} was not reported finished within {limit:.0f} seconds") if late else None
        last_sign = max(last_sign, event.finished_at or last_sign)
    idle = (clock.now() - last_sign).total_seconds()
    return ("TIMEOUT", f"the agent of {host.name} did not begin the next event") if idle > 4 * patience else None


def _write(event: LifecycleEvent, events: list[LifecycleEvent], report: Report) -> None:
    if event.state in runner.ENDED:
        raise OutOfOrder(event=event.name, state=report.state, why=f"it is {event.state}")
    before = [e.name for e in events if e.position < event.position and e.state not in runner.ENDED]
    if before:
        raise OutOfOrder(event=event.name, state=report.state, why=f"{before[0]} has not ended")
    event.state, event.error, event.exit_code = report.state, report.error, report.exit_code
    event.script = report.script or event.script
    event.log = report.log.replace("\0", "\N{REPLACEMENT CHARACTER}")[-LOG_CHARACTERS_MAX:] or event.log
    if report.state != "skipped":
        event.started_at = event.started_at or clock.now()
    if report.state in runner.ENDED:
        event.finished_at = clock.now()


def _health_event(session: Session, target: Target) -> LifecycleEvent | None:
    running = (event for event in lifecycle.of(session, target) if event.state == "running")
    return next((event for event in running if event.name == lifecycle.HEALTH_CHECK), None)
