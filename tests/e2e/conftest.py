"""A real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.conftest import absent
from tests.e2e.viewing import show, until
from tests.stack import Stack, Web

#: As root, in a container, and without a word to the network.
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Milliseconds until an expectation of a page fails.
PATIENCE = 60_000
SIZE: ViewportSize = {"width": 1440, "height": 900}
expect.set_options(timeout=PATIENCE)


#: The first is Chromium without what draws windows, and takes half the processor's time for a page.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium_path() -> Path | None:
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    return Path(found) if found else None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium. Of a module's own, since an event loop runs in this thread as long as it is there."""
    path = chromium_path()
    if path is None:
        absent("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


def fresh_profile(browser: Browser) -> BrowserContext:
    """One in which nobody is signed in.

    With less motion: an animated dot takes more of the processor than the rest of an idle page.
    """
    context = browser.new_context(viewport=SIZE, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: nobody is signed in."""
    context = fresh_profile(browser)
    yield context
    context.close()


@pytest.fixture
def complaints() -> list[str]:
    """What pages said to the console as errors; empty at the end unless the test empties it."""
    return []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A tab whose script errors and console errors fail the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"{error.name}: {error.message}"))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    assert complaints == []


@pytest.fixture
def signed_in(context: BrowserContext, web: Web, stack: Stack, member: str) -> BrowserContext:
    """The profile of somebody signed in to the shared installation."""
    context.add_cookies([{"name": "sessionid", "value": member, "url": web.url}])
    return context


@pytest.fixture
def arrive(signed_in: BrowserContext, page: Page, web: Web, stack: Stack, path: Path) -> Callable[[], Page]:
    """Shows what `viewer` does, but when it is called, so that a test may lay out files before."""

    def arrived() -> Page:
        show(page, web, stack, "shop")
        return page

    return arrived


@pytest.fixture
def viewer(signed_in: BrowserContext, page: Page, web: Web, stack: Stack, path: Path) -> Page:
    """A tab that shows the log "shop" of the module's `path`, live, with its last 500 lines.

    The host sends a strict policy, and a complaint fails the test.
    """
    signed_in.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, web, stack, "shop")
    until(page, "tail.lines === 500")
    return page
