"""Whole deployments through the front door: a real server, real agents, real hooks."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.lockgate_server import Server, wait_for
from tests.pipelines.deployments import bundles
from tests.pipelines.deployments.fleet import AGENT_SOURCE, PYTHONS, Fleet, event, events

MakeFleet = Callable[..., Fleet]


def test_revision_reaches_hosts_one_at_a_time(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server)
    done = fleet.ended(fleet.deploy(bundles.revision("1", ApplicationStart="echo hello from $LOCKGATE_HOST"), "shop-1"))
    assert (done["state"], done["bundle_name"]) == ("passed", "shop-1"), done["reason"]
    assert [target["wave"] for target in done["targets"]] == [1, 2]
    assert done["targets"][0]["finished_at"] <= done["targets"][1]["started_at"]
    for target, agent in zip(done["targets"], sorted(fleet.agents, key=lambda a: a.name), strict=True):
        assert agent.read("/srv/app/version") == "1"
        assert f"hello from {agent.name}" in event(target, "ApplicationStart")["log"]
        assert events(target)["BeforeInstall"] == "skipped"
    assert {(host["health"], host["current_revision"]) for host in fleet.hosts()} == {("healthy", done["digest"])}


def test_failed_validation_rolls_back_as_new_deployment(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server)
    good = fleet.ended(fleet.deploy(bundles.revision("2", ApplicationStop="echo 2 >> $LOCKGATE_ROOT/stopped")))
    bad = fleet.ended(fleet.deploy(bundles.revision("3", ValidateService="echo no; exit 7")))
    assert (bad["state"], bad["error"]) == ("failed", "HEALTH_CONSTRAINTS")
    assert "ValidateService: hooks/ValidateService.sh failed with exit code 7" in bad["reason"]
    assert sorted(target["state"] for target in bad["targets"]) == ["failed", "skipped"]
    back = fleet.ended(bad["rolled_back_by"])
    assert (back["state"], back["rollback_of"], back["digest"]) == ("passed", bad["id"], good["digest"])
    assert back["id"] > bad["id"]
    assert sorted(target["state"] for target in back["targets"]) == ["passed", "skipped"]
    assert [agent.read("/srv/app/version") for agent in fleet.agents] == ["2", "2"]
    assert sorted(agent.read("/stopped") for agent in fleet.agents) == ["", "2\n2"], "stop scripts of the good revision"


def test_failed_first_revision_has_nothing_to_return_to(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    bad = fleet.ended(fleet.deploy(bundles.revision("1", AfterInstall="exit 1")))
    assert (bad["state"], bad["rolled_back_by"]) == ("failed", None)
    assert "there is no other revision to roll back to" in bad["reason"]
    assert fleet.hosts()[0]["health"] == "unhealthy"


@pytest.mark.parametrize("python", PYTHONS, ids=[f"python{i}" for i in range(len(PYTHONS))])
def test_agent_works_on_this_python(server: Server, make_fleet: MakeFleet, python: str) -> None:
    fleet = make_fleet(server, hosts=0)
    secrets = fleet.folder / "host.env"
    secrets.write_text("# of this host\n\nSHOP_KEY=a=b c\nCOLOUR=red\n")
    agent = fleet.add_agent("--env-file", str(secrets), "--env", "COLOUR=blue", python=python)
    hook = "echo $COLOUR $SHOP_KEY $APPLICATION_NAME $DEPLOYMENT_GROUP_NAME $LIFECYCLE_EVENT $DEPLOYMENT_ID > $LOCKGATE_ROOT/seen"
    number = fleet.deploy(bundles.revision("1", BeforeInstall=hook))
    assert fleet.ended(number)["state"] == "passed"
    assert agent.read("/seen") == f"blue a=b c {fleet.application} prod BeforeInstall {number}"
    assert agent.process is not None
    assert agent.process.memory_info().rss < 32 * 1024 * 1024
    assert agent.stop() == 0


def test_secret_of_a_broken_environment_file_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("join")
    (tmp_path / "host.env").write_text("COLOUR=blue\nSHOP KEY=hunter2\n")
    command = [sys.executable, "-m", "lockgate_agent", "deploy", "--server", "http://127.0.0.1:1", "--token-file", str(tmp_path / "token"),
               "--application", "shop", "--group", "prod", "--root", str(tmp_path), "--env-file", str(tmp_path / "host.env")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env={**os.environ, "PYTHONPATH": str(AGENT_SOURCE)})
    assert done.returncode == 2
    assert done.stderr == f"lockgate-agent: --env-file {tmp_path}/host.env, line 2: not KEY=VALUE\n"


def test_killed_agent_reports_its_hook_after_restart(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1, auto_rollback=False)
    agent = fleet.agents[0]
    number = fleet.deploy(bundles.revision("1", AfterInstall="echo begun; touch $LOCKGATE_ROOT/began; sleep 600"))
    wait_for((agent.root / "began").exists, what="the hook began")
    agent.kill()
    agent.start()
    done = fleet.ended(number, seconds=15)
    target = done["targets"][0]
    assert (target["state"], target["error"]) == ("failed", "FAILED_AFTER_RESTART")
    assert "begun" in event(target, "AfterInstall")["log"]
    assert "interrupted when the agent restarted" in target["reason"]
    again = fleet.ended(fleet.deploy(bundles.revision("2")))
    assert again["state"] == "passed"


def test_agent_killed_between_events_goes_on(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    agent = fleet.agents[0]
    agent.kill()
    number = fleet.deploy(bundles.revision("1", AfterInstall="echo once >> $LOCKGATE_ROOT/ran"))
    agent.start()
    assert fleet.ended(number)["state"] == "passed"
    assert agent.read("/ran") == "once"


def test_silent_agent_is_lost_in_time(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1, lost_after_seconds=4)
    agent = fleet.agents[0]
    number = fleet.deploy(bundles.revision("1", AfterInstall="touch $LOCKGATE_ROOT/began; sleep 600"))
    wait_for((agent.root / "began").exists, what="the hook began")
    agent.kill()
    done = fleet.ended(number, seconds=20)
    assert done["targets"][0]["error"] == "AGENT_LOST"
    assert f"the agent of {agent.name} was last heard of at" in done["reason"]
    agent.start()
    assert fleet.ended(fleet.deploy(bundles.revision("2")))["state"] == "passed"


def test_long_hook_keeps_its_agent_alive(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1, lost_after_seconds=3)
    done = fleet.ended(fleet.deploy(bundles.revision("1", AfterInstall="sleep 6; echo slept")))
    assert done["state"] == "passed", done["reason"]


def test_hook_over_its_limit_is_ended(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    spec = bundles.APPSPEC + "  AfterInstall: [{location: slow.sh, timeout: 1}]\n"
    done = fleet.ended(fleet.deploy(bundles.pack({"appspec.yml": spec, "app/x": "", "slow.sh": "#!/bin/sh\nsleep 60\n"})))
    assert done["targets"][0]["error"] == "SCRIPT_TIMED_OUT"
    assert "slow.sh ran longer than its time limit" in done["reason"]


def test_stop_interrupts_the_running_hook(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, lost_after_seconds=8)
    number = fleet.deploy(bundles.revision("1", AfterInstall="touch $LOCKGATE_ROOT/began; sleep 600"))
    wait_for(lambda: any((agent.root / "began").exists() for agent in fleet.agents), what="a hook began")
    fleet.must("POST", f"/api/v1/deployments/{number}/stop")
    done = fleet.ended(number, seconds=15)
    assert (done["state"], done["reason"]) == ("stopped", "stopped by admin")
    assert sorted(target["state"] for target in done["targets"]) == ["skipped", "stopped"]
    assert server.call("POST", f"/api/v1/deployments/{number}/stop").status == 409


def test_terminated_agent_ends_its_hook_and_says_so(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    agent = fleet.agents[0]
    number = fleet.deploy(bundles.revision("1", AfterInstall="touch $LOCKGATE_ROOT/began; sleep 600"))
    wait_for((agent.root / "began").exists, what="the hook began")
    assert agent.stop() == 0
    assert fleet.ended(number)["targets"][0]["error"] == "AGENT_STOPPED"


def test_killed_server_changes_nothing_for_hosts(fresh_server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(fresh_server)
    hook = "echo ran >> $LOCKGATE_ROOT/ran; until [ -e $LOCKGATE_ROOT/go ]; do sleep 0.1; done"
    number = fleet.deploy(bundles.revision("1", AfterInstall=hook))
    wait_for(lambda: any((agent.root / "ran").exists() for agent in fleet.agents), what="a hook began")
    fresh_server.kill("all")
    for agent in fleet.agents:
        (agent.root / "go").touch()
    fresh_server.start()
    assert fleet.ended(number, seconds=60)["state"] == "passed"
    assert [agent.read("/ran") for agent in fleet.agents] == ["ran", "ran"]


def test_second_deployment_waits_for_the_first(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    agent = fleet.agents[0]
    first = fleet.deploy(bundles.revision("1", AfterInstall="until [ -e $LOCKGATE_ROOT/go ]; do sleep 0.1; done"))
    second = fleet.deploy(bundles.revision("2"))
    wait_for(lambda: fleet.deployment(first)["state"] == "running", what="the first runs")
    assert fleet.deployment(second)["state"] == "queued"
    (agent.root / "go").touch()
    assert fleet.ended(second)["state"] == fleet.deployment(first)["state"] == "passed"
    assert agent.read("/srv/app/version") == "2"


def test_health_check_decides_after_validation(server: Server, make_fleet: MakeFleet) -> None:
    with _Site() as site:
        check = {"url": "http://127.0.0.1:{port}/{path}", "successes": 2, "interval_seconds": 0.1, "give_up_seconds": 2}
        fleet = make_fleet(server, hosts=0, health_check=check)
        fleet.add_agent("--env", f"LOCKGATE_PORT={site.port}", "--label", "path=well")
        done = fleet.ended(fleet.deploy(bundles.revision("1")))
        assert done["state"] == "passed", done
        assert event(done["targets"][0], "HealthCheck")["log"].count("answered 200") == 2
        fleet.must("PUT", fleet.path, {"health_check": {**check, "url": "http://127.0.0.1:{port}/ill"}})
        done = fleet.ended(fleet.deploy(bundles.revision("2")))
        assert (done["state"], done["targets"][0]["error"]) == ("failed", "HealthCheck")
        assert "answered 503" in event(done["targets"][0], "HealthCheck")["log"]


def test_daemon_of_a_hook_outlives_the_agent(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    agent = fleet.agents[0]
    start = "sleep 600 &\necho $! > $LOCKGATE_ROOT/pid"
    stop = "kill $(cat $LOCKGATE_ROOT/pid); echo stopped > $LOCKGATE_ROOT/stopped"
    assert fleet.ended(fleet.deploy(bundles.revision("1", ApplicationStart=start, ApplicationStop=stop)))["state"] == "passed"
    pid = int(agent.read("/pid"))
    assert agent.stop() == 0
    assert _runs(pid)
    agent.start()
    assert fleet.ended(fleet.deploy(bundles.revision("2")))["state"] == "passed"
    wait_for(lambda: not _runs(pid), what="the next deployment stopped the daemon")


def _runs(pid: int) -> bool:
    try:
        with Path(f"/proc/{pid}/stat").open() as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class _Site:
    """Answers 200 to /well and 503 to everything else."""

    def __enter__(self) -> "_Site":
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/well" else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
