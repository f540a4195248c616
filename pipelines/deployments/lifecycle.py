"""The lifecycle events of a target: laid out at its start, filled by reports, closed at its end."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.deployments import appspec
from pipelines.deployments.models import Deployment, LifecycleEvent, Target
from pipelines.deployments.settings import GroupSettings, read
from service.kernel import clock

HEALTH_CHECK = "HealthCheck"
"""After ValidateService, when the group has one; made by the server, not by the agent."""
SCRIPTLESS_SECONDS_MAX = 3600


def lay_out(session: Session, deployment: Deployment, target: Target) -> None:
    """Adds the target's events, waiting, in order."""
    names = list(appspec.EVENTS)
    if read(deployment.settings).health_check is not None:
        names.append(HEALTH_CHECK)
    state = "skipped" if target.state == "skipped" else "queued"
    for position, name in enumerate(names):
        session.add(LifecycleEvent(
            target_id=target.id, position=position, name=name, state=state, error="", script="", exit_code=None, log="",
            started_at=None, finished_at=None,
        ))


def of(session: Session, target: Target) -> list[LifecycleEvent]:
    """The events of a target, in order."""
    return list(session.scalars(
        select(LifecycleEvent).where(LifecycleEvent.target_id == target.id).order_by(LifecycleEvent.position)
    ))


def last_position(session: Session, target: Target) -> int:
    """Where the target's lifecycle ends."""
    return max(event.position for event in of(session, target))


def close(session: Session, target: Target, state: str, error: str) -> bool:
    """Ends what is open as the target ended; answers whether the host was touched at all.

    Downloading a bundle leaves the running application alone; every later event, and a stop script, may not.
    """
    touched = False
    for event in of(session, target):
        if event.state == "running":
            event.state = "stopped" if state == "stopped" else "failed"
            event.error, event.finished_at = error, clock.now()
        elif event.state == "queued":
            event.state = "skipped"
        ran_scripts = event.started_at is not None and event.name != "DownloadBundle"
        touched = touched or (ran_scripts and not (event.name == "ApplicationStop" and not event.script))
    session.flush()
    return touched


def begin_health_check(session: Session, target: Target) -> None:
    """The server's own check starts; the clock makes the probes."""
    event = next(e for e in of(session, target) if e.name == HEALTH_CHECK)
    event.state, event.started_at = "running", clock.now()
    target.probes_passed, target.next_probe_at = 0, clock.now()


def is_forgiven(event: LifecycleEvent, settings: GroupSettings) -> bool:
    """Whether the lifecycle goes on after this failure: a broken old stop script must not block every new revision."""
    is_stop_script = event.name == "ApplicationStop" and event.error != "AGENT_STOPPED"
    return is_stop_script and settings.ignore_application_stop_failures


def failure_of(event: LifecycleEvent) -> str:
    """What failed, in a sentence."""
    code = f" with exit code {event.exit_code}" if event.exit_code is not None else ""
    script = f": {event.script}" if event.script else ""
    words = {
        "SCRIPT_TIMED_OUT": "ran longer than its time limit",
        "FAILED_AFTER_RESTART": "was interrupted when the agent restarted",
        "AGENT_STOPPED": "was interrupted when the agent was stopped",
        "SCRIPT_MISSING": "names a script that is not in the bundle",
        "LOG_TOO_LARGE": "wrote more output than is allowed",
        "TIMEOUT": "was not reported finished in time",
        HEALTH_CHECK: "did not get enough good answers in time",
    }
    return f"{event.name}{script} {words.get(event.error, f'failed{code}')}"


def seconds_max(spec: dict[str, object], name: str) -> float:
    """How long an event may take on a host, all its scripts together."""
    hooks = spec.get("hooks")
    scripts = hooks.get(name, []) if isinstance(hooks, dict) else []
    if name not in appspec.SCRIPTED:
        return SCRIPTLESS_SECONDS_MAX
    total: int = sum(script["timeout"] for script in scripts)
    return min(appspec.EVENT_SECONDS_MAX, total)
