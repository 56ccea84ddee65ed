"""What is told of the entries that hits belong to: level and time, also of lines that have neither themselves."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import timezone
from pathlib import Path
from typing import ClassVar

import pytest

from django_logtail.control.wants import Sought, Want
from django_logtail.reader import search_jobs
from django_logtail.reader.clocks import Clocks
from django_logtail.reader.conditions import Sample
from django_logtail.reader.hit_entries import HitEntries, KnownFormats
from django_logtail.reader.search_jobs import SearchJob
from django_logtail.reader.sources import Source
from django_logtail.tailing.text.lines import LineEnds
from django_logtail.tailing.text.search import Hit

SIX = 1_795_759_200_000  # 27 November 2026, 6:00 UTC
ENTRIES = (
    "2026-11-27 06:00:00,000 INFO shop: paid 订单\n"
    "2026-11-27 06:00:01,000 ERROR shop: could not pay\n"
    "Traceback (most recent call last):\n"
    '  File "/srv/shop/views.py", line 9, in pay\n'
    "KeyError: 'needle'\n"
    "2026-11-27 06:00:02,000 WARNING shop: slow\n"
    "2026-11-27 06:00:03,000 INFO shop: two lines\n"
    "the second one\n"
)
LEVELS = ["I", "E", "E", "E", "E", "W", "I", "I"]
SECONDS = [0, 1, 1, 1, 1, 2, 3, 3]


def hits_in(text: str, encoding: str) -> list[Hit]:
    hits, at = [], 0
    for line in text.splitlines(keepends=True):
        size = len(line.encode(encoding))
        hits.append(Hit(at, at + size, (line[:-1],)))
        at += size
    return hits


def told(text: str, hits: list[Hit], encoding: str = "utf-8") -> list[tuple[str, int | None]]:
    data = text.encode(encoding)
    entries = HitEntries(
        lambda offset, size: data[offset : offset + size],
        LineEnds(encoding, data[:4]),
        None,
        Clocks(timezone.utc),
        SIX,
    )
    found = list(hits)
    for index, hit in entries.told(hits):
        found[index] = hit
    assert [(hit.start, hit.parts) for hit in found] == [(hit.start, hit.parts) for hit in hits]
    return [(hit.level, hit.ms) for hit in found]


EXPECTED = [(level, SIX + 1_000 * second) for level, second in zip(LEVELS, SECONDS, strict=True)]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16-le", "utf-16-be"])
def test_every_line_has_the_level_and_the_time_of_its_entry_in_both_orders(encoding: str) -> None:
    padding = "2026-11-27 05:59:00,000 DEBUG shop: 前\n" * 9_000
    text = padding + ENTRIES
    hits = hits_in(text, encoding)[9_000:]

    assert told(text, hits, encoding) == EXPECTED
    assert told(text, hits[::-1], encoding) == EXPECTED[::-1]
    assert told(text, [hits[3]], encoding) == [EXPECTED[3]]


def test_an_excerpt_of_a_long_line_has_what_the_whole_line_says() -> None:
    line = '{"message": "' + "x" * 600 + '", "level": "error", "time": "2026-11-27T06:00:05Z"}\n'
    (hit,) = hits_in(line, "utf-8")
    cut = Hit(hit.start, hit.end, (line[:512],), after=True)

    assert told(line, [cut]) == [("E", SIX + 5_000)]


@pytest.mark.parametrize(("length", "level"), [(128 * 1024, "E"), (128 * 1024 + 1, "")])
def test_a_very_long_line_has_no_level(length: int, level: str) -> None:
    line = "2026-11-27 06:00:00,000 ERROR shop: ".ljust(length - 1, "x") + "\n"

    ((found, _),) = told(line, [Hit(0, length, (line[:512],), after=True)])

    assert found == level


def test_without_an_entry_in_reach_there_is_no_time() -> None:
    text = ENTRIES + "  a frame\n" * 300
    hits = hits_in(text, "utf-8")

    assert [ms for _, ms in told(text, [hits[-2], hits[-1]])] == [SIX + 3_000, None]


class Samples(Sample):
    """A sample that counts how often formats are found from it."""

    found: ClassVar[int] = 0

    def formats(self) -> None:
        Samples.found += 1


@pytest.mark.parametrize(("lines", "times"), [(299, 2), (300, 1), (301, 1)])
def test_formats_of_a_file_are_found_once_if_it_has_enough_lines(
    lines: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Samples, "found", 0)
    known = KnownFormats()

    for last in ("a", "b"):  # it grows
        known.of("app", b"head", Samples("", ["line"] * lines, [last]))

    assert Samples.found == times


def test_formats_of_another_log_file_or_given_format_are_not_mixed_up_and_64_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Samples, "found", 0)
    known, lines = KnownFormats(), ["line"] * 300
    others = [("app", b"head", ""), ("db", b"head", ""), ("app", b"other", ""), ("app", b"head", "nginx")]

    for log, head, given in others * 2:
        known.of(log, head, Samples(given, lines))
    assert Samples.found == 4

    for number in range(60):
        known.of(f"log-{number}", b"head", Samples("", lines))
    known.of("app", b"head", Samples("", lines))
    assert Samples.found == 64
    known.of("one more", b"head", Samples("", lines))
    known.of("app", b"head", Samples("", lines))
    assert Samples.found == 65
    known.of("db", b"head", Samples("", lines))
    assert Samples.found == 66


@dataclass
class House:
    path: Path

    def job(self, **sought: object) -> SearchJob:
        want = Want("p", "1", "range-1", "", 1, 0, search=Sought("e", **{"order": "newest", **sought}))  # type: ignore[arg-type]
        return SearchJob(want, Source(self.path, "utf-8", "app"), lambda descriptor: None, {})


@pytest.fixture
def house(tmp_path: Path) -> House:
    path = tmp_path / "app.log"
    path.with_name("app.log.1.gz").write_bytes(gzip.compress(ENTRIES.encode()))
    path.write_text(ENTRIES.replace("06:", "07:") + "padding\n" * 20)
    return House(path)


def finish(job: SearchJob) -> list[Hit]:
    hits: list[Hit] = []
    while not job.is_begun:
        job.begin()
    while not job.is_done:
        hits += job.step(1_000_000, False)
    return hits


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_search_of_all_files_tells_it_of_packed_files_too(house: House, order: str) -> None:
    hits = finish(house.job(order=order))

    found = [
        (hit.level, (hit.ms or 0) // 1_000 - SIX // 1_000) for hit in hits if "needle" in "".join(hit.parts)
    ]
    assert found == ([("E", 3_601), ("E", 1)] if order == "newest" else [("E", 1), ("E", 3_601)])


def test_lines_for_a_file_are_not_looked_up(house: House) -> None:
    assert {hit.level for hit in finish(house.job(order="oldest", whole=True))} == {""}


def test_until_it_is_looked_up_the_search_is_where_it_was_before_these_hits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_jobs, "TURN_SECONDS", 0)
    job, hits, places = house.job(order="oldest"), [], set()
    while not job.is_begun:
        job.begin()

    while not job.is_done:
        found = job.step(1_000_000, False)
        hits += found
        if not hits:
            places.add(job.ahead[0][1].offset if job.ahead else 0)
            assert job.total == 0

    monkeypatch.undo()
    assert places == {0}
    assert [(hit.start, hit.level) for hit in hits] == [
        (hit.start, hit.level) for hit in finish(house.job(order="oldest"))
    ]


def test_a_file_that_is_emptied_meanwhile_keeps_its_hits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_jobs, "TURN_SECONDS", 0)
    job, hits, is_emptied = house.job(), [], False
    while not job.is_begun:
        job.begin()

    while not job.is_done:
        hits += job.step(1_000_000, False)
        if job.name == "app.log" and job.searched and not hits and not is_emptied:
            is_emptied = True
            house.path.write_text("")

    assert is_emptied
    assert sum("needle" in "".join(hit.parts) for hit in hits) == 2
