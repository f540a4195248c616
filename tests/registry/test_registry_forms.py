"""What administrators change on the registry's pages, and what others are not offered there."""

import secrets

from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload, account
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


def test_readers_are_offered_no_forms(server: Server, clients: Clients, upload: Upload) -> None:
    upload(wheel("looked-at", "1.0"))
    _, token = account(server, {"Effect": "Allow", "Action": ["registry:Read"], "Resource": ["*"]})
    visitor, place = Visitor(server).log_in(token), f"/packages/default/{clients.repository}"
    for page in (f"{place}/pypi/looked-at", "/packages/default"):
        text = visitor.get(page).text
        assert "Package group" in text
        assert "/-/" not in "".join(part.partition('"')[0] for part in text.split('action="')[1:])
    assert visitor.submit("/settings", f"{place}/-/status", {"format": "pypi", "package": "looked-at", "version": "1.0"}).status == 403
