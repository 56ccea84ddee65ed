"""The original of redacted lines: for a want that says so, as long as it says, and for no other."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.messages import Batch, Failed, Found, Piece, Reached
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.reader.redacting import Redaction
from django_logtail.redaction.rules import Called, Pattern
from tests.delivery.test_delivery import QUEUE, House, Taker
from tests.reader.desk import Desk, Play, at_desk
from tests.reader.test_redacting import LEAKS, Out, answer, joined, planted, redaction, text_of

__all__ = ["at_desk"]

SECRET = b"login of s3cretMail@shop.example from 203.0.113.41\n"
HIDDEN = b"login of *********************** from ************\n"
#: The desk's clock when its scenes begin.
BEGIN = 1_000


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "app.log")
    house.path.write_bytes(b"")
    house.redaction = redaction()
    yield house
    await house.close()


@pytest.fixture
def out(house: House) -> Out:
    return Out(house)


def seeing(house: House, **more: Any) -> Taker:
    """Somebody who sees the original for a quarter of an hour."""
    fields = {"lines": 500, "resume": None, "revision": "", **more}
    viewer = house.relay.feeds.join("1", QUEUE, original_end=time.time() + 900, **fields)
    return Taker(house.relay, viewer)


async def shown(house: House, **asked: Any) -> list[Any]:
    return await answer(house, original_end=time.time() + 900, **asked)


def to(out: Out, taker: Taker) -> Out:
    """What was sent to one viewer's feed."""
    found = Out.__new__(Out)
    found.messages = [
        message for message in out.messages if getattr(message, "member", "") == taker.viewer.feed.member
    ]
    return found


