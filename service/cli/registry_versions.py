"""`lockgate registry` on packages and their versions: shown, listed, changed, copied."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from service.cli.registry_calls import Registry, pass_registry


@click.command("show")
@click.argument("repository")
@click.argument("package", default="")
@click.argument("version", default="")
@click.option("--part", type=click.Choice(["assets", "readme", "dependencies"]), help="of a version")
@pass_registry
def show(told: Registry, repository: str, package: str, version: str, part: str | None) -> None:
    """Shows a package repository, a package (FORMAT/NAME) or a version."""
    if version:
        told.call("GET", told.version(repository, package, version, f"/{part}" if part else ""))
    else:
        told.call("GET", told.package(repository, package) if package else told.repository(repository))


@click.command("packages")
@click.argument("repository")
@click.option("--words", default="", help="that name or summary hold")
@click.option("--format", default="")
@click.option("--namespace", default="", help="what it begins with, an npm scope without its @; needs --format")
@click.option("--prefix", default="", help="what the name begins with")
@click.option("--publish", default="", type=click.Choice(["", "ALLOW", "BLOCK"]), help="only packages with this origin control")
@click.option("--upstream", default="", type=click.Choice(["", "ALLOW", "BLOCK"]), help="only packages with this origin control")
@click.option("--cursor", default="", help="`next` of the page before")
@click.option("--limit", type=int, default=None)
@pass_registry
def packages(told: Registry, /, repository: str, words: str, **query: str | int | None) -> None:
    """Lists the packages of a repository."""
    told.call("GET", told.repository(repository, "/packages"), q=words, **query)


@click.command("versions")
@click.argument("repository")
@click.argument("package")
@click.option("--status", default="", help="only those with it")
@click.option("--origin", default="", type=click.Choice(["", "internal", "external"]))
@click.option("--order", default="", type=click.Choice(["", "version", "published"]), help="highest, or last published, first")
@click.option("--cursor", default="", help="`next` of the page before")
@click.option("--limit", type=int, default=None)
@pass_registry
def versions(told: Registry, /, repository: str, package: str, **query: str | int | None) -> None:
    """Lists the versions of a package, highest first."""
    kind, _, name = package.partition("/")
    told.call("GET", told.repository(repository, "/versions"), format=kind, package=name, **query)


@click.command("events")
@click.argument("repository")
@click.option("--after", type=int, default=0, help="the last sequence number that was seen")
@pass_registry
def events(told: Registry, repository: str, after: int) -> None:
    """Lists changes of versions in their order."""
    told.call("GET", told.repository(repository, "/events"), after=after)


@click.command("status")
@click.argument("repository")
@click.argument("package")
@click.argument("status", type=click.Choice(["Published", "Unlisted", "Archived", "Disposed", "Deleted"]))
@click.argument("versions", nargs=-1, required=True)
@click.option("--expected", default="", help="the status they must have now")
@pass_registry
def status(told: Registry, repository: str, package: str, status: str, versions: tuple[str, ...], expected: str) -> None:
    """Sets the status of versions, each VERSION or VERSION=REVISION: of all, or of none when one cannot be changed.

    Disposed gives up their files for good, Deleted the versions too.
    """
    body: dict[str, Any] = {**_wanted(versions), "expected_status": expected}
    action = {"Disposed": "dispose", "Deleted": "delete"}.get(status, "status")
    if action == "status":
        body["status"] = status
    told.call("POST", told.package(repository, package, f"/{action}"), body)


@click.command("copy")
@click.argument("repository")
@click.argument("package")
@click.argument("versions", nargs=-1, required=True)
@click.option("--to", required=True, help="another package repository of the domain")
@click.option("--from-upstream", "--include-from-upstream", is_flag=True, help="also what the source has from its upstreams")
@click.option("--allow-overwrite", is_flag=True)
@pass_registry
def copy(
    told: Registry, repository: str, package: str, versions: tuple[str, ...], to: str, from_upstream: bool, allow_overwrite: bool
) -> None:
    """Copies versions, each VERSION or VERSION=REVISION, to another repository: all or none. No byte moves."""
    body = {"to": to, **_wanted(versions), "from_upstream": from_upstream, "allow_overwrite": allow_overwrite}
    told.call("POST", told.package(repository, package, "/copy"), body)


@click.command("asset")
@click.argument("repository")
@click.argument("package")
@click.argument("version")
@click.argument("name")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="a file; without it, standard output")
@pass_registry
def asset(told: Registry, repository: str, package: str, version: str, name: str, output: Path | None) -> None:
    """Downloads one file of a version."""
    data = told.fetch("GET", told.version(repository, package, version, f"/assets/{quote(name)}"))
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        output.write_bytes(data)
        click.echo(f"{output}: {len(data)} bytes")


def _wanted(versions: tuple[str, ...]) -> dict[str, Any]:
    """Versions with or without the revision that each must have."""
    pairs = {version: revision for version, _, revision in (text.partition("=") for text in versions)}
    return {"revisions": pairs} if any(pairs.values()) else {"versions": list(pairs)}
