"""The files of flows: when they are reopened, kept and closed; with fake followers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader.files import Files
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.limits import Limits
from django_logtail.reader.seals import Seals
from django_logtail.timing import TokenBucket
from tests.virtual_time import run_virtually

HERE = Place("a", 5)


class Follower:
    def __init__(self, *, rewinds: bool = True) -> None:
        self.rewinds = rewinds
        self.rewound_to: list[tuple[Place, dict[str, int]]] = []
        self.closed = 0
        self.position = Place("a", 9)
        self.state, self.reason, self.size = "live", None, 9

    def rewind(self, place: Place, late: dict[str, int]) -> bool:
        self.rewound_to.append((place, late))
        return self.rewinds

    def close(self) -> None:
        self.closed += 1

    def descriptors(self) -> list[int]:
        return []


class Sources:
    """The registry, with one stop flag."""

    def __init__(self) -> None:
        self.stopped: str | None = None

    def stop_reason(self, log: str) -> str | None:
        return self.stopped


class Parts:
    """Tasks that are begun, by name, and errors that are told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.failures: list[tuple[str, str]] = []

    def start_task(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Future[None]:
        self.begun.append(name)
        work.close()
        return asyncio.get_running_loop().create_future()

    def failed(self, name: str, error: Exception) -> None:
        self.failures.append((name, str(error)))


class Scene:
    def __init__(self) -> None:
        self.flows, self.sources, self.parts = Flows("token"), Sources(), Parts()
        self.files = Files(
            self.flows,
            self.sources,  # type: ignore[arg-type]
            self.parts,  # type: ignore[arg-type]
            permit=lambda descriptor: None,
            limits=Limits(),
            budget=TokenBucket(10**9, 0.0),
            clock=lambda: 0.0,
        )

    def flow(self, follower: Follower | None = None, **more: Any) -> Flow:
        flow = self.flows.begin(Want("p", "1", "", "box", 1, 2**20, **more))
        flow.follower = follower  # type: ignore[assignment]
        flow.is_watched = follower is not None
        flow.beats = 0
        self.flows.moving.clear()
        return flow


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.files.close()


def in_loop(act: Any) -> Any:
    async def go() -> Any:
        return act()

    return run_virtually(go())


def test_a_follower_that_can_go_back_stays_open(scene: Scene) -> None:
    follower = Follower()
    flow = scene.flow(follower, position=Place(Seals("1").seal("a"), 5), late={Seals("1").seal("b"): 7})

    is_there = in_loop(lambda: scene.files.rewind(flow, follower))  # type: ignore[arg-type]

    assert is_there is True
    assert follower.rewound_to == [(HERE, {"b": 7})]
    assert (follower.closed, scene.parts.begun, flow.follower) == (0, [], follower)


@pytest.mark.parametrize("has_position", [True, False])
def test_one_that_cannot_go_back_is_opened_again_at_the_place_of_the_want(
    scene: Scene, has_position: bool
) -> None:
    follower = Follower(rewinds=False)
    flow = scene.flow(follower, position=Place(Seals("1").seal("a"), 5) if has_position else None)

    is_there = in_loop(lambda: scene.files.rewind(flow, follower))  # type: ignore[arg-type]

    assert is_there is False
    assert (follower.closed, flow.follower, flow.stands_at, flow.is_watched) == (1, None, None, False)
    assert (scene.parts.begun, flow.is_opening) == (["opening log 1"], True)


def test_a_file_that_is_closed_is_reopened_where_it_stood(scene: Scene) -> None:
    follower = Follower()
    flow = scene.flow(follower)

    scene.files.close_file(flow)
    scene.files.close_file(flow)

    assert (follower.closed, flow.follower, flow.is_watched, flow.stands_at) == (
        1,
        None,
        False,
        Place("a", 9),
    )


def test_what_a_thread_reads_is_closed_by_the_thread(scene: Scene) -> None:
    follower = Follower()
    flow = scene.flow(follower)

    def act() -> None:
        flow.poll_task = asyncio.get_running_loop().create_future()  # type: ignore[assignment]
        scene.files.close_file(flow)

    in_loop(act)

    assert (follower.closed, flow.follower) == (0, None)


@pytest.mark.parametrize(("state", "begun"), [("", 1), ("opening", 0), ("stopped", 0)])
def test_a_log_is_opened_once_and_not_while_it_is_stopped(scene: Scene, state: str, begun: int) -> None:
    flow = scene.flow()
    flow.is_opening = state == "opening"
    flow.trouble = ("stopped", "why") if state == "stopped" else None

    in_loop(lambda: scene.files.open_soon(flow))

    assert len(scene.parts.begun) == begun


def test_the_stop_flag_closes_a_file_and_opens_it_again_and_both_are_told(scene: Scene) -> None:
    follower = Follower()
    flow = scene.flow(follower)

    scene.sources.stopped = "reason:stopped"
    in_loop(lambda: scene.files.obey_stop(flow))
    stopped = flow.trouble, follower.closed, flow.beats, list(scene.parts.begun)
    flow.beats = 0
    scene.sources.stopped = None
    in_loop(lambda: scene.files.obey_stop(flow))

    assert stopped == (("stopped", "reason:stopped"), 1, 4, [])
    assert (flow.trouble, flow.beats, scene.parts.begun) == (None, 4, ["opening log 1"])


def test_without_the_stop_flag_a_file_stays_as_it_is(scene: Scene) -> None:
    follower = Follower()
    flow = scene.flow(follower)
    flow.trouble = ("stalled", "why")

    in_loop(lambda: scene.files.obey_stop(flow))

    assert (flow.trouble, follower.closed, flow.beats, scene.parts.begun) == (("stalled", "why"), 0, 0, [])


def test_a_log_that_failed_says_so_sends_nothing_more_and_is_closed(scene: Scene) -> None:
    follower = Follower()
    flow = scene.flow(follower)
    flow.is_opening = True
    flow.put_note("hi", "info", 1.0)

    scene.files.fail(flow, ValueError("boom"))

    assert flow.state == ("unreadable", "reason:log-failed?error=ValueError")
    assert (flow.is_opening, flow.has_failed, len(flow.outbox), flow.beats) == (False, True, 0, 4)
    assert (follower.closed, flow.follower) == (1, None)
    assert scene.parts.failures == [("log 1", "boom")]


def test_a_log_that_fails_after_it_was_dropped_is_named_no_more(scene: Scene) -> None:
    flow = scene.flow()
    scene.flows.drop(flow.member)

    scene.files.fail(flow, ValueError("boom"))

    assert list(scene.flows.moving) == []


def test_a_file_that_cannot_even_be_closed_is_let_go(scene: Scene) -> None:
    follower = Follower()
    flow = scene.flow(follower)
    follower.close = lambda: 1 / 0  # type: ignore[assignment, method-assign, return-value]

    scene.files.fail(flow, ValueError("boom"))

    assert (flow.follower, flow.is_watched) == (None, False)
    assert scene.parts.failures == [("log 1", "boom"), ("closing log 1", "division by zero")]