class TestLive:
    async def test_the_original_is_as_it_was_written_and_names_what_is_hidden(self, house: House) -> None:
        house.append(SECRET)
        taker = seeing(house)
        await taker.until(lambda: taker.bytes)

        [batch] = [one for one in house.mailboxes.sent if isinstance(one, Batch)]
        assert (batch.data, batch.hidden) == (SECRET, [[9, 23, "email"], [38, 12, "ip"]])

    async def test_every_secret_is_there(self, house: House) -> None:
        text = planted().encode()
        taker = seeing(house)
        await taker.until(lambda: taker.place)
        house.append(text)
        await taker.until(lambda: len(taker.bytes) >= len(text))

        assert taker.bytes == text

    @pytest.mark.parametrize("is_first", [True, False])
    async def test_a_neighbour_in_the_same_log_at_the_same_time_gets_none_of_it(
        self, house: House, out: Out, is_first: bool
    ) -> None:
        house.append(planted(3).encode())
        takers = [seeing(house) if is_first else house.join()]
        await takers[0].until(lambda: takers[0].bytes)
        takers += [house.join() if is_first else seeing(house), house.join(lines=0)]
        for taker in takers:
            await taker.until(lambda taker=taker: taker.place)
        house.append(planted(3).encode())
        original, redacted, late = takers if is_first else (takers[1], takers[0], takers[2])
        whole = house.path.read_bytes()
        for taker, size in ((original, len(whole)), (redacted, len(whole)), (late, len(whole) // 2)):
            await taker.until(lambda taker=taker, size=size: len(taker.bytes) >= size)

        assert original.bytes == whole
        for taker in (redacted, late):
            assert not any(secret.encode() in taker.bytes for secret in LEAKS)
            assert to(out, taker).messages
            assert to(out, taker).leaks() == []
        assert len({taker.viewer.feed.member for taker in (original, redacted)}) == 2
        assert redacted.viewer.feed is late.viewer.feed

    async def test_two_who_see_it_have_a_feed_each_and_never_join_the_shared_one(self, house: House) -> None:
        takers = [seeing(house), seeing(house), house.join()]
        for taker in takers:
            await taker.until(lambda taker=taker: taker.place)
        house.append(SECRET)
        for taker in takers:
            await taker.until(lambda taker=taker: taker.bytes)
            house.relay.feeds.share(taker.viewer)

        assert [taker.bytes for taker in takers] == [SECRET, SECRET, HIDDEN]
        assert len({taker.viewer.feed.member for taker in takers}) == 3
        assert [bool(taker.viewer.feed.flow) for taker in takers] == [True, True, False]

    async def test_a_line_that_has_not_ended_is_shown_to_them_alone(self, house: House) -> None:
        takers = [seeing(house), await joined(house)]
        await takers[0].until(lambda: takers[0].place)
        house.append(b"begun with password=s3cretJson")
        await takers[0].until(lambda: takers[0].viewer.feed.ring.partial)
        partial = takers[0].viewer.feed.ring.partial
        house.append(b" end\n")
        for taker in takers:
            await taker.until(lambda taker=taker: taker.bytes)

        assert partial is not None
        assert partial.data == b"begun with password=s3cretJson"
        assert [taker.bytes for taker in takers] == [
            b"begun with password=s3cretJson end\n",
            b"begun with password=********** end\n",
        ]

    async def test_a_rule_that_fails_closes_the_original_too(self, house: House, out: Out) -> None:
        def find(line: str) -> Any:
            raise ValueError

        house.redaction = redaction(Called("mine", find))
        house.append(SECRET)
        seeing(house)
        failed = (await shown(house, search=Sought("login", order="newest")))[-1]

        assert isinstance(failed, Failed)
        await asyncio.sleep(0.5)
        assert out.leaks() == []


class TestOlderContent:
    @pytest.fixture
    async def file(self, house: House, out: Out) -> str:
        house.append(b"2026-11-30 12:00:00 INFO first\n" + SECRET)
        taker = await joined(house, lines=0)
        assert taker.place is not None
        return taker.place[0]

    async def test_a_range_has_the_original_and_a_neighbours_has_not(self, house: House, file: str) -> None:
        asked = {"place": Place(file, 31), "end": 31 + len(SECRET)}
        pieces = (await shown(house, **asked))[0], (await answer(house, **asked))[0]

        assert [(piece.data, piece.hidden) for piece in pieces] == [
            (SECRET, [[9, 23, "email"], [38, 12, "ip"]]),
            (HIDDEN, [[9, 23, "email"], [38, 12, "ip"]]),
        ]

    async def test_so_have_lines_before_a_place_and_older_files(self, house: House, file: str) -> None:
        older = house.path.with_name("app.log.1.gz")
        older.write_bytes(gzip.compress(b"older\n" + SECRET))
        here, before = {"place": Place(file, 31 + len(SECRET))}, {"place": Place(file, 0)}

        for asked, rest in ((here, b"2026-11-30 12:00:00 INFO first\n"), (before, b"older\n")):
            assert text_of(await shown(house, before_lines=9, **asked)) == rest + SECRET
            found = text_of(await answer(house, before_lines=9, **asked))
            assert b"s3cretMail" not in found

    async def test_a_search_finds_what_is_hidden_for_them_alone(self, house: House, file: str) -> None:
        async def hits(ask: Any, pattern: str) -> list[Any]:
            found = await ask(house, search=Sought(pattern, order="newest"))
            return [hit[2] for message in found if isinstance(message, Found) for hit in message.hits]

        assert await hits(shown, "s3cretMail") == [
            ["login of ", "s3cretMail", "@shop.example from 203.0.113.41"]
        ]
        assert await hits(answer, "s3cretMail") == []
        assert await hits(answer, "login") == [["", "login", HIDDEN.decode()[5:-1]]]

    async def test_hits_say_what_is_hidden_in_them(self, house: House, file: str) -> None:
        async def hit(ask: Any, **more: Any) -> list[Any]:
            found = await ask(house, search=Sought("login", **more))
            return next(hit for one in found if isinstance(one, Found) for hit in one.hits)

        told = [[9, 23, "email", 23], [38, 12, "ip", 12]]
        for order in ("newest", "oldest"):
            redacted, original = await hit(answer, order=order), await hit(shown, order=order)
            assert ("".join(redacted[2]), redacted[7:]) == (HIDDEN.decode()[:-1], [told])
            assert ("".join(original[2]), original[7:]) == (SECRET.decode()[:-1], [told])
        assert len(await hit(answer, order="oldest", whole=True)) == 5

    async def test_a_time_is_told_in_words_for_them_alone(self, house: House, file: str) -> None:
        house.redaction = Redaction((Pattern("day", "2026-11-[0-9]+"),), "days")
        await house.kill_reader()
        house.start_reader()
        written = [
            [one.written for one in await ask(house, moment=0) if isinstance(one, Reached)]
            for ask in (shown, answer)
        ]

        assert written == [["2026-11-30 12:00:00"], [""]]


class TestUntil:
    """A want says until when; the reader sees to it, whatever becomes of the want."""

    @pytest.mark.parametrize(
        ("until", "data"),
        [
            (BEGIN - 1, b""),
            (BEGIN, b""),
            (BEGIN + 1, SECRET),
            (BEGIN + 60, SECRET),
            (BEGIN + 120, SECRET),
            (BEGIN + 121, b""),  # by a clock that is wrong
        ],
    )
    def test_it_begins_only_in_time(self, at_desk: Play, until: int, data: bytes) -> None:
        async def scene(desk: Desk) -> None:
            desk.redaction = redaction()
            desk.write("1", SECRET)
            want = desk.want("1", original_until=until)
            desk.begin()
            await desk.passes(0.9, want)

            assert desk.data() == data
            said = desk.said_of(want)[-1]
            assert said == (("reading", "") if data else ("refused", "reason:original-over?"))

        at_desk(scene)

    @pytest.mark.parametrize("is_renewed", [True, False])
    def test_a_want_that_is_kept_alive_but_not_posted_anew_ends(
        self, at_desk: Play, is_renewed: bool
    ) -> None:
        """As by somebody who can write to Redis, and posts again what they have recorded there."""

        async def scene(desk: Desk) -> None:
            desk.redaction = redaction()
            desk.write("1", SECRET)
            want = desk.want("1", original_until=BEGIN + 60)
            neighbour = desk.want("1", box="other", flow="x")
            desk.begin()
            await desk.passes(59, want, neighbour)
            desk.write("1", SECRET)
            await desk.passes(0.9, want, neighbour)
            assert desk.data() == SECRET * 2
            if is_renewed:
                desk.control.post(QUEUE, [replace(want, original_until=BEGIN + 119)], [], [])
            else:
                desk.control.post(QUEUE, [want], [], [])
            await desk.passes(0.2, want, neighbour)
            desk.write("1", SECRET)
            await desk.passes(40, want, neighbour)

            assert desk.data() == SECRET * (3 if is_renewed else 2)
            assert desk.said_of(want)[-1][0] == ("reading" if is_renewed else "refused")
            assert desk.data("other") == HIDDEN * 3

        at_desk(scene)

    def test_a_want_that_loses_it_begins_anew(self, at_desk: Play) -> None:
        async def scene(desk: Desk) -> None:
            desk.redaction = redaction()
            desk.write("1", SECRET)
            want = desk.want("1", original_until=BEGIN + 60)
            desk.begin()
            await desk.passes(1, want)
            place = desk.sent(Batch)[-1].start
            again = desk.want("1", position=place)
            await desk.passes(1, again)

            assert [batch.data for batch in desk.sent(Batch)] == [SECRET, HIDDEN]

        at_desk(scene)

    def test_a_request_that_is_posted_again_later_gets_nothing(self, at_desk: Play) -> None:
        async def scene(desk: Desk) -> None:
            desk.redaction = redaction()
            desk.write("1", SECRET)
            stream = desk.want("1", lines=0)
            desk.begin()
            await desk.passes(1, stream)
            asked = {"position": Place(desk.place().file, 0), "end": 60, "original_until": BEGIN + 60}
            want = desk.want("1", flow="range-1", **asked)
            await desk.passes(1, stream)
            desk.drop(want)
            await desk.passes(60, stream)
            desk.control.post(QUEUE, [want], [], [])
            desk.nudge()
            await desk.passes(1, stream)

            assert [piece.data for piece in desk.sent(Piece)] == [SECRET]
            assert [failed.error for failed in desk.sent(Failed)] == ["reason:original-over?"]

        at_desk(scene)
