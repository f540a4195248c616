"""`lockgate registry` against a running server, and the garbage collection that frees bytes."""

import json
import re
import subprocess
import sys
from typing import Any

from click.testing import CliRunner

from service.cli.registry import registry
from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, create_repository
from tests.registry.made import sdist, wheel


def lockgate(server: Server, *arguments: str, code: int = 0) -> Any:
    command = [sys.executable, "-m", "service.cli.main", "registry", "--server", server.url, "--token", server.token, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout + done.stderr


def quickly(server: Server, *arguments: str, code: int = 0) -> Any:
    """The same command without a process of its own."""
    done = CliRunner().invoke(registry, ["--server", server.url, "--token", server.token, *arguments])
    if code:
        return str(done.exception)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_command_walks_a_version_through_its_life(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("lived", "1.0"))
    source, target = clients.repository, create_repository(server)
    assert lockgate(server, "copy", source, "pypi/lived", "1.0", "--to", target)["failed"] == {}
    assert lockgate(server, "status", source, "pypi/lived", "Unlisted", "1.0")["successful"]["1.0"]["status"] == "Unlisted"
    assert lockgate(server, "show", source, "pypi/lived", "1.0")["status"] == "Unlisted"
    assert lockgate(server, "status", source, "pypi/lived", "Deleted", "1.0")["successful"]["1.0"]["status"] == "Deleted"
    assert len(lockgate(server, "events", source)["items"]) == 3
    assert "there is no" in lockgate(server, "show", source, "pypi/other", code=2)
    assert "FORMAT/NAME" in lockgate(server, "show", source, "lived", code=2)


def test_the_command_sets_groups_and_tokens(server: Server, clients: Clients) -> None:
    name = f"cli-{clients.repository}"
    lockgate(server, "--domain", name, "domain", "--create")
    lockgate(server, "--domain", name, "create", "main", "--minimum-age-hours", "24")
    made = lockgate(server, "--domain", name, "group", "set", "/npm/*", "--create", "--rule", "PUBLISH=main")
    assert made["restrictions"]["PUBLISH"] == {"mode": "ALLOW_SPECIFIC_REPOSITORIES", "repositories": ["main"]}
    assert lockgate(server, "--domain", name, "group", "match", "npm/@a/b")["group"] == "/npm/*"
    token = lockgate(server, "--domain", name, "token", "--seconds", "900")["token"]
    assert server.call("GET", f"/pypi/{name}/main/simple/", token=token).status == 200


def test_the_command_knows_python_projects(server: Server, clients: Clients, upload: Upload) -> None:
    for version in ("1.0", "1.10", "1.9"):
        upload(wheel("listed", version))
    where = clients.repository
    assert quickly(server, "upload-rules", where, "--no-local-versions")["local_versions"] is False
    assert quickly(server, "upload-rules", where, "--closed-after-days", "9") == {"local_versions": False, "closed_after_days": 9}
    assert quickly(server, "upload-rules", where)["closed_after_days"] == 9
    assert quickly(server, "project-status", where, "listed", "deprecated", "--reason", "use another")["reason"] == "use another"
    assert quickly(server, "project-status", where, "listed")["status"] == "deprecated"
    quickly(server, "status", where, "pypi/listed", "Archived", "1.9")
    first = quickly(server, "versions", where, "pypi/listed", "--limit", "2")
    rest = quickly(server, "versions", where, "pypi/listed", "--limit", "2", "--cursor", first["next"])
    assert [one["version"] for one in [*first["items"], *rest["items"]]] == ["1.10", "1.9", "1.0"]
    assert rest["next"] is None
    assert [one["version"] for one in quickly(server, "versions", where, "pypi/listed", "--status", "Archived")["items"]] == ["1.9"]
    assert quickly(server, "group", "packages", "/pypi//listed$")["items"] == [{"format": "pypi", "package": "listed", "association": "STRONG"}]
    assert "is one of" in quickly(server, "versions", where, "pypi/listed", "--status", "Gone", code=2)


def test_collection_frees_what_was_disposed_of(server: Server, clients: Clients, upload: Upload) -> None:
    doomed, kept = sdist("doomed", "1.0", extra=clients.repository.encode() * 1000), wheel("kept-on", "1.0")
    upload(doomed)
    upload(kept)
    path = f"/api/v1/registry/default/{clients.repository}/packages/pypi/doomed"
    blob = server.data / "blobs" / doomed.sha256[:2] / doomed.sha256[2:4] / doomed.sha256
    server.call("POST", f"{path}/dispose", {"versions": ["1.0"]})
    assert "would free" in server.admin("gc", "--dry-run", "--grace-hours", "0")
    assert blob.exists()
    told = re.match(r"freed (\d+) bytes in (\d+) blobs", server.admin("gc", "--grace-hours", "0"))
    assert told is not None
    assert int(told[1]) >= len(doomed.data)
    assert not blob.exists()
    assert server.call("GET", f"/pypi/default/{clients.repository}/files/kept-on/{kept.filename}").body == kept.data
    assert server.call("GET", f"/pypi/default/{clients.repository}/files/kept-on/{kept.filename}.metadata").status == 200
