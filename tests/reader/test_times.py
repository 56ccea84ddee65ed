"""Where a moment is: bisection against a look at every line, over logs as they are."""

from __future__ import annotations

import gzip
import itertools
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from django_logtail.control.messages import Reached
from django_logtail.control.wants import Want
from django_logtail.models import Log
from django_logtail.reader.sources import Source
from django_logtail.reader.times import Bisection, Moment, TimeSearch
from django_logtail.tailing.files.system import System
from django_logtail.viewing.requests import files_frame, time_frame, told_frames
from tests.delivery.test_delivery import QUEUE, House
from tests.length import at_length

BEGIN = datetime(2026, 11, 27, 6, 0, tzinfo=timezone.utc)
BERLIN = ZoneInfo("Europe/Berlin")
TRACEBACK = "Traceback (most recent call last):\n" + '  File "/srv/shop/views.py", line 9, in pay\n' * 40


class Text:
    """A file in memory. `written_at`: when it was last written."""

    def __init__(self, id: str, data: bytes, written: datetime) -> None:
        self.id = id
        self.data = data
        self.size = len(data)
        self.written_at = written.timestamp() * 1000

    def read(self, offset: int, size: int) -> bytes:
        return self.data[offset : offset + size]


def find(files: list[Text], moment: datetime, zone: tzinfo = timezone.utc, encoding: str = "utf-8") -> Moment:
    search = Bisection(files, moment.timestamp() * 1000, zone, encoding=encoding)
    for _ in search.steps():
        pass
    assert search.found is not None
    return search.found


def said(found: Moment) -> tuple[str, str, int] | str:
    return (found.result, found.place.file, found.place.offset) if found.place else found.result


def iso(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} INFO shop: "


def access(at: datetime) -> str:
    return f'10.0.0.1 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 5 "-" "-" '


class Ordered:
    """A log in order: repeated times, long tracebacks and lines without a time; in several files."""

    def __init__(self, seed: int, written: Callable[[datetime], str]) -> None:
        chance = random.Random(seed)
        self.files: list[Text] = []
        #: Each entry's moment, file and offset.
        self.entries: list[tuple[datetime, str, int]] = []
        at = BEGIN
        for number in range(chance.randint(1, 4)):
            data = b"left over from an older file\n" if chance.random() < 0.3 else b""
            for _ in range(chance.choice([1, 30, 3_000])):
                if chance.random() < 0.7:
                    at += timedelta(milliseconds=chance.choice([1, 250, 40_000]))
                self.entries.append((at, f"f{number}", len(data)))
                data += (written(at) + "x" * chance.randint(0, 90) + "\n").encode()
                if chance.random() < 0.02:
                    data += TRACEBACK.encode() * chance.choice([1, 60]) + b"KeyError: 'a'\n"
            self.files.append(Text(f"f{number}", data, at))
        self.moments = [at for at, _, _ in self.entries]

    def expected(self, moment: datetime) -> tuple[str, str, int]:
        """By a look at every entry."""
        for at, file, offset in self.entries:
            if at >= moment:
                is_before_all = at == self.entries[0][0] and moment < at
                return ("begins", "f0", 0) if is_before_all else ("found", file, offset)
        return ("ends", *self.entries[-1][1:])


@pytest.mark.parametrize(
    "written",
    [
        iso,
        lambda at: (
            f"{at.astimezone(BERLIN):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+01:00 INFO shop: "
        ),
        access,
    ],
    ids=["iso", "zone", "access"],
)
@pytest.mark.parametrize("seed", range(at_length(100, short=4)))
def test_the_first_line_at_or_after_a_moment_is_found_as_by_a_look_at_every_line(
    seed: int, written: Callable[[datetime], str], request: pytest.FixtureRequest
) -> None:
    log = Ordered(seed, written)
    if "access" in request.node.name:  # its times have no milliseconds
        log.entries = [(at.replace(microsecond=0), *rest) for at, *rest in log.entries]  # type: ignore[misc]
    chance = random.Random(seed + 1)
    moments = [
        chance.choice(log.moments) + timedelta(milliseconds=chance.choice([-1, 0, 1])) for _ in range(6)
    ]
    moments += [BEGIN - timedelta(days=1), log.moments[0], log.moments[-1], log.moments[-1] + timedelta(1)]

    found = [said(find(log.files, moment)) for moment in moments]

    assert found == [log.expected(moment) for moment in moments]


