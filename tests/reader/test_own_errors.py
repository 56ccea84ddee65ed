"""An error that concerns one log is reported for that log and doesn't affect the others of the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from django_logtail.control.messages import Failed
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader import files, ranges
from django_logtail.tailing import Follower
from django_logtail.tailing.reasons import in_full
from tests.delivery.test_delivery import QUEUE, House, Taker, eventually, numbered

NEXT = "will try again soon; see the reader's own log"


@pytest.fixture
async def house(tmp_path):
    path = tmp_path / "good.log"
    path.write_bytes(b"")
    house = House(path)
    house.paths["2"] = tmp_path / "bad.log"
    house.paths["2"].write_bytes(b"")
    yield house
    await house.close()


def join(house: House, log: str) -> Taker:
    return Taker(house.relay, house.relay.feeds.join(log, QUEUE, lines=500, resume=None))


async def reads_on(house: House, good: Taker) -> None:
    """The good log's viewer gets what is written now, of the one reader that there ever was."""
    for _ in range(3):
        expected = bytes(good.bytes) + b"and on\n"
        house.append(b"and on\n")
        await good.until(lambda expected=expected: good.bytes == expected)
    assert len(house.readers) == 1
    assert not house.readers[0][1].done()


async def says(taker: Taker, state: str, reason: str) -> None:
    feed = taker.viewer.feed
    await eventually(lambda: (feed.state, in_full(feed.reason)) == (state, reason))


async def test_a_path_with_a_nul_character_is_said_at_its_log(house):
    house.paths["2"] = Path("/var/log/a\0b.log")
    good, bad = join(house, "1"), join(house, "2")

    await says(bad, "unreadable", "its path contains a NUL character, which no file name can")
    await reads_on(house, good)


async def test_a_log_that_cannot_be_looked_up_is_said_and_the_others_are_looked_up_on(house, monkeypatch):
    monkeypatch.setattr(files, "REGISTRY_SECONDS", 0.05)

    class Paths(dict):
        def __getitem__(self, log):
            if log == "2":
                raise RuntimeError("a router of the host")
            return super().__getitem__(log)

    house.paths = Paths(house.paths)
    good, bad = join(house, "1"), join(house, "2")
    await says(bad, "unreadable", f"the reader failed on this log (RuntimeError) and {NEXT}")
    await reads_on(house, good)

    other = house.path.with_name("other.log")
    other.write_bytes(b"moved\n")
    house.paths["1"] = other
    await good.until(lambda: good.bytes.endswith(b"moved\n"))
    assert len(house.readers) == 1


@pytest.mark.parametrize("log", ["1", "2"])
async def test_a_file_whose_reading_fails_is_said_and_read_on_later_with_every_byte_once(
    house, monkeypatch, caplog, log
):
    monkeypatch.setattr(files, "REGISTRY_SECONDS", 0.3)
    poll, is_broken = Follower.poll, False

    def fails(follower, *arguments, **options):
        items = poll(follower, *arguments, **options)
        if is_broken and follower.descriptors() and follower.path == house.paths[log]:
            raise KeyError("a bug in the follower")
        return items

    monkeypatch.setattr(Follower, "poll", fails)
    takers = {"1": join(house, "1"), "2": join(house, "2")}
    for number, taker in takers.items():
        with house.paths[number].open("ab") as file:
            file.write(numbered(0, 10))
        await taker.until(lambda taker=taker: taker.bytes == numbered(0, 10))
    bad = takers.pop(log)
    [good] = takers.values()
    is_broken = True
    for number in ("1", "2"):
        with house.paths[number].open("ab") as file:
            file.write(numbered(10, 10))
    await says(bad, "unreadable", f"the reader failed on this log (KeyError) and {NEXT}")
    await good.until(lambda: good.bytes == numbered(0, 20))
    assert f"reader on queue q: log {log} failed" in caplog.messages
    assert "a bug in the follower" in caplog.text

    is_broken = False
    await bad.until(lambda: bad.bytes == numbered(0, 20))
    await says(bad, "live", "")
    assert bad.gaps == good.gaps == []
    assert len(house.readers) == 1


@pytest.mark.parametrize(
    "want",
    [
        Want("p", "2", "", "box", 1, "much"),  # type: ignore[arg-type]
        Want("p", "two", "", "box", 1, 10_000_000),
        Want("p", "2", "", "box", 1, 10_000_000, position=Place("no id", -7)),
        Want("p", "2", "", "box", 1, 10_000_000, position=Place("x", "7")),  # type: ignore[arg-type]
        Want("p", "2", "", "box", 1, 10_000_000, lines=-3),
        Want("p", "2", "", "box", 1, 10_000_000, late={"no id": "7"}),  # type: ignore[dict-item]
        Want("p", "2", "range-1", "box", 1, 0, position=Place("no id", -7), end=-9),
        Want("p", "2", "range-1", "box", 1, 0, end=9),
        Want("p", "2", "range-1", "box", 1, 0, position=Place("no id", 7), before_lines=-7),
        Want("p", "2", "", None, 1, 10_000_000),  # type: ignore[arg-type]
    ],
)
async def test_a_want_that_makes_no_sense_is_nobody_else_s_matter(house, want):
    good = join(house, "1")
    house.append(b"first\n")
    await good.until(lambda: good.bytes == b"first\n")
    with house.paths["2"].open("ab") as file:
        file.write(b"bad\n")

    for serial in range(1, 4):
        house.control.post(QUEUE, [want], [], [])
        await reads_on(house, good)
        if serial == 2:
            house.control.post(QUEUE, [], [], [want.member])
            await reads_on(house, good)


async def test_a_log_that_does_not_say_how_it_is_is_nobody_else_s_matter(house, monkeypatch):
    good, bad = join(house, "1"), join(house, "2")
    await good.until(lambda: good.events)
    await bad.until(lambda: bad.events)
    state = Follower.state.fget

    def fails(follower):
        if follower.path == house.paths["2"]:
            raise KeyError("a bug in the follower")
        return state(follower)

    monkeypatch.setattr(Follower, "state", property(fails))

    await says(bad, "unreadable", f"the reader failed on this log (KeyError) and {NEXT}")
    await reads_on(house, good)


@pytest.mark.parametrize("kind", [ValueError, KeyError, IndexError])
async def test_who_asks_for_older_lines_is_told_at_once_that_the_reader_failed(house, monkeypatch, kind):
    def fails(*arguments):
        raise kind("a bug in the reading of history")

    monkeypatch.setattr(ranges.Reading, "step", fails)
    good = join(house, "1")
    house.append(b"first\n")
    await good.until(lambda: good.bytes == b"first\n")

    asked = house.relay.request("1", QUEUE, Place(good.place[0], 0), end=6)
    answer = await asked.next()
    asked.close()

    assert isinstance(answer, Failed)
    assert answer.error == f"reason:reader-failed?error={kind.__name__}"
    await reads_on(house, good)
