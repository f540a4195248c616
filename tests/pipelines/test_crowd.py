"""More waiting builds than the relay reads at once: nothing behind them waits for them."""

from pathlib import Path

from pipelines.jobs import AttemptQueued
from service.kernel import bus
from service.start import open_site
from service.worker import BATCH_ROWS
from tests.lockgate_server import wait_for
from tests.pipelines.project import BUILD, Project, buildspec


def test_reviews_do_not_wait_for_waiting_builds(make_server, tmp_path: Path) -> None:
    server = make_server("--build-slots", "1").start()
    slow = Project(server, tmp_path / "slow", "slow")
    commit = slow.push({"pipeline.yml": BUILD, "buildspec.yml": buildspec("echo begun", "sleep 300")})
    slow.running(commit, "build", "begun")

    site = open_site(server.settings)
    with site.db.write() as session:
        for number in range(BATCH_ROWS + 5):
            bus.publish(session, AttemptQueued(attempt_id=10**9 + number, execution_id=1))
    site.db.close()

    other = Project(server, tmp_path / "other", "other")
    pushed = other.push({"a.py": "print(1)\n"})

    def verdict() -> bool:
        items = server.call("GET", f"/api/v1/reviews?repository=other&commit={pushed}").json()["items"]
        return bool(items) and items[0]["state"] == "passed"

    wait_for(verdict, 30, "the review of a push behind the crowd")
