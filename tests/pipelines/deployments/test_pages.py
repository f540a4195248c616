"""Pages of deployments, as a logged-in reader gets them."""

import html
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

import pytest

from tests.lockgate_server import Server
from tests.pipelines.deployments import bundles
from tests.pipelines.deployments.fleet import Fleet

MakeFleet = Callable[..., Fleet]


def _page(server: Server, path: str) -> str:
    answer = server.call("GET", path, headers={"Accept": "text/html"})
    assert answer.status == 200, f"{path}: {answer.status} {answer.text[:500]}"
    return html.unescape(answer.text)


def test_failed_deployment_says_why_first(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    fleet.ended(fleet.deploy(bundles.revision("1"), "shop-1"))
    bad = fleet.ended(fleet.deploy(bundles.revision("2", ValidateService="echo 'no <b>route</b>'; exit 7"), "shop-2"))
    text = _page(server, f"/deployments/{bad['id']}")
    assert f"ValidateService failed on {fleet.agents[0].name}" in text
    assert text.index("failed with exit code 7") < text.index('id="hosts"') < text.index('id="logs"')
    assert f'href="/deployments/{bad["rolled_back_by"]}"' in text
    assert "rollback of" in _page(server, f"/deployments/{bad['rolled_back_by']}")
    assert "<b>route" not in server.call("GET", f"/deployments/{bad['id']}").text
    for name in ("ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart"):
        assert f'<th scope="col">{name}</th>' in text
    assert "shop-2" in _page(server, "/deployments")


def test_group_page_hands_out_the_command(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    text = _page(server, f"/deployment-groups/{fleet.application}/{fleet.group}")
    assert "No host has joined yet" in text
    assert f"--application {fleet.application} --group {fleet.group}" in text
    agent = fleet.add_agent("--label", "zone=north")
    done = fleet.ended(fleet.deploy(bundles.revision("1"), "shop-1"))
    text = _page(server, f"/deployment-groups/{fleet.application}/{fleet.group}")
    assert agent.name in text
    assert "zone=north" in text
    assert "Runs shop-1 on 1 of 1 host" in text
    assert done["digest"][:10] in text


def test_home_and_search_know_deployments(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=1)
    done = fleet.ended(fleet.deploy(bundles.revision("1"), "tidewater-7"))
    assert f"tidewater-7 to {fleet.application}/prod" in _page(server, "/")
    found = _page(server, f"/search?q={fleet.agents[0].name}")
    assert f"of {fleet.application}/prod" in found
    assert done["state"] == "passed"


@pytest.mark.parametrize("path", ["/deployments", "/deployment-groups/a/b", "/deployments/1"])
def test_strangers_see_no_deployment(server: Server, path: str) -> None:
    assert server.call("GET", path, token=None, headers={"Accept": "*/*"}).status == 401


def test_join_token_form_needs_its_csrf_field(server: Server, make_fleet: MakeFleet) -> None:
    fleet = make_fleet(server, hosts=0)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    login = opener.open(f"{server.url}/login").read().decode()
    _submit(opener, f"{server.url}/login", _fields(login) | {"token": server.token})
    url = f"{server.url}/deployment-groups/{fleet.application}/{fleet.group}"
    page = opener.open(url).read().decode()
    shown = _submit(opener, f"{url}/join-token", _fields(page))
    assert re.search(r"lgt_[0-9A-Za-z]{38}", shown)
    with pytest.raises(urllib.error.HTTPError, match="40"):
        _submit(opener, f"{url}/join-token", {})


def _fields(page: str) -> dict[str, str]:
    found = {}
    for tag in re.findall(r'<input[^>]*type="hidden"[^>]*>', page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value:
            found[name.group(1)] = html.unescape(value.group(1))
    return found


def _submit(opener: urllib.request.OpenerDirector, url: str, fields: dict[str, str]) -> str:
    origin = "/".join(url.split("/")[:3])
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode(), {"Origin": origin, "Referer": url})
    return opener.open(request).read().decode()
