"""Package groups: which pattern describes a package best, and what a domain thereby lets in."""

import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import patterns
from registry.names import PackageName, npm_name, pypi_name
from registry.patterns import ROOT, Pattern
from service.kernel.errors import Malformed
from tests.lockgate_server import Server
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import form, npm_document, npm_tarball, wheel

WORD = st.from_regex(r"[abAB]{1,2}([-_.][ab]{1,2})?", fullmatch=True)
NAMES = st.builds(PackageName, st.sampled_from(["npm", "maven"]), st.one_of(st.just(""), WORD), WORD)


@st.composite
def about(draw: st.DrawFn) -> Pattern:
    """Any pattern over the same few letters."""
    kind, namespace, name = draw(st.sampled_from(["npm", "maven"])), draw(st.one_of(st.just(""), WORD)), draw(WORD)
    return patterns.parse(draw(st.sampled_from([
        "/*", f"/{kind}/*", f"/{kind}/{namespace}/*", f"/{kind}/{namespace or 'a'}~", f"/{kind}/{namespace}/{name}~", f"/{kind}/{namespace}/{name}$",
    ])))


@pytest.mark.anydb
@given(st.lists(about(), min_size=1, max_size=6), NAMES)
def test_the_best_pattern_is_within_every_other(known: list[Pattern], name: PackageName) -> None:
    found = patterns.best(known, name)
    matching = [p for p in known if p.matches(name)]
    assert (found is None) == (not matching)
    if found:
        best, association = found
        assert all(p.covers(best) for p in matching)
        assert association == best.strength(name)
        assert association == "STRONG" or not any(p.strength(name) == "STRONG" for p in matching if p.is_variation_of(best))


@pytest.mark.anydb
@given(about(), about(), NAMES)
def test_what_is_covered_is_matched(wide: Pattern, narrow: Pattern, name: PackageName) -> None:
    if wide.covers(narrow) and narrow.matches(name):
        assert wide.matches(name)


@pytest.mark.anydb
@given(about())
def test_a_pattern_reads_back_as_itself(one: Pattern) -> None:
    assert patterns.parse(one.text) == one
    assert ROOT.covers(one)
    assert one in [*patterns.parents([one], one), one]


@pytest.mark.anydb
@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_a_problem(text: str) -> None:
    try:
        one = patterns.parse(text)
    except Malformed:
        return
    assert patterns.parse(one.text) == one


@pytest.mark.anydb
@pytest.mark.parametrize(("text", "name", "fits"), [
    ("/*", pypi_name("requests"), True),
    ("/npm/*", pypi_name("requests"), False),
    ("/pypi//Flask.Login$", pypi_name("flask_login"), True),
    ("/pypi//flask~", pypi_name("flask-login"), True),
    ("/pypi//flask$", pypi_name("flask-login"), False),
    ("/npm/@team/*", npm_name("@team/ui"), True),
    ("/npm/team/ui~", npm_name("@team/ui-kit"), True),
    ("/npm/tea~", npm_name("@team/ui"), False),
    ("/npm/team~", npm_name("@team-web/ui"), True),
    ("/npm/space/foo~", npm_name("@space/foo"), True),
    ("/npm/space/foo~", npm_name("@space/food"), False),
    ("/npm/space/foo~", npm_name("@space/Foo.bar"), True),
    ("/npm//*", npm_name("@team/ui"), False),
])
def test_patterns_match_normalised_names(text: str, name: PackageName, fits: bool) -> None:
    assert patterns.parse(text).matches(name) is fits


@pytest.mark.anydb
@pytest.mark.parametrize("text", ["", "*", "/", "/npm", "/npm*", "/npm/a/b/*", "/npm/a$", "/pypi/x/y$", "/pypi/req~", "/npm/a b/*", "/npm/a/b/c$", "/pypi//team-~"])
def test_half_patterns_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        patterns.parse(text)


@pytest.mark.anydb
@pytest.mark.parametrize(("text", "name", "strength"), [
    ("/npm//AsyncStorage$", "AsyncStorage", "STRONG"),
    ("/npm//AsyncStorage$", "asyncstorage", "WEAK"),
    ("/npm//my-package$", "my.package", "WEAK"),
    ("/npm//my-package$", "my__package", "WEAK"),
    ("/npm//my-package$", "mypackage", None),
    ("/npm//my-pack~", "my_pack.age", "WEAK"),
    ("/npm/Team/*", "@team/ui", "WEAK"),
    ("/npm/*", "Any", "STRONG"),
])
def test_variations_match_weakly(text: str, name: str, strength: str | None) -> None:
    assert patterns.parse(text).strength(npm_name(name)) == strength


