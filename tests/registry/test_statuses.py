"""Statuses of versions, as both formats' clients and the API see them; events and revisions that tell of each change."""

from typing import Any

import pytest

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload
from tests.registry.made import npm_document, npm_tarball, wheel


class Both:
    """Versions 1.0.0 and 2.0.0 of a package in either format, behind one face."""

    def __init__(self, server: Server, repository: str, kind: str) -> None:
        self.server, self.repository, self.kind = server, repository, kind
        self.api = f"/api/v1/registry/default/{repository}/packages/{kind}/staged"

    def listed(self) -> set[str]:
        if self.kind == "npm":
            answer = self.server.call("GET", f"/npm/default/{self.repository}/staged")
            return set(answer.json()["versions"]) if answer.status == 200 else set()
        headers = {"Accept": "application/vnd.pypi.simple.v1+json"}
        return set(self.server.call("GET", f"/pypi/default/{self.repository}/simple/staged/", headers=headers).json()["versions"])

    def download(self, version: str) -> int:
        file = f"npm/default/{self.repository}/staged/-/staged-{version}.tgz"
        if self.kind == "pypi":
            file = f"pypi/default/{self.repository}/files/staged/staged-{version}-py3-none-any.whl"
        return self.server.call("GET", f"/{file}").status

    def post(self, action: str, **body: Any) -> Any:
        return self.server.call("POST", f"{self.api}/{action}", body)

    def status(self, status: str, *versions: str, **more: Any) -> Any:
        return self.post("status", status=status, versions=list(versions), **more).json()


@pytest.fixture(params=["pypi", "npm"])
def both(request: pytest.FixtureRequest, server: Server, clients: Clients, upload: Upload) -> Both:
    for version in ("1.0.0", "2.0.0"):
        if request.param == "pypi":
            assert upload(wheel("staged", version)).status == 200
        else:
            document = npm_document("staged", version, npm_tarball("staged", version))
            assert server.call("PUT", f"/npm/default/{clients.repository}/staged", document).status == 201
    return Both(server, clients.repository, request.param)


def test_unlisted_versions_download_and_hide(both: Both) -> None:
    assert both.status("Unlisted", "2.0.0")["successful"]["2.0.0"]["status"] == "Unlisted"
    assert both.listed() == {"1.0.0"}
    assert both.download("2.0.0") == 200
    assert both.server.call("GET", both.api).json()["latest"] == "1.0.0"


def test_archived_versions_are_gone_until_taken_back(both: Both) -> None:
    both.status("Archived", "2.0.0")
    assert (both.listed(), both.download("2.0.0")) == ({"1.0.0"}, 404)
    both.status("Published", "2.0.0")
    assert (both.listed(), both.download("2.0.0")) == ({"1.0.0", "2.0.0"}, 200)


def test_disposed_versions_never_come_back(both: Both) -> None:
    assert both.post("dispose", versions=["2.0.0"]).json()["successful"]["2.0.0"]["status"] == "Disposed"
    assert (both.listed(), both.download("2.0.0")) == ({"1.0.0"}, 404)
    assert both.status("Published", "2.0.0")["failed"]["2.0.0"]["code"] == "NOT_ALLOWED"
    assert both.server.call("GET", f"{both.api}/versions/2.0.0").json()["assets"] == []


def test_one_that_fails_leaves_all_as_they_were(both: Both) -> None:
    told = both.status("Unlisted", "1.0.0", "9.9.9")
    assert told["successful"] == {}
    assert {version: why["code"] for version, why in told["failed"].items()} == {"1.0.0": "SKIPPED", "9.9.9": "NOT_FOUND"}
    assert both.listed() == {"1.0.0", "2.0.0"}
    assert len(both.server.call("GET", f"/api/v1/registry/default/{both.repository}/events").json()["items"]) == 2
    mismatch = both.status("Archived", "1.0.0", expected_status="Unlisted")["failed"]["1.0.0"]
    assert (mismatch["code"], mismatch["message"]) == ("MISMATCHED_STATUS", "current status: Published, expected status: Unlisted")
    assert set(both.status("Unlisted", "1.0.0", "2.0.0")["successful"]) == {"1.0.0", "2.0.0"}
    assert both.post("status", status="Disposed", versions=["1.0.0"]).status == 400
    assert both.post("status", status="Archived", versions=["1.0.0"], revisions={"2.0.0": "x"}).status == 400


def test_an_old_revision_is_refused(both: Both) -> None:
    before = both.server.call("GET", f"{both.api}/versions/1.0.0").json()["revision"]
    both.status("Unlisted", "1.0.0")
    told = both.post("delete", revisions={"1.0.0": before}).json()
    assert told["failed"]["1.0.0"]["code"] == "MISMATCHED_REVISION"
    now = both.server.call("GET", f"{both.api}/versions/1.0.0").json()["revision"]
    assert now != before
    assert both.post("delete", revisions={"1.0.0": now}).json()["successful"]["1.0.0"]["status"] == "Deleted"
    assert both.download("1.0.0") == 404


def test_events_count_without_gaps(both: Both) -> None:
    both.status("Unlisted", "1.0.0")
    both.post("delete", versions=["1.0.0"])
    path = f"/api/v1/registry/default/{both.repository}/events"
    events = both.server.call("GET", path).json()["items"]
    assert [e["sequence"] for e in events] == [1, 2, 3, 4]
    assert [e["operation"] for e in events] == ["Created", "Created", "Updated", "Deleted"]
    assert events[2]["changes"] == {"assets_added": [], "assets_removed": [], "assets_updated": [], "metadata_updated": False, "status_changed": True}
    assert len(events[3]["changes"]["assets_removed"]) == 1
    assert len({e["revision"] for e in events[:3]}) == 3
    first = both.server.call("GET", f"{path}?limit=2").json()
    assert both.server.call("GET", f"{path}?after={first['next']}").json()["items"] == events[2:]


def test_a_closed_version_takes_no_files(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("closed", "1.0")
    upload(one)
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/closed"
    server.call("POST", f"{path}/status", {"status": "Archived", "versions": ["1.0"]})
    answer = upload(one)
    assert answer.status == 409
    assert "Archived" in answer.text


def test_readme_dependencies_and_assets_are_told(server: Server, clients: Clients, upload: Upload) -> None:
    one = wheel("described", "1.0", Requires_Dist="iniconfig>=2")
    upload(one)
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/described/versions/1.0"
    assert "About it." in server.call("GET", f"{path}/readme").json()["readme"]
    assert server.call("GET", f"{path}/dependencies").json()["items"] == [
        {"requirement": "iniconfig>=2", "kind": "regular", "namespace": None, "package": "iniconfig", "version_requirement": ">=2"}
    ]
    assert [a["name"] for a in server.call("GET", f"{path}/assets").json()["items"]] == [one.filename]


def test_a_deleted_package_frees_its_name(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("regretted", "1.0"))
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/regretted"
    assert server.call("DELETE", path).json() == {"versions": 1}
    assert server.call("GET", path).status == 404
    assert upload(wheel("regretted", "1.0", "answer = 43\n")).status == 200
