"""The lines that a search finds, as a file: all of them, whole, in order, whatever happens to the files."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail.access import Refused
from django_logtail.control.wants import Sought
from django_logtail.models import Log
from django_logtail.protocol import BadMessage, CloseCode, SearchAll, decode_hits_query
from django_logtail.reader.limits import Limits
from django_logtail.reader.searches import Searches
from django_logtail.tailing.text.search import Search
from django_logtail.viewing import download, rechecks
from django_logtail.viewing import hits as viewing_hits
from django_logtail.viewing.download import BrokenOff, NoFile, Requester, delivered
from django_logtail.viewing.hits import Hits
from django_logtail.viewing.rechecks import Rounds, Stay, Who
from tests.delivery.test_delivery import QUEUE, House, eventually, numbered

LOG = Log(pk=1, slug="app", name="app.log", path="/nowhere", queue=QUEUE, encoding="utf-8")
LINE = len(numbered(0, 1))
REQUESTER = Requester("7", "session", "127.0.0.1")
WHO = Who("7", "session", "app")
REFUSED = Refused(CloseCode.SIGNED_OUT, "signed-out", "Sign in again.")


@pytest.fixture(autouse=True)
def may_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Access is given whenever it is looked up, for which there is no database here."""
    monkeypatch.setattr(rechecks, "_admitted", lambda who, lookups: LOG)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    path = tmp_path / "app.log"
    path.with_name("app.log.1").write_bytes(numbered(0, 1_500))
    path.write_bytes(numbered(1_500, 1_500))
    house = House(path, LOG.revision)
    monkeypatch.setattr(download, "relay_here", lambda: house.relay)
    yield house
    await house.close()


def asked(pattern: str = "line", **more: Any) -> SearchAll:
    return decode_hits_query({"asked": json.dumps({"pattern": pattern, **more})})[1]


async def file_of(house: House, asked: SearchAll, form: str = "text", then=lambda: None) -> str:
    hits = Hits(house.relay, LOG, "7", asked)
    found = b""
    async for piece in hits.encoded(await hits.first(WHO), form):
        found += piece
        then()
        then = lambda: None  # noqa: E731 - once
    return found.decode()


async def test_all_lines_come_whole_and_in_order_however_many(house):
    assert await file_of(house, asked()) == numbered(0, 3_000).decode()


async def test_conditions_are_kept_to(house):
    terms = [{"text": "1 with", "not": True}]

    assert await file_of(house, asked("LINE 000000", terms=terms)) == "".join(
        numbered(number, 1).decode() for number in (0, 2, 3, 4, 5, 6, 7, 8, 9)
    )
    assert await file_of(house, asked("LINE", case=True)) == ""


async def test_a_part_of_the_log_comes_without_a_text_to_look_for(house):
    listing = house.relay.request("1", QUEUE, files=True, revision=LOG.revision)
    old, new = [file["file"] for file in (await listing.next()).files]
    listing.close()
    since = {"file": old, "offset": 1_498 * LINE}
    query = {"from": since, "to": {"file": new, "offset": 2 * LINE}}

    found = await file_of(house, decode_hits_query({"asked": json.dumps(query)})[1])

    assert found == numbered(1_498, 4).decode()


async def test_as_ndjson_each_line_has_its_file_and_place(house):
    found = [
        json.loads(line) for line in (await file_of(house, asked("00001499"[1:]), "ndjson")).splitlines()
    ]
    last = json.loads(await file_of(house, asked("0001500"), "ndjson"))

    text = numbered(1_499, 1).decode().rstrip("\n")
    assert found == [{"file": "app.log.1", "start": 1_499 * LINE, "end": 1_500 * LINE, "text": text}]
    assert (last["file"], last["start"]) == ("app.log", 0)


async def test_a_rotation_in_between_leaves_nothing_out_and_repeats_nothing(house):
    def rotate() -> None:
        for name in ("app.log.1", "app.log"):
            number = int(name.rpartition(".")[2]) if name[-1].isdigit() else 0
            house.path.with_name(name).rename(house.path.with_name(f"app.log.{number + 1}"))
        times = house.path.with_name("app.log.2").stat()
        packed = house.path.with_name("app.log.2.gz")
        packed.write_bytes(gzip.compress(house.path.with_name("app.log.2").read_bytes()))
        os.utime(packed, ns=(times.st_atime_ns, times.st_mtime_ns))
        house.path.with_name("app.log.2").unlink()
        house.path.write_bytes(b"the newest file\n" * 30)

    assert await file_of(house, asked(), then=rotate) == numbered(0, 3_000).decode()


