"""The review pages in a real Chromium: accessible, whole in both widths and colours, walked with j and k."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.lockgate_server import Server, wait_for
from tests.reviews.project import CREDENTIAL, INJECTION, LEAK, MEDIUM, Project
from tests.web.conftest import CHROMIUM

WAY = "from flask import request\nimport os\n\n\ndef tidy(text):\n    return os.fsdecode(text)\n\n\ndef page():\n    os.system(tidy(request.args['a']))\n"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield running
        running.close()


@pytest.fixture(scope="module")
def pages(server: Server, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A blocked review with diagnostics and files left out, one with waived and old findings, the list, and the pages beside it."""
    project = Project(server, tmp_path_factory.mktemp("browser") / "work")
    sins: dict[str, str | bytes | None] = {
        ".lockgate.yml": MEDIUM, "orders.py": INJECTION, "settings.py": CREDENTIAL + "\n" + LEAK, "broken.py": "def f(:\n",
        "picture.bin": b"a\0b", "page.py": WAY,
    }
    blocked = project.push(sins, "Sell things")
    waived = project.push({"broken.py": None}, "A subject so long that it has to be wrapped on every screen there is, twice")
    project.waive(waived, all=True)
    minimum = {"repositories": f"{project.name}*", "block_at": "medium"}
    assert server.call("PUT", "/api/v1/gate-minimums", minimum).status == 200
    wait_for(lambda: server.call("GET", f"/api/v1/secrets?repository={project.name}").json()["items"], 60, "the leaked secret")
    secrets = f"/reviews/secrets?repository={project.name}"
    beside = [secrets, f"{secrets}&state=resolved", "/reviews/minimums", "/reviews/metered"]
    return [f"/reviews/{blocked['review_id']}", f"/reviews/{waived['review_id']}", "/reviews", "/reviews?state=failed", *beside]


def open_page(browser: Browser, server: Server, **looks: object) -> Page:
    page = browser.new_context(**looks).new_page()  # type: ignore[arg-type]
    page.goto(f"{server.url}/login")
    page.get_by_label("Token").fill(server.token)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{server.url}/")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_whole_and_accessible(browser: Browser, server: Server, pages: list[str], width: int, scheme: str) -> None:
    # axe is injected as inline script, which only a context that ignores the policy allows.
    page = open_page(browser, server, viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    for address in pages:
        page.goto(server.url + address)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
        serious = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
        assert not serious, (address, [(v["id"], v["nodes"][0]["html"]) for v in serious])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.context.close()


def test_j_and_k_walk_the_findings(browser: Browser, server: Server, pages: list[str]) -> None:
    page = open_page(browser, server, viewport={"width": 1280, "height": 800})
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(server.url + pages[0])
    findings = page.locator(".finding")
    expect(findings).to_have_count(4)
    for key, number in (("j", 0), ("j", 1), ("j", 2), ("j", 3), ("j", 3), ("k", 2)):
        page.keyboard.press(key)
        expect(findings.nth(number)).to_be_focused()
    page.locator(".waive summary").nth(1).click()
    page.locator("input[name=reason]").nth(1).fill("just joking")
    assert page.locator("input[name=reason]").nth(1).input_value() == "just joking"
    assert not troubles
    page.context.close()


def test_waiving_works_without_script(browser: Browser, server: Server, tmp_path: Path) -> None:
    project = Project(server, tmp_path / "work")
    gate = project.push({"orders.py": INJECTION})
    page = open_page(browser, server, java_script_enabled=False)
    page.goto(f"{server.url}/reviews/{gate['review_id']}")
    page.get_by_text("Waive this finding").first.click()
    page.get_by_label("Reason").fill("the name comes from us")
    page.get_by_role("button", name="Waive this finding").click()
    expect(page.get_by_role("heading", name="Passed: 1 finding, waived")).to_be_visible()
    page.get_by_role("button", name="Revoke this waiver").click()
    expect(page.get_by_role("heading", name="Blocked: 1 of 1 finding is new and high")).to_be_visible()
    page.context.close()


def test_secrets_and_minimums_work_without_script(browser: Browser, server: Server, tmp_path: Path) -> None:
    project = Project(server, tmp_path / "work")
    project.push({"settings.py": CREDENTIAL})
    page = open_page(browser, server, java_script_enabled=False)
    wait_for(lambda: server.call("GET", f"/api/v1/secrets?repository={project.name}").json()["items"], 60, "the leaked secret")
    page.goto(f"{server.url}/reviews/secrets?repository={project.name}")
    expect(page.get_by_text("settings.py:1")).to_be_visible()
    page.get_by_label("Pushes that bring secrets").select_option("block")
    page.get_by_role("button", name=f"Set for {project.name}").click()
    expect(page.get_by_label("Pushes that bring secrets")).to_have_value("block")
    page.get_by_text("Resolve", exact=True).first.click()
    page.get_by_label("What was done").fill("changed in the database")
    page.get_by_role("button", name="Resolve").click()
    page.goto(f"{server.url}/reviews/secrets?repository={project.name}&state=resolved")
    expect(page.get_by_text("“changed in the database”")).to_be_visible()
    page.goto(f"{server.url}/reviews/minimums")
    page.get_by_label("Git repositories").fill(f"{project.name}*")
    page.get_by_label("Suppressions").select_option("ignore")
    page.get_by_role("button", name="Set", exact=True).click()
    row = page.get_by_role("row").filter(has_text=f"{project.name}*")
    expect(row).to_contain_text("ignore")
    row.get_by_role("button").click()
    expect(page.get_by_role("row").filter(has_text=f"{project.name}*")).to_have_count(0)
    page.context.close()
