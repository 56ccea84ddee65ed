"""Entries over time: against a full count by a simple reading, and estimates within what is promised."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from django_logtail.control.messages import Counted, Failed
from django_logtail.control.wants import Want
from django_logtail.reader import counting, steps, volumes
from django_logtail.reader.columns import Picture
from django_logtail.reader.counting import Counting
from django_logtail.reader.limits import Limits
from django_logtail.reader.runs import Run
from django_logtail.reader.sources import Source
from django_logtail.reader.volumes import Volume
from django_logtail.viewing.requests import volume_frames
from tests.delivery.test_delivery import QUEUE, House
from tests.length import at_length

BEGIN = datetime(2026, 11, 27, 6, 0, tzinfo=timezone.utc)
BEGIN_MS = 1_795_759_200_000
HOUR = 3_600_000
BERLIN = ZoneInfo("Europe/Berlin")
TRACEBACK = (
    "Traceback (most recent call last):\n"
    + '  File "/srv/shop/views.py", line 9, in pay\n' * 5
    + "KeyError: 'a'\n"
)


def at_most(monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    monkeypatch.setattr(counting, "MOST_LINES", lines)
    monkeypatch.setattr(counting, "LEAST_LINES", 0)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "kept", volumes.Kept())


class Text:
    """A file in memory."""

    def __init__(self, id: str, data: bytes, written: datetime = BEGIN) -> None:
        self.id = id
        self.data = data
        self.size = len(data)
        self.written_at = written.timestamp() * 1000
        self.reads: list[int] = []

    def read(self, offset: int, size: int) -> bytes:
        self.reads.append(offset)
        return self.data[offset : offset + size]


def count(
    *texts: bytes | Text,
    since: int | None = None,
    until: int | None = None,
    columns: int = 10,
    zone: tzinfo = timezone.utc,
    **more,
) -> Picture:
    files = [text if isinstance(text, Text) else Text(f"f{n}", text) for n, text in enumerate(texts)]
    work = Counting(files, zone, since=since, until=until, columns=columns, **more)
    for _ in work.steps():
        pass
    picture = work.picture()
    assert picture is not None
    return picture


def line(at: datetime, level: str = "INFO", text: str = "paid") -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {level} shop: {text}\n"


SIMPLE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) ([A-Z]+) ")


def counted_simply(texts: list[bytes], since: int, until: int, columns: int) -> list[list[int]]:
    """By a look at every line: those that begin with a time are entries."""
    found = [[0, 0, 0] for _ in range(columns)]
    for text in texts:
        for one in text.decode().splitlines():
            if match := SIMPLE.match(one):
                at = datetime.strptime(match[1] + "+0000", "%Y-%m-%d %H:%M:%S.%f%z")
                ms = round(at.timestamp() * 1000)
                kind = {"ERROR": 0, "WARNING": 1}.get(match[2], 2)
                if since <= ms < until:
                    found[(ms - since) * columns // (until - since)][kind] += 1
    return found


def random_log(seed: int) -> list[bytes]:
    """Some files, in order but for a jump here and there, with repeated times and lines without one."""
    chance = random.Random(seed)
    texts, at = [], BEGIN
    for _ in range(chance.randint(1, 4)):
        text = ""
        for _ in range(chance.choice([1, 40, 2_000, 9_000])):
            at += timedelta(milliseconds=chance.choice([0, 1, 700, 20_000]))
            if chance.random() < 0.001:
                at -= timedelta(seconds=chance.choice([1, 5_000]))
            level = chance.choice(["ERROR", "WARNING", "INFO", "INFO", "DEBUG"])
            text += line(at, level, "x" * chance.randint(0, 150))
            if level == "ERROR" and chance.random() < 0.3:
                text += TRACEBACK
        texts.append(text.encode())
    return texts


@pytest.mark.parametrize("seed", range(at_length(60, short=3)))
@pytest.mark.parametrize("whole_bytes", [0, 1_000_000_000])
def test_a_picture_that_is_not_estimated_has_every_entry(
    seed: int, whole_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "WHOLE_BYTES", whole_bytes)
    texts = random_log(seed)
    since, until = BEGIN_MS, BEGIN_MS + 4_000_000

    picture = count(*texts, since=since, until=until, columns=40)

    assert not picture.is_estimated
    assert (picture.since, picture.until) == (since, until)
    assert picture.columns == counted_simply(texts, since, until, 40)


def test_without_ends_the_picture_is_of_the_whole_log() -> None:
    text = "".join(line(BEGIN + timedelta(hours=hour), "ERROR" if hour == 3 else "INFO") for hour in range(6))

    picture = count(text.encode(), columns=5)

    assert (picture.since, picture.until) == (BEGIN_MS, BEGIN_MS + 5 * HOUR + 1)
    assert picture.columns == [[0, 0, 2], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 1]]


def even_log(entries: int, *, seconds: float) -> bytes:
    """An entry each `seconds`, of 100 bytes; each tenth is an error, and each fifth a warning."""
    levels = ["ERROR", "WARNING", "INFO", "INFO", "INFO", "INFO", "WARNING", "INFO", "INFO", "INFO"]
    return "".join(
        line(BEGIN + timedelta(seconds=n * seconds), f"{levels[n % 10]:7}", "x" * 61) for n in range(entries)
    ).encode()


def test_an_even_log_is_estimated_within_five_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    at_most(monkeypatch, 6_000)
    text = even_log(100_000, seconds=1)
    assert len(text) == 10_000_000
    file = Text("f", text)

    picture = count(file, columns=20)

    assert picture.is_estimated
    for errors, warnings, others in picture.columns:
        assert errors == pytest.approx(500, rel=0.05)
        assert warnings == pytest.approx(1_000, rel=0.05)
        assert others == pytest.approx(3_500, rel=0.05)
    assert picture.at <= 6_000
    assert len(file.reads) * 65_536 < 8_000_000


def test_a_small_part_of_a_large_log_is_counted_exactly() -> None:
    text = even_log(60_000, seconds=1)
    file = Text("f", text)

    picture = count(file, since=BEGIN_MS + 30_000_000, until=BEGIN_MS + 30_600_000, columns=6)

    assert not picture.is_estimated
    assert picture.columns == [[10, 20, 70]] * 6
    assert len(file.reads) < 60


def test_a_quiet_night_between_two_days_stays_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    at_most(monkeypatch, 9_000)
    day = even_log(40_000, seconds=1)
    night = BEGIN + timedelta(hours=24)
    text = day + "".join(line(night + timedelta(seconds=n)) for n in range(40_000)).encode()

    picture = count(text, since=BEGIN_MS, until=BEGIN_MS + 36 * HOUR, columns=36)

    assert max(sum(column) for column in picture.columns[13:23]) < 20
    assert min(sum(column) for column in picture.columns[:11]) > 3_000
    assert sum(map(sum, picture.columns)) == pytest.approx(80_000, rel=0.05)


def test_a_log_without_times_has_no_columns() -> None:
    text = b"collected 2412 items\ntests/test_orders.py .......\n" * 50_000

    assert count(text).columns == []
    assert count(b"").columns == []


def test_a_log_whose_times_go_back_is_counted_and_has_no_negative_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [even_log(20_000, seconds=1), even_log(20_000, seconds=1)]

    exact = count(*texts, columns=4)
    at_most(monkeypatch, 2_000)
    estimated = count(*texts, columns=4)

    assert (exact.is_estimated, [sum(column) for column in exact.columns]) == (False, [10_000] * 4)
    assert estimated.is_estimated
    assert sum(map(sum, estimated.columns)) == pytest.approx(40_000, rel=0.05)
    assert min(min(column) for column in estimated.columns) >= 0


def test_disorder_makes_a_small_part_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not read may have entries of any time."""
    at_most(monkeypatch, 8_000)
    texts = [even_log(40_000, seconds=1), even_log(40_000, seconds=1)]

    picture = count(*texts, since=BEGIN_MS, until=BEGIN_MS + 60_000, columns=6)

    assert picture.is_estimated


