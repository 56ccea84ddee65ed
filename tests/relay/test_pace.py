"""Which viewers wait for which, on a virtual clock, with a reader that sends at once what is granted."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.cursor import Cursor
from django_logtail.relay.items import RingItem
from django_logtail.relay.pace import CATCH_UP_SECONDS, SLOW_SECONDS, STEP_SECONDS, Pace
from django_logtail.relay.ring import Ring
from tests.delivery.test_machine import VirtualLoop

MIB = 1024 * 1024
BATCH_BYTES = 64 * 1024
RING_BYTES = 4 * MIB
BATCH = Frame.batch(Place("a", 0), bytes(BATCH_BYTES))
#: More than a look lasts.
MOMENT = 0.02


class Stage:
    """A ring with its pace, and when the reader was asked for more."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.ring = Ring(Place("a", 0))
        self.pace = Pace(self.ring, ring_bytes=lambda: RING_BYTES, clock=clock, go_on=self.ask)
        self.left = 0
        self.asked_at: list[float] = []

    def ask(self) -> None:
        self.left = self.pace.grant()
        self.asked_at.append(self.clock())

    def join(self) -> Cursor:
        cursor = Cursor(self.ring)
        self.pace.join(cursor)
        self.ask()
        return cursor

    def send(self) -> int:
        """Whatever may be sent comes at once; the number of batches."""
        sent = 0
        while self.send_one():
            sent += 1
        return sent

    def send_one(self) -> bool:
        """The next batch comes, if it may be sent."""
        if self.left < BATCH_BYTES:
            return False
        start, end = self.ring.received, self.ring.received + BATCH_BYTES
        self.ring.append(RingItem(Place("a", start), Place("a", end), BATCH, end, self.clock()))
        self.ring.trim(RING_BYTES, self.pace.needed)
        self.left -= BATCH_BYTES
        return True

    def take(self, cursor: Cursor, most: int = 1_000) -> None:
        for _, _ in zip(range(most), cursor.frames(), strict=False):
            self.pace.stepped(cursor)

    def flood(self, fast: Cursor) -> None:
        """The fast one takes all that comes, until it has to wait for somebody."""
        while self.send():
            self.take(fast)
            assert self.ring.received < 100 * MIB, "nobody is waited for"

    def go_on(self, fast: Cursor) -> None:
        """The fast one takes 100 MiB, and never has to wait."""
        end = self.ring.received + 100 * MIB
        while self.ring.received < end:
            self.take(fast)
            assert self.send()

    @property
    def is_waiting(self) -> bool:
        return bool(self.pace._awaited)


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


