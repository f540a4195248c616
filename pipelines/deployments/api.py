"""JSON API of deployments: applications, groups, hosts, bundles, deployments."""

from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from pipelines.deployments import bundle, hosts, reading, runner, store
from pipelines.deployments.models import Application, DeploymentGroup
from pipelines.deployments.settings import GroupSettings
from service.kernel.access import demand, needs, principal, public, site

api = APIBlueprint("deployments_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="deployments")])


class NewApplication(BaseModel):
    """An application to create."""

    model_config = ConfigDict(extra="forbid")
    name: str
    project: str = "default"


class NewGroup(BaseModel):
    """A deployment group to create."""

    model_config = ConfigDict(extra="forbid")
    name: str
    settings: GroupSettings = GroupSettings()


class NewDeployment(BaseModel):
    """A revision to deploy: the digest of an uploaded bundle."""

    model_config = ConfigDict(extra="forbid")
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    name: str = Field("", max_length=200, description="what people call this revision, such as shop-1.2.0")


class ApplicationPath(BaseModel):
    """Names an application."""

    application: str


class GroupPath(ApplicationPath):
    """Names a deployment group."""

    group: str


class HostPath(GroupPath):
    """Names a host of a group."""

    host: str


class DeploymentPath(BaseModel):
    """Names a deployment."""

    deployment: int


class Page(BaseModel):
    """Which part of a list: at most `limit` rows older than the cursor."""

    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = None


@api.get("/applications")
@public
def list_applications() -> dict[str, Any]:
    """The applications of which the caller may read a group, with these groups."""
    who = principal()
    with site().db.read() as session:
        rows = session.execute(
            select(Application, DeploymentGroup).order_by(Application.name, DeploymentGroup.name)
            .join(DeploymentGroup, DeploymentGroup.application_id == Application.id, isouter=True)
        ).all()
    found: dict[str, dict[str, Any]] = {}
    for application, group in rows:
        if who.may("deploy:Read", store.resource(application.name, group.name if group else "")):
            new = {"name": application.name, "project": application.project, "groups": []}
            item = found.setdefault(application.name, new)
            item["groups"] += [group.name] if group else []
    return {"items": list(found.values()), "next": None}


@api.post("/applications", responses={"201": {}})
@public
def create_application(body: NewApplication) -> tuple[dict[str, Any], int]:
    """Creates an application."""
    who = demand("deploy:Edit", store.resource(body.name, ""))
    with site().db.write() as session:
        row = store.create_application(session, body.name, body.project, actor=who.name)
        return {"name": row.name, "project": row.project, "groups": []}, 201


@api.post("/applications/<application>/groups", responses={"201": {}})
@public
def create_group(path: ApplicationPath, body: NewGroup) -> tuple[dict[str, Any], int]:
    """Creates a deployment group."""
    who = demand("deploy:Edit", store.resource(path.application, body.name))
    with site().db.write() as session:
        row = store.create_group(session, path.application, body.name, body.settings, actor=who.name)
        return {"application": path.application, "name": row.name, "settings": row.settings}, 201


@api.get("/applications/<application>/groups/<group>")
@needs("deploy:Read", "deploy/{application}/{group}")
def get_group(path: GroupPath) -> dict[str, Any]:
    """A deployment group with its hosts."""
    with site().db.read() as session:
        row = store.find_group(session, path.application, path.group)
        found = [reading.host_json(host) for host in hosts.in_group(session, row.id)]
    return {"application": path.application, "name": row.name, "settings": row.settings, "hosts": found}


@api.put("/applications/<application>/groups/<group>")
@needs("deploy:Edit", "deploy/{application}/{group}")
def change_group(path: GroupPath, body: GroupSettings) -> dict[str, Any]:
    """Replaces the settings of a group."""
    with site().db.write() as session:
        row = store.change_group(session, path.application, path.group, body, actor=principal().name)
        return {"application": path.application, "name": row.name, "settings": row.settings}


@api.get("/applications/<application>/groups/<group>/hosts")
@needs("deploy:Read", "deploy/{application}/{group}")
def list_hosts(path: GroupPath) -> dict[str, Any]:
    """The hosts of a group."""
    with site().db.read() as session:
        row = store.find_group(session, path.application, path.group)
        return {"items": [reading.host_json(host) for host in hosts.in_group(session, row.id)], "next": None}


@api.delete("/applications/<application>/groups/<group>/hosts/<host>", responses={"204": {}})
@needs("deploy:Edit", "deploy/{application}/{group}")
def remove_host(path: HostPath) -> tuple[str, int]:
    """Takes a host out of its group; its agent can no longer call."""
    with site().db.write() as session:
        hosts.remove(session, path.application, path.group, path.host, actor=principal().name)
    return "", 204


@api.post("/applications/<application>/groups/<group>/join-tokens", responses={"201": {}})
@needs("deploy:Edit", "deploy/{application}/{group}")
def create_join_token(path: GroupPath) -> tuple[dict[str, Any], int]:
    """A token with which agents join this group within a day."""
    with site().db.write() as session:
        token = hosts.issue_join_token(session, path.application, path.group, actor=principal().name)
    return {"token": token, "expires_in_seconds": int(hosts.JOIN_TOKEN_LIFETIME.total_seconds())}, 201


@api.post("/applications/<application>/groups/<group>/bundles", responses={"201": {}})
@needs("deploy:Create", "deploy/{application}/{group}")
def upload_bundle(path: GroupPath) -> tuple[dict[str, Any], int]:
    """Takes a tar.gz bundle as the request's body and checks it and its appspec; answers its digest."""
    request.max_content_length = bundle.BUNDLE_BYTES_MAX
    with site().db.read() as session:
        store.find_group(session, path.application, path.group)
    blob = site().blobs.put(request.stream, limit_bytes=bundle.BUNDLE_BYTES_MAX)
    spec, size = bundle.read_appspec(site().blobs, blob.digest)
    return {"digest": blob.digest, "bytes": size, "appspec": spec.model_dump(mode="json", by_alias=True)}, 201


@api.post("/applications/<application>/groups/<group>/deployments", responses={"201": {}})
@needs("deploy:Create", "deploy/{application}/{group}")
def create_deployment(path: GroupPath, body: NewDeployment) -> tuple[dict[str, Any], int]:
    """Deploys an uploaded bundle to the group."""
    spec, size = bundle.read_appspec(site().blobs, body.digest)
    with site().db.write() as session:
        deployment_id = store.create_deployment(
            session, application=path.application, group=path.group, digest=body.digest,
            bundle_name=body.name or body.digest[:12], actor=principal().name,
            appspec=spec.model_dump(mode="json", by_alias=True), bundle_bytes=size,
        )
    with site().db.read() as session:
        return reading.deployment_json(session, reading.find(session, deployment_id)), 201


@api.get("/applications/<application>/groups/<group>/deployments")
@needs("deploy:Read", "deploy/{application}/{group}")
def list_group_deployments(path: GroupPath, query: Page) -> dict[str, Any]:
    """The deployments of a group, newest first."""
    with site().db.read() as session:
        group = store.find_group(session, path.application, path.group)
        rows, more = reading.newest(session, [group.id], query.limit, query.cursor)
        return {"items": [reading.summary_json(session, row) for row in rows], "next": more}


@api.get("/deployments")
@public
def list_deployments(query: Page) -> dict[str, Any]:
    """The deployments that the caller may read, newest first."""
    with site().db.read() as session:
        readable = reading.readable_groups(session, principal())
        rows, more = reading.newest(session, list(readable), query.limit, query.cursor)
        return {"items": [reading.summary_json(session, row) for row in rows], "next": more}


@api.get("/deployments/<int:deployment>")
@public
def get_deployment(path: DeploymentPath) -> dict[str, Any]:
    """A deployment with its targets and their lifecycle events."""
    with site().db.read() as session:
        row = reading.find(session, path.deployment)
        answer = reading.deployment_json(session, row)
    demand("deploy:Read", store.resource(answer["application"], answer["group"]))
    return answer


@api.post("/deployments/<int:deployment>/stop")
@public
def stop_deployment(path: DeploymentPath) -> dict[str, Any]:
    """Asks a deployment to stop."""
    with site().db.read() as session:
        row = reading.find(session, path.deployment)
        names = store.names_of(session, row.group_id)
    who = demand("deploy:Create", store.resource(*names))
    with site().db.write() as session:
        runner.stop(session, path.deployment, actor=who.name)
    with site().db.read() as session:
        return reading.deployment_json(session, reading.find(session, path.deployment))
