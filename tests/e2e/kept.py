"""A tab that a module's tests use one after another: one of its own for each costs half as much as loading the page.

A module imports these fixtures instead of those of `conftest`, unless its tests change what a tab keeps: its first
scripts, its clock, or who plays its sockets.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

from tests.e2e.conftest import SIZE, fresh_profile
from tests.stack import Web


@pytest.fixture(scope="module")
def kept_tab(browser: Browser) -> Iterator[Page]:
    """The tab, which is empty between two tests, and alone in its profile."""
    profile = fresh_profile(browser)
    yield profile.new_page()
    profile.close()


@pytest.fixture
def context(kept_tab: Page, web: Web) -> Iterator[BrowserContext]:
    """The tab's profile; nobody is signed in, and nothing is remembered but files that a browser may keep."""
    profile = kept_tab.context
    yield profile
    for other in profile.pages:
        if other is not kept_tab:
            other.close()
    kept_tab.mouse.move(0, 0)
    kept_tab.unroute_all()
    profile.unroute_all()
    profile.set_offline(False)
    kept_tab.goto("about:blank")
    kept_tab.set_viewport_size(SIZE)
    kept_tab.emulate_media(color_scheme="null", forced_colors="null", reduced_motion="reduce")
    profile.clear_cookies()
    profile.clear_permissions()
    session = profile.new_cdp_session(kept_tab)
    session.send("Storage.clearDataForOrigin", {"origin": web.url, "storageTypes": "local_storage"})
    session.detach()


@pytest.fixture
def page(kept_tab: Page, context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """The tab. Script errors and console errors fail the test."""

    def failed(error: Error) -> None:
        complaints.append(f"{error.name}: {error.message}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    kept_tab.on("pageerror", failed)
    kept_tab.on("console", said)
    yield kept_tab
    kept_tab.remove_listener("pageerror", failed)
    kept_tab.remove_listener("console", said)
    assert complaints == []
