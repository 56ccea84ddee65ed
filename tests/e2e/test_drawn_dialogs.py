"""Dialogs as drawn by the browser, without a server: what is in them is inside, and what isn't seen is hinted at."""

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import alone, origin, profiles, tabs

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

SAVE = """async () => {
  const { openSaveView } = await import('/static/page/save-view.js');
  document.body.classList.add('lt-page');
  openSaveView({ save: '/views/' }, { fragment: 'q=timeout', isCut: false, panes: 1 }, () => {});
}"""


def test_where_a_saved_view_opens_is_said_below_its_label_and_inside_the_dialog(alone):
    app = alone()
    app.open("one\n")

    app.page.evaluate(SAVE)

    dialog = app.box(".lt-dialog")
    label = app.box(".lt-dialog .lt-choice:has-text('Opens at') > span")
    said = app.page.get_by_text("The live end", exact=True)
    expect(said).to_be_visible()
    box = said.bounding_box()
    assert label["bottom"] <= box["y"]
    assert box["y"] + box["height"] < app.box(".lt-acts")["y"]
    assert dialog["x"] < label["x"] <= box["x"] < box["x"] + box["width"] < dialog["right"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_help_shows_at_its_edges_that_there_is_more(alone, theme):
    app = alone(1024, 500)
    app.open("one\n", theme=theme)
    app.page.locator(".lt-view").focus()
    app.page.keyboard.press("?")
    body = app.page.locator(".lt-help-body")
    expect(body).to_be_visible()
    box = app.box(".lt-help-body")

    def edge(y):
        # In the padding, where no text is.
        return app.page.screenshot(clip={"x": box["x"] + 13, "y": y, "width": 5, "height": 6})

    def edges(top):
        body.evaluate("(body, top) => { body.scrollTop = top; }", top)
        return edge(box["y"]), edge(box["bottom"] - 7)

    assert body.evaluate("(body) => body.scrollHeight > body.clientHeight + 60")
    plain = edge(box["y"] + 60)
    first, middle, last = edges(0), edges(30), edges(9_999)
    assert [first[0] == plain, first[1] == plain] == [True, False]
    assert [middle[0] == plain, middle[1] == plain] == [False, False]
    assert [last[0] == plain, last[1] == plain] == [False, True]
