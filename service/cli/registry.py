"""`lockgate registry`: domains, package repositories, groups, versions, policies and tokens, over the server's JSON API."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import click

from service.cli.advisories import advisories
from service.demo.api import Api


@click.group()
@click.option("--server", envvar="LOCKGATE_SERVER", default="", help="http://127.0.0.1:8642")
@click.option("--token", envvar="LOCKGATE_TOKEN", default="", help="or LOCKGATE_TOKEN")
@click.option("--domain", default="default", show_default=True)
@click.pass_context
def registry(context: click.Context, server: str, token: str, domain: str) -> None:
    """The package registry of a server. Answers are JSON, for people and for jq."""
    context.obj = _Registry(server.rstrip("/"), token, domain)


class _Registry:
    """The API under a domain."""

    def __init__(self, server: str, token: str, domain: str) -> None:
        self._server, self._token, self.domain = server, token, domain

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> None:
        """Asks and shows the answer."""
        if not self._server or not self._token:
            raise click.UsageError("name the server and a token, by --server and --token or LOCKGATE_SERVER and LOCKGATE_TOKEN")
        asked = {key: value for key, value in query.items() if value not in (None, "")}
        answer = Api(self._server, self._token).request(method, path + (f"?{urlencode(asked)}" if asked else ""), body)
        click.echo(json.dumps(json.loads(answer), indent=2, ensure_ascii=False) if answer else "done")

    def repository(self, name: str, rest: str = "") -> str:
        """The path of a package repository."""
        return f"/registry/{quote(self.domain)}/{quote(name)}{rest}"

    def package(self, repository: str, package: str, rest: str = "") -> str:
        """The path of `FORMAT/NAME`, such as `pypi/requests` or `npm/@team/ui`."""
        kind, slash, name = package.partition("/")
        if not slash or not name:
            raise click.UsageError(f"name the package as FORMAT/NAME, such as pypi/requests or npm/@team/ui, not {package!r}")
        return self.repository(repository, f"/packages/{quote(kind)}/{quote(name, safe='@/')}{rest}")

    def version(self, repository: str, package: str, version: str, rest: str = "") -> str:
        """The path of a version."""
        return self.package(repository, package, f"/versions/{quote(version)}{rest}")


pass_registry = click.make_pass_decorator(_Registry)


@registry.command("domains")
@pass_registry
def domains(told: _Registry) -> None:
    """Lists domains."""
    told.call("GET", "/domains")


@registry.command("domain")
@click.option("--create", is_flag=True)
@click.option("--delete", is_flag=True)
@click.option("--description")
@pass_registry
def domain(told: _Registry, create: bool, delete: bool, description: str | None) -> None:
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
@pass_registry
def repositories(told: _Registry) -> None:
    """Lists package repositories."""
    told.call("GET", "/registry")


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
    told: _Registry, repository: str, description: str | None, upstreams: tuple[str, ...], connections: tuple[str, ...],
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
    told: _Registry, repository: str, description: str | None, upstreams: tuple[str, ...], connections: tuple[str, ...],
    minimum_age_hours: int | None,
) -> None:
    """Changes a package repository; `--upstream ""` empties the list."""
    told.call("PATCH", told.repository(repository), _settings(description, upstreams, connections, minimum_age_hours))


@registry.command("show")
@click.argument("repository")
@click.argument("package", default="")
@click.argument("version", default="")
@click.option("--part", type=click.Choice(["assets", "readme", "dependencies"]), help="of a version")
@pass_registry
def show(told: _Registry, repository: str, package: str, version: str, part: str | None) -> None:
    """Shows a package repository, a package (FORMAT/NAME) or a version."""
    if version:
        told.call("GET", told.version(repository, package, version, f"/{part}" if part else ""))
    else:
        told.call("GET", told.package(repository, package) if package else told.repository(repository))


@registry.command("packages")
@click.argument("repository")
@click.option("--words", default="")
@click.option("--format", "format_name", default="")
@click.option("--cursor", default="")
@pass_registry
def packages(told: _Registry, repository: str, words: str, format_name: str, cursor: str) -> None:
    """Lists the packages of a repository."""
    told.call("GET", told.repository(repository, "/packages"), q=words, format=format_name, cursor=cursor)


@registry.command("delete")
@click.argument("repository")
@click.argument("package", default="")
@click.confirmation_option(prompt="This cannot be undone. Delete?")
@pass_registry
def delete(told: _Registry, repository: str, package: str) -> None:
    """Deletes a package repository, or one package of it, with all versions."""
    told.call("DELETE", told.package(repository, package) if package else told.repository(repository))


@registry.command("status")
@click.argument("repository")
@click.argument("package")
@click.argument("status", type=click.Choice(["Published", "Unlisted", "Archived", "Disposed", "Deleted"]))
@click.argument("versions", nargs=-1, required=True)
@click.option("--expected", default="", help="the status they must have now")
@pass_registry
def status(told: _Registry, repository: str, package: str, status: str, versions: tuple[str, ...], expected: str) -> None:
    """Sets the status of versions. Disposed gives up their files for good, Deleted the versions too."""
    body: dict[str, Any] = {"versions": list(versions), "expected_status": expected}
    action = {"Disposed": "dispose", "Deleted": "delete"}.get(status, "status")
    if action == "status":
        body["status"] = status
    told.call("POST", told.package(repository, package, f"/{action}"), body)


@registry.command("copy")
@click.argument("repository")
@click.argument("package")
@click.argument("versions", nargs=-1, required=True)
@click.option("--to", required=True, help="another package repository of the domain")
@click.option("--from-upstream", is_flag=True, help="also what the source has from its upstreams")
@click.option("--allow-overwrite", is_flag=True)
@pass_registry
def copy(
    told: _Registry, repository: str, package: str, versions: tuple[str, ...], to: str, from_upstream: bool, allow_overwrite: bool
) -> None:
    """Copies versions to another repository; no byte moves."""
    body = {"to": to, "versions": list(versions), "from_upstream": from_upstream, "allow_overwrite": allow_overwrite}
    told.call("POST", told.package(repository, package, "/copy"), body)


@registry.command("origins")
@click.argument("repository")
@click.argument("package")
@click.option("--publish", type=click.Choice(["ALLOW", "BLOCK"]), required=True)
@click.option("--upstream", type=click.Choice(["ALLOW", "BLOCK"]), required=True)
@pass_registry
def origins(told: _Registry, repository: str, package: str, publish: str, upstream: str) -> None:
    """Sets a package's origin controls: may it be published here, may it come from outside."""
    told.call("PUT", told.package(repository, package, "/origins"), {"publish": publish, "upstream": upstream})


