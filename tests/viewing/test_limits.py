"""What each user may have and spend: who is refused, with what, how many and until when."""

import datetime

import pytest

from django_logtail.control import ControlUnavailable
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.limits import Taken
from django_logtail.control.process import use
from django_logtail.viewing import limits
from django_logtail.viewing.limits import OverLimit
from django_logtail.viewing.slots import Slots
from django_logtail.viewing.tally import Tally


@pytest.fixture
def now(monkeypatch, tmp_path):
    """The time, in a list; a day ends in 3,000 s."""
    now = [1_000.0]
    memory = MemoryControl(lambda: now[0])
    use(memory)
    monkeypatch.setattr(limits, "slots", Slots(tmp_path / "slots"))
    monkeypatch.setattr(limits, "tally", Tally(lambda: 4_000.0 - now[0], lambda: memory, lambda: now[0]))
    return now


async def test_so_many_connects_a_minute_and_a_neighbour_as_many(now, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "CONNECTS_PER_MINUTE_PER_USER": 3}
    for _ in range(3):
        await limits.connect("7")
    now[0] += 20.5

    with pytest.raises(OverLimit) as over:
        await limits.connect("7")
    await limits.connect("8")

    assert (over.value.reason, over.value.fields, over.value.may_retry) == (
        "too-many-connects",
        {"limit": 3, "retry_after": 40},
        True,
    )
    assert over.value.text == "you have reached your limit of 3 connections a minute; try again in 40 s"
    now[0] += 39.5
    await limits.connect("7")


@pytest.mark.parametrize(("read", "is_refused"), [(999, False), (1_000, True), (1_001, True)])
async def test_so_many_bytes_a_day_and_a_neighbour_as_many(now, settings, read, is_refused):
    settings.LOGTAIL = {**settings.LOGTAIL, "BYTES_PER_DAY_PER_USER": 1_000}
    limits.count_bytes("7", read)
    now[0] += 600

    said = None
    try:
        await limits.admit_reader("7")
    except OverLimit as over:
        said = over.reason, over.fields, over.may_retry, over.text
    await limits.admit_reader("8")

    text = "you have reached your limit of 1,000 bytes a day; try again in 2,400 s"
    refused = ("too-many-bytes", {"limit": 1_000, "retry_after": 2_400}, False, text)
    assert said == (refused if is_refused else None)
    now[0] += 2_400
    await limits.admit_reader("7")


async def test_what_does_not_fit_into_the_day_is_refused(now, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "BYTES_PER_DAY_PER_USER": 1_000}
    limits.count_bytes("7", 400)

    limits.check_bytes("7", 600)
    with pytest.raises(OverLimit):
        limits.check_bytes("7", 601)
    limits.check_bytes("8", 1_000)


async def test_without_a_limit_of_bytes_they_are_counted_all_the_same(now, settings):
    limits.count_bytes("7", 10**12)

    limits.check_bytes("7", 10**12)

    assert limits.tally.sum_of("7")[0] == 10**12


class Elsewhere:
    """Counts in Redis, which says what it is told to."""

    def __init__(self, taken):
        self.taken = taken
        self.limits = self

    def take(self, *arguments):
        if self.taken is None:
            raise ControlUnavailable("gone")
        return self.taken

    def free(self, *arguments):
        pass

    def beat(self, *arguments):
        pass

    def say(self, *arguments):
        pass


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (Taken(False), ("too-many-searches", {"limit": 2, "retry_after": 5}, False)),
        (Taken(False, is_late=True), ("too-many-searches", {"limit": 2, "retry_after": 3}, True)),
        (Taken(True), "in"),
        (None, "in"),
    ],
)
async def test_other_hosts_count_too_unless_redis_is_away(now, settings, monkeypatch, taken, said):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_SEARCHES_PER_USER": 2}
    monkeypatch.setattr(limits, "tally", Tally(lambda: 1.0, lambda: Elsewhere(taken)))

    try:
        with await limits.take(limits.SEARCHES, "7"):
            found = "in"
    except OverLimit as over:
        found = over.reason, over.fields, over.may_retry

    assert found == said


async def test_while_redis_is_away_this_host_s_count_decides(now, settings, monkeypatch):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_SEARCHES_PER_USER": 2}
    monkeypatch.setattr(limits, "tally", Tally(lambda: 1.0, lambda: Elsewhere(None)))

    with await limits.take(limits.SEARCHES, "7"), await limits.take(limits.SEARCHES, "7"):
        with pytest.raises(OverLimit):
            await limits.take(limits.SEARCHES, "7")
        (await limits.take(limits.SEARCHES, "8")).close()
    (await limits.take(limits.SEARCHES, "7")).close()


async def test_who_is_refused_elsewhere_holds_nothing_here(now, settings, monkeypatch):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_SEARCHES_PER_USER": 1}
    elsewhere = Elsewhere(Taken(False))
    monkeypatch.setattr(limits, "tally", Tally(lambda: 1.0, lambda: elsewhere))
    with pytest.raises(OverLimit):
        await limits.take(limits.SEARCHES, "7")

    elsewhere.taken = Taken(True)

    (await limits.take(limits.SEARCHES, "7")).close()
    assert limits.tally._places == {}


@pytest.mark.parametrize(
    ("zone", "now", "seconds"),
    [
        ("UTC", "2026-11-30T22:59:30+00:00", 3_630),
        ("Asia/Shanghai", "2026-11-30T15:00:00+00:00", 3_600),
        ("Asia/Shanghai", "2026-11-30T16:00:00+00:00", 86_400),
        ("Europe/Berlin", "2026-10-25T00:00:00+02:00", 90_000),
        ("Europe/Berlin", "2026-03-29T00:00:00+01:00", 82_800),
    ],
)
def test_a_day_ends_at_midnight_in_the_project_s_time_zone(settings, zone, now, seconds):
    settings.TIME_ZONE = zone

    assert limits.seconds_of_today(datetime.datetime.fromisoformat(now)) == seconds
