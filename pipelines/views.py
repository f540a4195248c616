"""Pages of pipelines: the list, one pipeline, an execution as a drawn graph, the log of an attempt."""

import hashlib
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from pipelines import api, attempts, graph, logs, reading, runner, store, worker
from pipelines.actions import kinds
from pipelines.graph import Card, Column
from pipelines.models import LIVE, ActionExecution, Execution, Pipeline
from pipelines.reading import ActionView, StageView
from service.kernel import clock
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.auth import Principal
from service.kernel.blobs import stream
from service.kernel.errors import Malformed
from service.kernel.site import Site

pages = Blueprint("pipelines", __name__, template_folder="templates")
PAGE_ROWS = 50
PANEL_ROWS = 8
TAIL_LINES = 10
FOUND_MAX = 20
PIECE_WAIT_SECONDS = 10.0


@pages.get("/pipelines")
@public
def index() -> str:
    """The pipelines that the reader may see, each with its last execution."""
    with site().db.read() as session:
        rows = reading.readable(session, principal())
        lasts = {row.id: next(iter(reading.newest(session, [row], 1)[0]), None) for row in rows}
    return render_template("pipelines/index.html", rows=rows, lasts=lasts, example=_create_command())


@pages.get("/pipelines/<pipeline>")
@needs("pipeline:Read", "pipeline/{pipeline}")
def show_pipeline(pipeline: str) -> str:
    """One pipeline with its executions, newest first."""
    before, state = request.args.get("before", type=int), request.args.get("state", "")
    with site().db.read() as session:
        row = store.find_pipeline(session, pipeline)
        found, more = reading.newest(session, [row], PAGE_ROWS, before, state=state)
        strips = reading.strips(session, found)
    older = url_for("pipelines.show_pipeline", pipeline=pipeline, before=more, state=state or None) if more else ""
    newer = url_for("pipelines.show_pipeline", pipeline=pipeline, state=state or None) if before else ""
    return render_template(
        "pipelines/pipeline.html",
        pipeline=row,
        rows=found,
        strips=strips,
        older=older,
        newer=newer,
        wanted=state,
        lasted=_lasted,
        push=_push_command(row),
        may_start=principal().may("pipeline:Start", store.resource(pipeline)),
    )


@pages.post("/pipelines/<pipeline>/start")
@needs("pipeline:Start", "pipeline/{pipeline}")
def start(pipeline: str) -> BaseResponse:
    """The button of the pipeline's page."""
    with site().db.read() as session:
        row = store.find_pipeline(session, pipeline)
    execution_id = api.start_by_hand(row, request.form.get("ref", "").strip(), "", {})
    return redirect(url_for("pipelines.show_execution", execution=execution_id), 303)


@pages.get("/executions/<int:execution>")
@public
def show_execution(execution: int) -> str | BaseResponse:
    """An execution: is it green, why is it red, what can be done now."""
    with site().db.read() as session:
        row, pipeline = store.find_execution(session, execution)
        demand("pipeline:Read", store.resource(pipeline.name))
        stages = reading.stages_of(session, row)
        questions = reading.open_approvals(session, execution)
    seen = _digest(row, stages)
    if request.args.get("seen") == seen and row.state != "running":
        return Response(status=204)  # nothing to swap: what the reader types or has focused stays
    may = {word: principal().may(f"pipeline:{word}", store.resource(pipeline.name)) for word in ("Start", "Approve")}
    return render_template(
        "pipelines/execution.html",
        row=row,
        pipeline=pipeline,
        stages=stages,
        drawing=_drawing(row, stages),
        seen=seen,
        questions=questions,
        may=may,
        live=row.state in LIVE,
        trouble=_trouble(stages),
        ahead=_ahead(stages),
        lasted=_lasted,
        may_retry=may["Start"] and bool(stages) and row.state in runner.GIVEN_UP,
        kinds=kinds(),
    )


@pages.post("/executions/<int:execution>/stop")
@public
def stop(execution: int) -> BaseResponse:
    """The button that stops an execution."""
    who = _demand_start(execution)
    with site().db.write() as session:
        runner.stop(session, execution, actor=who)
    return redirect(url_for("pipelines.show_execution", execution=execution), 303)


