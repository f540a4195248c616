"""What the page tests share: a visitor, a browser, a repository with history."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.lockgate_server import Server
from tests.web.sample import Sample, push_sample
from tests.web.visitor import Visitor

CHROMIUM = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
]


@pytest.fixture
def stranger(server: Server) -> Visitor:
    """Nobody yet."""
    return Visitor(server)


@pytest.fixture
def visitor(server: Server) -> Visitor:
    """The administrator, logged in."""
    return Visitor(server).log_in()


@pytest.fixture(scope="session")
def sample(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A pushed repository with awkward contents."""
    return push_sample(server, "harbour/awkward", tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield browser
        browser.close()
