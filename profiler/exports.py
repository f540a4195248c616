"""A tree as a file for other tools: pprof, folded stacks, speedscope, and pyinstrument's own report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import orjson

from lockgate_agent.profiling import pprof
from profiler import folded
from profiler.aggregate import prune, without_routes
from profiler.tree import ROUTE_FILE, Frame, Tree

RENDERED_NODES_MAX = 4_000
"""What viewers in a browser are given: they crash on large inputs."""


@dataclass(frozen=True)
class Subject:
    """What is exported: the tree, the metric that one-valued formats take, and whose and when it is."""

    tree: Tree
    metric: str
    title: str
    start: datetime
    seconds: float


@dataclass(frozen=True)
class Format:
    """How a format is called by clients and written."""

    mimetype: str
    suffix: str
    write: Callable[[Subject], bytes]


def to_pprof(subject: Subject) -> bytes:
    """Gzip pprof with every metric; the route is a label again."""
    tree, metrics = subject.tree, list(subject.tree.units)
    samples = []
    for node in range(1, len(tree)):
        values = [tree.values[metric][node] for metric in metrics]
        if any(values):
            path = tree.path(node)
            labels = {"route": path[0].function.name} if path[0].function.file == ROUTE_FILE else {}
            frames = [(*frame.function, frame.line) for frame in reversed(path) if frame.function.file != ROUTE_FILE]
            samples.append((frames, values, labels))
    return pprof.encode(
        [(metric, tree.units[metric]) for metric in metrics], samples, start_ns=int(subject.start.timestamp() * 1e9),
        duration_ns=int(subject.seconds * 1e9), default=subject.metric, comments=[subject.title],
    )


def to_folded(subject: Subject) -> bytes:
    """Folded stacks of one metric."""
    return "".join(folded.write(without_routes(subject.tree), subject.metric)).encode()


def to_speedscope(subject: Subject) -> bytes:
    """Speedscope's own JSON (github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources), each metric a profile."""
    tree = prune(subject.tree, RENDERED_NODES_MAX)
    numbers: dict[Frame, int] = {}
    stacks = [[numbers.setdefault(frame, len(numbers)) for frame in tree.path(node)] for node in range(len(tree))]
    frames = [{"name": f.function.name, "file": f.function.file, "line": f.line} for f in numbers]
    profiles = []
    for metric in sorted(tree.units, key=lambda m: m != subject.metric):
        seen = [node for node, value in enumerate(tree.values[metric]) if value and node]
        weights = [tree.values[metric][node] for node in seen]
        unit = tree.units[metric] if tree.units[metric] in ("nanoseconds", "bytes") else "none"
        profiles.append({
            "type": "sampled", "name": f"{subject.title} ({metric})", "unit": unit, "startValue": 0,
            "endValue": sum(weights), "samples": [stacks[node] for node in seen], "weights": weights,
        })
    return orjson.dumps({
        "$schema": "https://www.speedscope.app/file-format-schema.json", "exporter": "lockgate", "name": subject.title,
        "activeProfileIndex": 0, "shared": {"frames": frames}, "profiles": profiles,
    })


def _by_pyinstrument(subject: Subject, *, html: bool) -> bytes:
    from profiler import pyinstrument_report  # its package is loaded by who asks for it, not by every start

    return pyinstrument_report.html(subject) if html else pyinstrument_report.session_json(subject)


FORMATS: Mapping[str, Format] = {
    "pprof": Format("application/octet-stream", "pb.gz", to_pprof),
    "folded": Format("text/plain; charset=utf-8", "folded.txt", to_folded),
    "speedscope": Format("application/json", "speedscope.json", to_speedscope),
    "pyinstrument": Format("application/json", "pyisession", partial(_by_pyinstrument, html=False)),
    "pyinstrument-html": Format("text/html; charset=utf-8", "html", partial(_by_pyinstrument, html=True)),
}