@pages.post("/executions/<int:execution>/retry")
@public
def retry(execution: int) -> BaseResponse:
    """The button that tries again what did not pass."""
    who = _demand_start(execution)
    with site().db.write() as session:
        runner.retry(session, execution, actor=who)
    return redirect(url_for("pipelines.show_execution", execution=execution), 303)


@pages.post("/approvals/<int:approval>")
@public
def answer(approval: int) -> BaseResponse:
    """The form of an approval."""
    with site().db.read() as session:
        row, pipeline = reading.find_approval(session, approval)
    who = demand("pipeline:Approve", store.resource(pipeline.name))
    decision = request.form.get("decision", "")
    if decision not in ("approve", "reject"):
        raise Malformed(where="decision", why="answer approve or reject")
    with site().db.write() as session:
        runner.answer(session, approval, approved=decision == "approve", actor=who.name, comment=request.form.get("comment", "").strip())
    return redirect(url_for("pipelines.show_execution", execution=row.execution_id), 303)


@pages.get("/attempts/<int:attempt>/log")
@public
def show_log(attempt: int) -> str:
    """The log of an attempt in phases; its last lines first, earlier ones by link."""
    before = request.args.get("before", type=int)
    with site().db.read() as session:
        row, action, execution, pipeline = reading.find_attempt(session, attempt)
        demand("pipeline:Read", store.resource(pipeline.name))
    path, over = worker.log_path(site(), attempt), row.state in attempts.ENDED
    piece = logs.last(path, is_over=over, before=before)
    return render_template(
        "pipelines/log.html",
        row=row,
        action=action,
        execution=execution,
        pipeline=pipeline,
        piece=piece,
        over=over,
        before=before,
        bytes=path.stat().st_size if path.exists() else 0,
        more=_more_url(attempt, piece),
        lasted=_lasted,
    )


