"""What administrators change on the registry's pages, and what others are not offered there."""

import html
import json
import secrets
from urllib.parse import quote

import pytest

from registry import catalog
from service import start
from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, account, create_repository
from tests.registry.fake_upstream import FakeUpstream
from tests.registry.made import wheel
from tests.web.visitor import Visitor


def test_a_version_is_archived_on_its_page(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("paged", "1.0"))
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    page = f"{place}/pypi/paged"
    link = visitor.get(page).text.partition('href="/packages/default/' + clients.repository + "/-/files/")[2].partition('"')[0]
    assert visitor.get(f"{place}/-/files/{link}").status == 200
    form = {"format": "pypi", "package": "paged", "version": "1.0", "status": "Archived"}
    assert visitor.submit(page, f"{place}/-/status", form).status == 303
    assert "can be neither found nor downloaded" in visitor.get(f"{page}?version=1.0").text
    assert visitor.get(f"{place}/-/files/{link}").status == 404
    assert visitor.post(f"{place}/-/status", {**form, "status": "Published"}).status == 403


def test_origin_controls_are_set_and_explained_on_the_page(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("owned", "1.0"))
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    page = f"{place}/pypi/owned"
    assert "never looked for in external indexes" in visitor.get(page).text
    form = {"format": "pypi", "package": "owned", "publish": "BLOCK", "upstream": "ALLOW"}
    assert visitor.submit(page, f"{place}/-/origins", form).status == 303
    text = visitor.get(page).text
    assert "nothing can be published under its name here" in text
    assert "No external index is connected" in text


def test_a_group_is_made_and_changed_on_the_page(server: Server) -> None:
    domain = f"d{secrets.token_hex(4)}"
    server.call("POST", "/api/v1/domains", {"name": domain})
    visitor = Visitor(server).log_in()
    for mode in ("BLOCK", "ALLOW"):
        form = {"pattern": "/npm/team/*", "PUBLISH": mode}
        assert visitor.submit(f"/packages/{domain}", f"/packages/{domain}/-/groups", form).status == 303
        [group] = [g for g in server.call("GET", f"/api/v1/domains/{domain}/groups").json()["items"] if g["pattern"] != "/*"]
        assert group["restrictions"]["PUBLISH"]["mode"] == mode


def test_a_group_is_deleted_on_its_page(server: Server, clients: Clients) -> None:
    visitor, pattern = Visitor(server).log_in(), f"/npm//{clients.repository}$"
    page = f"/packages/default/-/groups?pattern={pattern}"
    assert "Not a package group yet" in visitor.get(page).text
    form = {"pattern": pattern, "PUBLISH": "ALLOW_SPECIFIC_REPOSITORIES", "PUBLISH_repositories": clients.repository, "description": "ours"}
    made = visitor.submit(page, "/packages/default/-/groups", form)
    assert made.status == 303
    assert f"ALLOW_SPECIFIC_REPOSITORIES: {clients.repository}" in visitor.get(made.headers["Location"]).text
    assert visitor.submit(page, "/packages/default/-/groups", {"pattern": pattern, "act": "delete"}).status == 303
    assert pattern not in [g["pattern"] for g in server.call("GET", "/api/v1/domains/default/groups").json()["items"]]


def test_settings_are_changed_on_their_page(server: Server, clients: Clients) -> None:
    first, second = create_repository(server), create_repository(server)
    page = f"/packages/default/{clients.repository}/-/settings"
    api = f"/api/v1/registry/default/{clients.repository}"
    server.call("PATCH", api, {"connections": [{"format": "pypi", "url": "http://user:hush@127.0.0.1:9/simple/"}]})
    visitor = Visitor(server).log_in()
    shown = visitor.get(page).text
    assert "pypi http://127.0.0.1:9/simple/" in shown
    assert "hush" not in shown
    form = {
        "description": "ours", "upstreams": f"{second}\n{first}", "minimum_age_hours": "48",
        "connections": "npm http://127.0.0.1:9/npm\r\npypi http://127.0.0.1:9/simple/\r\n",
    }
    assert visitor.submit(page, page, form).status == 303
    told = server.call("GET", api).json()
    assert (told["description"], told["upstreams"], told["minimum_age_hours"]) == ("ours", [second, first], 48)
    assert [c["url"] for c in told["connections"]] == ["http://127.0.0.1:9/npm/", "http://127.0.0.1:9/simple/"]
    site = start.open_site(server.settings)
    with site.db.read() as session:
        kept = catalog.place(session, "default", clients.repository).connections[1].url
    site.db.close()
    assert kept == "http://user:hush@127.0.0.1:9/simple/"


