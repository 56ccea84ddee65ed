"""The names that rotation gives, and those that it does not."""

from __future__ import annotations

import pytest

from django_logtail.tailing.rotated_names import BadPattern, Names, Order, Rotated

NUMBERS, DATES, NONE = Order.NUMBERS, Order.DATES, Order.NONE


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("app.log.1", Rotated(NUMBERS, (1,))),
        ("app.log.0", Rotated(NUMBERS, (0,))),
        ("app.log.10.gz", Rotated(NUMBERS, (10,), ".gz")),
        ("app.1.log", Rotated(NUMBERS, (1,))),
        ("app.1.log.xz", Rotated(NUMBERS, (1,), ".xz")),
        ("app.log.1.log", Rotated(NUMBERS, (1,))),
        ("app.log-20261128", Rotated(DATES, (20261128,))),
        ("app.log-20261128.gz", Rotated(DATES, (20261128,), ".gz")),
        ("app-20261128.log", Rotated(DATES, (20261128,))),
        ("app.log-2026-11-28", Rotated(DATES, (2026, 11, 28))),
        ("app.log-20261128-1795891766", None),
        ("app.log-1795891766", Rotated(DATES, (1795891766,))),
        ("app.log.2026-11-28", Rotated(DATES, (2026, 11, 28))),
        ("app.log.2026-11-28_18-40", Rotated(DATES, (2026, 11, 28, 18, 40))),
        ("app.log.2026-11-28_18-40-05", Rotated(DATES, (2026, 11, 28, 18, 40, 5))),
        ("app-2026-11-28-1.log", Rotated(DATES, (2026, 11, 28, 1))),
        ("app-11-28-2026-1.log.gz", Rotated(DATES, (2026, 11, 28, 1), ".gz")),
        ("app.2026-11-28.0.log", Rotated(DATES, (2026, 11, 28, 0))),
        ("app.2026-11.log.zip", Rotated(DATES, (2026, 11), ".zip")),
        ("app-2026-11-28T18-40-00.000.log", Rotated(DATES, (2026, 11, 28, 18, 40, 0, 0))),
        ("app.2026-11-28_18-40-00_123456.log", Rotated(DATES, (2026, 11, 28, 18, 40, 0, 123456))),
        ("app__2026-11-28_18-40-00.log", Rotated(DATES, (2026, 11, 28, 18, 40, 0))),
        ("app-2026-11-28.log.1", Rotated(DATES, (2026, 11, 28, 1))),
        ("app.log.20261128.1", Rotated(DATES, (20261128, 1))),
        ("app.log-2026-11-28T18:40:00+0100", Rotated(DATES, (2026, 11, 28, 18, 40, 0, 100))),
        ("app.log-2026-11-28-CET", Rotated(DATES, (2026, 11, 28))),
        ("app-Mon.log", Rotated(NONE)),
        ("app.log.Sunday", Rotated(NONE)),
        *[
            (name, None)
            for name in (
                *("app.log", "app-2.log", "app2.log", "app_2.log", "app.log-2", "app.log2", "app-old.log"),
                *(
                    "app-last.log",
                    "app.log.old",
                    "app.log.bak",
                    "app.log~",
                    "app.log-private",
                    "app.log.keys",
                ),
                *("app_secret.log", "application-1.log", "app.log.1.bak", "app.log.tmp", "app.log.1a"),
                *("app-audit.log", "app-2026.log.swp", "xapp.log.1", "app.log.\u0661", "app.log.123456"),
            )
        ],
    ],
)
def test_what_a_name_tells_of_a_file_beside_app_log(name: str, told: Rotated | None) -> None:
    assert Names("app.log").rotated(name) == told


@pytest.mark.parametrize("name", ["log2", "log~", "log.old", "logs", "log1", "log-2"])
def test_a_log_without_an_ending_owns_no_more_than_its_rotations(name: str) -> None:
    assert Names("log").rotated(name) is None
    assert Names("log").rotated("log.1") == Rotated(NUMBERS, (1,))


def test_the_directory_of_multilog_belongs_to_current() -> None:
    assert Names("current").rotated("@400000006543210f0c8e1b2a.s") is not None
    assert Names("app.log").rotated("@400000006543210f0c8e1b2a.s") is None


@pytest.mark.parametrize(
    ("pattern", "name", "told"),
    [
        ("{stem}-{number}{ext}", "app-2.log", Rotated(NUMBERS, (2,))),
        ("{stem}-{number}{ext}", "app-2.log.gz", Rotated(NUMBERS, (2,), ".gz")),
        ("{name}.old", "app.log.old", Rotated(NONE)),
        ("archive/{name}-{date}", "app.log-20261128", Rotated(DATES, (20261128,))),
        ("{stem}{date}{ext}", "app20261128.log", Rotated(DATES, (20261128,))),
        ("{stem}-{number}{ext}", "app.log.1", None),
        ("{stem}-{number}{ext}", "app-x.log", None),
    ],
)
def test_a_pattern_stands_instead_of_the_rules(pattern: str, name: str, told: Rotated | None) -> None:
    assert Names("app.log", pattern).rotated(name) == told


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("other.log", "The pattern names only one file. Use {name} or {stem} for the log's name."),
        ("../{name}.{number}", "The pattern contains '..'. Write the directory without it."),
        (
            "{date}/{name}",
            "The pattern's directory has a placeholder. Only the last part may have placeholders.",
        ),
        ("{name}-{number", "The pattern has a brace without a placeholder."),
        ("{name}-{number}-{number}", "The pattern has {number} more than once."),
        (
            "{nmae}.1",
            "The pattern has an unknown placeholder {nmae}. Use {name}, {stem}, {ext}, {number}, {date}.",
        ),
    ],
)
def test_a_pattern_that_cannot_be_meant_says_what_is_wrong(pattern: str, says: str) -> None:
    with pytest.raises(BadPattern) as raised:
        Names("app.log", pattern)

    assert str(raised.value) == says
