"""Audits from imported OSV records: honest without data, exact with it."""

import gzip
import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.advisories import cvss, osv
from registry.advisories.answers import npm_range
from registry.versions import npm_order, pypi_order
from service.kernel.errors import Malformed
from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.made import form, npm_document, npm_tarball, wheel
from tests.registry.test_npm import project

HIGHEST = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def record(number: int, name: str, ecosystem: str = "npm", **more: object) -> dict[str, object]:
    events = [{"introduced": "1.0.0"}, {"fixed": "1.2.0"}]
    return {
        "id": f"MADE-2024-{number}", "modified": "2024-01-01T00:00:00Z", "summary": f"{name} breaks", "aliases": [f"CVE-2024-{number}"],
        "severity": [{"type": "CVSS_V3", "score": HIGHEST}], "database_specific": {"cwe_ids": ["CWE-79"]},
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "SEMVER", "events": events}]}], **more,
    }


def advisories(server: Server, *arguments: str) -> str:
    return server.command("registry", "advisories", "--data", str(server.data), *arguments)


def test_audits_answer_from_imported_advisories(fresh_server: Server, tmp_path: Path) -> None:
    server = fresh_server
    home = tmp_path / "home"
    home.mkdir()
    clients = Clients(home, server.url, "main", server.token)
    assert server.call("PUT", "/npm/default/main/holed", npm_document("holed", "1.1.0", npm_tarball("holed", "1.1.0"))).status == 201
    headers, body = form(wheel("Holed.Py", "1.1"))
    assert server.call("POST", "/pypi/default/main/", headers=headers, body=body).status == 200
    user = project(tmp_path / "user", "user", "1.0.0")
    assert clients.npm("install", "holed", cwd=user).returncode == 0
    nothing = clients.npm("audit", cwd=user)
    assert nothing.returncode != 0
    assert "no vulnerability data" in nothing.stdout + nothing.stderr
    assert "vulnerabilities" not in server.call("GET", "/pypi/default/main/pypi/holed-py/json").json()
    assert "nothing was imported" in advisories(server, "status")

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("1.json", json.dumps(record(1, "holed")))
        archive.writestr("2.json", json.dumps(record(2, "Holed.Py", "PyPI")))
    assert advisories(server, "import", str(tmp_path / "all.zip")).split("\n")[0].startswith("npm\t1 ")
    audit = clients.npm("audit", "--json", cwd=user)
    assert audit.returncode == 1, audit.stdout + audit.stderr
    [via] = json.loads(audit.stdout)["vulnerabilities"]["holed"]["via"]
    assert (via["severity"], via["range"], via["cvss"]["score"], via["cwe"]) == ("critical", ">=1.0.0 <1.2.0", 9.8, ["CWE-79"])
    assert_older_audits(server)
    clean = server.call("POST", "/npm/default/main/-/npm/v1/security/advisories/bulk", {"holed": ["1.2.0", "0.9.0"]})
    assert clean.json() == {}
    [told] = server.call("GET", "/pypi/default/main/pypi/holed-py/1.1/json").json()["vulnerabilities"]
    assert (told["id"], told["fixed_in"], told["aliases"]) == ("MADE-2024-2", ["1.2.0"], ["CVE-2024-2"])

    page = server.call("GET", "/packages/default/main/npm/holed", headers={"Accept": "text/html"}).text
    assert "MADE-2024-1" in page
    assert "holed breaks" in page

    (tmp_path / "1.json").write_text(json.dumps(record(1, "holed", withdrawn="2024-02-02T00:00:00Z")))
    advisories(server, "import", str(tmp_path / "1.json"))
    gone = server.call("POST", "/npm/default/main/-/npm/v1/security/advisories/bulk", {"holed": ["1.1.0"]})
    assert gone.json() == {}


def assert_older_audits(server: Server) -> None:
    older = {"name": "user", "dependencies": {"wrapper": {"version": "1.0.0", "dependencies": {"holed": {"version": "1.1.0"}}}}}
    body = gzip.compress(json.dumps(older).encode())
    for rest in ("audits", "audits/quick"):
        answer = server.call("POST", f"/npm/default/main/-/npm/v1/security/{rest}", body=body, headers={"Content-Encoding": "gzip"}).json()
        [one] = answer["advisories"].values()
        assert (one["findings"], one["patched_versions"]) == ([{"version": "1.1.0", "paths": ["wrapper>holed"]}], ">=1.2.0")
        assert answer["metadata"]["vulnerabilities"]["critical"] == 1
    bomb = server.call(
        "POST", "/npm/default/main/-/npm/v1/security/audits", body=gzip.compress(bytes(200 * 1024 * 1024), 1), headers={"Content-Encoding": "gzip"}
    )
    assert bomb.status == 413


