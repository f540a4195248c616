"""The registry's forms as people fill them in: in Chromium, with what is right and with what is wrong."""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.lockgate_server import Server
from tests.registry.conftest import create_repository
from tests.registry.made import form, wheel
from tests.web.test_browser_pages import log_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(15_000)
    log_in(page, server)
    yield page
    context.close()


@pytest.fixture
def place(server: Server) -> str:
    """A package repository with one version of `paged`."""
    name = create_repository(server)
    headers, body = form(wheel("paged", "1.0"))
    assert server.call("POST", f"/pypi/default/{name}/", headers=headers, body=body).status == 200
    return name


def api(server: Server, place: str, rest: str = "") -> dict:
    return server.call("GET", f"/api/v1/registry/default/{place}{rest}").json()


def test_settings_are_filled_in_and_corrected(page: Page, server: Server, place: str) -> None:
    page.goto(f"{server.url}/packages/default/{place}")
    page.get_by_role("link", name="Settings", exact=True).last.click()
    page.get_by_label("What it is for").fill("what we ship")
    page.get_by_label("External connections").fill("cobol http://127.0.0.1:9/")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert")).to_contain_text("write a format")
    expect(page.get_by_label("What it is for")).to_have_value("what we ship")
    assert api(server, place)["description"] == ""
    page.get_by_label("External connections").fill("pypi http://127.0.0.1:9/simple/")
    page.get_by_role("button", name="Save settings").click()
    expect(page).to_have_url(f"{server.url}/packages/default/{place}")
    assert (api(server, place)["description"], api(server, place)["connections"][0]["url"]) == ("what we ship", "http://127.0.0.1:9/simple/")


def test_a_policy_is_written_after_its_line_is_mended(page: Page, server: Server, place: str) -> None:
    page.goto(f"{server.url}/packages/default/{place}/-/policy")
    wrong = '[\n  {"Effect": "Allow",\n   "Principal": "*",\n   "Action": "registry:Read"}\n]'
    page.get_by_label("Statements in JSON").fill(wrong)
    page.get_by_role("button", name="Save policy").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 2")
    expect(page.get_by_label("Statements in JSON")).to_have_value(wrong)
    page.get_by_label("Statements in JSON").fill(wrong.replace('"registry:Read"', f'"registry:Read",\n   "Resource": "registry/default/{place}"'))
    page.get_by_role("button", name="Save policy").click()
    expect(page).to_have_url(f"{server.url}/packages/default/{place}")
    assert api(server, place, "/policy")["statements"][0]["Action"] in ("registry:Read", ["registry:Read"])


def test_a_version_goes_through_its_life_on_its_page(page: Page, server: Server, place: str) -> None:
    target = create_repository(server)
    version = "/packages/pypi/paged/versions/1.0"
    page.goto(f"{server.url}/packages/default/{place}/pypi/paged")
    page.get_by_label("Status of 1.0").select_option("Unlisted")
    page.get_by_role("button", name="Set status").click()
    expect(page.get_by_text("who names this version can download it")).to_be_visible()
    page.get_by_text("Copy 1.0 to…").click()
    page.get_by_label("Package repository").select_option(target)
    page.get_by_role("button", name="Copy version").click()
    page.wait_for_url(f"**/{target}/pypi/paged?version=1.0")
    assert api(server, target, version)["status"] == "Unlisted"
    page.get_by_text("End 1.0").click()
    page.get_by_label("Type 1.0 to confirm").fill("2.0")
    page.get_by_role("button", name="Delete version").click()
    expect(page.get_by_role("alert")).to_contain_text("type 1.0 to confirm")
    expect(page.get_by_label("Type 1.0 to confirm")).to_have_value("2.0")
    page.get_by_label("Type 1.0 to confirm").fill("1.0")
    page.get_by_role("button", name="Delete version").click()
    page.wait_for_url(f"{server.url}/packages/default/{target}")
    assert server.call("GET", f"/api/v1/registry/default/{target}{version}").status == 404
    assert api(server, place, version)["status"] == "Unlisted"


def test_the_glass_is_broken_with_a_reason(page: Page, server: Server, place: str) -> None:
    server.call("PATCH", f"/api/v1/registry/default/{place}", {"minimum_age_hours": 24})
    page.goto(f"{server.url}/packages/default/{place}")
    page.get_by_text("Break the glass").click()
    page.get_by_label("Package", exact=True).fill("young")
    page.get_by_label("Why it cannot wait").fill(" ")
    page.get_by_role("button", name="Let it through").click()
    expect(page.get_by_role("alert")).to_contain_text("reason")
    assert api(server, place, "/age-exceptions")["items"] == []
    expect(page.get_by_label("Package", exact=True)).to_have_value("young")
    page.get_by_label("Why it cannot wait").fill("mends a hole")
    page.get_by_role("button", name="Let it through").click()
    expect(page.get_by_text("mends a hole")).to_be_visible()
    page.get_by_role("button", name="Withdraw the exceptions of young").click()
    expect(page.get_by_text("mends a hole")).to_have_count(0)
    assert api(server, place, "/age-exceptions")["items"] == []


def test_a_group_is_made_after_its_pattern_is_mended(page: Page, server: Server) -> None:
    domain = f"d{secrets.token_hex(4)}"
    server.call("POST", "/api/v1/registry", {"domain": domain, "name": "main"})
    page.goto(f"{server.url}/packages/{domain}")
    page.get_by_label("Pattern").fill("/npm/team")
    page.get_by_role("button", name="Open group").click()
    expect(page.get_by_role("alert")).to_contain_text("end with $")
    expect(page.get_by_label("Pattern", exact=True)).to_have_value("/npm/team")
    page.get_by_label("Pattern").fill("/npm/team/*")
    page.get_by_role("button", name="Open group").click()
    page.locator("select[name=PUBLISH]").select_option("ALLOW_SPECIFIC_REPOSITORIES")
    page.get_by_label("Publishing: which repositories").fill("nowhere")
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("alert")).to_contain_text("no package repository 'nowhere'")
    expect(page.locator("select[name=PUBLISH]")).to_have_value("ALLOW_SPECIFIC_REPOSITORIES")
    page.get_by_label("Publishing: which repositories").fill("main")
    page.get_by_role("button", name="Create group").click()
    expect(page.locator("main")).to_contain_text("ALLOW_SPECIFIC_REPOSITORIES: main")
    [made] = [g for g in server.call("GET", f"/api/v1/domains/{domain}/groups").json()["items"] if g["pattern"] != "/*"]
    assert made["restrictions"]["PUBLISH"] == {"mode": "ALLOW_SPECIFIC_REPOSITORIES", "repositories": ["main"]}
