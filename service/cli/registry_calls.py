"""How `lockgate registry` asks the server: its JSON API under one domain."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import click

from service.demo.api import Api


class Registry:
    """The API under a domain."""

    def __init__(self, server: str, token: str, domain: str) -> None:
        self._server, self._token, self.domain = server, token, domain

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> None:
        """Asks and shows the answer; ends with 1 when it says of some version that nothing was done."""
        asked = {key: value for key, value in query.items() if value not in (None, "")}
        answer = self.fetch(method, path + (f"?{urlencode(asked)}" if asked else ""), body)
        told = json.loads(answer) if answer else {}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False) if answer else "done")
        if told.get("failed"):
            click.get_current_context().exit(1)

    def fetch(self, method: str, path: str, body: Any = None) -> bytes:
        """The answer as it comes."""
        if not self._server or not self._token:
            raise click.UsageError("name the server and a token, by --server and --token or LOCKGATE_SERVER and LOCKGATE_TOKEN")
        return Api(self._server, self._token).request(method, path, body)

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


pass_registry = click.make_pass_decorator(Registry)