@pytest.mark.parametrize(("field", "value", "says"), [
    ("upstreams", "nowhere", "no other package repository"), ("connections", "pypi", "write a format"),
    ("connections", "cobol http://127.0.0.1:9/", "write a format"), ("connections", "pypi ftp://127.0.0.1/", "no http or https URL"),
    ("minimum_age_hours", "soon", "no whole number"), ("minimum_age_hours", "999999", "0 to"),
])
def test_wrong_settings_come_back_as_sent(server: Server, clients: Clients, field: str, value: str, says: str) -> None:
    page = f"/packages/default/{clients.repository}/-/settings"
    visitor = Visitor(server).log_in()
    answer = visitor.submit(page, page, {"description": "not kept", "upstreams": "", "connections": "", "minimum_age_hours": "0", field: value})
    assert answer.status == 400
    assert says in answer.text
    assert value in answer.text
    assert server.call("GET", f"/api/v1/registry/default/{clients.repository}").json()["description"] != "not kept"


def test_a_policy_is_written_on_its_page(server: Server, clients: Clients) -> None:
    name, token = account(server)
    page = f"/packages/default/{clients.repository}/-/policy"
    visitor = Visitor(server).log_in()
    for text, says in (
        ("[\n  {", "Line 2: no JSON"), ("{}", "Line 1: a policy is a list"), ('[\n\n{"Effect": "Allow",\n"Principal": []}]', "Line 4: Principal must be"),
        ('[{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]', "lock you out"),
    ):
        refused = visitor.submit(page, page, {"statements": text})
        assert refused.status == 400, text
        assert says in html.unescape(refused.text), text
    allow = [{"Effect": "Allow", "Principal": name, "Action": "registry:Read", "Resource": f"registry/default/{clients.repository}"}]
    assert visitor.submit(page, page, {"statements": json.dumps(allow, indent=1)}).status == 303
    assert server.call("GET", f"/pypi/default/{clients.repository}/simple/", token=token).status == 200
    stale = visitor.submit(page, page, {"statements": "[]", "revision": "of yesterday"})
    assert stale.status == 409
    assert visitor.submit(page, page, {"act": "remove"}).status == 303
    assert server.call("GET", f"/pypi/default/{clients.repository}/simple/", token=token).status == 403


def test_the_glass_is_broken_on_the_page(server: Server, mirror: Clients, upstream: FakeUpstream) -> None:
    upstream.offer(wheel("young", "1.0"), **{"upload-time": "2999-01-01T00:00:00Z"})
    server.call("PATCH", f"/api/v1/registry/default/{mirror.repository}", {"minimum_age_hours": 24})
    file = f"/pypi/default/{mirror.repository}/files/young/young-1.0-py3-none-any.whl"
    assert server.call("GET", file).status == 403
    visitor, page = Visitor(server).log_in(), f"/packages/default/{mirror.repository}"
    form = {"format": "pypi", "package": "Young", "version": "1.0", "hours": "2", "reason": " "}
    refused = visitor.submit(page, f"{page}/-/age-exception", form)
    assert refused.status == 400
    assert 'name="package" value="Young"' in refused.text
    assert server.call("GET", file).status == 403
    assert visitor.submit(page, f"{page}/-/age-exception", {**form, "reason": "a fix that cannot wait"}).status == 303
    assert "a fix that cannot wait" in visitor.get(page).text
    assert server.call("GET", file).status == 200
    assert "registry:BreakGlass" in visitor.get(f"/audit?resource=registry/default/{mirror.repository}").text
    assert visitor.submit(page, f"{page}/-/age-exception", {"format": "pypi", "package": "young", "act": "withdraw"}).status == 303
    assert "let through by" not in visitor.get(page).text


def test_versions_are_copied_yanked_and_ended(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("moved", "1.0"))
    target = create_repository(server)
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    page, form = f"{place}/pypi/moved", {"format": "pypi", "package": "moved", "version": "1.0"}
    copied = visitor.submit(page, f"{place}/-/copy", {**form, "to": target})
    assert (copied.status, copied.headers["Location"]) == (303, f"/packages/default/{target}/pypi/moved?version=1.0")
    assert visitor.get(copied.headers["Location"]).status == 200
    assert visitor.submit(page, f"{place}/-/yank", {**form, "act": "yank", "reason": "it burns"}).status == 303
    assert "it burns" in visitor.get(page).text
    assert visitor.submit(page, f"{place}/-/yank", {**form, "act": "undo"}).status == 303
    assert "it burns" not in visitor.get(page).text
    refused = visitor.submit(page, f"{place}/-/end", {**form, "act": "delete", "typed": "2.0"})
    assert refused.status == 409
    assert "type 1.0 to confirm" in refused.text
    assert 'name="typed" value="2.0"' in refused.text
    assert visitor.submit(page, f"{place}/-/end", {**form, "act": "dispose", "typed": "1.0"}).status == 303
    assert "given up for good" in visitor.get(f"{page}?version=1.0").text
    gone = visitor.submit(f"{page}?version=1.0", f"{place}/-/end", {**form, "act": "delete", "typed": "1.0"})
    assert (gone.status, gone.headers["Location"]) == (303, place)