@pytest.fixture
def play(loop: VirtualLoop) -> Callable[[Callable[[Stage], Coroutine[Any, Any, None]]], None]:
    def play(scene: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        async def begin() -> None:
            await scene(Stage(loop.time))

        loop.run_until_complete(begin())

    return play


def test_one_that_had_no_turn_yet_is_waited_for_until_it_has_caught_up(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, other = stage.join(), stage.join()
        stage.flood(fast)
        assert stage.is_waiting
        assert not other.is_off_the_ring

        stage.take(other)

        assert not stage.is_waiting
        assert stage.asked_at[-1] == stage.clock()

    play(scene)


def test_one_that_was_up_to_date_for_long_is_waited_for_when_a_burst_comes(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, other = stage.join(), stage.join()
        stage.left = BATCH_BYTES
        stage.send()
        stage.take(fast)
        stage.take(other)
        stage.ask()
        await asyncio.sleep(10 * STEP_SECONDS)

        stage.flood(fast)

        assert stage.is_waiting

    play(scene)


def test_a_wait_ends_when_no_step_was_taken_for_so_long_and_not_later(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, still = stage.join(), stage.join()
        stage.left = BATCH_BYTES
        stage.send()
        began = stage.clock()
        await asyncio.sleep(STEP_SECONDS / 2)
        stage.ask()
        stage.flood(fast)
        assert stage.is_waiting

        await asyncio.sleep(STEP_SECONDS)

        assert not stage.is_waiting
        assert stage.asked_at[-1] - began <= STEP_SECONDS + MOMENT
        assert still.number == 0

    play(scene)


def test_one_that_stands_still_already_is_not_waited_for(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, still = stage.join(), stage.join()
        stage.left = BATCH_BYTES
        stage.send()
        await asyncio.sleep(STEP_SECONDS)
        stage.ask()

        stage.go_on(fast)

        assert still.is_off_the_ring

    play(scene)


def test_one_that_stood_still_and_goes_on_is_waited_for(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, other = stage.join(), stage.join()
        stage.left = BATCH_BYTES
        stage.send()
        await asyncio.sleep(STEP_SECONDS)
        stage.ask()
        stage.send()
        stage.take(fast)  # and the other was not waited for
        assert not other.is_off_the_ring
        stage.take(other, 1)

        stage.flood(fast)

        assert stage.is_waiting

    play(scene)


def test_nobody_waits_for_one_that_has_fallen_off_the_ring(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, fallen = stage.join(), stage.join()
        stage.flood(fast)
        await asyncio.sleep(STEP_SECONDS + MOMENT)
        stage.go_on(fast)
        assert fallen.is_off_the_ring
        await asyncio.sleep(SLOW_SECONDS)

        stage.go_on(fast)

    play(scene)


def test_one_that_takes_steps_is_waited_for_until_a_second_has_passed(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, slow = stage.join(), stage.join()
        stage.flood(fast)
        began = stage.clock()

        while stage.is_waiting:
            await asyncio.sleep(STEP_SECONDS / 2)
            stage.take(slow, 1)

        assert CATCH_UP_SECONDS <= stage.clock() - began <= CATCH_UP_SECONDS + STEP_SECONDS

    play(scene)


@pytest.mark.parametrize(("seconds", "is_waited_for"), [(SLOW_SECONDS / 2, False), (SLOW_SECONDS + 2, True)])
def test_one_that_was_waited_for_in_vain_is_not_waited_for_again_for_two_minutes(
    play, seconds: float, is_waited_for: bool
) -> None:
    async def scene(stage: Stage) -> None:
        fast, slow = stage.join(), stage.join()
        stage.flood(fast)
        while stage.is_waiting:
            await asyncio.sleep(STEP_SECONDS / 2)
            stage.take(slow, 1)
        await asyncio.sleep(seconds)
        stage.send()
        stage.take(slow)
        stage.take(fast)
        stage.send()

        for _ in range(100):  # one takes steps, and the other all there is
            stage.take(slow, 1)
            stage.take(fast)
            if not stage.send():
                break

        assert stage.is_waiting is is_waited_for

    play(scene)


def test_one_that_leaves_is_not_waited_for(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, other = stage.join(), stage.join()
        stage.flood(fast)
        assert stage.is_waiting

        stage.pace.leave(other)

        assert not stage.is_waiting
        assert stage.send()

    play(scene)


@pytest.mark.parametrize(("megabytes_per_second", "most"), [(10, 0.0), (20, STEP_SECONDS / 2)])
def test_one_that_stops_reading_costs_the_others_little_and_only_once(
    play, megabytes_per_second: int, most: float
) -> None:
    async def scene(stage: Stage) -> None:
        reads, stops = stage.join(), stage.join()
        between = BATCH_BYTES / (megabytes_per_second * 1e6)
        ends_at = stage.clock() + SLOW_SECONDS + 10
        pauses = []
        while stage.clock() < ends_at:
            began = stage.clock()
            while not stage.send_one():
                await asyncio.sleep(MOMENT / 20)
            if stage.clock() > began:
                pauses.append(stage.clock() - began)
            stage.take(reads)
            if stage.ring.received < 50 * MIB:
                stage.take(stops)
            await asyncio.sleep(between)

        assert stops.is_off_the_ring
        assert len(pauses) <= 1
        assert sum(pauses) <= most

    play(scene)


def test_when_the_fastest_has_left_the_next_one_paces_the_reader(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, slow = stage.join(), stage.join()
        stage.send()
        stage.take(fast)
        stage.take(slow, most=4)

        stage.pace.leave(fast)
        await asyncio.sleep(2)  # whoever was waited for is waited for no more

        # 2 MiB past four batches of the 2 MiB that are here.
        assert stage.ring.received == 2 * MIB
        assert stage.pace.grant() == 4 * BATCH_BYTES

    play(scene)


def test_when_nobody_is_left_what_was_sent_is_credit_that_is_used_up(play) -> None:
    async def scene(stage: Stage) -> None:
        only = stage.join()
        stage.send()
        stage.take(only)

        stage.pace.leave(only)

        assert stage.pace.grant() == 0

    play(scene)


def test_nothing_is_kept_of_a_slow_one_that_has_left(play) -> None:
    async def scene(stage: Stage) -> None:
        fast, slow = stage.join(), stage.join()
        stage.flood(fast)
        await asyncio.sleep(STEP_SECONDS + MOMENT)
        assert set(stage.pace._slow_until) == {slow}

        stage.pace.leave(slow)

        assert stage.pace._slow_until == {}

    play(scene)
