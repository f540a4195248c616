"""Pages of deployments: the list, one deployment with hosts × events, a group with its hosts and the way to join it."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from pipelines.deployments import hosts, reading, runner, store
from pipelines.deployments.models import Deployment
from pipelines.deployments.reading import Row
from service.kernel import clock
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.auth import Principal
from service.kernel.site import Site

pages = Blueprint("deployments", __name__, template_folder="templates")
PAGE_ROWS = 50
FOUND_MAX = 20
PANEL_ROWS = 20


@pages.get("/deployments")
@public
def index() -> str:
    """The deployments that the reader may see, newest first, and the groups they go to."""
    cursor = request.args.get("before", type=int)
    with site().db.read() as session:
        groups = reading.readable_groups(session, principal())
        rows, older = reading.newest(session, list(groups), PAGE_ROWS, cursor)
        overview = [_group_line(session, group_id, *names) for group_id, names in groups.items()]
    older_url = url_for("deployments.index", before=older) if older else ""
    return render_template("deployments/index.html", rows=rows, groups=groups, overview=overview, older=older_url,
                           example=_upload_command("APPLICATION", "GROUP"))


@pages.get("/deployments/<int:deployment>")
@public
def show(deployment: int) -> str:
    """One deployment: is it done, where it stands on each host, and why it failed."""
    with site().db.read() as session:
        row = reading.find(session, deployment)
        application, group = store.names_of(session, row.group_id)
        demand("deploy:Read", store.resource(application, group))
        targets = reading.rows_of(session, row)
    trouble = [(found, event) for found in targets for event in found.events if event.state == "failed"]
    names = list(dict.fromkeys(event.name for found in targets for event in found.events))
    may_stop = row.state not in runner.ENDED and principal().may("deploy:Create", store.resource(application, group))
    return render_template(
        "deployments/deployment.html", row=row, application=application, group=group, targets=targets, names=names,
        trouble=trouble, may_stop=may_stop, line=_line(row, targets), seconds=_seconds(row), lasted=_lasted,
    )


@pages.post("/deployments/<int:deployment>/stop")
@public
def stop(deployment: int) -> Response:
    """The button of the deployment's page."""
    with site().db.read() as session:
        names = store.names_of(session, reading.find(session, deployment).group_id)
    who = demand("deploy:Create", store.resource(*names))
    with site().db.write() as session:
        runner.stop(session, deployment, actor=who.name)
    return redirect(url_for("deployments.show", deployment=deployment), 303)


@pages.get("/deployment-groups/<application>/<group>")
@needs("deploy:Read", "deploy/{application}/{group}")
def show_group(application: str, group: str) -> str:
    """A deployment group: its hosts, its settings, its last deployments, and how a host joins."""
    return _group_page(application, group, token="")


@pages.post("/deployment-groups/<application>/<group>/join-token")
@needs("deploy:Edit", "deploy/{application}/{group}")
def make_join_token(application: str, group: str) -> str:
    """Makes a join token and shows it, this once."""
    with site().db.write() as session:
        token = hosts.issue_join_token(session, application, group, actor=principal().name)
    return _group_page(application, group, token=token)


def panel(here: Site, who: Principal) -> dict[str, Any] | None:
    """What the home page says of deployments; a failure is settled once a later deployment of its group passed."""
    with here.db.read() as session:
        groups = reading.readable_groups(session, who)
        rows, _ = reading.newest(session, list(groups), PANEL_ROWS, None)
    good: set[int] = set()
    told = []
    for row in rows:
        application, group = groups[row.group_id]
        told.append({
            "text": f"{row.bundle_name} to {application}/{group}", "url": url_for("deployments.show", deployment=row.id),
            "state": row.state, "line": row.reason, "at": row.finished_at or row.created_at,
            "settled": row.group_id in good,
        })
        good |= {row.group_id} if row.state == "passed" else set()
    return {
        "title": "Deployments", "url": url_for("deployments.index"), "rows": told,
        "empty": "Revisions on their way to your hosts.", "command": _upload_command("APPLICATION", "GROUP"),
    }


def search(here: Site, who: Principal, text: str) -> list[dict[str, Any]]:
    """Deployment groups and hosts whose name holds the text."""
    found: list[dict[str, Any]] = []
    with here.db.read() as session:
        for group_id, (application, group) in reading.readable_groups(session, who).items():
            url = url_for("deployments.show_group", application=application, group=group)
            if text.lower() in f"{application}/{group}":
                found.append({"kind": "Deployment group", "title": f"{application}/{group}", "url": url, "line": ""})
            found += [
                {"kind": "Host", "title": host.name, "url": url, "line": f"of {application}/{group}"}
                for host in hosts.in_group(session, group_id) if text.lower() in host.name
            ]
    return found[:FOUND_MAX]


def _group_page(application: str, group: str, token: str) -> str:
    with site().db.read() as session:
        row = store.find_group(session, application, group)
        members = hosts.in_group(session, row.id)
        rows, _ = reading.newest(session, [row.id], 10, None)
        revisions = reading.revision_names(session, row.id)
        good = reading.last_good(session, row.id)
    patience = row.settings["lost_after_seconds"]
    silent = {host.id for host in members if (clock.now() - host.last_seen).total_seconds() > patience}
    return render_template(
        "deployments/group.html", application=application, group=group, settings=row.settings, hosts=members, rows=rows,
        revisions=revisions, good=good, silent=silent, token=token, join=_join_command(application, group),
        deploy=_upload_command(application, group),
        may_edit=principal().may("deploy:Edit", store.resource(application, group)),
    )


def _group_line(session: Session, group_id: int, application: str, group: str) -> dict[str, Any]:
    rows, _ = reading.newest(session, [group_id], 1, None)
    members = hosts.in_group(session, group_id)
    return {
        "application": application, "group": group, "last": rows[0] if rows else None, "hosts": len(members),
        "healthy": sum(host.health == "healthy" for host in members),
    }


def _line(row: Deployment, targets: list[Row]) -> str:
    done = sum(found.target.state in ("passed", "skipped") for found in targets)
    if row.state == "queued":
        return "Waits until the deployment before it in this group has ended."
    if row.state == "running":
        return f"{done} of {len(targets)} hosts done, {row.settings['strategy'].replace('-', ' ')}."
    return row.reason if row.state != "passed" else f"{done} of {len(targets)} hosts run it. {row.reason}".strip()


def _seconds(row: Deployment) -> float | None:
    return None if row.started_at is None else ((row.finished_at or clock.now()) - row.started_at).total_seconds()


def _lasted(event: Any) -> float | None:
    """How long an event took, or takes."""
    if event.started_at is None:
        return None
    return float(((event.finished_at or clock.now()) - event.started_at).total_seconds())


def _join_command(application: str, group: str) -> str:
    return (
        f"lockgate-agent deploy --server {request.host_url.rstrip('/')} --token-file join-token \\\n"
        f"    --application {application} --group {group} --host $(hostname) --root /var/lib/lockgate-agent --destination-root /"
    )


def _upload_command(application: str, group: str) -> str:
    base = f"{request.host_url}api/v1/applications/{application}/groups/{group}"
    return (
        "tar -czf bundle.tar.gz appspec.yml ...\n"
        f"curl --fail -u me:$TOKEN --data-binary @bundle.tar.gz {base}/bundles\n"
        f"curl --fail -u me:$TOKEN --json '{{\"digest\": \"THE DIGEST ABOVE\"}}' {base}/deployments"
    )
