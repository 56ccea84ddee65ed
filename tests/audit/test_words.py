"""Records in words."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest
from django.utils import translation

from django_logtail.audit import words
from django_logtail.audit.filters import StateFilter
from django_logtail.audit.models import Viewing


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h 0 min"),
        (7_860, "2 h 11 min"),
    ],
)
def test_how_long_it_took(seconds: int, text: str) -> None:
    assert words.lasted(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"pattern": "x", "found": 3}, [("pattern", "x"), ("found", "3")]),
        ({"file": "opaque", "offset": 7}, [("position", "7")]),
        ({"to": 0}, [("to", "Dec. 31, 1969, 6 p.m.")]),
        ({"to": 10**17}, [("to", "100000000000000000")]),
        ({"before": {"access": "staff"}}, [("before", '{"access": "staff"}')]),
        ({"of-later": True}, [("of-later", "true")]),
    ],
)
def test_a_detail_is_said_by_name(detail: dict[str, Any], said: list[tuple[str, str]]) -> None:
    assert words.details(detail) == said


def test_what_a_later_release_records_is_shown_as_it_is() -> None:
    assert (words.action("teleport"), words.outcome("vanished")) == ("teleport", "vanished")


def test_every_word_is_there_in_chinese() -> None:
    table = {**words.ACTIONS, **words.OUTCOMES, **words.DETAILS}
    english = {name: str(said) for name, said in table.items()}
    with translation.override("zh-hans"):
        assert [name for name in table if str(table[name]) == english[name]] == []


def test_the_filter_for_what_has_ended_is_not_the_column_of_how_it_ended_in_chinese() -> None:
    choices = dict(StateFilter.lookups(StateFilter.__new__(StateFilter), HttpRequest(), None))
    assert str(choices["past"]) == "ended"
    with translation.override("zh-hans"):
        assert str(choices["past"]) == "已结束"
        assert str(Viewing._meta.get_field("outcome").verbose_name) == "结束方式"
