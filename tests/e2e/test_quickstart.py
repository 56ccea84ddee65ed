"""The README's quickstart, from its text, ends at a live line that is drawn in a browser."""

import sys

import pytest
from playwright.sync_api import Browser

from benchmarks.quickstart import run
from tests.length import IS_LONG


@pytest.mark.browser
@pytest.mark.redis
@pytest.mark.whole
@pytest.mark.skipif(not IS_LONG, reason="at length: it installs everything anew")
def test_the_readme_ends_at_a_live_line(browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    run(browser, sys.executable)

    assert capsys.readouterr().out.count("first live line in the browser") == 4
