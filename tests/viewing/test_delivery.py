"""A viewer's stream in a server that shows whether it would wait, next to one in a server that does not."""

import asyncio

import pytest

from django_logtail.place import Place
from django_logtail.viewing.delivery import Delivery
from django_logtail.viewing.keeping import Keeping
from django_logtail.viewing.socket import End
from django_logtail.viewing.unacknowledged import Unacknowledged
from tests.viewing.seat import Reader, Seat, play

__all__ = ["play"]

KIB = 1024


class Ready(Seat):
    """In a server that is ready to send, until it is not."""

    def __init__(self, relay, **more):
        super().__init__(relay, **more)
        self.is_ready = True
        self.error = None
        self.socket._is_ready = lambda: self.is_ready

    async def _send(self, message):
        if self.error is not None:
            raise self.error
        await super()._send(message)


async def seated(relay, *kinds):
    """Viewers of one log, who have got its beginning, and its reader."""
    seats = [kind(relay) for kind in kinds]
    reader = await seats[0].sits_down()
    for other in seats[1:]:
        await other.sits_down()
    reader.starts()
    await asyncio.sleep(0.001)
    return reader, seats


def test_what_comes_is_sent_in_the_feeds_own_turn_where_the_server_is_ready(play):
    async def scene(relay):
        reader, seats = await seated(relay, Ready, Seat, Ready)
        reader.sends(b"one\n")
        at_once = [seat.bytes for seat in seats]
        await asyncio.sleep(0.001)
        return at_once, [seat.bytes for seat in seats]

    assert play(scene) == ([b"one\n", b"", b"one\n"], [b"one\n"] * 3)


def test_who_must_wait_goes_on_in_order_while_others_are_sent_theirs(play):
    async def scene(relay):
        reader, [waits, other] = await seated(relay, Ready, Ready)
        waits.is_ready = False
        reader.sends(b"one\n")
        reader.sends(b"two\n")
        at_once = waits.bytes, other.bytes
        waits.is_ready = True
        reader.sends(b"three\n")
        await asyncio.sleep(0.001)
        return at_once, waits.bytes, other.bytes

    assert play(scene) == ((b"", b"one\ntwo\n"), b"one\ntwo\nthree\n", b"one\ntwo\nthree\n")


def test_a_server_that_stops_being_ready_between_two_frames_is_asked_again(play):
    """Each event is a frame of its own."""

    async def scene(relay):
        reader, [seat] = await seated(relay, Ready)
        seat.is_ready = False
        for text in "abc":
            reader.tells("note", text=text)
        left = [True, False]
        seat.socket._is_ready = lambda: left.pop(0) if left else False
        reader.tells("note", text="d")
        at_once = [event["text"] for event in seat.messages("event")[1:]]
        await asyncio.sleep(0.001)
        return at_once, [event["text"] for event in seat.messages("event")[1:]]

    assert play(scene) == (["a"], ["a", "b", "c", "d"])


def test_who_holds_is_sent_nothing_at_once_and_what_came_when_they_release(play):
    async def scene(relay):
        reader, [holds, other] = await seated(relay, Ready, Ready)
        holds.says("hold")
        await asyncio.sleep(0.001)
        reader.sends(b"one\n")
        await asyncio.sleep(0.001)
        while_held = holds.bytes, other.bytes
        holds.says("release")
        await asyncio.sleep(0.001)
        reader.sends(b"two\n")
        return while_held, holds.bytes

    assert play(scene) == ((b"", b"one\n"), b"one\ntwo\n")


def test_no_more_is_sent_at_once_than_may_be_unacknowledged(play):
    async def scene(relay):
        reader, [seat] = await seated(relay, Ready)
        for _ in range(6):
            reader.sends(b"x" * 64 * KIB)
        at_once = len(seat.bytes) // KIB
        await asyncio.sleep(0.001)
        before = len(seat.bytes) // KIB
        seat.acknowledges(64 * KIB)
        await asyncio.sleep(0.001)
        after = len(seat.bytes) // KIB
        seat.acknowledges(5 * 64 * KIB)
        await asyncio.sleep(0.001)
        return at_once, before, after, len(seat.bytes) // KIB

    assert play(scene) == (256, 256, 320, 384)


