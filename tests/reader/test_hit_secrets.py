"""Hits say where rules hide something in them."""

from __future__ import annotations

import pytest

from django_logtail.reader.hit_secrets import with_secrets
from django_logtail.redaction.redactor import Span
from django_logtail.tailing.text.search import Hit


def hidden(hit: Hit, *spans: Span, encoding: str = "utf-8") -> tuple[tuple[int, int, str, int], ...]:
    (found,) = with_secrets([hit], spans, encoding)
    return found.hidden


def test_a_place_counts_characters_of_the_parts_put_together() -> None:
    hit = Hit(100, 130, ("用户 ", "from", " **** ok"))

    assert hidden(hit, Span(112, 116, "ip")) == ((8, 4, "ip", 4),)


def test_of_what_is_before_or_behind_the_excerpt_only_the_rest_is_told() -> None:
    hit = Hit(100, 200, ("**a", "bc", "d**"), before=True, after=True, skipped=40)
    spans = [Span(130, 142, "key"), Span(146, 170, "ip"), Span(180, 190, "ip"), Span(20, 99, "ip")]

    assert hidden(hit, *spans) == ((0, 2, "key", 12), (6, 2, "ip", 24))


def test_what_was_found_twice_or_in_two_reads_is_told_once() -> None:
    hit = Hit(0, 20, ("a ******** b",))
    spans = [Span(6, 10, "ip"), Span(2, 6, "ip"), Span(2, 10, "ip"), Span(5, 10, "ip")]

    assert hidden(hit, *spans) == ((2, 8, "ip", 8),)


def test_each_hit_has_its_own() -> None:
    hits = [Hit(0, 5, ("a **",)), Hit(5, 10, ("b cc",)), Hit(10, 15, ("** d",))]

    found = with_secrets(hits, [Span(10, 12, "x"), Span(2, 4, "ip")], "utf-8")

    assert [hit.hidden for hit in found] == [((2, 2, "ip", 2),), (), ((0, 2, "x", 2),)]


@pytest.mark.parametrize(
    ("hit", "encoding"),
    [
        (Hit(0, 5, ("a **",)), "utf-16-le"),
        (Hit(0, 5, ("a **",)), "latin-1"),
        (Hit(0, 5, ("\ufffd **",)), "utf-8"),
        (Hit(0, 5, ("a **",), before=True, skipped=-1), "utf-8"),
    ],
)
def test_where_places_are_not_known_there_are_asterisks_alone(hit: Hit, encoding: str) -> None:
    assert hidden(hit, Span(2, 4, "ip"), encoding=encoding) == ()