ZONES = [timezone(timedelta(minutes=minutes)) for minutes in (-480, -210, 0, 60, 120, 345)]


def elsewhere(at: datetime) -> str:
    """In a zone that may be another one in the next line, as after a move of the server."""
    there = at.astimezone(ZONES[at.microsecond // 1000 % len(ZONES)])
    return f"{there:%Y-%m-%dT%H:%M:%S}.{there.microsecond // 1000:03d}{there:%z} INFO shop: "


@pytest.mark.parametrize("seed", range(at_length(100, short=4)))
def test_times_in_zones_that_change_from_line_to_line_are_found_as_by_a_look_at_every_line(seed: int) -> None:
    log = Ordered(seed, elsewhere)
    chance = random.Random(seed + 1)
    moments = [
        chance.choice(log.moments) + timedelta(milliseconds=chance.choice([-1, 0, 1])) for _ in range(8)
    ]

    assert [said(find(log.files, moment)) for moment in moments] == [
        log.expected(moment) for moment in moments
    ]


@pytest.mark.parametrize("begin", ["2026-10-24 20:00", "2026-03-28 20:00"])
@pytest.mark.parametrize("seed", range(at_length(60, short=1)))
def test_clocks_that_are_set_are_found_as_by_a_look_at_every_line_or_said_to_be_unsure(
    begin: str, seed: int
) -> None:
    """Clocks without a zone go through the hour that comes twice, or through the one that is left out."""
    chance = random.Random(seed)
    at = datetime.fromisoformat(begin).replace(tzinfo=BERLIN).astimezone(timezone.utc)
    entries, data = [], b""
    for _ in range(3_000):
        entries.append((at, len(data)))
        data += (
            f"{at.astimezone(BERLIN):%Y-%m-%d %H:%M:%S} INFO shop: {'x' * chance.randint(0, 90)}\n".encode()
        )
        at += timedelta(seconds=chance.choice([0, 1, 9, 30]))
    results = []
    for _ in range(20):
        moment = chance.choice(entries)[0] + timedelta(seconds=chance.choice([-1, 0, 1]))
        found = find([Text("f", data, at)], moment, BERLIN)
        right = next((offset for when, offset in entries if when >= moment), entries[-1][1])
        hour = moment.astimezone(BERLIN)
        is_twice = hour.replace(fold=0).utcoffset() > hour.replace(fold=1).utcoffset()  # type: ignore[operator]
        if is_twice:
            assert found.result == "nearest"
        else:
            assert found.result in ("found", "begins", "ends")
            assert found.place is not None
            assert found.place.offset == right
        results.append(found.result)

    assert results.count("found") >= 5


@pytest.mark.parametrize("back_seconds", [3, 60, 7_200])
@pytest.mark.parametrize("seed", range(at_length(100, short=2)))
def test_in_a_log_with_jumps_back_what_is_found_is_where_the_moment_is_passed(
    seed: int, back_seconds: int
) -> None:
    """By a look at every line: the entry there is at or after the moment, and the one above it before."""
    chance = random.Random(seed)
    at, data, entries = BEGIN, b"", []
    for _ in range(chance.choice([40, 3_000])):
        at += timedelta(seconds=chance.choice([0, 1, 20]))
        if chance.random() < 0.003:
            at -= timedelta(seconds=chance.randint(1, back_seconds))
        if chance.random() < 0.3:
            data += b"no time here\n"
        entries.append((at, len(data)))
        data += (iso(at) + "x" * chance.randint(0, 90) + "\n").encode()
    times = [at for at, _ in entries]
    is_ordered = all(later >= earlier for earlier, later in itertools.pairwise(times))
    kinds = set()
    for _ in range(20):
        moment = chance.choice(times) + timedelta(milliseconds=chance.choice([-1, 0, 1]))
        found = find([Text("f", data, at)], moment)
        kinds.add(found.result)
        assert found.place is not None
        n = next((n for n, (_, offset) in enumerate(entries) if offset >= found.place.offset), -1)
        match found.result:
            case "found":
                assert times[n] >= moment
                assert n == 0 or times[n - 1] < moment
            case "begins":
                assert found.place.offset == 0
                assert times[0] > moment
            case "ends":
                assert times[n] < moment
                assert max(times[n:]) < moment
            case _:
                assert not is_ordered

    assert kinds <= {"found", "begins", "ends", "nearest"}


def test_a_jump_back_that_is_seen_is_never_passed_over() -> None:
    """Each part of the log is a day earlier than the one before."""
    data = b"".join(
        (iso(BEGIN - timedelta(days=part) + timedelta(seconds=n)) + "x" * 90 + "\n").encode()
        for part in range(8)
        for n in range(1_000)
    )
    moments = [BEGIN - timedelta(days=part) + timedelta(seconds=500) for part in range(8)]

    assert {find([Text("f", data, BEGIN)], moment).result for moment in moments} == {"nearest"}


def lines(*written: str, times: int = 400) -> bytes:
    return "".join(f"{one} INFO shop: {'x' * 200}\n" * times for one in written).encode()


def test_times_that_go_back_give_the_nearest_and_never_a_wrong_place_as_right() -> None:
    data = lines("2026-11-27 06:00:00", "2026-11-27 09:00:00", "2026-11-27 07:00:00", "2026-11-27 08:00:00")

    found = find([Text("f", data, BEGIN)], BEGIN.replace(hour=8))

    assert found.result == "nearest"


def test_what_goes_back_behind_the_place_in_the_last_part_that_is_read_is_noticed() -> None:
    data = lines("2026-11-27 06:00:00", "2026-11-27 07:00:00", "2026-11-27 08:00:00", times=20)
    late = b"2026-11-27 06:30:00 INFO shop: written late\n"
    moment = BEGIN.replace(hour=7)

    found = find([Text("f", data + late, BEGIN)], moment)

    assert said(find([Text("f", data, BEGIN)], moment)) == ("found", "f", len(data) // 3)
    assert found.result == "nearest"
    assert found.before is None  # none is known behind which all times are later
    assert found.after is not None
    assert found.after.offset < len(data) // 3


@pytest.mark.parametrize(
    ("far", "is_before", "result"),
    [
        (60_000, True, "nearest"),
        (70_000, True, "nearest"),  # in the part before the last one that is read
        (200_000, True, "found"),
        (60_000, False, "nearest"),
        (200_000, False, "found"),
    ],
)
def test_what_goes_back_is_noticed_as_far_around_the_place_as_asked(
    far: int, is_before: bool, result: str
) -> None:
    """A log of 2 MB; its first time of 7:00 is in the middle, and one other line near it is out of place."""
    early, late = (lines(f"2026-11-27 0{hour}:00:00", times=4_500) for hour in (6, 7))
    stray = f"2026-11-27 0{7 if is_before else 6}:30:00 INFO shop: ".encode()
    stray += b"x" * (len(early) // 4_500 - len(stray) - 1) + b"\n"
    lines_away = far // len(stray)
    if is_before:
        early = early[: -lines_away * len(stray)] + stray + early[-lines_away * len(stray) :]
    else:
        late = late[: lines_away * len(stray)] + stray + late[lines_away * len(stray) :]
    search = Bisection(
        [Text("f", early + late, BEGIN)],
        BEGIN.replace(hour=7).timestamp() * 1000,
        timezone.utc,
        around=64 * 1024,
    )
    for _ in search.steps():
        pass

    assert search.found is not None
    assert search.found.result == result


def test_a_log_without_times_says_so() -> None:
    data = b"collected 2412 items\ntests/test_orders.py .......\n" * 20_000

    assert find([Text("f", data, BEGIN)], BEGIN) == Moment("none")
    assert find([], BEGIN) == Moment("none")


def test_a_time_without_a_zone_is_in_the_log_s_zone() -> None:
    data = lines("2026-07-01 09:00:00", "2026-07-01 10:00:00", times=1)

    found = find([Text("f", data, BEGIN)], datetime(2026, 7, 1, 8, 0, tzinfo=timezone.utc), BERLIN)

    assert (found.result, found.written, found.ms) == ("found", "2026-07-01 10:00:00", 1_782_892_800_000)


def test_an_hour_that_the_clock_shows_twice_is_not_said_to_be_found() -> None:
    data = lines("2026-10-25 01:30:00", "2026-10-25 02:30:00", "2026-10-25 02:10:00", "2026-10-25 03:30:00")
    files = [Text("f", data, BEGIN)]

    twice = find(files, datetime(2026, 10, 25, 0, 20, tzinfo=timezone.utc), BERLIN)
    after = find(files, datetime(2026, 10, 25, 2, 30, tzinfo=timezone.utc), BERLIN)

    assert twice.result == "nearest"
    assert (after.result, after.written) == ("found", "2026-10-25 03:30:00")


def test_times_without_a_year_are_in_the_year_before_the_file_was_written() -> None:
    entries = "".join(
        f"{day} web-1 sshd[811]: {'x' * 300}\n" * 300 for day in ("Dec 30 10:00:00", "Jan  2 10:00:00")
    )
    files = [Text("f", entries.encode(), datetime(2026, 1, 2, 10, 0, tzinfo=timezone.utc))]

    found = find(files, datetime(2026, 1, 1, tzinfo=timezone.utc))

    assert (found.result, found.written, found.ms) == ("found", "Jan  2 10:00:00", 1_767_348_000_000)


def test_clocks_without_a_day_are_of_the_day_before_the_file_was_written() -> None:
    entries = lines("22:00:00,000", "23:30:00,000", "00:30:00,000")
    files = [Text("f", entries, datetime(2026, 1, 2, 0, 31, tzinfo=timezone.utc))]

    found = find(files, datetime(2026, 1, 2, tzinfo=timezone.utc))

    assert (found.result, found.written, found.ms) == ("found", "00:30:00,000", 1_767_313_800_000)


def test_utf_16_is_cut_at_its_own_line_ends() -> None:
    text = "".join(f"2026-11-27 06:{minute:02d}:00 INFO shop: Ċਊ{'x' * 900}\n" * 30 for minute in range(60))
    files = [Text("f", text.encode("utf-16-le"), BEGIN)]

    found = find(files, BEGIN.replace(minute=31), encoding="utf-16-le")

    line = len("2026-11-27 06:00:00 INFO shop: Ċਊ\n") + 900
    assert said(found) == ("found", "f", line * 30 * 31 * 2)


def test_a_moment_in_five_gigabytes_takes_few_small_reads() -> None:
    class Huge(Text):
        """Lines of 100 bytes, one each 10 ms."""

        def read(self, offset: int, size: int) -> bytes:
            first = offset // 100
            made = b"".join(
                (iso(BEGIN + timedelta(milliseconds=10 * n)).ljust(99, "x") + "\n").encode()
                for n in range(first, min((offset + size) // 100 + 1, self.size // 100))
            )
            return made[offset - first * 100 :][:size]

    file = Huge("f", b"", BEGIN)
    file.size = 5_000_000_000
    search = Bisection([file], (BEGIN + timedelta(seconds=123_456.785)).timestamp() * 1000, timezone.utc)

    for _ in search.steps():
        pass

    assert search.found is not None
    assert said(search.found) == ("found", "f", 1_234_567_900)
    assert search.read < 2_500_000


def test_a_year_that_no_calendar_has_is_after_the_log() -> None:
    search = Bisection([Text("f", lines("2026-11-27 06:00:00"), BEGIN)], 2**53 - 1, BERLIN)

    for _ in search.steps():
        pass

    assert search.found is not None
    assert search.found.result == "ends"


def test_a_log_of_very_short_lines_takes_a_bounded_number_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight megabytes of line feeds took half a minute of processor time, and nobody got an answer."""
    looked_at = 0

    def counted(text: str, formats: object) -> None:
        nonlocal looked_at
        looked_at += 1

    monkeypatch.setattr("django_logtail.reader.times.head_of", counted)

    found = find([Text("f", b"\n" * 12_000_000, BEGIN)], BEGIN)

    assert said(found) == "none"
    assert 20_000 <= looked_at <= 50_000


async def test_files_that_were_listed_are_opened_without_a_second_look_at_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among 10,000 files, each one that was looked at took a scan of all names."""
    path = tmp_path / "app.log"
    for number in range(20, 0, -1):
        path.with_name(f"app.log.{number}").write_bytes(
            lines(f"2026-11-27 {23 - number:02}:00:00", times=400)
        )
    path.write_bytes(lines("2026-11-27 23:00:00", times=2))
    scans, names_in = [], System.names_in
    monkeypatch.setattr(
        System,
        "names_in",
        lambda system, directory, most: scans.append(directory) or names_in(system, directory, most),
    )
    source = Source(path, "utf-8", "1", "")
    search = TimeSearch(
        source,
        Want("process", "1", "flow", "box", 1, 0, moment=1_795_762_800_000),
        lambda descriptor: None,
        {},
    )
    while not search.is_done:
        search.step()
    search.close()

    assert (search.found.result, search.found.written) == ("found", "2026-11-27 07:00:00")
    assert len(scans) == 1


async def test_a_moment_is_asked_of_a_reader_and_found_in_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.with_name("app.log.1").write_bytes(lines("2026-11-27 06:00:00", "2026-11-27 07:00:00", times=1))
    path.write_bytes(lines("2026-11-27 08:00:00", times=2))
    house = House(path)
    asked = house.relay.request("1", QUEUE, moment=1_795_762_800_000, user="anna")
    try:
        found = await asked.next()
    finally:
        asked.close()
        await house.close()

    assert isinstance(found, Reached)
    assert found.place is not None
    assert (found.result, found.place.offset, found.written) == ("found", 232, "2026-11-27 07:00:00")


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (5, ("begins", 0, "2026-11-27 06:00:00")),
        (7, ("found", 23_200, "2026-11-27 07:00:00")),
        (8, ("found", 0, "2026-11-27 08:00:00")),
    ],
)
async def test_a_moment_is_found_in_a_compressed_file(
    tmp_path: Path, hour: int, expected: tuple[str, int, str]
) -> None:
    path = tmp_path / "app.log"
    older = lines("2026-11-27 06:00:00", "2026-11-27 07:00:00", "2026-11-27 07:30:00", times=100)
    path.with_name("app.log.1.gz").write_bytes(gzip.compress(older))
    path.write_bytes(lines("2026-11-27 08:00:00", "2026-11-27 09:00:00", times=2))
    house = House(path)
    moment = int(BEGIN.replace(hour=hour).timestamp() * 1000)
    asked = house.relay.request("1", QUEUE, moment=moment, user="anna")
    try:
        found = await asked.next()
    finally:
        asked.close()
        await house.close()

    assert isinstance(found, Reached)
    assert found.place is not None
    assert (found.result, found.place.offset, found.written) == expected


async def test_whoever_waits_for_a_long_archive_is_told_how_far_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app.log"
    older = lines("2026-11-27 06:00:00", "2026-11-27 07:00:00", times=60_000)
    path.with_name("app.log.1.gz").write_bytes(gzip.compress(older))
    path.write_bytes(lines("2026-11-27 08:00:00", times=2))
    for module, name in (("steps", "STEP_SECONDS"), ("ranges", "SAY_SECONDS")):
        monkeypatch.setattr(f"django_logtail.reader.{module}.{name}", 0.0)
    house = House(path)
    try:
        asked = house.relay.request("1", QUEUE, moment=1_795_762_800_000, user="anna")
        frames = [json.loads(frame.encoded) async for frame in told_frames(asked, 5, time_frame)]
        listed = house.relay.request("1", QUEUE, files=True, user="anna")
        listing = [frame async for frame in told_frames(listed, 6, files_frame)]
    finally:
        await house.close()

    *progress, found = frames
    assert {frame["type"] for frame in progress} == {"progress"}
    assert {frame["request"] for frame in progress} == {5}
    reached = [frame["at"] for frame in progress]
    assert reached == sorted(set(reached))
    assert all(frame["at"] <= frame["end"] for frame in progress)
    assert len(progress) >= 3
    assert (found["type"], found["result"], found["offset"]) == ("time", "found", len(older) // 2)
    assert [frame.kind for frame in listing] == ["files"]


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="time zone"):
        Log._meta.get_field("time_zone").run_validators(name)
