"""What agents may and may not ask: tokens of hosts and groups, claims, bundles, reports."""

import hashlib
from collections.abc import Callable
from typing import Any

from tests.lockgate_server import Server, wait_for
from tests.pipelines.deployments import bundles
from tests.pipelines.deployments.fleet import Fleet

MakeFleet = Callable[..., Fleet]
CLAIM = "a" * 40


def _arrive(fleet: Fleet, host: str, token: str, claim: str = CLAIM, **more: Any) -> Any:
    body = {"application": fleet.application, "group": fleet.group, "host": host, "claim": claim, "version": "test", **more}
    return fleet.server.call("POST", "/api/v1/agent/hosts", body, token=token)


def _join_token(fleet: Fleet) -> str:
    return (fleet.folder / "join-token").read_text()


def test_join_token_opens_its_group_only(server: Server, make_fleet: MakeFleet) -> None:
    fleet, other = make_fleet(server, hosts=0), make_fleet(server, hosts=0)
    token = _join_token(fleet)
    assert _arrive(other, "host-a", token).status == 403
    assert server.call("GET", "/api/v1/agent/work", token=token).status == 403
    assert server.call("GET", fleet.path, token=token).status == 403
    assert _arrive(fleet, f"{fleet.application}-a", token).status == 201


def test_host_token_speaks_for_its_host_only(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    first, second = (
        _arrive(fleet, f"{fleet.application}-{name}", _join_token(fleet), name * 40).json()["token"] for name in "ab"
    )
    fleet.deploy(bundles.revision("1"))
    work = wait_for(
        lambda: server.call("GET", "/api/v1/agent/work?wait=1", token=first).json()["work"], what="work for the first host"
    )
    report = {"state": "running"}
    path = f"/api/v1/agent/targets/{work['target']}"
    assert server.call("POST", f"{path}/events/ApplicationStop", report, token=second).status == 404
    assert server.call("GET", f"{path}/bundle", token=second).status == 404
    assert server.call("POST", f"{path}/events/Install", report, token=first).status == 409
    assert server.call("POST", f"{path}/events/HealthCheck", report, token=first).status == 404
    assert server.call("POST", f"{path}/events/ApplicationStop", report, token=first).json() == {"stop": False}


def test_known_host_is_not_taken_over(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    name, token = f"{fleet.application}-a", _join_token(fleet)
    own = _arrive(fleet, name, token).json()["token"]
    refused = _arrive(fleet, name, token, claim="b" * 40)
    assert refused.status == 409
    assert "another agent" in refused.json()["detail"]
    assert server.call("GET", "/api/v1/agent/work", token=own).status == 200
    fresh = _arrive(fleet, name, token)
    assert fresh.status == 201, "the same claim may come back: its answer may have been lost"
    assert server.call("GET", "/api/v1/agent/work", token=own).status == 401
    assert server.call("GET", "/api/v1/agent/work", token=fresh.json()["token"]).status == 200


def test_removed_host_is_shut_out(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    name = f"{fleet.application}-a"
    own = _arrive(fleet, name, _join_token(fleet)).json()["token"]
    assert server.call("DELETE", f"{fleet.path}/hosts/{name}").status == 204
    assert fleet.hosts() == []
    assert server.call("GET", "/api/v1/agent/work", token=own).status == 401
    assert _arrive(fleet, name, _join_token(fleet), claim="c" * 40).status == 201


def test_bundle_download_goes_on_by_range(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    own = _arrive(fleet, f"{fleet.application}-a", _join_token(fleet)).json()["token"]
    bundle = bundles.revision("1")
    fleet.deploy(bundle)
    work = wait_for(lambda: server.call("GET", "/api/v1/agent/work?wait=1", token=own).json()["work"], what="work")
    path = f"/api/v1/agent/targets/{work['target']}/bundle"
    whole = server.call("GET", path, token=own)
    assert (whole.status, whole.body) == (200, bundle)
    assert whole.headers["ETag"] == f'"{hashlib.sha256(bundle).hexdigest()}"'
    rest = server.call("GET", path, token=own, headers={"Range": "bytes=100-"})
    assert (rest.status, rest.body) == (206, bundle[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(bundle) - 1}/{len(bundle)}"


def test_bad_bundle_is_refused_at_upload(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    spec = bundles.APPSPEC + "  BeforInstall: []\n"
    refused = server.call("POST", f"{fleet.path}/bundles", body=bundles.pack({"appspec.yml": spec, "app/x": ""}))
    assert refused.status == 400
    assert "appspec.yml, line 7, hooks.BeforInstall" in refused.json()["detail"]
    refused = server.call("POST", f"{fleet.path}/bundles", body=bundles.hostile()["traversal"])
    assert refused.status == 400
    assert "leads out of the bundle" in refused.json()["detail"]
    missing = server.call("POST", f"{fleet.path}/deployments", {"digest": "0" * 64})
    assert missing.status == 404


def test_group_settings_are_checked(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    for settings in (
        {"strategy": "two-at-a-time"}, {"strategy": "minimum-healthy"}, {"minimum_healthy": 3},
        {"health_check": {"url": "file:///etc/passwd"}}, {"health_check": {"url": "http://{host.name}/"}}, {"typo": 1},
    ):
        assert server.call("PUT", fleet.path, settings).status in (400, 422), settings
    changed = fleet.must("PUT", fleet.path, {"strategy": "minimum-healthy", "minimum_healthy": "75%"})
    assert changed["settings"]["minimum_healthy"] == "75%"


def test_deployment_without_hosts_fails_in_words(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    done = fleet.ended(fleet.deploy(bundles.revision("1")))
    assert (done["state"], done["error"], done["reason"]) == ("failed", "NO_HOSTS", "the deployment group has no hosts")
