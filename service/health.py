"""Operations: alive, ready, metrics."""

import io
from typing import Any

import structlog
from flask import Blueprint, Response
from sqlalchemy import func, select

from service.kernel import workers
from service.kernel.access import needs, public, site
from service.kernel.blobs import Blob
from service.kernel.bus import JobFailure, Outbox

health = Blueprint("health", __name__)
_PROBE = b"lockgate"
_log = structlog.get_logger("web")


class _Missing(Exception):
    """What is missing, in words for anybody."""


@health.get("/healthz")
@public
def alive() -> tuple[dict[str, Any], int]:
    """The process answers."""
    return {"status": "alive"}, 200


@health.get("/readyz")
@public
def ready() -> tuple[dict[str, Any], int]:
    """Database, blobs and at least one worker are reachable; 503 with what is missing otherwise."""
    parts = {"database": _probe(_database), "blobs": _probe(_blobs), "worker": _probe(_worker)}
    good = all(state == "ok" for state in parts.values())
    return {"status": "ready" if good else "not ready", **parts}, 200 if good else 503


@health.get("/metrics")
@needs("admin:ReadMetrics", "admin/metrics")
def metrics() -> Response:
    """Prometheus text, counted in the database at scrape time so that it holds for every process."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest  # brings a web server of its own

    registry = CollectorRegistry()
    with site().db.read() as session:
        waiting = session.scalar(select(func.count()).select_from(Outbox).where(Outbox.relayed_at.is_(None))) or 0
        failed = session.scalar(select(func.count()).select_from(JobFailure)) or 0
        living = len(workers.alive(session))
    for name, text, value in (("lockgate_outbox_waiting", "Facts not yet relayed to jobs", waiting),
                              ("lockgate_job_failures", "Jobs that gave up", failed),
                              ("lockgate_workers_alive", "Workers with a fresh heartbeat", living)):
        Gauge(name, text, registry=registry).set(value)
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")


def _probe(part: Any) -> str:
    try:
        part()
    except _Missing as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  any failure means "not ready"
        # Anybody may ask, and a driver's words name hosts, ports, users and paths.
        _log.warning("not-ready", part=part.__name__.strip("_"), error=f"{type(error).__name__}: {error}")
        return f"{type(error).__name__}; the server's log says more"
    return "ok"


def _database() -> None:
    with site().db.read() as session:
        session.scalar(select(1))


def _blobs() -> None:
    blob: Blob = site().blobs.put(io.BytesIO(_PROBE))
    site().blobs.size(blob.digest)


def _worker() -> None:
    with site().db.read() as session:
        if not workers.alive(session):
            raise _Missing("no worker has been heard from in the last 20 seconds")
