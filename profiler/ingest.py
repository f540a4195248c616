"""Where profiles come in: gzip pprof or folded text, checked whole before anything is kept."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from profiler import folded, store, wire
from profiler.models import ProfilingGroup
from profiler.store import DAY, KEPT, Received
from profiler.tree import Tree
from profiler.wire import Decoded
from service.kernel import clock
from service.kernel.access import demand, public, site
from service.kernel.errors import Malformed, Missing, TooLarge

api = APIBlueprint("profiler_ingest", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="profiler")])
DISCARDED_BYTES_MAX = 4 * wire.COMPRESSED_BYTES_MAX
INSTANCE_LENGTH_MAX = 200
VERSION_LENGTH_MAX = 100
DURATION_MAX = timedelta(days=1)


class Sent(BaseModel):
    """Whose profile it is."""

    model_config = ConfigDict(extra="forbid")
    group: str = Field(description="the profiling group")
    instance: str = Field("", max_length=INSTANCE_LENGTH_MAX, description="which process; default: one for all")
    version: str = Field("", max_length=VERSION_LENGTH_MAX, description="release or commit that runs there")
    own: str = Field("", max_length=1000, description="top-level packages of the program's own code, by commas")
    format: Literal["", "pprof", "folded"] = Field("", description="default: folded for text/plain, else pprof")
    start: datetime | None = Field(None, description="for folded text; default: `seconds` before now")
    seconds: float = Field(60, gt=0, le=DURATION_MAX.total_seconds(), description="for folded text")


class OrdersOf(BaseModel):
    """Names a profiling group."""

    group: str


@api.post("/profiles", responses={"201": {}})
@public
def submit(query: Sent) -> tuple[dict[str, Any], int]:
    """Stores a profile: the body is gzip pprof, or folded stacks as text/plain. The same profile sent twice counts once."""
    demand("profile:Submit", f"profile/{query.group}")
    with site().db.read() as session:
        group_id = store.find_group(session, query.group).id
    data = _body()
    kind = query.format or ("folded" if request.mimetype == "text/plain" else "pprof")
    now = clock.now()
    sent = _folded(data, query, now) if kind == "folded" else wire.decode(data)
    _check(sent.tree)
    started, duration = _times(sent, now)
    blob = site().blobs.put(io.BytesIO(data))
    received = Received(
        query.instance, query.version, _packages(query.own), kind, blob.digest, blob.size, sent.tree.total("samples"),
        started, duration // timedelta(milliseconds=1),
    )
    with site().db.write() as session:
        group = session.get(ProfilingGroup, group_id)
        if group is None:
            raise Missing(what="profiling group", name=query.group)
        profile, new = store.receive(session, group, received)
        return {"id": profile.id, "agent": orders(group)}, 201 if new else 200


@api.get("/profiles/orders")
@public
def read_orders(query: OrdersOf) -> dict[str, Any]:
    """What an agent of the group shall do; for agents that were told to stop and want to know when to go on."""
    demand("profile:Submit", f"profile/{query.group}")
    with site().db.read() as session:
        return {"agent": orders(store.find_group(session, query.group))}


def orders(group: ProfilingGroup) -> dict[str, Any]:
    """The answer to an agent."""
    return {"enabled": group.enabled, "interval_seconds": group.interval_seconds}


def _body() -> bytes:
    """The whole body. A connection that broke looks to the application like an end, so the bytes are counted.

    One that is somewhat too large is read to its end: a client that still writes would not see the answer.
    """
    told, chunks, size = request.content_length, [], 0
    if told is not None and told > DISCARDED_BYTES_MAX:
        raise TooLarge(what="the profile", limit_bytes=wire.COMPRESSED_BYTES_MAX)
    while chunk := request.stream.read(1 << 16):
        size += len(chunk)
        if size > DISCARDED_BYTES_MAX:
            break
        if size <= wire.COMPRESSED_BYTES_MAX:
            chunks.append(chunk)
    if size > wire.COMPRESSED_BYTES_MAX:
        raise TooLarge(what="the profile", limit_bytes=wire.COMPRESSED_BYTES_MAX)
    if told is not None and size != told:
        raise Malformed(where="body", why=f"{told} bytes were announced, {size} came")
    return b"".join(chunks)


def _folded(data: bytes, query: Sent, now: datetime) -> Decoded:
    try:
        text = wire.unpack(data).decode()
    except UnicodeDecodeError:
        raise Malformed(where="body", why="folded stacks must be UTF-8 text") from None
    length = timedelta(seconds=query.seconds)
    start = query.start or now - length
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    return Decoded(int(start.timestamp() * 1e9), int(length.total_seconds() * 1e9), folded.read(text))


def _check(tree: Tree) -> None:
    if not any(tree.total(metric) for metric in tree.units):
        raise Malformed(where="profile", why="it holds no samples")


def _times(sent: Decoded, now: datetime) -> tuple[datetime, timedelta]:
    """When the profile began and how long it lasted. One from the future is of a host whose clock is wrong: it is now."""
    length = min(max(timedelta(microseconds=sent.duration_ns / 1000), timedelta()), DURATION_MAX)
    newest = now - length
    if sent.start_ns <= 0 or sent.start_ns > newest.timestamp() * 1e9:
        return newest, length
    started = datetime.fromtimestamp(sent.start_ns / 1e9, UTC)
    if now - started > KEPT[DAY]:
        raise Malformed(where="profile", why=f"it began {started:%Y-%m-%d}; nothing is kept for so long")
    return started, length


def _packages(text: str) -> Sequence[str]:
    return [name for name in text.split(",") if store.is_package(name)]