@pytest.mark.parametrize(
    ("head", "moment"),
    [
        ("Nov 27 06:00:00 web-1 shop[7]: ", BEGIN_MS),  # without a year
        ("2026-11-27T07:00:00.000+01:00 INFO shop: ", BEGIN_MS),
        ("2026-11-27 07:00:00.000 INFO shop: ", BEGIN_MS),  # in the log's zone
    ],
)
def test_times_without_a_year_and_with_another_zone_are_counted(head: str, moment: int) -> None:
    text = Text("f", f"{head}paid\n".encode() * 30, BEGIN + timedelta(days=2))
    zone = timezone.utc if "Nov" in head else BERLIN

    picture = count(text, since=moment - 5, until=moment + 5, columns=10, zone=zone)

    assert picture.columns[5] == [0, 0, 30]


def test_the_hour_that_the_clock_shows_twice_is_counted_once() -> None:
    text = "".join(
        f"2026-10-25 {hour}:30:00.000 INFO shop: paid\n" for hour in ("01", "02", "02", "03")
    ).encode()

    picture = count(text, zone=BERLIN, columns=4)

    assert sum(map(sum, picture.columns)) == 4


def test_a_year_that_no_calendar_has_is_no_time() -> None:
    text = (line(BEGIN) + "9999999-11-27 06:00:00.000 INFO shop: paid\n" * 3 + line(BEGIN)).encode()

    assert sum(map(sum, count(text).columns)) >= 2


