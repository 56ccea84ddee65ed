"""The files of flows: when they are reopened, kept and closed; with fake followers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from django_logtail.control import messages
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader.files import Files
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.limits import Limits
from django_logtail.reader.seals import Seals
from django_logtail.redaction.rules import RuleFailed
from django_logtail.tailing.events import Batch
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


def test_a_rule_that_fails_is_named_in_the_log_of_the_reader(scene: Scene) -> None:
    scene.files.fail(scene.flow(), RuleFailed("till", "it raised ValueError"))

    assert scene.parts.failures == [("log 1, rule till", "it raised ValueError")]


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


class Threads:
    """Polls in threads, which return at once; what they are asked is kept."""

    def __init__(self, items: list[Any], meanwhile: Any = None) -> None:
        self.items, self.meanwhile = items, meanwhile
        self.asked: list[tuple[Any, float, int]] = []

    async def poll(self, follower: Any, now: float, max_bytes: int, say_stalled: Any) -> list[Any]:
        self.asked.append((follower, now, max_bytes))
        if self.meanwhile is not None:
            self.meanwhile(say_stalled)
        return self.items

    def close(self) -> None:
        pass


def look(scene: Scene, flow: Flow, follower: Follower, meanwhile: Any = None) -> Threads:
    """What happens when a poll in a thread returns one batch."""
    threads = Threads([Batch(Place("a", 9), b"x\n")], meanwhile)
    scene.files._poll_threads = threads  # type: ignore[assignment]
    run_virtually(scene.files._look_in_thread_or_fail(flow, follower))  # type: ignore[arg-type]
    return threads


@pytest.fixture
def followers(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What the set of those that are watched is told."""
    told: list[tuple[str, object]] = []
    for name in ("add", "polled", "remove"):
        monkeypatch.setattr(
            scene.files.followers, name, lambda key, *more, name=name: told.append((name, key))
        )
    return told


def test_the_first_look_has_a_file_watched_and_further_ones_say_that_it_was_polled(
    scene: Scene, followers: list[tuple[str, object]]
) -> None:
    follower = Follower()
    flow = scene.flow(follower)
    flow.is_watched = False

    threads = look(scene, flow, follower)
    look(scene, flow, follower)

    assert threads.asked == [(follower, 0.0, 256 * 1024)]
    assert followers == [("add", "p|1|"), ("polled", "p|1|")]
    assert [item.data for item in flow.outbox if isinstance(item, messages.Batch)] == [b"x\n"] * 2
    assert (flow.is_watched, list(scene.flows.ready), flow.beats) == (True, ["p|1|"], 4)


@pytest.mark.parametrize(
    ("trouble", "left", "beats"),
    [(("stalled", "why"), None, 4), (("stopped", "why"), ("stopped", "why"), 0), (None, None, 0)],
)
def test_a_file_system_that_responds_again_is_no_trouble_any_more(
    scene: Scene,
    followers: list[tuple[str, object]],
    trouble: tuple[str, str] | None,
    left: tuple[str, str] | None,
    beats: int,
) -> None:
    follower = Follower()
    flow = scene.flow(follower)
    flow.trouble = trouble
    threads = Threads([])
    scene.files._poll_threads = threads  # type: ignore[assignment]

    run_virtually(scene.files._look_in_thread_or_fail(flow, follower))  # type: ignore[arg-type]

    assert (flow.trouble, flow.beats) == (left, beats)


@pytest.mark.parametrize(
    ("is_there", "trouble"), [(True, "reason:silent-file-system?seconds=5"), (False, None)]
)
def test_a_file_that_does_not_respond_is_said_unless_it_was_closed(
    scene: Scene, followers: list[tuple[str, object]], is_there: bool, trouble: str | None
) -> None:
    follower = Follower()
    flow = scene.flow(follower if is_there else None)
    seen: list[Any] = []

    def meanwhile(say_stalled: Any) -> None:
        say_stalled(5.0)
        seen.append((flow.trouble, flow.beats))

    look(scene, flow, follower, meanwhile)

    assert seen == [(("stalled", trouble), 4) if trouble else (None, 0)]


def test_what_was_closed_while_a_thread_read_it_is_closed_then_and_shows_nothing(
    scene: Scene, followers: list[tuple[str, object]]
) -> None:
    follower = Follower()
    flow = scene.flow(Follower())

    look(scene, flow, follower)

    assert (follower.closed, len(flow.outbox), followers) == (1, 0, [])


@pytest.mark.parametrize("rewinds", [True, False])
def test_a_want_that_changed_while_a_thread_read_begins_at_its_place_and_not_with_what_was_read(
    scene: Scene, followers: list[tuple[str, object]], rewinds: bool
) -> None:
    follower = Follower(rewinds=rewinds)
    flow = scene.flow(follower, position=Place(Seals("1").seal("a"), 5))
    flow.must_rewind = True

    look(scene, flow, follower)

    assert (flow.must_rewind, len(flow.outbox)) == (False, 0)
    assert follower.rewound_to == [(HERE, {})]
    assert followers == ([("polled", "p|1|")] if rewinds else [("remove", "p|1|")])
    assert scene.parts.begun == ([] if rewinds else ["opening log 1"])


def test_a_look_that_fails_is_the_trouble_of_its_log_unless_that_was_closed(
    scene: Scene, followers: list[tuple[str, object]]
) -> None:
    follower = Follower()
    flow = scene.flow(follower)

    look(scene, flow, follower, lambda say_stalled: 1 / 0)
    failed = flow.trouble, flow.poll_task
    flow.trouble = None
    look(scene, flow, Follower(), lambda say_stalled: 1 / 0)

    assert failed == (("unreadable", "reason:log-failed?error=ZeroDivisionError"), None)
    assert flow.trouble is None
    assert scene.parts.failures == [("log 1", "division by zero")] * 2
