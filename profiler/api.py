"""JSON API of the profiler: groups, the hottest functions, flame data, advice, downloads."""

from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from profiler import flame, reading, store
from profiler.exports import FORMATS, Subject
from profiler.functions import Cost
from profiler.lens import Lens
from profiler.models import ProfilingGroup
from profiler.ownership import kind, place
from profiler.recommend import Advice
from service.kernel.access import demand, needs, principal, public, site

api = APIBlueprint("profiler_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="profiler")])
RESOURCE = "profile/{group}"


class GroupPath(BaseModel):
    """Names a profiling group."""

    group: str


class NewGroup(BaseModel):
    """A profiling group to create."""

    model_config = ConfigDict(extra="forbid")
    name: str
    project: str = Field("default", max_length=100)
    description: str = Field("", max_length=1000)
    own_packages: list[str] = Field([], description="top-level packages of the program's own code")


class GroupChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")
    enabled: bool | None = Field(None, description="false tells the agents to stop sampling")
    interval_seconds: int | None = Field(None, ge=0, le=3_600, description="between two profiles; 0 leaves it to the agents")
    description: str | None = Field(None, max_length=1000)
    own_packages: list[str] | None = None


class Hottest(Lens):
    """A lens, and how many functions."""

    limit: int = Field(20, ge=1, le=1_000)
    sort: Literal["self", "total"] = "self"


class Download(Lens):
    """A lens, and the form of the file."""

    format: Literal["pprof", "folded", "speedscope", "pyinstrument", "pyinstrument-html"] = "pprof"


class Page(BaseModel):
    """Where to go on, from the last answer's `next`."""

    after: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=1_000)


@api.get("/profiling-groups")
@public
def list_groups() -> dict[str, Any]:
    """The profiling groups that the caller may read."""
    who = principal()
    with site().db.read() as session:
        return {"items": [_group(group) for group in reading.readable(session, who)], "next": None}


@api.post("/profiling-groups", responses={"201": {}})
@public
def create_group(body: NewGroup) -> tuple[dict[str, Any], int]:
    """Creates a profiling group, to which agents may then send."""
    who = demand("profile:Edit", RESOURCE.format(group=body.name))
    with site().db.write() as session:
        group = store.create_group(
            session, body.name, project=body.project, description=body.description, own_packages=body.own_packages,
            actor=who.name,
        )
        return _group(group), 201


@api.get("/profiling-groups/<group>")
@needs("profile:Read", RESOURCE)
def get_group(path: GroupPath) -> dict[str, Any]:
    """One profiling group."""
    with site().db.read() as session:
        return _group(store.find_group(session, path.group))


@api.patch("/profiling-groups/<group>")
@needs("profile:Edit", RESOURCE)
def change_group(path: GroupPath, body: GroupChange) -> dict[str, Any]:
    """Switches the agents of a group off or on, or changes how often they send and what is the program's own code."""
    with site().db.write() as session:
        now = store.find_group(session, path.group)
        interval = now.interval_seconds if body.interval_seconds is None else body.interval_seconds or None
        group = store.edit_group(
            session, path.group, actor=principal().name, interval_seconds=interval,
            enabled=now.enabled if body.enabled is None else body.enabled,
            description=now.description if body.description is None else body.description,
            own_packages=now.own_packages if body.own_packages is None else body.own_packages,
        )
        return _group(group)


@api.get("/profiling-groups/<group>/hottest")
@needs("profile:Read", RESOURCE)
def list_hottest(path: GroupPath, query: Hottest) -> dict[str, Any]:
    """The functions that cost most in a span of time, by self or total value, with their samples."""
    view = reading.view(site(), path.group, query)
    costs = view.hottest()
    if query.sort == "total":
        costs.sort(key=lambda cost: (-cost.total_value, cost.function))
    items = [_cost(cost, view.group.own_packages) for cost in costs[: query.limit]]
    return {**_about(view), "items": items, "next": None}


