"""What a phone leaves out of a line, and what it does not. There is no server."""

import pytest

from tests.e2e.alone import alone, origin, profiles, tabs
from tests.e2e.viewing import settle

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

#: Of each row the text that is seen, with the clock that is drawn in place of the written time.
SEEN = """() => [...document.querySelectorAll('.lt-window > .lt-row')].map((row) => {
  const isSeen = (part) => getComputedStyle(part).clipPath === 'none';
  let key = '';
  return [...row.childNodes].flatMap((part) => {
    if (part.nodeType === 3) key = part.data;
    if (part.nodeType === 3 || part.matches('.lt-gut, .lt-extra') || !isSeen(part)) return [];
    if (part.dataset.t) return part.dataset.t;
    const shown = [...part.childNodes].filter((one) => one.nodeType === 3 || isSeen(one));
    const text = key + shown.map((one) => one.textContent).join('');
    key = '';
    return text;
  }).join('|');
})"""


@pytest.fixture
def phone(alone):
    return alone(390, 844, has_touch=True)


def padded(row):
    """The lines of a log that has enough of them for its format to be found."""
    return "".join(row.format(number) for number in range(12))


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ("2026-11-28T14:22:{:02}.100000Z [info     ] paid  [shop]\n", "14:22:00| [|info|     ] |paid  [shop]"),
        ("[2026-11-28T14:22:{:02}.100000+00:00] production.INFO: paid\n", "[|14:22:00|] |production|.|INFO|: |paid"),
        ("2026-11-28 14:22:{:02},100 INFO shop.views: paid\n", "14:22:00|paid"),
        ("2026-11-28 14:22:{:02},100 ERROR shop.views: refused\n", "14:22:00| |ERROR|refused"),
    ],
)  # fmt: skip
def test_what_brackets_hold_is_not_left_out_and_nothing_is_left_behind(phone, row, seen):
    phone.open(padded(row))

    assert phone.page.evaluate(SEEN)[0] == seen


def test_the_message_stands_one_character_after_the_time(phone):
    phone.open(padded("2026-11-28 14:22:{:02},100 INFO shop.views: paid\n"))

    drawn = phone.page.evaluate(
        """() => {
          const [time, message] = ['.lt-row .lt-ts', '.lt-row .lt-msg'].map((one) => document.querySelector(one));
          return [time.getBoundingClientRect().right, message.getBoundingClientRect().left];
        }"""
    )

    assert 5 < drawn[1] - drawn[0] < 11


@pytest.mark.parametrize("row", ['{{"level": "info", "message": "paid", "n": {}}}\n', "paid {}\n"])
def test_all_of_the_status_bar_is_in_the_window(phone, row):
    phone.open(padded(row))

    ends = phone.page.locator(".lt-status > :not([hidden])").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().right)"
    )

    assert max(ends) <= 390


def test_a_line_that_has_fields_and_nothing_else_begins_where_others_begin(phone):
    phone.open(padded('{{"status": 200, "path": "/cart/", "n": {}}}\n'))

    assert phone.page.evaluate(SEEN)[0].startswith("status=200")


def box_and_end(page):
    """How far the end of the log lies below the opened fields."""
    settle(page)
    settle(page)
    return page.evaluate(
        """() => document.querySelector('.lt-tail').getBoundingClientRect().top
          - document.querySelector('.lt-row.lt-open').getBoundingClientRect().bottom"""
    )


def test_the_actions_for_a_value_have_room_below_it_and_give_it_back(phone):
    page = phone.open(padded('{{"time": "2026-11-28T14:22:{:02}Z", "status": 200, "path": "/cart/"}}\n'))
    page.locator(".lt-row .lt-kv").last.evaluate(
        "(part) => part.closest('.lt-row').querySelector('.lt-tri').click()"
    )

    assert box_and_end(page) == pytest.approx(0, abs=0.5)
    high = phone.box(".lt-row.lt-open")["height"]
    page.locator(".lt-fld").nth(1).tap()
    assert box_and_end(page) == pytest.approx(0, abs=0.5)
    assert phone.box(".lt-row.lt-open")["height"] == pytest.approx(high + 40, abs=8)
    page.locator(".lt-q").fill("cart")
    assert box_and_end(page) == pytest.approx(0, abs=0.5)
    assert phone.box(".lt-row.lt-open")["height"] == pytest.approx(high, abs=0.5)


def test_the_name_of_a_field_is_whole_and_apart_from_its_value(phone):
    page = phone.open(padded('{{"res": {{"statusCode": 404, "anotherNameThatIsLong": {}}}}}\n'))
    page.evaluate("document.querySelector('.lt-tri').click()")
    settle(page)

    gaps = page.evaluate(
        """() => [...document.querySelectorAll('.lt-fld:not(.lt-fld-in)')].map((field) => {
          const [name, value] = ['dt', 'dd'].map((one) => {
            const text = document.createRange();
            text.selectNodeContents(field.querySelector(one));
            return text.getBoundingClientRect();
          });
          return value.left - name.right;
        })"""
    )

    assert len(gaps) == 2
    assert min(gaps) > 5
