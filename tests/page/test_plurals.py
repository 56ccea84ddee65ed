"""Numbers in the page's texts, with the server's catalogues and the plural forms of the browser's language."""

import pytest

from django_logtail.page.texts import PLURALS
from tests.page.node import run_with_words

#: Says every plural with 0, 1, 2 and 1000.
PROGRAM = """
const said = (key) => [0, 1, 2, 1000].map((n) => words.say(key, { n, m: 1, i: 1, time: '10:00', offset: 'x' }));
console.log(JSON.stringify(Object.fromEntries(given.map((key) => [key, said(key)]))));
"""


def said(language: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = run_with_words(PROGRAM, language, sorted(PLURALS))
    return found


def test_numbers_are_said_in_english():
    found = said("en")

    assert found["status.loaded"] == [
        "0 lines loaded",
        "1 line loaded",
        "2 lines loaded",
        "1,000 lines loaded",
    ]
    assert found["sel.n"] == [
        "0 lines selected",
        "1 line selected",
        "2 lines selected",
        "1,000 lines selected",
    ]
    assert found["nav.summary"] == [
        "0 logs, 1 being written",
        "1 log, 1 being written",
        "2 logs, 1 being written",
        "1,000 logs, 1 being written",
    ]
    assert found["status.rate"] == ["0 lines/s", "1 line/s", "2 lines/s", "1,000 lines/s"]
    assert found["filter.shown"][1:3] == ["1 of 1 line", "1 of 2 lines"]
    assert found["tail.paused"][1:3] == [
        "Paused at 10:00. 1 new line is waiting.",
        "Paused at 10:00. 2 new lines are waiting.",
    ]
    assert (
        found["notice.limit"][1] == "You already have 1 log open, which is the limit. Close it and try again."
    )
    assert found["pill.errors"] == ["0 errors", "1 error", "2 errors", "1,000 errors"]
    assert found["search.found"] == ["0 matches", "1 match", "2 matches", "1,000 matches"]


def test_numbers_are_said_in_chinese():
    found = said("zh-hans")

    assert found["status.loaded"] == ["已加载 0 行", "已加载 1 行", "已加载 2 行", "已加载 1,000 行"]
    assert found["sel.n"] == ["已选择 0 行", "已选择 1 行", "已选择 2 行", "已选择 1,000 行"]
    assert found["status.rate"] == ["0 行/秒", "1 行/秒", "2 行/秒", "1,000 行/秒"]
    assert found["filter.shown"][1:3] == ["1 / 1 行", "1 / 2 行"]
    assert found["pill.errors"] == ["0 个错误", "1 个错误", "2 个错误", "1,000 个错误"]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_plural_has_its_number_in_every_form(language):
    for key, forms in said(language).items():
        assert [
            number for number, form in zip(["0", "1", "2", "1,000"], forms, strict=True) if number not in form
        ] == [], key
