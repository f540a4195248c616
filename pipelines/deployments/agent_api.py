"""What agents call: register, wait for work, report lifecycle events, fetch bundles."""

import threading
import time
from typing import Any, Literal

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.http import parse_range_header

from pipelines.deployments import hosts, lifecycle, reports, settings, store
from pipelines.deployments.models import Deployment, Host, Target
from pipelines.deployments.reports import Report
from service.kernel.access import demand, principal, public, site
from service.kernel.blobs import stream
from service.kernel.errors import Missing

api = APIBlueprint("deployments_agent_api", __name__, url_prefix="/api/v1/agent", abp_tags=[Tag(name="agent")])

WAIT_SECONDS_MAX = 25.0
LOOK_EVERY_SECONDS = 0.25
LONG_POLLS_MAX = 32
"""Per process; who comes on top is answered at once and polls again, so that pages and clients keep their threads."""
_long_polls = threading.BoundedSemaphore(LONG_POLLS_MAX)


class Arrival(BaseModel):
    """An agent that joins a deployment group."""

    model_config = ConfigDict(extra="forbid")
    application: str
    group: str
    host: str
    labels: dict[str, str] = {}
    claim: str = Field(max_length=200, description="a secret the agent made; it lets the same agent register again")
    version: str = Field("", max_length=50)


class Wait(BaseModel):
    """How long to wait for work, in seconds."""

    wait: float = Field(0, ge=0, le=60)


class TargetPath(BaseModel):
    """Names a target."""

    target: int


class EventPath(TargetPath):
    """Names a lifecycle event of a target."""

    event: str


class EventReport(BaseModel):
    """How a lifecycle event stands."""

    model_config = ConfigDict(extra="forbid")
    state: Literal["running", "passed", "failed", "skipped", "stopped"]
    error: str = Field("", pattern=r"^[A-Z_]{0,40}$")
    script: str = Field("", max_length=1024)
    exit_code: int | None = None
    log: str = Field("", max_length=200_000, description="the end of the output")


@api.post("/hosts", responses={"201": {}})
@public
def register_host(body: Arrival) -> tuple[dict[str, Any], int]:
    """Registers the host of an agent; answers the host's own token, or null to a host that comes back with it."""
    who = demand("deploy:Agent", store.resource(body.application, body.group))
    arrival = hosts.Arrival(body.host, body.labels, body.claim, body.version)
    with site().db.write() as session:
        host, token = hosts.register(session, who, body.application, body.group, arrival)
        patience = settings.read(store.find_group(session, body.application, body.group).settings).lost_after_seconds
        return {"host": host.name, "token": token, "heartbeat_seconds": max(1.0, min(5.0, patience / 4))}, 201


@api.get("/work")
@public
def wait_for_work(query: Wait) -> dict[str, Any]:
    """The target this host should work on, or null after `wait` seconds. It stays the same until it ended."""
    host_id, patience = _speaking(write_seen=True)
    deadline = time.monotonic() + min(query.wait, WAIT_SECONDS_MAX, patience / 3)
    if not _long_polls.acquire(blocking=False):
        return {"work": _work(host_id)}
    try:
        while True:
            work = _work(host_id)
            if work is not None or time.monotonic() >= deadline:
                return {"work": work}
            time.sleep(LOOK_EVERY_SECONDS)
    finally:
        _long_polls.release()


@api.post("/targets/<int:target>/events/<event>")
@public
def report_event(path: EventPath, body: EventReport) -> dict[str, Any]:
    """Records how an event stands. `stop` in the answer asks the agent to interrupt it."""
    host_id, _ = _speaking(write_seen=False)
    report = Report(path.event, body.state, body.error, body.script, body.exit_code, body.log)
    with site().db.write() as session:
        stop = reports.take(session, host_id, path.target, report)
        hosts.seen(session, host_id)
    return {"stop": stop}


@api.get("/targets/<int:target>/bundle")
@public
def download_bundle(path: TargetPath) -> Response:
    """The revision's tar.gz; a Range goes on where a broken download stopped."""
    host_id, _ = _speaking(write_seen=True)
    with site().db.read() as session:
        target = session.get(Target, path.target)
        if target is None or target.host_id != host_id:
            raise Missing(what="target", name=str(path.target))
        digest = session.get_one(Deployment, target.deployment_id).digest
    size = site().blobs.size(digest)
    wanted = parse_range_header(request.headers.get("Range"))
    start, end = (wanted.range_for_length(size) if wanted is not None else None) or (0, size)
    headers = {"ETag": f'"{digest}"', "Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    if wanted is not None and (start, end) != (0, size):
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    body = stream(site().blobs.open(digest, start, end))
    return Response(body, 206 if "Content-Range" in headers else 200, headers, content_type="application/gzip")


def _speaking(*, write_seen: bool) -> tuple[int, int]:
    """The calling host and its group's patience in seconds; its sign of life is kept, at most once a second."""
    with site().db.read() as session:
        host = hosts.speaking(session, principal())
        application, group = store.names_of(session, host.group_id)
        patience = settings.read(store.find_group(session, application, group).settings).lost_after_seconds
    demand("deploy:Agent", store.resource(application, group))
    if write_seen and hosts.is_stale(host):
        with site().db.write() as session:
            hosts.seen(session, host.id)
    return host.id, patience


def _work(host_id: int) -> dict[str, Any] | None:
    with site().db.read() as session:
        target = session.scalar(
            select(Target).where(Target.host_id == host_id, Target.state == "running", Target.next_probe_at.is_(None))
        )
        return None if target is None else _described(session, target)


def _described(session: Session, target: Target) -> dict[str, Any]:
    deployment = session.get_one(Deployment, target.deployment_id)
    application, group = store.names_of(session, deployment.group_id)
    chosen = settings.read(deployment.settings)
    return {
        "target": target.id, "deployment": deployment.id, "application": application, "group": group,
        "host": session.get_one(Host, target.host_id).name, "appspec": deployment.appspec,
        "bundle": {"digest": deployment.digest, "bytes": deployment.bundle_bytes, "name": deployment.bundle_name},
        "file_exists_behavior": chosen.file_exists_behavior,
        "ignore_application_stop_failures": chosen.ignore_application_stop_failures,
        "events": [
            {"name": event.name, "state": event.state}
            for event in lifecycle.of(session, target) if event.name != lifecycle.HEALTH_CHECK
        ],
    }