@pytest.mark.parametrize("length", [16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1])
async def test_a_line_is_whole_up_to_16_kib(house, length):
    house.append(b"needle".ljust(length, b"x") + b"\n")

    text = await file_of(house, asked("needle"))
    (line,) = [json.loads(line) for line in (await file_of(house, asked("needle"), "ndjson")).splitlines()]

    whole = "needle".ljust(min(length, 16 * 1024), "x")
    assert text == whole + ("…" if length > 16 * 1024 else "") + "\n"
    assert line["text"] == whole
    assert line.get("cut") is (True if length > 16 * 1024 else None)


async def test_files_that_could_not_be_searched_whole_are_named_at_the_end(house):
    house.path.with_name("app.log.2.Z").write_bytes(b"\x1f\x9d unknown")
    why = "files compressed with Z can't be read here; unpack this one first"

    text = await file_of(house, asked("0000007"))
    *_, last = (await file_of(house, asked("0000007"), "ndjson")).splitlines()

    assert text == numbered(7, 1).decode() + f"# app.log.2.Z: {why}\n"
    assert json.loads(last) == {"unread": "app.log.2.Z", "reason": why}


@pytest.mark.parametrize("late", [0, 1])
async def test_that_times_are_out_of_order_is_said_once_at_the_end_however_many_lines_there_are(house, late):
    """2,500 entries of 6:00, some of 8:00 and, if `late`, one of 7:00 behind these."""
    written = [*["06:00"] * 2_500, *["08:00"] * 5, *["07:00"] * late]
    house.path.with_name("app.log.1").unlink()
    house.path.write_text("".join(f"2026-11-27 {at}:00 INFO shop: paid\n" for at in written))
    until = 1_795_737_600_000 + 7 * 3_600_000 + 1  # so the one of 7:00 is wanted
    why = "times are out of order in this log, so the ends of the range are not exact"

    text = (await file_of(house, asked("paid", until=until))).splitlines()
    last = (await file_of(house, asked("paid", until=until), "ndjson")).splitlines()[-1]

    assert len(text) == 2_500 + (5 + 2) * late
    assert text.count("2026-11-27 07:00:00 INFO shop: paid") == late
    assert ([one for one in text if one.startswith("#")] == [f"# {why}"]) is bool(late)
    assert (json.loads(last) == {"inexact": True, "reason": why}) is bool(late)
    assert text[-1] == (f"# {why}" if late else "2026-11-27 06:00:00 INFO shop: paid")


async def test_what_only_the_first_lines_tell_is_said_at_the_end_too(house):
    """The first entry is of 8:00, and later ones of 6:00: only the search for the begin of the range notices."""
    written = ["08:00", *["06:00"] * 2_500, "09:00"]
    house.path.with_name("app.log.1").unlink()
    house.path.write_text("".join(f"2026-11-27 {at}:00 INFO shop: paid\n" for at in written))

    text = (await file_of(house, asked("paid", since=1_795_737_600_000 + 7 * 3_600_000))).splitlines()

    assert len(text) == 2_503
    assert text[-1] == "# times are out of order in this log, so the ends of the range are not exact"


async def test_what_cannot_be_searched_for_is_refused_before_anything_is_sent(house):
    with pytest.raises(BadMessage, match="a match can't span lines"):
        await Hits(house.relay, LOG, "7", asked("two\nlines")).first(WHO)


async def test_a_log_that_is_stopped_has_no_hits(house):
    house.control.set_stop(QUEUE, "1", "disk is full")

    with pytest.raises(NoFile) as caught:
        await Hits(house.relay, LOG, "7", asked()).first(WHO)

    assert (caught.value.state, caught.value.reason) == ("not-there", "disk is full")


async def test_a_stop_in_between_breaks_the_file_off(house):
    with pytest.raises(BrokenOff, match="disk is full"):
        await file_of(house, asked(), then=lambda: house.control.set_stop(QUEUE, "1", "disk is full"))