@registry.command("project-status")
@click.argument("repository")
@click.argument("project")
@click.argument("status", default="", type=click.Choice(["", "active", "archived", "deprecated", "quarantined"]))
@click.option("--reason", default="", help="installers show it")
@pass_registry
def project_status(told: _Registry, repository: str, project: str, status: str, reason: str) -> None:
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
def upload_rules(told: _Registry, repository: str, local_versions: bool | None, closed_after_days: int | None) -> None:
    """Shows or changes what a package repository takes as an upload of a Python package."""
    wanted = {"local_versions": local_versions, "closed_after_days": closed_after_days}
    body = {key: value for key, value in wanted.items() if value is not None}
    told.call("PATCH" if body else "GET", told.repository(repository, "/upload-rules"), body or None)


@registry.command("versions")
@click.argument("repository")
@click.argument("package")
@click.option("--status", default="", help="only those with it")
@click.option("--cursor", default="", help="`next` of the page before")
@click.option("--limit", type=int, default=None)
@pass_registry
def versions(told: _Registry, repository: str, package: str, status: str, cursor: str, limit: int | None) -> None:
    """Lists the versions of a package, highest first."""
    kind, _, name = package.partition("/")
    told.call("GET", told.repository(repository, "/versions"), format=kind, package=name, status=status, cursor=cursor, limit=limit)


@registry.command("events")
@click.argument("repository")
@click.option("--after", type=int, default=0, help="the last sequence number that was seen")
@pass_registry
def events(told: _Registry, repository: str, after: int) -> None:
    """Lists changes of versions in their order."""
    told.call("GET", told.repository(repository, "/events"), after=after)


