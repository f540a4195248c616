"""The server's own look at a freshly deployed host: HTTP requests until enough good answers came in a row."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import structlog
import urllib3
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipelines.deployments import reports
from pipelines.deployments.models import Deployment, Host, Target
from pipelines.deployments.settings import PLACEHOLDER, HealthCheck, read
from service.kernel import clock
from service.kernel.site import Site

PROBES_AT_ONCE = 8
ANSWER_BYTES_MAX = 64 * 1024
_log = structlog.get_logger("deployments")


class UnknownLabel(ValueError):
    """The address template names a label that the host does not have."""


@dataclass(frozen=True)
class _Probe:
    target_id: int
    url: str
    timeout_seconds: float


def send_due(site: Site) -> None:
    """Starts every probe whose time has come. Each is claimed first, so that workers do not probe twice."""
    for probe in _claimed(site):
        _pool().submit(_run, site, probe)


def address_of(template: str, host: str, labels: dict[str, str]) -> str:
    """The address to ask: `{host}` and the labels filled in. Raises UnknownLabel."""
    values = {"host": host, **labels}
    missing = sorted(set(PLACEHOLDER.findall(template)) - set(values))
    if missing:
        name = missing[0]
        raise UnknownLabel(f"the host {host} has no label {name}; its agent gives labels with --label {name}=VALUE")
    return PLACEHOLDER.sub(lambda found: str(values[found.group(1)]), template)


def ask(url: str, timeout_seconds: float) -> tuple[bool, str]:
    """One request: whether the answer was 2xx, and a line for the log. Redirects are answers, not followed."""
    try:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request("GET", url, timeout=timeout_seconds, redirect=False, preload_content=False)
            try:
                answer.read(ANSWER_BYTES_MAX)
                return 200 <= answer.status < 300, f"{url} answered {answer.status}"
            finally:
                answer.close()
    except urllib3.exceptions.HTTPError as problem:
        return False, f"{url} did not answer: {type(problem).__name__}"


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PROBES_AT_ONCE, thread_name_prefix="probe")


def _claimed(site: Site) -> list[_Probe]:
    due = select(Target.id).where(Target.state == "running", Target.next_probe_at <= clock.now()).limit(PROBES_AT_ONCE)
    with site.db.read() as session:
        if session.scalar(due) is None:
            return []
    found: list[_Probe] = []
    with site.db.write() as session:
        for target in session.scalars(due.with_only_columns(Target).with_for_update(skip_locked=True)).all():
            check = read(session.get_one(Deployment, target.deployment_id).settings).health_check
            if check is None:
                continue
            target.next_probe_at = clock.now() + timedelta(seconds=check.interval_seconds + check.timeout_seconds)
            host = session.get_one(Host, target.host_id)
            found.extend(_probe_of(session, target, host, check))
    return found


def _probe_of(session: Session, target: Target, host: Host, check: HealthCheck) -> list[_Probe]:
    try:
        return [_Probe(target.id, address_of(check.url, host.name, host.labels), check.timeout_seconds)]
    except UnknownLabel as problem:
        reports.probed(session, target.id, ok=False, note=str(problem))
        return []


def _run(site: Site, probe: _Probe) -> None:
    try:
        ok, note = ask(probe.url, probe.timeout_seconds)
        with site.db.write() as session:
            reports.probed(session, probe.target_id, ok, note)
    except Exception as error:  # noqa: BLE001  nobody awaits the thread; the clock sends the next probe
        _log.error("probe", target=probe.target_id, error=repr(error), exc_info=error)
