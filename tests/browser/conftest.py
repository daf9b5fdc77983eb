"""A real browser, and pages in it whose errors and requests are recorded."""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser import CHROMIUM


@dataclass
class OpenedPage:
    """A page in the browser, and what it should not do.

    Attributes
    ----------
    page : Page
    errors : list of str
        Errors and warnings of its console, dialogs, and uncaught exceptions.
    requests : list of str
        Addresses that it requested from elsewhere: not of itself or of its pictures.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def part(self, name):
        """An element of the explorer."""
        return self.page.locator(f'#explorer [data-part="{name}"]')

    def open_tab(self, name):
        """Opens a tab of the explorer."""
        self.page.get_by_role("tab", name=name).click()

    def wait_until(self, expression, seconds=10):
        """Waits for an expression to be true; playwright's own wait needs `eval` in the page."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < end, f"not true after {seconds} s: {expression}"
            self.page.wait_for_timeout(50)

    def place_of(self, image):
        """Where an image's point is on the screen."""
        return self.page.evaluate(
            """(image) => {
                explorer.map.canvas.scrollIntoView({ block: "center" });
                const box = explorer.map.canvas.getBoundingClientRect();
                const [x, y] = explorer.map.toScreen(image);
                return [box.x + x, box.y + y];
            }""",
            image,
        )


@pytest.fixture(scope="session")
def chromium():
    """Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Opens a file and returns the page with its errors and requests."""
    contexts = []

    def open_file(
        path, width=1400, height=1000, wait_for="#explorer:not([hidden])", view="", **options
    ):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        opened = OpenedPage(context.new_page())
        page = opened.page

        def log(message):
            if message.type in ("error", "warning"):
                opened.errors.append(message.text)

        def dialog(shown):
            opened.errors.append(f"dialog: {shown.message}")
            shown.dismiss()

        def request(sent):
            own = [Path(path), Path(path).parent / "explorer" / "pictures"]
            if not sent.url.startswith(("data:", "blob:", *(one.as_uri() for one in own))):
                opened.requests.append(sent.url)

        page.on("console", log)
        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        page.on("dialog", dialog)
        page.on("request", request)
        page.goto(Path(path).as_uri() + view)
        page.wait_for_selector(wait_for)
        return opened

    yield open_file
    for context in contexts:
        context.close()
