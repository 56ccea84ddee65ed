"""Which files' names are those of a series, and its pattern."""

from pathlib import Path

import pytest

from django_logtail.registering.series import series_of


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("app-2026-11-28.log", "app-%Y-%m-%d.log"),
        ("app.20261128.log", "app.%Y%m%d.log"),
        ("u_ex_2026_11_28.log", "u_ex_%Y_%m_%d.log"),
        ("2026-11-28.log", "%Y-%m-%d.log"),
        ("messages-20261128", "messages-%Y%m%d"),
        ("web1-2026-11-28.log", "web1-%Y-%m-%d.log"),
    ],
)
def test_the_date_becomes_codes(name: str, pattern: str) -> None:
    assert series_of(Path("/l") / name) == Path("/l") / pattern


@pytest.mark.parametrize(
    "name",
    [
        "app.log",
        "app-2026-13-28.log",  # no month
        "run-2026-11-28_18-40-22.log",  # the next one starts at another time
        "run-20261128T1840.log",
        "job-120261128.log",  # a number
        "job-202611281.log",
        "app-2026-11-28-2026-11-29.log",  # of two dates, which?
        "app-100%-2026-11-28.log",
        "app[1]-2026-11-28.log",  # signs of a shell pattern
    ],
)
def test_other_names_are_those_of_single_files(name: str) -> None:
    assert series_of(Path("/l") / name) == Path("/l") / name
