"""What viewers are told in turns of one timer, where the server shows whether it would wait, and where it does not."""

import asyncio

import pytest

from django_logtail.viewing import keeping, session
from django_logtail.viewing.admission import NotRecorded
from tests.viewing.seat import Seat, now, play
from tests.viewing.test_delivery import Ready

__all__ = ["play"]


@pytest.mark.parametrize("kind", [Ready, Seat])
def test_a_change_is_told_in_the_next_turn_until_the_log_is_live_and_then_each_second(play, kind):
    async def scene(relay):
        seat, other = kind(relay), kind(relay, pk=2, slug="shop")
        reader = await seat.sits_down()
        await other.sits_down()
        reader.starts()
        for second, state in ((1.1, "missing"), (2.05, "reading"), (3.3, "missing"), (5.1, "reading")):
            await asyncio.sleep(second - now())
            reader.beats(state)
        await asyncio.sleep(1)
        states = [said["state"] for said in seat.messages("status")]
        return seat.times("status"), states, len(other.messages("status"))

    assert play(scene) == (
        [0.0, 1.25, 2.25, 4.25, 5.25],
        ["waiting", "missing", "live", "missing", "live"],
        1,
    )


class Waiting(Ready):
    """In a server that waits for its client while it is not ready."""

    async def _send(self, message):
        while not self.is_ready:
            await asyncio.sleep(0.01)
        await super()._send(message)


def test_the_task_tells_what_the_server_could_not_take_in_its_turn(play):
    async def scene(relay):
        seat = Waiting(relay)
        reader = await seat.sits_down()
        reader.starts()
        await asyncio.sleep(0.1)
        seat.is_ready = False
        reader.beats("missing")
        await asyncio.sleep(0.3)
        before = len(seat.messages("status"))
        seat.is_ready = True
        await asyncio.sleep(5)
        return before, [said["state"] for said in seat.messages("status")]

    assert play(scene) == (1, ["waiting", "missing"])


def test_a_ready_server_is_sent_something_every_20_s(play):
    async def scene(relay):
        seat = Ready(relay)
        reader = await seat.sits_down()
        reader.starts()
        reader.beats()
        await asyncio.sleep(0.5)
        seat.acknowledges(0)
        await asyncio.sleep(45)
        return seat.times("status")

    assert play(scene) == [0.0, 0.25, 20.25, 40.25]


def test_who_acknowledges_nothing_is_ended_in_a_ready_server_too(play):
    async def scene(relay):
        seat, other = Ready(relay), Ready(relay)
        reader = await seat.sits_down()
        await other.sits_down()
        reader.starts()
        reader.sends(b"a line\n")
        await asyncio.sleep(25)
        other.acknowledges(7)
        await asyncio.sleep(10)
        return (await seat.end()).reason, other.watches

    assert play(scene) == ("not-acknowledged", True)


def test_who_was_to_be_answered_while_nothing_could_be_recorded_is_ended(play, monkeypatch):
    async def scene(relay):
        seats = [Ready(relay), Ready(relay)]
        made = []
        monkeypatch.setattr(session, "Keeping", lambda: made.append(keeping.Keeping()) or made[-1])
        for seat in seats:
            await seat.sits_down()
        made[0].is_lost = True
        await asyncio.sleep(1)
        return type(await seats[0].end()), seats[1].watches

    assert play(scene) == (NotRecorded, True)


def test_a_client_that_is_gone_is_left_to_who_listens(play):
    async def scene(relay):
        seat = Ready(relay)
        reader = await seat.sits_down()
        reader.starts()
        seat.error = OSError("gone")
        reader.feed.become("missing")
        await asyncio.sleep(5)
        watched = seat.watches
        seat.goes()
        return watched, (await seat.end()).code, relay.turns._timer

    assert play(scene) == (True, None, None)


def test_all_who_are_told_the_same_are_told_it_in_one_frame(play):
    async def scene(relay):
        seats = [Ready(relay) for _ in range(2)]
        readers = [await seat.sits_down() for seat in seats]
        feed = readers[0].feed
        readers[0].starts()
        await asyncio.sleep(0.1)
        first, second = feed.pace.cursors
        one, same = feed.status_frame(first), feed.status_frame(second)
        feed.become("missing")
        return one is same, feed.status_frame(first) is one, feed.status_frame(first).fields["state"]

    assert play(scene) == (True, False, "missing")
