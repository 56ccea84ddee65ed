"""Whether the page says that access is recorded. There is no server."""

import pytest

from tests.e2e.alone import alone, origin, profiles, tabs

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

SIZES = {"desk": (1440, 700, {}), "phone": (390, 844, {"has_touch": True}), "narrow": (320, 640, {})}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("audit", [True, "required"])
def test_the_page_says_that_access_is_recorded_when_it_is(alone, settings, size, audit):
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": audit}
    width, height, options = SIZES[size]
    page = alone(width, height, **options)
    page.open("a line\n")

    assert page.text(".lt-seen") == "Access is recorded"
    box = page.box(".lt-seen")
    assert box["width"] > 100
    assert (box["x"] >= 0, box["right"] <= width, box["bottom"] <= height) == (True, True, True)
    covers = page.page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.lt-seen') !== null",
        [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
    )
    assert covers is True


@pytest.mark.parametrize("size", SIZES)
def test_it_says_nothing_of_the_kind_when_it_is_not(alone, settings, size):
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": False}
    width, height, options = SIZES[size]
    page = alone(width, height, **options)
    page.open("a line\n")

    assert page.page.locator(".lt-seen").count() == 0
    assert "recorded" not in page.page.inner_text("body")
