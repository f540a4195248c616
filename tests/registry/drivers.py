"""How each package format is spoken, for the tests that hold for all of them. A format without a driver fails those tests."""

import json
from dataclasses import dataclass
from typing import Any

from tests.lockgate_server import Answer, Server
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import form, npm_document, npm_tarball, wheel

Headers = dict[str, str]


@dataclass
class Driver:
    """Requests of one format against one package repository."""

    server: Server
    repository: str

    kind = ""
    accept = "*/*"

    def path(self, rest: str) -> str:
        return f"/{self.kind}/default/{self.repository}/{rest}"

    def document(self, name: str, token: str | None = "", **headers: str) -> Answer:
        return self.server.call("GET", self.document_path(name), token=token, headers={"Accept": self.accept, **headers})

    def file(self, name: str, version: str, token: str | None = "", method: str = "GET", **headers: str) -> Answer:
        return self.server.call(method, self.file_path(name, version), token=token, headers=headers)

    def publish(self, name: str, version: str, code: str = "1", token: str | None = "") -> Answer:
        method, path, headers, body = self.publication(name, version, code)
        return self.server.call(method, path, token=token, headers=headers, body=body)

    def api(self, method: str, name: str, version: str, rest: str = "", body: Any = None) -> Answer:
        path = f"/api/v1/registry/default/{self.repository}/packages/{self.kind}/{name}/versions/{version}{rest}"
        return self.server.call(method, path, body)

    def document_path(self, name: str) -> str:
        raise NotImplementedError

    def file_path(self, name: str, version: str) -> str:
        raise NotImplementedError

    def publication(self, name: str, version: str, code: str) -> tuple[str, str, Headers, bytes]:
        raise NotImplementedError

    def content(self, name: str, version: str, code: str = "1") -> bytes:
        raise NotImplementedError

    def versions(self, document: Answer) -> list[str]:
        raise NotImplementedError

    def yanked(self, document: Answer, version: str) -> str:
        """What the document says against a version, "" for nothing."""
        raise NotImplementedError

    def offer(self, upstream: FakeUpstream, name: str, version: str) -> None:
        raise NotImplementedError


class Pypi(Driver):
    """Python packages as wheels."""

    kind = "pypi"
    accept = "application/vnd.pypi.simple.v1+json"

    def document_path(self, name: str) -> str:
        return self.path(f"simple/{name}/")

    def file_path(self, name: str, version: str) -> str:
        return self.path(f"files/{name}/{wheel(name, version).filename}")

    def publication(self, name: str, version: str, code: str) -> tuple[str, str, Headers, bytes]:
        headers, body = form(wheel(name, version, code))
        return "POST", self.path(""), headers, body

    def content(self, name: str, version: str, code: str = "1") -> bytes:
        return wheel(name, version, code).data

    def versions(self, document: Answer) -> list[str]:
        return document.json()["versions"]

    def yanked(self, document: Answer, version: str) -> str:
        return next(str(f["yanked"] or "") for f in document.json()["files"] if f"-{version}-" in f["filename"])

    def offer(self, upstream: FakeUpstream, name: str, version: str) -> None:
        upstream.offer(wheel(name, version, "1"))


class Npm(Driver):
    """npm packages."""

    kind = "npm"

    def document_path(self, name: str) -> str:
        return self.path(name)

    def file_path(self, name: str, version: str) -> str:
        return self.path(f"{name}/-/{name}-{version}.tgz")

    def publication(self, name: str, version: str, code: str) -> tuple[str, str, Headers, bytes]:
        document = npm_document(name, version, npm_tarball(name, version, code))
        return "PUT", self.path(name), {"Content-Type": "application/json"}, json.dumps(document).encode()

    def content(self, name: str, version: str, code: str = "1") -> bytes:
        return npm_tarball(name, version, code)

    def versions(self, document: Answer) -> list[str]:
        return list(document.json()["versions"])

    def yanked(self, document: Answer, version: str) -> str:
        return str(document.json()["versions"][version].get("deprecated", ""))

    def offer(self, upstream: FakeUpstream, name: str, version: str) -> None:
        upstream.offer_npm(name, version, npm_tarball(name, version, "1"))


DRIVERS: dict[str, type[Driver]] = {driver.kind: driver for driver in (Pypi, Npm)}