@pytest.mark.anydb
def test_of_variations_the_spelling_decides() -> None:
    known = [patterns.parse(text) for text in ("/npm//AsyncStorage$", "/npm//asyncstorage$", "/npm/*")]
    assert patterns.best(known, npm_name("asyncstorage")) == (known[1], "STRONG")
    assert patterns.best(known[:1] + known[2:], npm_name("asyncstorage")) == (known[0], "WEAK")
    assert patterns.parents(known, known[0]) == [known[2]]


@pytest.fixture
def domain(server: Server) -> str:
    name = f"d{secrets.token_hex(4)}"
    assert server.call("POST", "/api/v1/domains", {"name": name}).status == 201
    return name


def repository(server: Server, domain: str, name: str, **more: Any) -> str:
    assert server.call("POST", "/api/v1/registry", {"domain": domain, "name": name, **more}).status == 201
    return name


def publish(server: Server, domain: str, name: str, package: str) -> int:
    headers, body = form(wheel(package, "1.0"))
    return server.call("POST", f"/pypi/{domain}/{name}/", headers=headers, body=body).status


def group(server: Server, domain: str, pattern: str, **restrictions: Any) -> Any:
    rules = {key: {"mode": value} if isinstance(value, str) else {"mode": "ALLOW_SPECIFIC_REPOSITORIES", "repositories": value}
             for key, value in restrictions.items()}
    return server.call("POST", f"/api/v1/domains/{domain}/groups", {"pattern": pattern, "restrictions": rules})


def test_a_group_says_where_its_packages_are_published(server: Server, domain: str) -> None:
    for name in ("release", "scratch"):
        repository(server, domain, name)
    assert group(server, domain, "/pypi//team~", PUBLISH=["release"]).status == 201
    assert [publish(server, domain, name, "team-app") for name in ("release", "scratch")] == [200, 403]
    assert publish(server, domain, "scratch", "other") == 200
    answer = server.call("GET", f"/api/v1/domains/{domain}/groups/match?format=pypi&package=Team_App").json()
    assert answer["group"] == "/pypi//team~"
    assert answer["effective"]["PUBLISH"] == {"mode": "ALLOW_SPECIFIC_REPOSITORIES", "repositories": ["release"], "from": "/pypi//team~"}
    assert answer["effective"]["EXTERNAL_UPSTREAM"] == {"mode": "ALLOW", "repositories": [], "from": "/*"}


def test_settings_are_inherited_from_the_nearest(server: Server, domain: str) -> None:
    path = f"/api/v1/domains/{domain}/groups"
    assert server.call("PATCH", path, {"pattern": "/*", "restrictions": {"PUBLISH": {"mode": "BLOCK"}}}).status == 200
    group(server, domain, "/pypi/*", EXTERNAL_UPSTREAM="BLOCK")
    group(server, domain, "/pypi//team~")
    group(server, domain, "/pypi//team-open$", PUBLISH="ALLOW")
    told = {g["pattern"]: {k: (v["mode"], v["from"]) for k, v in g["effective"].items()} for g in server.call("GET", path).json()["items"]}
    assert told["/pypi//team~"]["PUBLISH"] == ("BLOCK", "/*")
    assert told["/pypi//team~"]["EXTERNAL_UPSTREAM"] == ("BLOCK", "/pypi/*")
    assert told["/pypi//team-open$"]["PUBLISH"] == ("ALLOW", "/pypi//team-open$")
    repository(server, domain, "main")
    assert [publish(server, domain, "main", name) for name in ("team-open", "team-closed")] == [200, 403]
    assert server.call("DELETE", f"{path}?pattern=/*").status == 400
    assert server.call("DELETE", f"{path}?pattern=/pypi//team-open$").status == 204


def test_a_group_keeps_the_outside_away(server: Server, domain: str, upstream: FakeUpstream) -> None:
    upstream.offer(wheel("wanted", "1.0"))
    repository(server, domain, "main", connections=[{"format": "pypi", "url": f"{upstream.url}/simple/"}])
    path = f"/pypi/{domain}/main/simple/wanted/"
    assert server.call("GET", path).status == 200
    group(server, domain, "/pypi//wanted$", EXTERNAL_UPSTREAM="BLOCK")
    assert server.call("GET", path).status == 404
    assert server.call("GET", f"/pypi/{domain}/main/files/wanted/wanted-1.0-py3-none-any.whl").status == 404


