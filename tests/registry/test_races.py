"""Many publishers of one version: one wins, the others hear why, and nothing is mixed."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload
from tests.registry.made import npm_document, npm_tarball, wheel


def test_one_of_twenty_publishers_wins(server: Server, clients: Clients, upload: Upload) -> None:
    rivals = [wheel("raced", "1.0", f"who = {number}\n") for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(upload, rivals))
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 19}
    winner = rivals[[answer.status for answer in answers].index(200)]
    version = server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages/pypi/raced/versions/1.0").json()
    assert [a["hashes"]["sha256"] for a in version["assets"]] == [winner.sha256]
    events = server.call("GET", f"/api/v1/registry/default/{clients.repository}/events").json()["items"]
    assert [e["sequence"] for e in events] == [1]


def test_twenty_versions_of_npm_all_arrive(server: Server, clients: Clients) -> None:
    def publish(number: int) -> int:
        version = f"1.0.{number}"
        document = npm_document("crowd", version, npm_tarball("crowd", version))
        return server.call("PUT", f"/npm/default/{clients.repository}/crowd", document).status

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(publish, range(20))) == {201}
    assert len(server.call("GET", f"/npm/default/{clients.repository}/crowd").json()["versions"]) == 20
    events = server.call("GET", f"/api/v1/registry/default/{clients.repository}/events").json()["items"]
    assert sorted(e["sequence"] for e in events) == list(range(1, 21))
