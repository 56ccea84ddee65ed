"""Which names a pattern matches, and what they say of their order."""

from __future__ import annotations

import pytest

from django_logtail.tailing.matching_names import BadMatch, MatchingNames
from django_logtail.tailing.rotated_names import Order


@pytest.mark.parametrize(
    ("pattern", "name", "date"),
    [
        ("app-%Y-%m-%d.log", "app-2026-11-28.log", (2026, 11, 28)),
        ("app-%F.log", "app-2026-11-28.log", (2026, 11, 28)),
        ("app-%Y-%m-%d.log", "app-2026-13-28.log", None),
        ("app-%Y-%m-%d.log", "app-2026-11-32.log", None),
        ("app-%Y-%m-%d.log", "app-2026-11-28.log.1", None),
        ("app-%Y-%m-%d.log", "app-2026-11-28.log.gz", None),
        ("app-%Y-%m-%d.log", "my-app-2026-11-28.log", None),
        ("app-%Y-%m-%d.log", "app-2026-11-28xlog", None),
        ("app-%Y-%m-%d.log", "app-２０２６-11-28.log", None),
        ("%d.%m.%y", "01.12.26", (26, 12, 1)),
        ("%d%b%Y_%H", "01Dec2026_23", (2026, 11, 1, 23)),
        ("%Y-%j", "2026-366", (2026, 366)),
        ("%Y-%j", "2026-367", None),
        ("%Y/%Y".replace("/", "-"), "2026-2026", (2026,)),
        ("%Y/%Y".replace("/", "-"), "2026-2027", None),
        ("100%%-%s", "100%-1795891766", (1795891766,)),
        ("app-*.log", "app-web.log", ()),
        ("app-*.log", "app-.log", ()),
        ("app-*.log", "app.log", None),
        ("app-*.log", "app-web.log.gz", None),
        ("app-?[0-9].log", "app-x7.log", ()),
        ("app-?[0-9].log", "app-77x.log", None),
        ("*", ".hidden", None),
        (".*", ".hidden", ()),
        ("*.log", "a\nb.log", ()),
        ("*.log", "a.log\n", None),
    ],
)
def test_a_name_matches_or_not_and_tells_its_date(
    pattern: str, name: str, date: tuple[int, ...] | None
) -> None:
    assert MatchingNames(pattern).date(name) == date


@pytest.mark.parametrize(
    ("pattern", "name", "order", "key", "compression"),
    [
        ("app-%Y-%m-%d.log", "app-2026-11-28.log", Order.OWN_DATES, (2026, 11, 28, 0), ""),
        ("app-%Y-%m-%d.log", "app-2026-11-28.log.2", Order.OWN_DATES, (2026, 11, 28, -2), ""),
        ("app-%Y-%m-%d.log", "app-2026-11-28.log.gz", Order.OWN_DATES, (2026, 11, 28, 0), ".gz"),
        ("app-%Y-%m-%d.log", "app-2026-11-28.log.2.zst", Order.OWN_DATES, (2026, 11, 28, -2), ".zst"),
        ("app-*.log", "app-web.log", Order.NONE, (), ""),
        ("app-*.log", "app-web.log.1.gz", Order.NONE, (), ".gz"),
    ],
)
def test_the_log_s_names_are_matches_numbered_and_compressed_ones(
    pattern: str, name: str, order: Order, key: tuple[int, ...], compression: str
) -> None:
    rotated = MatchingNames(pattern).rotated(name)

    assert rotated is not None
    assert (rotated.order, rotated.key, rotated.compression) == (order, key, compression)


@pytest.mark.parametrize("name", ["app-2026-11-28.log.bak", "app-2026-11-28.log.123456", "app.log", "x.gz"])
def test_other_names_are_not(name: str) -> None:
    assert MatchingNames("app-%Y-%m-%d.log").rotated(name) is None


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("app.log", "match-one-file"),
        ("100%%.log", "match-one-file"),
        ("app-*-%Y.log", "match-both"),
        ("app-%Y.log.gz", "match-compressed"),
        ("*.zst", "match-compressed"),
        ("app-%p.log", "match-code"),
        ("app-%", "match-code"),
    ],
)
def test_a_pattern_that_cannot_name_a_log_s_files_says_why(pattern: str, code: str) -> None:
    with pytest.raises(BadMatch) as error:
        MatchingNames(pattern)

    assert error.value.code == code


def test_an_unknown_code_is_named_with_those_that_are_known() -> None:
    with pytest.raises(
        BadMatch, match=r"^The path has an unknown code %p\. Use %s, %Y, .*, or %% for a percent sign\.$"
    ):
        MatchingNames("app-%p.log")


@pytest.mark.parametrize(
    ("pattern", "weight"), [("app-%Y-%m-%d.log", 10), ("app-*.log", 8), ("[ab]*.log", 4), ("100%%-%Y", 5)]
)
def test_a_pattern_weighs_as_much_as_it_fixes(pattern: str, weight: int) -> None:
    assert MatchingNames(pattern).weight == weight
