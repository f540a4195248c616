"""A tree as a session of pyinstrument: its JSON file and its interactive report."""

import re

import orjson
from pyinstrument.renderers import HTMLRenderer
from pyinstrument.session import Session

from profiler.aggregate import prune, without_routes
from profiler.exports import RENDERED_NODES_MAX, Subject
from profiler.tree import ROOT, Frame

_SAMPLE_SECONDS = 0.05
_FONT = re.compile(r"https://fonts\.googleapis\.com/[^\"')\s]*")


def session_json(subject: Subject) -> bytes:
    """Pyinstrument's session JSON; `pyinstrument --load` and `pyinstrument.session.Session.load` read it."""
    return orjson.dumps(_session(subject).to_json())


def html(subject: Subject) -> bytes:
    """Pyinstrument's interactive report as one file, without the font it would load from another host."""
    return _FONT.sub("data:text/css,", HTMLRenderer(show_all=True).render(_session(subject))).encode()


def _session(subject: Subject) -> Session:
    # Every record starts at one root frame that is also the start of the call stack: pyinstrument cannot do without.
    tree = prune(without_routes(subject.tree), RENDERED_NODES_MAX)
    scale = 1e9 if tree.units.get(subject.metric) == "nanoseconds" else 1.0
    root = f"{ROOT.name}\0{ROOT.file}\x000"
    records = [
        ([root, *(_identifier(frame) for frame in tree.path(node))], value / scale)
        for node, value in enumerate(tree.values.get(subject.metric, ()))
        if value
    ]
    return Session(
        frame_records=records, start_time=subject.start.timestamp(), duration=subject.seconds,
        min_interval=_SAMPLE_SECONDS, max_interval=_SAMPLE_SECONDS, sample_count=tree.total("samples"),
        start_call_stack=[root], target_description=f"{subject.title} ({subject.metric})",
        cpu_time=tree.total("cpu") / 1e9, sys_path=[], sys_prefixes=[],
    )


def _identifier(frame: Frame) -> str:
    return f"{frame.function.name}\0{frame.function.file}\0{frame.function.first_line}\x01l{frame.line}"