def test_python_rules_are_set_on_pages(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("ruled", "1.0"))
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    assert visitor.submit(f"{place}/-/settings", f"{place}/-/pypi/upload-rules", {"closed_after_days": "30"}).status == 303
    assert server.call("GET", f"/api/v1/registry/default/{clients.repository}/upload-rules").json() == {"local_versions": False, "closed_after_days": 30}
    assert visitor.submit(f"{place}/-/settings", f"{place}/-/pypi/upload-rules", {"closed_after_days": "-1"}).status == 400
    form = {"package": "ruled", "status": "archived", "reason": "we moved on"}
    refused = visitor.submit(f"{place}/pypi/ruled", f"{place}/-/pypi/project-status", {**form, "status": "sold"})
    assert refused.status == 400
    assert 'value="we moved on"' in refused.text
    assert visitor.submit(f"{place}/pypi/ruled", f"{place}/-/pypi/project-status", form).status == 303
    assert "archived (we moved on)" in visitor.get(f"{place}/pypi/ruled").text
    assert upload(wheel("ruled", "2.0")).status == 403


def test_a_repository_is_deleted_when_its_name_is_typed(server: Server, clients: Clients) -> None:
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    assert visitor.submit(f"{place}/-/settings", f"{place}/-/delete", {"name": "another"}).status == 400
    assert visitor.get(place).status == 200
    assert visitor.submit(f"{place}/-/settings", f"{place}/-/delete", {"name": clients.repository}).status == 303
    assert visitor.get(place).status == 404


@pytest.mark.parametrize(("tail", "sent", "says", "kept"), [
    ("status", {"status": "Sold"}, "can be set to", "Set status"),
    ("status", {"status": "Archived", "version": "9.9"}, "9.9 was left as it was", ""),
    ("origins", {"publish": "MAYBE", "upstream": "BLOCK"}, "ALLOW", "<option selected>BLOCK</option>"),
    ("copy", {"to": "nowhere", "overwrite": "yes"}, "nowhere", 'value="yes" checked'),
    ("end", {"act": "burn", "typed": "1.0"}, "dispose or delete", 'name="typed" value="1.0"'),
])
def test_a_refused_form_comes_back_on_the_package_page(
    server: Server, clients: Clients, upload: Upload, tail: str, sent: dict[str, str], says: str, kept: str
) -> None:
    upload(wheel("formed", "1.0"))
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    form = {"format": "pypi", "package": "formed", "version": "1.0", **sent}
    refused = visitor.submit(f"{place}/pypi/formed", f"{place}/-/{tail}", form)
    assert refused.status in (400, 404, 409)
    text = html.unescape(refused.text)
    assert says in text
    assert kept in text
    assert server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages/pypi/formed/versions/1.0").json()["status"] == "Published"


def test_a_name_is_decided_about_before_its_first_version(server: Server, clients: Clients, upload: Upload) -> None:
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    form = {"format": "pypi", "package": "Not Ours", "publish": "BLOCK", "upstream": "BLOCK"}
    refused = visitor.submit(place, f"{place}/-/origins", form)
    assert refused.status == 400
    assert 'name="package" value="Not Ours"' in refused.text
    decided = visitor.submit(place, f"{place}/-/origins", {**form, "package": "Not-Ours"})
    assert (decided.status, decided.headers["Location"]) == (303, f"{place}/pypi/not-ours")
    text = visitor.get(f"{place}/pypi/not-ours").text
    assert "No version of it is in" in text
    assert "nothing can be published under its name here" in text
    refused = upload(wheel("not-ours", "1.0"))
    assert refused.status == 403
    assert "origin control `publish` is BLOCK" in refused.text
    assert visitor.submit(f"{place}/pypi/not-ours", f"{place}/-/origins", {**form, "package": "not-ours", "publish": "ALLOW"}).status == 303
    assert upload(wheel("not-ours", "1.0")).status == 200
    assert server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages/pypi/not-ours").json()["origins"] == {
        "publish": "ALLOW", "upstream": "BLOCK"
    }


