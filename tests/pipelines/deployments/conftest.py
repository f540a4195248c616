"""Real agents beside a real server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lockgate_server import Server
from tests.pipelines.deployments.fleet import Fleet


@pytest.fixture
def make_fleet(tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    """Makes an application with a group and its agents: `make_fleet(server, hosts=2, **settings)`."""
    made: list[Fleet] = []

    def make(server: Server, hosts: int = 2, **settings: object) -> Fleet:
        made.append(Fleet(server, tmp_path / f"fleet{len(made)}", settings))
        for _ in range(hosts):
            made[-1].add_agent()
        return made[-1]

    yield make
    for fleet in made:
        fleet.stop()