@api.get("/profiling-groups/<group>/flame")
@needs("profile:Read", RESOURCE)
def get_flame(path: GroupPath, query: Lens) -> dict[str, Any]:
    """The call tree as nested objects, in the form d3-flame-graph takes, without frames too narrow to be seen."""
    view = reading.view(site(), path.group, query)
    return {**_about(view), "flame": flame.nested(view.seen, view.metric)}


@api.get("/profiling-groups/<group>/recommendations")
@needs("profile:Read", RESOURCE)
def list_recommendations(path: GroupPath, query: Lens) -> dict[str, Any]:
    """What could be made cheaper, and what it costs now."""
    view = reading.view(site(), path.group, query)
    return {**_about(view), "items": [_advice(advice) for advice in view.advice()], "next": None}


@api.get("/profiling-groups/<group>/profile")
@needs("profile:Read", RESOURCE)
def download(path: GroupPath, query: Download) -> Response:
    """The merged profile of a span as a file for pprof, speedscope, pyinstrument or flamegraph.pl."""
    view = reading.view(site(), path.group, query)
    form = FORMATS[query.format]
    data = form.write(Subject(view.merged.tree, view.metric, path.group, view.span.start, view.span.seconds))
    name = f"{path.group}-{view.span.start:%Y%m%dT%H%M%SZ}.{form.suffix}"
    return Response(data, content_type=form.mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@api.get("/profiling-groups/<group>/profiles")
@needs("profile:Read", RESOURCE)
def list_profiles(path: GroupPath, query: Page) -> dict[str, Any]:
    """The profiles as they came, newest first."""
    with site().db.read() as session:
        group = store.find_group(session, path.group)
        rows, older = reading.profiles(session, group.id, query.after, query.limit)
    items = [
        {
            "id": row.id, "instance": row.instance, "version": row.version, "format": row.format, "size_bytes": row.size_bytes,
            "samples": row.samples, "started_at": _moment(row.started_at), "duration_ms": row.duration_ms,
            "received_at": _moment(row.received_at), "merged_at": _moment(row.merged_at),
        }
        for row in rows
    ]
    return {"items": items, "next": older}


def _group(group: ProfilingGroup) -> dict[str, Any]:
    return {
        "name": group.name, "project": group.project, "description": group.description, "own_packages": group.own_packages,
        "enabled": group.enabled, "interval_seconds": group.interval_seconds, "created_at": _moment(group.created_at),
        "last_received_at": _moment(group.last_received_at),
    }


def _about(view: reading.View) -> dict[str, Any]:
    return {
        "group": view.group.name, "metric": view.metric, "unit": view.unit, "total": view.merged.tree.total(view.metric),
        "samples": view.samples, "profiles": view.merged.profiles, "from": _moment(view.span.start), "to": _moment(view.span.end),
    }


def _cost(cost: Cost, own_packages: list[str]) -> dict[str, Any]:
    return {
        "function": cost.function.name, "file": cost.function.file, "line": cost.line, "first_line": cost.function.first_line,
        "place": f"{place(cost.function)}:{cost.line}", "kind": kind(cost.function, own_packages),
        "self": cost.self_value, "total": cost.total_value, "self_share": round(cost.self_share, 6),
        "total_share": round(cost.total_share, 6), "samples": cost.self_samples, "total_samples": cost.total_samples,
    }


def _advice(advice: Advice) -> dict[str, Any]:
    caller = advice.caller
    return {
        "title": advice.rule.title, "says": advice.rule.says, "remedy": advice.rule.remedy, "links": list(advice.rule.links),
        "share": round(advice.share, 6), "share_least": round(advice.share_least, 6), "value": advice.value,
        "samples": advice.samples, "target": advice.target.name,
        "caller": {"function": caller.function.name, "file": caller.function.file, "line": caller.line} if caller else None,
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
