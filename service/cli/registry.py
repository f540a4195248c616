"""`lockgate registry`: domains, package repositories, groups, versions, policies and tokens, over the server's JSON API."""

import json
from typing import Any
from urllib.parse import quote

import click

from service.cli.advisories import advisories
from service.cli.registry_calls import Registry, pass_registry
from service.cli.registry_groups import group
from service.cli.registry_versions import asset, copy, events, packages, show, status, versions


@click.group()
@click.option("--server", envvar="LOCKGATE_SERVER", default="", help="http://127.0.0.1:8642")
@click.option("--token", envvar="LOCKGATE_TOKEN", default="", help="or LOCKGATE_TOKEN")
@click.option("--domain", default="default", show_default=True)
@click.pass_context
def registry(context: click.Context, server: str, token: str, domain: str) -> None:
    """The package registry of a server. Answers are JSON, for people and for jq."""
    context.obj = Registry(server.rstrip("/"), token, domain)


@registry.command("domains")
@pass_registry
def domains(told: Registry) -> None:
    """Lists domains."""
    told.call("GET", "/domains")


@registry.command("domain")
@click.option("--create", is_flag=True)
@click.option("--delete", is_flag=True)
@click.option("--description")
@pass_registry
def domain(told: Registry, create: bool, delete: bool, description: str | None) -> None:
    """Shows the domain, or creates, describes or deletes it."""
    path = f"/domains/{quote(told.domain)}"
    if create:
        told.call("POST", "/domains", {"name": told.domain, "description": description or ""})
    elif delete:
        told.call("DELETE", path)
    elif description is not None:
        told.call("PATCH", path, {"description": description})
    else:
        told.call("GET", path)


@registry.command("repositories")
@click.option("--prefix", default="", help="what the name begins with")
@click.option("--in-domain", is_flag=True, help="only those of the domain")
@pass_registry
def repositories(told: Registry, prefix: str, in_domain: bool) -> None:
    """Lists package repositories."""
    told.call("GET", "/registry", prefix=prefix, domain=told.domain if in_domain else "")


def _repository_options(command: Any) -> Any:
    for option in (
        click.option("--description"),
        click.option("--upstream", "upstreams", multiple=True, help="in the order of search"),
        click.option("--connect", "connections", multiple=True, help="FORMAT=URL, in the order of search"),
        click.option("--minimum-age-hours", type=int, help="how old what comes from outside must be"),
    ):
        command = option(command)
    return command


def _settings(description: str | None, upstreams: tuple[str, ...], connections: tuple[str, ...], age: int | None) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if description is not None:
        body["description"] = description
    if upstreams:
        body["upstreams"] = [name for name in upstreams if name]
    if connections:
        pairs = [text.partition("=") for text in connections if text]
        body["connections"] = [{"format": kind, "url": url} for kind, _, url in pairs]
    if age is not None:
        body["minimum_age_hours"] = age
    return body


@registry.command("create")
@click.argument("repository")
@_repository_options
@pass_registry
def create(
    told: Registry, repository: str, description: str | None, upstreams: tuple[str, ...], connections: tuple[str, ...],
    minimum_age_hours: int | None,
) -> None:
    """Creates a package repository."""
    settings = _settings(description, upstreams, connections, minimum_age_hours)
    told.call("POST", "/registry", {"domain": told.domain, "name": repository, **settings})


@registry.command("change")
@click.argument("repository")
@_repository_options
@pass_registry
def change(
    told: Registry, repository: str, description: str | None, upstreams: tuple[str, ...], connections: tuple[str, ...],
    minimum_age_hours: int | None,
) -> None:
    """Changes a package repository; `--upstream ""` empties the list."""
    told.call("PATCH", told.repository(repository), _settings(description, upstreams, connections, minimum_age_hours))


@registry.command("delete")
@click.argument("repository")
@click.argument("package", default="")
@click.confirmation_option(prompt="This cannot be undone. Delete?")
@pass_registry
def delete(told: Registry, repository: str, package: str) -> None:
    """Deletes a package repository, or one package of it, with all versions."""
    told.call("DELETE", told.package(repository, package) if package else told.repository(repository))