@pages.get("/attempts/<int:attempt>/log/text")
@public
def text_log(attempt: int) -> Response:
    """The whole log as it was written."""
    with site().db.read() as session:
        demand("pipeline:Read", store.resource(reading.find_attempt(session, attempt)[3].name))
    path = worker.log_path(site(), attempt)
    body = stream(path.open("rb")) if path.exists() else b""
    return Response(body, content_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"})


@pages.get("/attempts/<int:attempt>/log/more")
@public
def more_log(attempt: int) -> Response:
    """The lines that came since, as a part of the page; waits a while for some."""
    offset, line = request.args.get("offset", 0, type=int), request.args.get("line", 1, type=int)
    phase = request.args.get("phase", "")
    with site().db.read() as session:
        demand("pipeline:Read", store.resource(reading.find_attempt(session, attempt)[3].name))
    data, state = api.wait_for_log(attempt, max(offset, 0), PIECE_WAIT_SECONDS)
    over = state in attempts.ENDED
    piece = logs.after(worker.log_path(site(), attempt), offset, line, phase, is_over=over, data=data)
    at_end = over and not piece.phases
    return Response(
        render_template("pipelines/lines.html", piece=piece),
        content_type="text/html; charset=utf-8",
        headers={"X-More": "" if at_end else _more_url(attempt, piece, phase), "X-State": state},
    )


def panel(site: Site, who: Principal) -> dict[str, Any]:
    """What goes on, for the home page."""
    with site.db.read() as session:
        pipelines = {row.id: row for row in reading.readable(session, who)}
        found, _ = reading.newest(session, pipelines.values(), PANEL_ROWS)
        rows = [_panel_row(session, row, pipelines[row.pipeline_id]) for row in found]
    return {
        "title": "Pipelines",
        "url": "/pipelines",
        "rows": rows,
        "empty": "Executions of pipelines will be here. Create a pipeline for a git repository, then push.",
        "command": _create_command(),
    }


def search(site: Site, who: Principal, text: str) -> list[dict[str, Any]]:
    """Pipelines by name, executions by number, commit or subject."""
    wanted = text.lower()
    with site.db.read() as session:
        pipelines = {row.id: row for row in reading.readable(session, who)}
        found = [
            {"kind": "pipeline", "title": row.name, "url": f"/pipelines/{row.name}", "line": f"of {row.repository}"}
            for row in pipelines.values()
            if wanted in row.name.lower()
        ]
        rows = session.scalars(
            select(Execution).where(Execution.pipeline_id.in_(pipelines), _matches(wanted)).order_by(Execution.id.desc()).limit(FOUND_MAX)
        )
        found += [
            {
                "kind": "execution",
                "title": f"{pipelines[row.pipeline_id].name} #{row.id}",
                "url": f"/executions/{row.id}",
                "line": f"{row.state}: {row.subject}",
            }
            for row in rows
        ]
    return found[:FOUND_MAX]


def _demand_start(execution: int) -> str:
    with site().db.read() as session:
        pipeline = store.find_execution(session, execution)[1]
    return demand("pipeline:Start", store.resource(pipeline.name)).name


def _matches(wanted: str) -> Any:
    if wanted.removeprefix("#").isdecimal() and len(wanted) < 12:
        return Execution.id == int(wanted.removeprefix("#"))
    if len(wanted) >= 7 and all(c in "0123456789abcdef" for c in wanted):
        return Execution.commit.startswith(wanted)
    return Execution.subject.icontains(wanted, autoescape=True)


def _panel_row(session: Session, row: Execution, pipeline: Pipeline) -> dict[str, Any]:
    newer = session.scalar(
        select(Execution.id).where(Execution.pipeline_id == row.pipeline_id, Execution.id > row.id, Execution.ref == row.ref).limit(1)
    )
    return {
        "text": f"{pipeline.name}: {row.subject or row.commit[:10]}",
        "url": f"/executions/{row.id}",
        "state": row.state,
        "line": row.reason,
        "at": row.finished_at or row.created_at,
        "settled": newer is not None and row.state != "waiting",
    }


def _drawing(row: Execution, stages: list[StageView]) -> Any:
    columns = [
        Column(
            view.stage.name,
            view.stage.state,
            [
                Card(one.action.name, one.action.state, one.action.run_order, _card_line(one.action), f"#action-{one.action.name}")
                for one in view.actions
            ],
        )
        for view in stages
    ]
    icon = current_app.jinja_env.globals["icon"]
    return graph.draw(columns, icon, f"Stages and actions of execution {row.id}")  # type: ignore[arg-type]


def _card_line(action: ActionExecution) -> str:
    seconds = _lasted(action)
    shown = current_app.jinja_env.filters["duration"](seconds) if seconds is not None else ""
    return " · ".join(part for part in (shown, action.kind if action.kind != action.name else "") if part)


def _trouble(stages: list[StageView]) -> list[tuple[ActionView, list[logs.Line]]]:
    """The actions that ask for somebody, each with the end of its log."""
    bad = [one for view in stages for one in view.actions if one.action.state in ("failed", "blocked")]
    return [(one, _last_words(one)) for one in bad]


def _last_words(view: ActionView) -> list[logs.Line]:
    """The end of an action's log, without the reason that stands above it already."""
    if view.attempt is None:
        return []
    lines = logs.tail(worker.log_path(site(), view.attempt.id), TAIL_LINES + 1)
    told = [line for line in lines if "".join(span.text for span in line.spans) != view.action.reason]
    return told[-TAIL_LINES:]


def _ahead(stages: list[StageView]) -> list[ActionExecution]:
    """What is released once a question is answered: actions to come that give something to others."""
    return [one.action for view in stages for one in view.actions if kinds()[one.action.kind].releases and one.action.state == "queued"]


def _digest(row: Execution, stages: list[StageView]) -> str:
    """Names what the page shows, without times."""
    shown = [
        row.state,
        row.reason,
        *(
            (one.action.name, one.action.state, one.action.reason, len(one.attempts), len(one.artifacts))
            for view in stages
            for one in view.actions
        ),
    ]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _lasted(thing: Any) -> float | None:
    """Seconds an execution, action or attempt took, or has taken so far."""
    if thing.started_at is None:
        return None
    return float(((thing.finished_at or clock.now()) - thing.started_at).total_seconds())


def _more_url(attempt: int, piece: logs.Piece, phase: str = "") -> str:
    name = piece.phases[-1].name if piece.phases else phase
    return url_for("pipelines.more_log", attempt=attempt, offset=piece.next_offset, line=piece.next_line, phase=name)


def _create_command() -> str:
    return (
        f'curl --fail -u me:$TOKEN {request.host_url}api/v1/pipelines \\\n    --json \'{{"name": "NAME", "repository": "GIT REPOSITORY"}}\''
    )


def _push_command(row: Pipeline) -> str:
    branch = next((branch for branch in row.branches if "*" not in branch), "main")
    return f"git push {request.host_url}git/{row.repository} {branch}"
