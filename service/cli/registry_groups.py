"""`lockgate registry group`: package groups, what a domain lets in by pattern."""

from typing import Any
from urllib.parse import quote

import click

from service.cli.registry_calls import Registry, pass_registry


@click.group()
def group() -> None:
    """Package groups: what a domain lets in, by pattern."""


@group.command("list")
@click.option("--prefix", default="", help="what the pattern begins with")
@click.option("--within", default="", help="only the groups right below this pattern")
@click.option("--cursor", default="", help="`next` of the page before")
@pass_registry
def list_groups(told: Registry, prefix: str, within: str, cursor: str) -> None:
    """Lists groups with what holds for each."""
    told.call("GET", f"/domains/{quote(told.domain)}/groups", prefix=prefix, within=within, cursor=cursor)


@group.command("show")
@click.argument("pattern")
@pass_registry
def show_group(told: Registry, pattern: str) -> None:
    """Shows one group, its parent and what holds for it."""
    told.call("GET", f"/domains/{quote(told.domain)}/groups/described", pattern=pattern)


@group.command("set")
@click.argument("pattern")
@click.option("--create", is_flag=True)
@click.option("--description")
@click.option("--rule", "rules", multiple=True, help="SETTING=MODE or SETTING=REPOSITORY,REPOSITORY; PUBLISH=BLOCK")
@click.option("--add", "added", multiple=True, help="SETTING=REPOSITORY,REPOSITORY more, to what ALLOW_SPECIFIC_REPOSITORIES allows")
@click.option("--remove", "removed", multiple=True, help="SETTING=REPOSITORY,REPOSITORY fewer")
@pass_registry
def set_group(
    told: Registry, pattern: str, create: bool, description: str | None, rules: tuple[str, ...], added: tuple[str, ...],
    removed: tuple[str, ...],
) -> None:
    """Creates or changes a group."""
    body: dict[str, Any] = {"pattern": pattern}
    if description is not None:
        body["description"] = description
    if rules:
        body["restrictions"] = dict(_rule(text) for text in rules)
    for key, lists in (("add_repositories", added), ("remove_repositories", removed)):
        if lists:
            body[key] = {setting: names.split(",") for setting, _, names in (text.partition("=") for text in lists)}
    told.call("POST" if create else "PATCH", f"/domains/{quote(told.domain)}/groups", body)


@group.command("delete")
@click.argument("pattern")
@pass_registry
def delete_group(told: Registry, pattern: str) -> None:
    """Deletes a group."""
    told.call("DELETE", f"/domains/{quote(told.domain)}/groups", pattern=pattern)


@group.command("match")
@click.argument("package")
@pass_registry
def match(told: Registry, package: str) -> None:
    """Says which group FORMAT/NAME belongs to, and what holds for it."""
    kind, _, name = package.partition("/")
    told.call("GET", f"/domains/{quote(told.domain)}/groups/match", format=kind, package=name)


@group.command("packages")
@click.argument("pattern")
@click.option("--cursor", default="", help="`next` of the page before")
@pass_registry
def group_packages(told: Registry, pattern: str, cursor: str) -> None:
    """Lists the packages of a group, or those that a new group of that pattern would get."""
    told.call("GET", f"/domains/{quote(told.domain)}/groups/packages", pattern=pattern, cursor=cursor)


def _rule(text: str) -> tuple[str, dict[str, Any]]:
    setting, _, value = text.partition("=")
    if value in ("ALLOW", "BLOCK", "INHERIT"):
        return setting, {"mode": value}
    return setting, {"mode": "ALLOW_SPECIFIC_REPOSITORIES", "repositories": [name for name in value.split(",") if name]}
