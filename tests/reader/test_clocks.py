"""What the written times of a log mean in its zone."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from django_logtail.reader.clocks import Clocks, zone_named

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000


WRITTEN_AT = ms("2021-07-01T12:00:00")


@pytest.mark.parametrize(
    ("written", "at", "is_twice"),
    [
        ("2021-06-30 14:00:00", "2021-06-30T12:00:00", False),  # summer time
        ("2021-01-30 14:00:00", "2021-01-30T13:00:00", False),
        ("2021-06-30T14:00:00Z", "2021-06-30T14:00:00", False),
        ("2021-06-30T14:00:00+05:00", "2021-06-30T09:00:00", False),
        ("2020-10-25 01:59:59", "2020-10-24T23:59:59", False),
        ("2020-10-25 02:00:00", "2020-10-25T00:00:00", True),  # the first of two
        ("2020-10-25 02:59:59", "2020-10-25T00:59:59", True),
        ("2020-10-25 03:00:00", "2020-10-25T02:00:00", False),
        ("Jun 30 14:00:00", "2021-06-30T12:00:00", False),
        ("Dec 31 14:00:00", "2020-12-31T13:00:00", False),
        ("14:00:00", "2021-07-01T12:00:00", False),  # when the file was last written
        ("13:59:59", "2021-07-01T11:59:59", False),
    ],
)
def test_a_time_is_of_the_zone_and_of_the_latest_day_that_the_last_write_allows(written, at, is_twice):
    assert Clocks(BERLIN).moment_of(written, WRITTEN_AT) == (ms(at), is_twice)


@pytest.mark.parametrize("written", ["nothing", "2021-13-01 14:00:00", ""])
def test_what_no_calendar_has_is_no_time(written):
    assert Clocks(BERLIN).moment_of(written, WRITTEN_AT) is None


@pytest.mark.parametrize(
    ("at", "is_repeated"),
    [
        ("2020-10-24T23:59:59", False),
        ("2020-10-25T00:00:00", True),
        ("2020-10-25T01:59:59", True),
        ("2020-10-25T02:00:00", False),
    ],
)
def test_a_moment_is_ambiguous_if_the_clock_was_set_back_over_it_and_times_have_no_zone(at, is_repeated):
    clocks = Clocks(BERLIN)
    clocks.moment_of("2020-10-25T00:30:00Z", WRITTEN_AT)
    with_zones = clocks.are_bare, clocks.is_repeated(ms(at))
    clocks.moment_of("2020-10-25 00:30:00", WRITTEN_AT)

    assert with_zones == (False, False)
    assert (clocks.are_bare, clocks.is_repeated(ms(at))) == (True, is_repeated)


def test_a_moment_beyond_all_calendars_is_not_ambiguous():
    clocks = Clocks(BERLIN)
    clocks.moment_of("2020-10-25 00:30:00", WRITTEN_AT)

    assert clocks.is_repeated(8.64e15) is False


def test_a_zone_that_the_host_does_not_know_is_utc():
    assert zone_named("Europe/Berlin") == BERLIN
    assert [zone_named(name) for name in ("Europe/Nowhere", "", "../etc/passwd")] == [timezone.utc] * 3


LATER = ms("2026-11-28T12:00:00")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-28 11:22:09", 1_795_864_929_000),
        ("2026-11-28 11:22:09,5", 1_795_864_929_500),
        ("2026-11-28 11:22:09.000001", 1_795_864_929_000.001),
        ("2026-11-28T11:22:09.250Z", 1_795_864_929_250),
        ("2026-11-28T12:22:09.250+01:00", 1_795_864_929_250),
        ("Nov 28 11:22:09.75", 1_795_864_929_750),
        ("11:22:09,123", 1_795_864_929_123),
        ("28/Nov/2026:11:22:09", 1_795_864_929_000),
        ("28.11.2026 11:22", 1_795_864_920_000),
        ("20261128112209.5", 1_795_864_929_500),
    ],
)
def test_a_moment_is_the_same_whichever_came_before(written: str, moment: float) -> None:
    clocks = Clocks(timezone.utc)
    before = ["", "2026-11-28 11:22:09", "2026-11-28 11:22:09,9", "11:22:09.9", "Nov 28 11:22:09.1"]

    for other in before:
        clocks.moment_of(other, LATER)
        assert clocks.moment_of(written, LATER) == (pytest.approx(moment, abs=1e-4), False)


def test_each_file_has_its_own_year() -> None:
    clocks = Clocks(timezone.utc)

    this = clocks.moment_of("Nov 28 11:22:09.5", LATER)
    last = clocks.moment_of("Nov 28 11:22:09.5", LATER - 365 * 86_400_000)

    assert this == (1_795_864_929_500, False)
    assert last == (1_795_864_929_500 - 365 * 86_400_000, False)


def test_a_fraction_of_a_second_is_in_the_hour_that_comes_twice() -> None:
    clocks = Clocks(BERLIN)

    assert clocks.moment_of("2026-10-25 02:30:00,5", LATER) == (1_792_888_200_500, True)
    assert clocks.moment_of("2026-10-25 03:30:00,5", LATER) == (1_792_895_400_500, False)


def test_what_no_calendar_has_is_no_time_with_a_fraction_either() -> None:
    clocks = Clocks(timezone.utc)

    assert clocks.moment_of("2026-13-28 11:22:09.5", LATER) is None
    assert clocks.moment_of("2026-13-28 11:22:09.6", LATER) is None