@registry.command("token")
@click.option("--seconds", type=click.IntRange(900, 43_200), default=43_200, show_default=True)
@pass_registry
def token(told: _Registry, seconds: int) -> None:
    """Issues a short-lived token for the domain's packages alone."""
    told.call("POST", f"/domains/{quote(told.domain)}/token", {"duration_seconds": seconds})


@registry.group()
def group() -> None:
    """Package groups: what a domain lets in, by pattern."""


@group.command("list")
@pass_registry
def list_groups(told: _Registry) -> None:
    """Lists groups with what holds for each."""
    told.call("GET", f"/domains/{quote(told.domain)}/groups")


@group.command("set")
@click.argument("pattern")
@click.option("--create", is_flag=True)
@click.option("--description")
@click.option("--rule", "rules", multiple=True, help="SETTING=MODE or SETTING=REPOSITORY,REPOSITORY; PUBLISH=BLOCK")
@pass_registry
def set_group(told: _Registry, pattern: str, create: bool, description: str | None, rules: tuple[str, ...]) -> None:
    """Creates or changes a group."""
    body: dict[str, Any] = {"pattern": pattern}
    if description is not None:
        body["description"] = description
    if rules:
        body["restrictions"] = dict(_rule(text) for text in rules)
    told.call("POST" if create else "PATCH", f"/domains/{quote(told.domain)}/groups", body)


@group.command("delete")
@click.argument("pattern")
@pass_registry
def delete_group(told: _Registry, pattern: str) -> None:
    """Deletes a group."""
    told.call("DELETE", f"/domains/{quote(told.domain)}/groups", pattern=pattern)


@group.command("match")
@click.argument("package")
@pass_registry
def match(told: _Registry, package: str) -> None:
    """Says which group FORMAT/NAME belongs to, and what holds for it."""
    kind, _, name = package.partition("/")
    told.call("GET", f"/domains/{quote(told.domain)}/groups/match", format=kind, package=name)


@group.command("packages")
@click.argument("pattern")
@click.option("--cursor", default="", help="`next` of the page before")
@pass_registry
def group_packages(told: _Registry, pattern: str, cursor: str) -> None:
    """Lists the packages of a group, or those that a new group of that pattern would get."""
    told.call("GET", f"/domains/{quote(told.domain)}/groups/packages", pattern=pattern, cursor=cursor)


@registry.command("policy")
@click.argument("repository", default="")
@click.option("--put", type=click.File(), help="a JSON list of statements with Effect, Principal, Action, Resource")
@click.option("--delete", is_flag=True)
@pass_registry
def policy(told: _Registry, repository: str, put: Any, delete: bool) -> None:
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
def list_exceptions(told: _Registry, repository: str) -> None:
    """Lists the exceptions in force."""
    told.call("GET", told.repository(repository, "/age-exceptions"))


@age.command("allow")
@click.argument("repository")
@click.argument("package")
@click.argument("version", default="")
@click.option("--reason", required=True, help="goes on record")
@click.option("--hours", type=int, default=24, show_default=True)
@pass_registry
def allow(told: _Registry, repository: str, package: str, version: str, reason: str, hours: int) -> None:
    """Lets a version, or every version, through before its age."""
    told.call("POST", told.package(repository, package, "/age-exception"), {"version": version, "reason": reason, "hours": hours})


@age.command("withdraw")
@click.argument("repository")
@click.argument("package")
@pass_registry
def withdraw(told: _Registry, repository: str, package: str) -> None:
    """Ends a package's exceptions."""
    told.call("POST", told.package(repository, package, "/age-exception/withdraw"), {})


registry.add_command(advisories)


def _rule(text: str) -> tuple[str, dict[str, Any]]:
    setting, _, value = text.partition("=")
    if value in ("ALLOW", "BLOCK", "INHERIT"):
        return setting, {"mode": value}
    return setting, {"mode": "ALLOW_SPECIFIC_REPOSITORIES", "repositories": [name for name in value.split(",") if name]}