@registry.command("origins")
@click.argument("repository")
@click.argument("package")
@click.option("--publish", type=click.Choice(["ALLOW", "BLOCK"]), required=True)
@click.option("--upstream", type=click.Choice(["ALLOW", "BLOCK"]), required=True)
@pass_registry
def origins(told: Registry, repository: str, package: str, publish: str, upstream: str) -> None:
    """Sets a package's origin controls: may it be published here, may it come from outside. Holds ahead of its first version too."""
    told.call("PUT", told.package(repository, package, "/origins"), {"publish": publish, "upstream": upstream})


@registry.command("project-status")
@click.argument("repository")
@click.argument("project")
@click.argument("status", default="", type=click.Choice(["", "active", "archived", "deprecated", "quarantined"]))
@click.option("--reason", default="", help="installers show it")
@pass_registry
def project_status(told: Registry, repository: str, project: str, status: str, reason: str) -> None:
    """Shows or sets the status of a Python project (PEP 792)."""
    path = told.package(repository, f"pypi/{project}", "/project-status")
    if status:
        told.call("PUT", path, {"status": status, "reason": reason})
    else:
        told.call("GET", path)


@registry.command("upload-rules")
@click.argument("repository")
@click.option("--local-versions/--no-local-versions", default=None, help="take versions such as 1.0+team.1")
@click.option("--closed-after-days", type=int, help="a release that old takes no more files; 0: never closed")
@pass_registry
def upload_rules(told: Registry, repository: str, local_versions: bool | None, closed_after_days: int | None) -> None:
    """Shows or changes what a package repository takes as an upload of a Python package."""
    wanted = {"local_versions": local_versions, "closed_after_days": closed_after_days}
    body = {key: value for key, value in wanted.items() if value is not None}
    told.call("PATCH" if body else "GET", told.repository(repository, "/upload-rules"), body or None)


@registry.command("token")
@click.option("--seconds", type=click.IntRange(0, 43_200), default=43_200, show_default=True, help="0: as the token that asks")
@pass_registry
def token(told: Registry, seconds: int) -> None:
    """Issues a short-lived token for the domain's packages alone."""
    told.call("POST", f"/domains/{quote(told.domain)}/token", {"duration_seconds": seconds})


@registry.command("policy")
@click.argument("repository", default="")
@click.option("--put", type=click.File(), help="a JSON list of statements with Effect, Principal, Action, Resource")
@click.option("--delete", is_flag=True)
@pass_registry
def policy(told: Registry, repository: str, put: Any, delete: bool) -> None:
    """Shows, replaces or deletes the policy of a package repository, or without one of the domain."""
    path = told.repository(repository, "/policy") if repository else f"/domains/{quote(told.domain)}/policy"
    if put is not None:
        told.call("PUT", path, {"statements": json.load(put)})
    else:
        told.call("DELETE" if delete else "GET", path)


@registry.group()
def age() -> None:
    """The minimum age of what comes from outside, and who broke the glass."""


@age.command("list")
@click.argument("repository")
@pass_registry
def list_exceptions(told: Registry, repository: str) -> None:
    """Lists the exceptions in force."""
    told.call("GET", told.repository(repository, "/age-exceptions"))


@age.command("allow")
@click.argument("repository")
@click.argument("package")
@click.argument("version", default="")
@click.option("--reason", required=True, help="goes on record")
@click.option("--hours", type=int, default=24, show_default=True)
@pass_registry
def allow(told: Registry, repository: str, package: str, version: str, reason: str, hours: int) -> None:
    """Lets a version, or every version, through before its age."""
    told.call("POST", told.package(repository, package, "/age-exception"), {"version": version, "reason": reason, "hours": hours})


@age.command("withdraw")
@click.argument("repository")
@click.argument("package")
@pass_registry
def withdraw(told: Registry, repository: str, package: str) -> None:
    """Ends a package's exceptions."""
    told.call("POST", told.package(repository, package, "/age-exception/withdraw"), {})


registry.add_command(advisories)
registry.add_command(group)
for command in (show, packages, versions, status, copy, asset, events):
    registry.add_command(command)
