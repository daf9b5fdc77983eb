"""A real browser, and pages in it that are listened to."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser import CHROMIUM


@dataclass
class Heard:
    """A page in the browser, and what it did that it should not.

    Attributes
    ----------
    page : Page
    said : list of str
        Errors and warnings of its console, dialogs, and uncaught exceptions.
    asked : list of str
        Addresses that it wanted from elsewhere.
    """

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def part(self, name):
        """An element of the explorer."""
        return self.page.locator(f'#explorer [data-part="{name}"]')

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
    """Opens a file and returns the page with what is heard of it."""
    contexts = []

    def opened(path, width=1400, height=1000, wait_for="#explorer:not([hidden])", **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        heard = Heard(context.new_page())
        page = heard.page

        def log(message):
            if message.type in ("error", "warning"):
                heard.said.append(message.text)

        def dialog(shown):
            heard.said.append(f"dialog: {shown.message}")
            shown.dismiss()

        def request(wanted):
            if not wanted.url.startswith(("data:", "blob:", Path(path).as_uri())):
                heard.asked.append(wanted.url)

        page.on("console", log)
        page.on("pageerror", lambda error: heard.said.append(str(error)))
        page.on("dialog", dialog)
        page.on("request", request)
        page.goto(Path(path).as_uri())
        page.wait_for_selector(wait_for)
        return heard

    yield opened
    for context in contexts:
        context.close()
