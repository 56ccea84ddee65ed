"""One timer that looks after all viewers, on a virtual clock."""

import asyncio

from django_logtail.relay.turns import Turns
from tests.virtual_time import run_virtually


class Stage:
    def __init__(self):
        self.failed = []
        self.turns = Turns(lambda name, error: self.failed.append((name, repr(error))))
        self.times = {}

    def enter(self, name, error=None):
        def look():
            now = asyncio.get_running_loop().time() - 1_000.0
            self.times.setdefault(name, []).append(round(now, 2))
            if error is not None:
                raise error

        self.turns.enter(look)
        return look


def on_stage(scene):
    async def run():
        stage = Stage()
        await scene(stage)
        return stage

    return run_virtually(run())


def test_all_have_their_turn_at_the_same_time_four_times_a_second():
    async def scene(stage):
        stage.enter("first")
        await asyncio.sleep(0.6)
        stage.enter("second")
        await asyncio.sleep(0.5)

    assert on_stage(scene).times == {"first": [0.25, 0.5, 0.75, 1.0], "second": [0.75, 1.0]}


def test_who_has_left_has_no_turn_and_when_all_have_there_is_none():
    async def scene(stage):
        first, second = stage.enter("first"), stage.enter("second")
        await asyncio.sleep(0.3)
        stage.turns.exit(first)
        await asyncio.sleep(0.3)
        stage.turns.exit(second)
        await asyncio.sleep(5.0)
        stage.enter("third")
        await asyncio.sleep(0.3)

    assert on_stage(scene).times == {"first": [0.25], "second": [0.25, 0.5], "third": [5.85]}


def test_without_viewers_no_timer_is_left():
    async def run():
        turns = Turns(lambda name, error: None)
        turns.enter(print)
        turns.exit(print)
        return [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]

    assert run_virtually(run()) == []


def test_what_one_raises_is_reported_and_costs_the_others_nothing():
    async def scene(stage):
        stage.enter("bad", ValueError("a bug"))
        stage.enter("good")
        await asyncio.sleep(0.6)

    stage = on_stage(scene)

    assert stage.times == {"bad": [0.25, 0.5], "good": [0.25, 0.5]}
    assert stage.failed == [("looking after a viewer", "ValueError('a bug')")] * 2
