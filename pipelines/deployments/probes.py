"""The server's own look at a freshly deployed host: HTTP requests until enough good answers came in a row."""

import threading
import time
from dataclasses import dataclass

import structlog
import urllib3
from sqlalchemy import select

from pipelines.deployments import reports
from pipelines.deployments.models import Deployment, Host, Target
from pipelines.deployments.settings import PLACEHOLDER, HealthCheck, read
from service.kernel import clock
from service.kernel.site import Site

PROBES_AT_ONCE = 8
ANSWER_BYTES_MAX = 64 * 1024
_probing: set[int] = set()
_log = structlog.get_logger("deployments")


class UnknownLabel(ValueError):
    """The address template names a label that the host does not have."""


@dataclass(frozen=True)
class _Probe:
    target_id: int
    host: str
    labels: dict[str, str]
    check: HealthCheck


def send_due(site: Site) -> None:
    """Begins to probe every host whose time has come. Each is claimed first, so that workers do not probe twice."""
    for probe in _claimed(site, PROBES_AT_ONCE - len(_probing)):
        _probing.add(probe.target_id)
        threading.Thread(target=_run, args=(site, probe), daemon=True, name=f"probe-{probe.target_id}").start()


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


def _claimed(site: Site, room: int) -> list[_Probe]:
    due = select(Target.id).where(Target.state == "running", Target.next_probe_at <= clock.now()).limit(max(0, room))
    with site.db.read() as session:
        if room <= 0 or session.scalar(due) is None:
            return []
    found: list[_Probe] = []
    with site.db.write() as session:
        for target in session.scalars(due.with_only_columns(Target).with_for_update(skip_locked=True)).all():
            check = read(session.get_one(Deployment, target.deployment_id).settings).health_check
            if check is not None and target.id not in _probing:
                target.next_probe_at = reports.next_claim(check)
                host = session.get_one(Host, target.host_id)
                found.append(_Probe(target.id, host.name, {k: str(v) for k, v in host.labels.items()}, check))
    return found


def _run(site: Site, probe: _Probe) -> None:
    """Probes one host until its check ended. Should this process die, the claim runs out and another goes on."""
    try:
        going = True
        while going:
            ok, note = _look(probe)
            with site.db.write() as session:
                going = reports.probed(session, probe.target_id, ok, note)
            if going:
                time.sleep(probe.check.interval_seconds)
    except Exception as error:  # noqa: BLE001  nobody awaits the thread; the clock starts another
        _log.error("probe", target=probe.target_id, error=repr(error), exc_info=error)
    finally:
        _probing.discard(probe.target_id)


def _look(probe: _Probe) -> tuple[bool, str]:
    try:
        url = address_of(probe.check.url, probe.host, probe.labels)
    except UnknownLabel as problem:
        return False, str(problem)
    return ask(url, probe.check.timeout_seconds)