def test_a_damaged_record_imports_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text(json.dumps(record(7, "never-seen")))
    (tmp_path / "2.json").write_text('{"id": "MADE-8"}')
    with pytest.raises(subprocess.CalledProcessError) as failed:
        advisories(server, "import", str(tmp_path))
    assert failed.value.returncode == 2
    assert "2.json" in failed.value.stderr


def body_of(events: list[tuple[str, str]], versions: list[str] | None = None) -> dict[str, object]:
    return {"ranges": [[list(event) for event in events]] if events else [], "versions": versions or []}


@pytest.mark.anydb
@pytest.mark.parametrize(("events", "inside", "outside"), [
    ([("introduced", "0"), ("fixed", "1.2.0")], ["0.0.1", "1.2.0-rc.1"], ["1.2.0", "2.0.0"]),
    ([("introduced", "1.0.0"), ("last_affected", "1.4.0")], ["1.0.0", "1.4.0"], ["0.9.0", "1.4.1"]),
    ([("fixed", "1.2.0"), ("introduced", "1.0.0"), ("introduced", "2.0.0"), ("fixed", "2.1.0")], ["1.1.0", "2.0.5"], ["1.5.0", "2.1.0"]),
    ([("introduced", "0")], ["9.9.9"], ["no version"]),
    ([("introduced", "0"), ("fixed", "not a version")], ["9.9.9"], ["no version"]),
])
def test_events_say_what_is_affected(events: list[tuple[str, str]], inside: list[str], outside: list[str]) -> None:
    assert all(osv.matches(body_of(events), version, npm_order) for version in inside)
    assert not any(osv.matches(body_of(events), version, npm_order) for version in outside)


@pytest.mark.anydb
def test_python_versions_are_ordered_their_own_way() -> None:
    body = body_of([("introduced", "0"), ("fixed", "1.0")])
    assert osv.matches(body, "1.0rc1", pypi_order)
    assert osv.matches(body, "0.9.post1", pypi_order)
    assert not osv.matches(body, "1.0.0", pypi_order)
    assert osv.matches(body_of([], ["2.0"]), "2.0", pypi_order)


@pytest.mark.anydb
@given(points=st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True), asked=st.integers(0, 31))
def test_matching_agrees_with_counting(points: list[int], asked: int) -> None:
    ordered = sorted(points)
    events = [("introduced" if at % 2 == 0 else "fixed", f"1.{minor}.0") for at, minor in enumerate(ordered)]
    expected = sum(minor <= asked for minor in ordered) % 2 == 1
    assert osv.matches(body_of(list(reversed(events))), f"1.{asked}.0", npm_order) is expected


@pytest.mark.anydb
@pytest.mark.parametrize(("vector", "score"), [
    (HIGHEST, 9.8), ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1), ("CVSS:3.0/AV:L/AC:H/PR:H/UI:N/S:U/C:L/I:N/A:N", 1.9),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9), ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0), ("CVSS:4.0/AV:N", 0.0), ("", 0.0),
])
def test_scores_are_those_of_the_specification(vector: str, score: float) -> None:
    assert cvss.base_score(vector) == score


@pytest.mark.anydb
def test_ranges_are_told_in_npms_words() -> None:
    assert npm_range(body_of([("introduced", "0"), ("fixed", "1.2.0"), ("introduced", "2.0.0")])) == "<1.2.0 || >=2.0.0"
    assert npm_range(body_of([("fixed", "1.2.0"), ("introduced", "1.0.0")])) == ">=1.0.0 <1.2.0"
    assert npm_range(body_of([("introduced", "0")])) == "*"
    assert npm_range(body_of([], ["1.0.0", "1.0.1"])) == "1.0.0 || 1.0.1"


@pytest.mark.anydb
@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"id": 1, "modified": ""}', '{"id": "A", "modified": "x", "affected": [{"package": {"ecosystem": "npm", "name": "../x"}}]}'])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.json"
    path.write_text(text)
    with pytest.raises(Malformed):
        list(osv.read(path))