def test_a_group_keeps_upstream_repositories_away(server: Server, domain: str) -> None:
    repository(server, domain, "base")
    repository(server, domain, "open", upstreams=["base"])
    repository(server, domain, "shut", upstreams=["base"])
    publish(server, domain, "base", "inner")
    group(server, domain, "/pypi//inner$", INTERNAL_UPSTREAM=["open"])
    file = "files/inner/inner-1.0-py3-none-any.whl"
    assert [server.call("GET", f"/pypi/{domain}/{name}/{file}").status for name in ("open", "shut")] == [200, 404]


def test_a_domain_counts_equal_files_once(server: Server, domain: str) -> None:
    for name in ("one", "two"):
        repository(server, domain, name)
        publish(server, domain, name, "same")
    told = server.call("GET", f"/api/v1/domains/{domain}").json()
    assert (told["repositories"], told["assets"], told["asset_bytes"]) == (["one", "two"], 2, 2 * told["stored_bytes"])
    assert server.call("DELETE", f"/api/v1/domains/{domain}").status == 409
    for name in ("one", "two"):
        assert server.call("DELETE", f"/api/v1/registry/{domain}/{name}").status == 204
    assert server.call("DELETE", f"/api/v1/domains/{domain}").status == 204
    assert server.call("GET", f"/api/v1/domains/{domain}").status == 404


def test_the_domain_page_shows_its_groups(server: Server, domain: str) -> None:
    repository(server, domain, "main")
    group(server, domain, "/npm/team/*", PUBLISH="BLOCK")
    page = server.call("GET", f"/packages/{domain}", headers={"Accept": "text/html"})
    assert page.status == 200
    for text in ("/npm/team/*", "BLOCK", f"/packages/{domain}/main", "stored once"):
        assert text in page.text, text


def publish_npm(server: Server, domain: str, name: str) -> int:
    return server.call("PUT", f"/npm/{domain}/main/{name}", npm_document(name, "1.0.0", npm_tarball(name, "1.0.0"))).status


def test_nearly_the_same_name_is_kept_away(server: Server, domain: str) -> None:
    repository(server, domain, "main")
    group(server, domain, "/npm//spicy-client$", PUBLISH="ALLOW", EXTERNAL_UPSTREAM="BLOCK")
    assert [publish_npm(server, domain, name) for name in ("spicy-client", "spicy.client", "spicyclient")] == [201, 403, 201]
    answer = server.call("GET", f"/api/v1/domains/{domain}/groups/match?format=npm&package=spicy_client").json()
    assert (answer["group"], answer["association"], answer["effective"]["PUBLISH"]["mode"]) == ("/npm//spicy-client$", "WEAK", "BLOCK")


def test_a_group_lists_its_packages(server: Server, domain: str) -> None:
    repository(server, domain, "main")
    path = f"/api/v1/domains/{domain}/groups/packages?pattern="
    for name in ("web", "web.kit", "website", "other"):
        assert publish_npm(server, domain, name) == 201
    assert publish(server, domain, "main", "web") == 200
    tried = server.call("GET", f"{path}/npm//web~").json()["items"]
    assert [(one["package"], one["association"]) for one in tried] == [("web", "STRONG"), ("web.kit", "STRONG")]
    group(server, domain, "/npm//web-kit$")
    assert server.call("GET", f"{path}/npm//web-kit$").json()["items"] == [{"format": "npm", "package": "web.kit", "association": "WEAK"}]
    assert [one["package"] for one in server.call("GET", f"{path}/*").json()["items"]] == ["other", "web", "website", "web"]
    first = server.call("GET", f"{path}/*&limit=3").json()
    rest = server.call("GET", f"{path}/*&limit=3&cursor={first['next']}").json()
    assert ([one["package"] for one in first["items"]], [one["package"] for one in rest["items"]]) == (["other", "web", "website"], ["web"])
    assert rest["next"] is None
    page = server.call("GET", f"/packages/{domain}/-/groups?pattern=/npm//web-kit$", headers={"Accept": "text/html"})
    assert "web.kit" in page.text
    assert "nearly that name: blocked" in page.text
    assert server.call("GET", f"{path}/npm//web-kit$&cursor=x").status == 400