def test_lines_before_the_first_time_are_counted_with_it() -> None:
    text = (
        "left over from an older file\n" * 3 + line(BEGIN) * 2 + line(BEGIN + timedelta(hours=1))
    ).encode()

    picture = count(text, columns=2)

    assert picture.columns[1] == [0, 0, 1]
    assert picture.columns[0][2] >= 2


def test_a_line_that_is_still_being_written_is_not_counted_yet() -> None:
    text = (line(BEGIN) + line(BEGIN + timedelta(hours=1)) + "2026-11-27 08:0").encode()

    picture = count(text, columns=2)

    assert not picture.is_estimated
    assert picture.columns == [[0, 0, 1], [0, 0, 1]]


def test_the_picture_ends_where_the_last_whole_line_does() -> None:
    whole = (line(BEGIN) * 3).encode()
    for text, end in ((whole, len(whole)), (whole + b"2026-11-27 08:0", len(whole))):
        work = Counting([Text("f", text)], timezone.utc)
        for _ in work.steps():
            pass
        assert work.counted_to == end


def test_the_last_line_of_an_older_file_needs_no_end() -> None:
    older = line(BEGIN).encode() + line(BEGIN + timedelta(minutes=1), "ERROR").rstrip("\n").encode()

    picture = count(older, line(BEGIN + timedelta(hours=1)).encode(), columns=2)

    assert picture.columns == [[1, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_other_encodings_are_counted(encoding: str) -> None:
    text = "".join(line(BEGIN + timedelta(hours=n), "ERROR", "支付失败") for n in range(4)).encode(encoding)

    picture = count(text, columns=2, encoding=encoding)

    assert (picture.is_estimated, picture.columns) == (False, [[2, 0, 0], [2, 0, 0]])


def test_a_log_of_one_endless_line_takes_a_bounded_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_BYTES", 1_000_000)
    file = Text("f", line(BEGIN).encode() + b"x" * 20_000_000)

    picture = count(file)

    assert picture.is_estimated
    assert len(file.reads) < 40


def test_a_log_of_empty_lines_takes_a_bounded_number_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    at_most(monkeypatch, 3_000)

    picture = count(line(BEGIN).encode() + b"\n" * 3_000_000 + line(BEGIN).encode())

    assert picture.is_estimated
    assert picture.at <= 3_000


def test_a_huge_log_has_a_picture_early_and_is_done_within_its_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Huge(Text):
        def read(self, offset: int, size: int) -> bytes:
            first, found = offset // 100, []
            for number in range(first, min(first + size // 100 + 2, self.size // 100)):
                found.append(line(BEGIN + timedelta(milliseconds=number * 10), "INFO", "x" * 64))
            return "".join(found).encode()[offset % 100 :][:size]

    assert len(line(BEGIN, "INFO", "x" * 64)) == 100
    monkeypatch.setattr(counting, "SAMPLE_BYTES", 2_000)
    at_most(monkeypatch, 20_000)
    file = Huge("f", b"")
    file.size = 5_000_000_000
    work = Counting([file], timezone.utc, columns=100)
    lines_at_first = 0
    for _ in work.steps():
        if not lines_at_first and (first := work.picture()) is not None:
            lines_at_first = first.at
            assert first.is_estimated
    picture = work.picture()

    assert picture is not None
    assert 0 < lines_at_first < 5_000
    assert 10_000 < picture.at <= 20_000
    assert work.read < 70_000_000
    assert all(column[2] == pytest.approx(500_000, rel=0.02) for column in picture.columns)


def test_choosing_what_to_read_next_takes_no_longer_in_a_long_count(monkeypatch: pytest.MonkeyPatch) -> None:
    done = {"weighed": 0, "looked": 0}
    weight, look = Counting._weight, Counting._look_into

    def weighing(self: Counting, gap: counting._Gap) -> float:
        done["weighed"] += 1
        return weight(self, gap)

    def looking(self: Counting, gap: counting._Gap, at: int) -> Iterator[None]:
        done["looked"] += 1
        return look(self, gap, at)

    monkeypatch.setattr(Counting, "_weight", weighing)
    monkeypatch.setattr(Counting, "_look_into", looking)
    monkeypatch.setattr(counting, "SAMPLE_BYTES", 500)
    monkeypatch.setattr(counting, "WHOLE_BYTES", 10_000)
    at_most(monkeypatch, 2_000)
    count(even_log(40_000, seconds=1))

    assert done["looked"] > 200
    assert done["weighed"] < 4 * done["looked"]


# -- files, and what is kept of them ------------------------------------------------------------------


async def told(house: House, **asked: int | None) -> list[dict]:
    frames = volume_frames(house.relay.request("1", QUEUE, user="anna", **{"columns": 10, **asked}), 7)
    return [json.loads(frame.encoded) async for frame in frames]


def hours(*of: int, level: str = "INFO") -> bytes:
    return "".join(line(BEGIN + timedelta(hours=hour), level, "x" * 250) for hour in of).encode()


async def test_all_files_of_a_log_are_counted_compressed_ones_too(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.with_name("app.log.2.gz").write_bytes(gzip.compress(hours(0, 1, level="ERROR")))
    path.with_name("app.log.1").write_bytes(hours(2, level="WARNING"))
    path.write_bytes(hours(3))
    house = House(path)
    try:
        messages = await told(house, columns=4, since=BEGIN_MS, until=BEGIN_MS + 4 * HOUR)
    finally:
        await house.close()

    assert (messages[0].pop("offset"), len(messages[0].pop("file")) > 20) == (286, True)
    assert messages == [
        {
            "type": "volume",
            "request": 7,
            "from": BEGIN_MS,
            "to": BEGIN_MS + 4 * HOUR,
            "columns": [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
            "estimated": False,
            "at": 4,
            "end": 4,
        },
        {"type": "done", "request": 7},
    ]


async def test_an_archive_too_large_to_be_unpacked_is_estimated_from_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "MOST_UNPACKED", 1_000)
    monkeypatch.setattr(volumes, "USUAL_TIMES", 100)
    path = tmp_path / "app.log"
    older = even_log(7_200, seconds=1)
    path.with_name("app.log.1.gz").write_bytes(gzip.compress(older))
    path.write_bytes(hours(2, 3))
    house = House(path)
    try:
        *_, last, _ = await told(house, columns=3, since=BEGIN_MS, until=BEGIN_MS + 3 * HOUR)
    finally:
        await house.close()

    first, second, third = [sum(column) for column in last["columns"]]
    assert last["estimated"] is True
    assert first == pytest.approx(second, rel=0.2)
    assert first > 0
    assert third == 1


async def test_a_log_without_times_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"collected 2412 items\n" * 3)
    house = House(path)
    try:
        messages = await told(house)
    finally:
        await house.close()

    assert (messages[0].pop("offset"), len(messages[0].pop("file")) > 20) == (63, True)
    assert messages == [
        {"type": "volume", "request": 7, "columns": [], "estimated": False, "at": 0, "end": 0},
        {"type": "done", "request": 7},
    ]


async def test_what_was_read_is_kept_and_the_file_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app.log"
    path.with_name("app.log.1").write_bytes(hours(0, 1))
    path.write_bytes(hours(2, 3))
    taken: list[str] = []
    take = Counting._take

    def noted(self: Counting, run: Run, file: object, text: str, following: str | None) -> None:
        taken.append(text[:13])
        take(self, run, file, text, following)  # type: ignore[arg-type]

    monkeypatch.setattr(Counting, "_take", noted)
    house = House(path)
    try:
        before = await told(house, columns=6, since=BEGIN_MS, until=BEGIN_MS + 6 * HOUR)
        first = list(taken)
        with path.open("ab") as file:
            file.write(hours(4, level="ERROR"))
        after = await told(house, columns=6, since=BEGIN_MS, until=BEGIN_MS + 6 * HOUR)
        path.rename(path.with_name("app.log.0"))
        path.write_bytes(hours(5))
        rotated = await told(house, columns=6, since=BEGIN_MS, until=BEGIN_MS + 6 * HOUR)
    finally:
        await house.close()

    assert len(first) == 4
    assert before[-2]["columns"] == [[0, 0, 1]] * 4 + [[0, 0, 0]] * 2
    assert after[-2]["columns"] == [[0, 0, 1]] * 4 + [[1, 0, 0], [0, 0, 0]]
    assert rotated[-2]["columns"] == [[0, 0, 1]] * 4 + [[1, 0, 0], [0, 0, 1]]
    assert taken[4:] == ["2026-11-27 10", "2026-11-27 11"]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "MOST_KEPT", 250)
    kept = volumes.Kept()

    def runs(entries: int) -> list[Run]:
        work = Counting([Text("f", line(BEGIN).encode() * entries)], timezone.utc)
        for _ in work.steps():
            pass
        return work.runs[0]

    def key(id: str) -> volumes.Key:
        return ("1", id, "utf-8", "", "UTC", ())

    for id, entries in (("a", 100), ("b", 100), ("c", 100), ("d", 251)):
        kept.keep(key(id), runs(entries))

    assert [sum(run.count for run in kept.of(key(id), 10**9)) for id in "abcd"] == [0, 100, 100, 0]
    assert kept.of(key("b"), 10) == []  # the file was cut


def steps_of(tmp_path: Path, clock: Callable[[], float]) -> Iterator[Volume]:
    """The work on a log, after each of its steps."""
    path = tmp_path / "app.log"
    path.write_bytes(even_log(30_000, seconds=1))
    want = Want("process", "1", "flow", "box", 1, 0, columns=10)
    volume = Volume(Source(path, "utf-8", "1", ""), want, lambda descriptor: None, {}, clock=clock)
    while not volume.is_done:
        volume.step()
        yield volume
    volume.close()


def test_the_first_picture_is_there_as_soon_as_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "STEP_SECONDS", 60.0)
    first, last = [volume.picture for volume in steps_of(tmp_path, lambda: 0.0)]

    assert first is not None
    assert last is not None
    assert (first.is_estimated, last.is_estimated) == (True, False)
    assert first.at < 4_000
    assert [sum(column) for column in last.columns] == [3_000] * 10


def test_a_picture_is_drawn_only_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "STEP_SECONDS", 0.0)
    drawn, times = [], itertools.count(0, 0.1)
    picture = Counting.picture
    monkeypatch.setattr(Counting, "picture", lambda self: drawn.append(1) or picture(self))
    taken = sum(1 for _ in steps_of(tmp_path, lambda: 0.0))

    assert taken > 50
    assert len(drawn) == 2

    drawn.clear()
    monkeypatch.setattr(volumes, "kept", volumes.Kept())
    list(steps_of(tmp_path, lambda: next(times)))
    assert taken / 20 < len(drawn) < taken / 2  # each 0.5 s of 0.1 s a look at the clock


async def test_a_picture_is_cancelled_when_nobody_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "STEP_SECONDS", 0.0)
    path = tmp_path / "app.log"
    path.write_bytes(even_log(60_000, seconds=1))
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()
    close = volumes.Volume.close

    def noted(self: volumes.Volume) -> None:
        close(self)
        assert not any(file.is_open for file in self._files)
        loop.call_soon_threadsafe(closed.set)

    monkeypatch.setattr(volumes.Volume, "close", noted)
    house = House(path)
    try:
        asked = house.relay.request("1", QUEUE, columns=10, user="anna")
        message = await asked.next()
        asked.close()
        await asyncio.wait_for(closed.wait(), 10)
    finally:
        await house.close()

    assert isinstance(message, Counted)
    assert not message.done


async def test_a_picture_of_a_log_that_is_not_registered_fails(tmp_path: Path) -> None:
    house = House(tmp_path / "app.log")
    house.paths = {}
    try:
        message = await house.relay.request("1", QUEUE, columns=10, user="anna").next()
    finally:
        await house.close()

    assert isinstance(message, Failed)


async def test_a_picture_costs_the_user_what_a_search_costs(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(even_log(30_000, seconds=1))
    house = House(path)
    house.limits = Limits(search_bytes_per_second=1_000_000)
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        await told(house)
    finally:
        await house.close()

    assert loop.time() - began > 1.5


@pytest.mark.parametrize("since", [8_639_999_999_999_989, 8_639_999_999_999_990, 8_640_000_000_000_000])
def test_a_picture_ends_at_the_latest_where_the_dates_of_a_browser_do(since):
    text = line(datetime(2026, 11, 28)).encode()

    pictures = [count(text, since=since), count(text, since=since, until=8_640_000_000_000_000)]

    first = min(since, 8_639_999_999_999_990)
    ends = [first + 10, 8_640_000_000_000_000]
    assert [(picture.since, picture.until) for picture in pictures] == [(first, end) for end in ends]
