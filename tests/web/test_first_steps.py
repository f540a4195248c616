"""What somebody sees who has just started the service and pushed nothing yet."""

from collections.abc import Callable

import pytest

from tests.lockgate_server import Server
from tests.web.visitor import Visitor

pytestmark = pytest.mark.anydb


def test_an_empty_home_says_how_to_begin(fresh_server: Server) -> None:
    visitor = Visitor(fresh_server).log_in()
    page = visitor.get("/").text
    begin = page.index("<h2>Begin</h2>")
    assert begin < page.index('class="halves"'), "before what is empty anyway"
    assert f"{fresh_server.url}/api/v1/repositories" in page
    assert "git push lockgate HEAD:main" in page
    assert "lockgate-agent" not in page[begin:], "what every server offers is no news"
    assert fresh_server.call("GET", "/api/v1/registry/default/main/packages/pypi/lockgate-agent").status == 200
    made = fresh_server.call("POST", "/api/v1/repositories", {"name": "shop"})
    assert made.status == 201
    assert "<h2>Begin</h2>" in visitor.get("/").text


def test_commands_name_the_reader_s_host(make_server: Callable[..., Server]) -> None:
    server = make_server().start()
    seen = f"http://lockgate.example:{server.port}"
    for path in ("/reviews", "/repositories", "/pipelines", "/deployments", "/profiles", "/"):
        page = server.call("GET", path, headers={"Host": f"lockgate.example:{server.port}", "Accept": "text/html"}).text
        assert seen in page, path
        assert "127.0.0.1" not in page, path
