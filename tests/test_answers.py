"""What may be asked for beside the stream."""

import pytest

from django_logtail.answers import offered


@pytest.mark.parametrize(
    ("re2", "can"), [(object(), ["range", "search", "regex"]), (None, ["range", "search"])]
)
def test_expressions_are_offered_where_there_is_something_to_match_them(monkeypatch, re2, can):
    monkeypatch.setattr("django_logtail.tailing.matching._re2", lambda: re2)

    assert offered() == can