def test_a_domain_lives_and_ends_on_its_pages(server: Server) -> None:
    visitor, name = Visitor(server).log_in(), f"d{secrets.token_hex(4)}"
    refused = visitor.submit("/packages", "/packages/-/domains", {"name": "No Such", "description": "ours"})
    assert refused.status == 400
    assert 'value="No Such"' in refused.text
    assert visitor.submit("/packages", "/packages/-/domains", {"name": name}).headers["Location"] == f"/packages/{name}"
    assert visitor.submit("/packages", "/packages/-/domains", {"name": name}).status == 409
    page = f"/packages/{name}"
    assert f'href="{page}"' in visitor.get("/packages").text
    assert visitor.submit(page, f"{page}/-/description", {"description": "of the crew"}).status == 303
    assert "of the crew" in visitor.get(page).text
    assert visitor.submit(page, f"{page}/-/repositories", {"name": "a b"}).status == 400
    made = visitor.submit(page, f"{page}/-/repositories", {"name": "main", "description": "what we ship"})
    assert made.headers["Location"] == f"{page}/main/-/settings"
    assert "what we ship" in visitor.get(made.headers["Location"]).text
    assert visitor.submit(page, f"{page}/-/repositories", {"name": "main"}).status == 409
    assert visitor.submit(page, f"{page}/-/delete", {"name": name}).status == 409
    assert visitor.submit(f"{page}/main/-/settings", f"{page}/main/-/delete", {"name": "main"}).status == 303
    assert visitor.submit(page, f"{page}/-/delete", {"name": "another"}).status == 400
    assert visitor.submit(page, f"{page}/-/delete", {"name": name}).status == 303
    assert visitor.get(page).status == 404


def test_groups_are_filtered_and_bad_patterns_explained(server: Server) -> None:
    domain = f"d{secrets.token_hex(4)}"
    server.call("POST", "/api/v1/domains", {"name": domain})
    for pattern in ("/npm/team/*", "/pypi//tool~"):
        assert server.call("POST", f"/api/v1/domains/{domain}/groups", {"pattern": pattern}).status == 201
    visitor = Visitor(server).log_in()
    shown = visitor.get(f"/packages/{domain}?prefix=/npm").text
    assert "/npm/team/*" in shown
    assert "/pypi//tool~" not in shown
    refused = visitor.get(f"/packages/{domain}/-/groups?pattern=/npm/team")
    assert refused.status == 400
    assert 'value="/npm/team"' in refused.text


def test_packages_of_a_group_have_pages(server: Server, clients: Clients, upload: Upload) -> None:
    for number in range(3):
        upload(wheel(f"paged-{number}", "1.0"))
    page = f"/packages/default/-/groups?pattern={quote('/*')}"
    text = Visitor(server).log_in().get(f"{page}&after={quote('pypi||paged-0')}").text
    assert "paged-1" in text
    assert "paged-0" not in text
    assert Visitor(server).log_in().get(f"{page}&after=pypi").status == 400


def test_forms_of_other_sites_change_nothing(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("kept", "1.0"))
    visitor, place = Visitor(server).log_in(), f"/packages/default/{clients.repository}"
    for tail in ("settings", "policy", "delete", "status", "origins", "yank", "copy", "end", "age-exception", "pypi/project-status", "pypi/upload-rules"):
        form = {"name": clients.repository, "format": "pypi", "package": "kept", "version": "1.0", "typed": "1.0", "act": "delete", "statements": "[]"}
        assert visitor.post(f"{place}/-/{tail}", form).status == 403, tail
    assert server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages/pypi/kept/versions/1.0").status == 200


def test_readers_are_offered_no_forms(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("looked-at", "1.0"))
    _, token = account(server, {"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["*"]})
    visitor, place = Visitor(server).log_in(token), f"/packages/default/{clients.repository}"
    for page in (f"{place}/pypi/looked-at", "/packages/default", place, "/packages/default/-/groups"):
        text = visitor.get(page).text
        assert "ackage" in text
        assert "/-/" not in "".join(part.partition('"')[0] for part in text.split('action="')[1:])
    for page in (f"{place}/-/settings", f"{place}/-/policy", "/packages/default/-/policy"):
        assert visitor.get(page).status == 403
    assert visitor.submit("/settings", f"{place}/-/status", {"format": "pypi", "package": "looked-at", "version": "1.0"}).status == 403