@pytest.mark.parametrize("most", [1, 2])
async def test_between_two_parts_it_waits_for_the_user_s_other_searches(house, monkeypatch, most):
    monkeypatch.setattr(viewing_hits, "WAIT_SECONDS", 0.01)
    house.limits = Limits(searches_per_user=most)
    is_held, refused = False, []
    step, too_many = Search.step, Searches._too_many
    monkeypatch.setattr(
        Search, "step", lambda self, *args, **more: [] if is_held else step(self, *args, **more)
    )
    monkeypatch.setattr(
        Searches, "_too_many", lambda self, user: refused.append(too_many(self, user)) or refused[-1]
    )
    download = Hits(house.relay, LOG, "7", asked())
    pieces = download.encoded(await download.first(WHO), "text")
    found = [await anext(pieces)]
    is_held = True
    sought = Sought("line", order="oldest", limit=1, counts=True)
    others = [
        house.relay.request("1", QUEUE, search=sought, user="7", revision=LOG.revision) for _ in range(most)
    ]
    await eventually(lambda: len(refused) == 1 + most)

    rest = asyncio.ensure_future(anext(pieces))
    await eventually(lambda: any(refused))
    is_waiting = not rest.done()
    is_held = False
    found += [await asyncio.wait_for(rest, 60)]
    found += [piece async for piece in pieces]
    for other in others:
        other.close()

    assert is_waiting
    assert b"".join(found) == numbered(0, 3_000)


@pytest.fixture
def stays(monkeypatch: pytest.MonkeyPatch) -> list[Stay]:
    """What decides whether the requester may stay, as it comes to be."""
    found: list[Stay] = []
    kept = Rounds.kept

    @contextlib.contextmanager
    def watched(rounds: Rounds, who: Who, log: Log) -> Iterator[Stay]:
        with kept(rounds, who, log) as stay:
            found.append(stay)
            yield stay

    monkeypatch.setattr(Rounds, "kept", watched)
    return found


async def test_it_ends_when_access_does(house, stays):
    hits = Hits(house.relay, LOG, "7", asked())
    pieces = delivered(LOG, hits.encoded(await hits.first(WHO), "text"), REQUESTER)
    taken = [await anext(pieces)]
    stays[-1].lose(REFUSED)

    async def take_the_rest() -> None:
        async for piece in pieces:
            taken.append(piece)

    with pytest.raises(BrokenOff):
        await take_the_rest()

    assert len(b"".join(taken)) < 3_000 * LINE


async def test_a_search_under_way_ends_when_access_does_and_what_it_finds_is_not_sent(stays):
    ended = []

    async def endless() -> AsyncGenerator[bytes]:
        try:
            await asyncio.Event().wait()
            yield b"never"
        finally:
            ended.append(True)

    piece = asyncio.ensure_future(anext(delivered(LOG, endless(), REQUESTER)))
    await eventually(lambda: stays)
    stays[0].lose(REFUSED)

    with pytest.raises(BrokenOff):
        await asyncio.wait_for(piece, 10)
    assert ended == [True]


async def test_the_first_search_ends_when_access_does(stays, monkeypatch):
    hits = Hits(None, LOG, "7", asked())
    monkeypatch.setattr(hits, "_part", lambda sought: asyncio.Event().wait())
    first = asyncio.ensure_future(hits.first(WHO))
    await eventually(lambda: stays)
    stays[0].lose(REFUSED)

    with pytest.raises(Refused):
        await asyncio.wait_for(first, 10)


async def test_access_is_looked_up_again_after_the_first_search(house, stays, monkeypatch):
    admitted = []

    async def admit(stay: Stay, seconds: float = 1.0) -> Log:
        admitted.append(stay)
        raise REFUSED

    monkeypatch.setattr(Stay, "admit", admit)

    with pytest.raises(Refused):
        await Hits(house.relay, LOG, "7", asked()).first(WHO)
    assert admitted == stays


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "'asked' is not JSON"),
        ({"asked": "[]"}, "'asked' is not a JSON object"),
        ({"asked": "{}"}, "'pattern' is not a text"),
        ({"asked": '{"pattern":"x"}', "form": "csv"}, "'form' is not one of text, ndjson"),
        ({"asked": '{"pattern":"x"}' + " " * 8_192}, "'asked' has over 8192 bytes"),
        ({"asked": '{"pattern":"x","from":7}'}, "a place is an object with 'file' and 'offset'"),
    ],
)
def test_a_query_that_is_not_right_is_refused(fields, text):
    with pytest.raises(BadMessage, match=text):
        decode_hits_query(fields)
