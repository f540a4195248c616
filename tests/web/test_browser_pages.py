"""Every page in a real Chromium: accessible, whole in both widths and colours, without script too, loading from nowhere else."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.browser

PAGES = ("/", "/repositories", "/search?q=awkward", "/alarms", "/audit", "/settings", "/-/components", "/none",
         "/packages", "/packages/default", "/packages/default/main", "/packages/default/main/pypi/lockgate-agent",
         "/packages/default/main/-/settings", "/packages/default/main/-/policy", "/packages/default/-/policy",
         "/packages/default/-/groups?pattern=/npm/*")
GIT_PAGES = (
    "", "/-/tree/main/src", "/-/blob/main/src/find.py", "/-/commits/main", "/-/commit/{second}", "/-/branches",
)
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


def log_in(page: Page, server) -> None:
    page.goto(f"{server.url}/login")
    page.get_by_label("Token").fill(server.token)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{server.url}/")


@pytest.fixture(scope="module")
def addresses(sample) -> list[str]:
    return [*PAGES, *(sample.page + tail.format(second=sample.second) for tail in GIT_PAGES), "/login"]


@pytest.fixture
def page(chromium: Browser, server) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    log_in(page, server)
    yield page
    context.close()


def _serious(context: BrowserContext, address: str) -> list[str]:
    page = context.new_page()
    page.goto(address)
    found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    page.close()
    return [f"{v['id']}: {v['nodes'][0]['target']}" for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_serious(chromium, server, addresses, width, scheme):
    # axe is injected as inline script, which only a context that ignores the policy allows.
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    log_in(context.new_page(), server)
    found = {address: _serious(context, server.url + address) for address in addresses}
    context.close()
    assert not {address: troubles for address, troubles in found.items() if troubles}


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_window(chromium, server, addresses, width):
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    log_in(page, server)
    wide = []
    for address in addresses:
        page.goto(server.url + address)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(address)
    context.close()
    assert not wide


def test_pages_break_no_policy_and_ask_nobody_else(page, server, addresses):
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" and "404" not in message.text else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url) if not request.url.startswith(server.url) else None)
    for address in addresses:
        page.goto(server.url + address)
    assert not troubles


def test_a_slash_opens_search(page, server, sample):
    page.goto(f"{server.url}/alarms")
    page.keyboard.press("/")
    expect(page.get_by_label("Search everything")).to_be_focused()
    page.keyboard.type("awkward")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=awkward")
    page.get_by_role("link", name=sample.repository, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(sample.repository)


def test_the_keyboard_reaches_the_content_first(page, server):
    page.goto(f"{server.url}/audit")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_copy_button_copies_the_command(page, server, sample):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    page.goto(server.url + sample.page)
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"git clone {server.url}/git/{sample.repository}"


def test_a_huge_file_opens_by_a_small_swap(page, server, sample):
    page.goto(f"{server.url}{sample.page}/-/commit/{sample.second}")
    long = page.locator("details.diff-file", has_text="src/long.txt")
    long.locator("summary").click()
    long.get_by_role("link", name="Show them").click()
    expect(long.get_by_text("line 700 again")).to_be_attached()
    assert "?path=" not in page.url


def test_a_line_link_marks_its_line(page, server, sample):
    page.goto(f"{server.url}{sample.page}/-/blob/main/src/find.py")
    page.get_by_role("link", name="2", exact=True).click()
    assert page.url.endswith("#L2")
    assert page.evaluate("document.querySelector(':target').id") == "L2"


def test_home_refreshes_without_losing_the_focus(page, server):
    page.goto(server.url)
    with page.expect_response(lambda answer: answer.url == f"{server.url}/" and answer.request.headers.get("hx-request") == "true", timeout=15_000):
        page.get_by_label("Search everything").focus()
    expect(page.get_by_label("Search everything")).to_be_focused()
    expect(page.locator("#now")).to_have_count(1)


def test_pages_and_forms_work_without_javascript(chromium, server, sample):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    log_in(page, server)
    expect(page.get_by_role("navigation", name="Sections")).to_be_hidden()
    page.locator("label[for=menu]").click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Repositories").click()
    page.get_by_role("link", name=sample.repository, exact=True).click()
    page.get_by_role("link", name="README.md", exact=True).click()
    expect(page.get_by_text("javascript:alert(1)")).to_be_visible()
    page.goto(f"{server.url}/settings")
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Use these colours").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    context.close()