@pytest.mark.parametrize(("error", "ends_with"), [(OSError("gone"), End), (ValueError("a bug"), ValueError)])
def test_who_can_be_sent_nothing_ends_and_the_others_go_on(play, error, ends_with):
    async def scene(relay):
        reader, [gone, other] = await seated(relay, Ready, Ready)
        gone.error = error
        reader.sends(b"one\n")
        gone.error = None
        reader.sends(b"two\n")
        at_once = gone.bytes, other.bytes
        ended = type(await gone.end())
        reader.sends(b"three\n")
        return at_once, ended, gone.bytes, other.bytes

    assert play(scene) == ((b"", b"one\ntwo\n"), ends_with, b"", b"one\ntwo\nthree\n")


def test_who_has_a_feed_of_their_own_moves_to_the_shared_one_once_they_were_sent_what_came(play):
    async def scene(relay):
        first, back = Ready(relay), Ready(relay)
        shared = await first.sits_down()
        shared.starts(100)
        shared.sends(b"two\n")
        own = await back.sits_down(resume=Place("f", 96))
        own.at = 96
        apart = len(relay.feeds.by_member)
        own.sends(b"one\n")
        await asyncio.sleep(0.001)
        return apart, len(relay.feeds.by_member), back.bytes

    assert play(scene) == (2, 1, b"one\ntwo\n")


def test_who_fell_off_the_ring_is_sent_what_is_left_by_their_task(play):
    async def scene(relay):
        reader, [seat] = await seated(relay, Ready)
        [cursor] = reader.feed.pace.cursors
        cursor.number = -1
        reader.sends(b"one\n")
        at_once = seat.bytes
        await asyncio.sleep(0.001)
        return at_once, seat.bytes

    assert play(scene) == (b"", b"one\n")


class Recent:
    """Of a log of which everything before the second line is too old."""

    has_begun = False

    async def of(self, steps):
        for frame, place in steps:
            self.has_begun = self.has_begun or frame.fields.get("start") == 4
            if self.has_begun:
                yield frame, place


def test_a_stream_that_is_still_too_old_is_left_to_the_task(play):
    async def scene(relay):
        seat = Ready(relay)
        viewer = relay.feeds.join("1", "web-1", lines=10, resume=None)
        reader = Reader(viewer.feed)
        share, keeping = relay.feeds.share, Keeping()
        delivery = Delivery(
            viewer, seat.socket, Unacknowledged(), keeping, lambda frame: frame, share, Recent()
        )
        task = asyncio.ensure_future(delivery.run())
        reader.starts()
        await asyncio.sleep(0.001)
        found = []
        for line in (b"old\n", b"new\n", b"then\n"):
            reader.sends(line)
            at_once = seat.bytes
            await asyncio.sleep(0.001)
            found.append((at_once, seat.bytes))
        task.cancel()
        return found

    assert play(scene) == [(b"", b""), (b"", b"new\n"), (b"new\nthen\n", b"new\nthen\n")]


def test_a_viewer_that_has_left_is_not_kept_by_its_cursor(play):
    async def scene(relay):
        reader, [seat] = await seated(relay, Ready)
        [cursor] = reader.feed.pace.cursors
        was_set = cursor.at_once is not None
        seat.goes()
        await seat.end()
        return was_set, cursor.at_once

    assert play(scene) == (True, None)


def test_nothing_is_sent_in_the_feeds_turn_while_it_cannot_be_recorded(play, monkeypatch):
    is_kept = [True]
    monkeypatch.setattr("django_logtail.viewing.keeping.keeps_records", lambda: is_kept[0])

    async def scene(relay):
        seat = Ready(relay)
        reader = await seat.sits_down()
        reader.starts()
        await asyncio.sleep(0.001)
        found = []
        for kept in (True, False, True):
            is_kept[0] = kept
            reader.sends(b"line\n")
            found.append(len(seat.bytes))
            await asyncio.sleep(1)
            found.append(len(seat.bytes))
        return found

    assert play(scene) == [5, 5, 5, 5, 5, 15]
