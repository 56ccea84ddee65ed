"""Viewers come and go in any order, some without a goodbye, and leave nothing behind."""

import asyncio
import json
import random
import time
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.delivery.test_delivery import House
from tests.length import at_length
from tests.plain import Door, PlainViewer, descriptors, resident_bytes, serve, threads
from tests.stack import Running, Stack, Web, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

VIEWERS = at_length(10_000, short=200)
#: Viewers before the first measurement: pools are filled, modules loaded and memory is cut into pieces by then.
WARM_UP = at_length(2_000, short=400)
#: Viewers inside at a time, and the most that the web process may have of them and of those it still says goodbye to.
AT_ONCE = 40
PEAK = 4 * AT_ONCE
LOGS = 12
#: What may be resident more afterwards.
MOST_GROWTH = 0.05
#: Threads, with a connection each, that a pool of fixed size may have started late, however many viewers there were.
LAZY = 4
#: Looks at what is inside before: what lasts is in each of them.
LOOKS = 10
#: Seconds until wants, sessions and the reader that lingers are gone.
LAPSE_SECONDS = 60.0
#: The keys that the package documents; each lapses.
KEYS = {
    *(
        "reader",
        "wants",
        "expiry",
        "changed",
        "version",
        "wake",
        "wakes",
        "waiting",
        "servers",
        "notes",
        "status",
    )
}
#: Those of limits: what the user has read today, and how often they connected in this minute. Nothing that is held.
SPENT = {"users", "spent:bytes:1", "spent:connects:1"}
#: How often some viewers come and go in the test of one process.
ROUNDS = 300


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Stack, Web, Running]]:
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack", logtail={"MAX_VIEWERS_PER_USER": 10_000}, is_forked=False) as stack:
        stack.start_redis()
        worker = stack.start_worker()
        yield stack, stack.start_web(), worker


def come_and_go(stack: Stack, door: Door, count: int, chance: random.Random) -> None:
    """Let so many viewers in, and each out again: by closing, by dying, or by `stop`, many before they are let in."""
    inside: list[PlainViewer] = []
    paths = sorted(stack.logs.iterdir())
    for number in range(count):
        inside.append(door.open(f"log-{chance.randrange(LOGS)}", lines=chance.choice([0, 5, 500])))
        if chance.random() < 0.3:
            with chance.choice(paths).open("ab") as file:
                file.write(b"a line like others\n" * chance.choice([1, 10, 300]))
        serve(inside, lambda: False, 0.0)
        if number % AT_ONCE == 0:
            see_live(inside)
        while len(inside) >= AT_ONCE or (inside and chance.random() < 0.45):
            leave(inside.pop(chance.randrange(len(inside))), chance)
            door.viewers = inside[:]
    see_live(inside)
    for viewer in inside:
        leave(viewer, chance)
    door.viewers.clear()


def see_live(viewers: list[PlainViewer]) -> None:
    """Wait until all are served: the web process is then done with everybody who came before the last of them.

    A busy machine would otherwise let thousands wait at the door, and their memory would be measured.
    """
    assert serve(viewers, lambda: all(viewer.state == "live" for viewer in viewers), 60)


def reach_peak(door: Door) -> None:
    """Come all at once, so that the web process starts every thread and takes all memory it may ever need."""
    door.open("log-0")
    with ThreadPoolExecutor(max_workers=AT_ONCE) as together:
        list(together.map(lambda n: door.open(f"log-{n % LOGS}", lines=500), range(PEAK)))
    see_live(door.viewers)
    for viewer in door.viewers:
        viewer.close()
    door.viewers.clear()


def leave(viewer: PlainViewer, chance: random.Random) -> None:
    match chance.randrange(3):
        case 0:
            viewer.close()
        case 1:
            viewer.kill()
        case _:
            viewer.say({"type": "stop"})
            viewer.socket.close()


def logtail_keys(stack: Stack) -> dict[str, int]:
    """Every key but the broker's, and its time to live in milliseconds; negative: for ever."""
    import redis

    with redis.Redis(port=stack.redis_port, decode_responses=True) as client:
        return {key: client.pttl(key) for key in client.scan_iter() if not key.startswith("dramatiq")}


def is_quiet(stack: Stack, worker: Running) -> bool:
    """No reader, no want, no open log: only what lapses by itself is left."""
    keys = logtail_keys(stack)
    names = {key.rpartition(":")[2] for key in keys}
    is_open = any(path.is_relative_to(stack.logs) for path in worker.open_paths())
    return not is_open and not names & {"reader", "wants", "status"}


def test_viewers_that_came_and_went_leave_nothing_behind(busy: tuple[Stack, Web, Running]) -> None:
    stack, web, worker = busy
    chance = random.Random(7)
    for number in range(LOGS):
        stack.add_log(f"log-{number}", b"a first line\n" * 100)

    with Door(stack, web, stack.make_user("member")) as door:
        for _ in range(2):
            reach_peak(door)
            come_and_go(stack, door, WARM_UP // 2, chance)
        wait_until(lambda: is_quiet(stack, worker), LAPSE_SECONDS, "quiet before")
        found_before = least(inside(web) for _ in range(LOOKS))
        before = {process.name: measure(process) for process in (web, worker)}
        began = time.monotonic()
        come_and_go(stack, door, VIEWERS, chance)
        took = time.monotonic() - began
        wait_until(lambda: is_quiet(stack, worker), LAPSE_SECONDS, "quiet after")
        for process in (web, worker):
            wait_until(
                lambda process=process: is_within(measure(process), before[process.name]),
                LAPSE_SECONDS,
                f"descriptors and threads of {process.name} as before, {before[process.name]}: {measure(process)}",
            )
        found_after = inside(web)
        deadline = time.monotonic() + LAPSE_SECONDS
        while (left := more(found_after, found_before)) and time.monotonic() < deadline:
            found_after = least([found_after, inside(web)])
        assert left == {}
        after = {process.name: measure(process) for process in (web, worker)}
        keys = logtail_keys(stack)

    print(
        f"\n  {VIEWERS} viewers in {took:.0f} s; descriptors, threads, bytes: {before} -> {after}; "
        f"in the web process {found_before}; keys {keys}"
    )
    assert all(left > 0 for left in keys.values()), keys
    assert {key.partition("}:")[2] for key in keys if "{" in key} <= KEYS | SPENT
    for name, (_, _, size) in after.items():
        assert size <= before[name][2] * (1 + MOST_GROWTH), name


def inside(web: Web) -> dict[str, int]:
    """Tasks and objects of ours in the web process, of each kind so many."""
    with urllib.request.urlopen(f"{web.url}/inside/", timeout=20) as answer:
        found = json.load(answer)
        return {"tasks": found["tasks"], **found["objects"]}


def least(looks: Iterable[dict[str, int]]) -> dict[str, int]:
    """What was there in every look: not what a heartbeat or a message makes for a moment."""
    first, *others = looks
    return {kind: min([count, *(look.get(kind, 0) for look in others)]) for kind, count in first.items()}


def more(found: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    """The kinds of which there are more than before, and how many."""
    return {kind: count for kind, count in found.items() if count > before.get(kind, 0)}


def test_what_is_there_for_a_moment_is_not_taken_for_left_behind() -> None:
    beating, at_rest = {"tasks": 9, "Heartbeat": 2, "Message": 1}, {"tasks": 8, "Heartbeat": 1}

    assert least([at_rest, beating]) == {"tasks": 8, "Heartbeat": 1}
    assert least([beating, at_rest]) == {"tasks": 8, "Heartbeat": 1, "Message": 0}
    assert more(least([beating, at_rest]), at_rest) == {}
    assert more(beating, at_rest) == {"tasks": 9, "Heartbeat": 2, "Message": 1}


def measure(process: Running) -> tuple[int, int, int]:
    """Descriptors, threads and resident bytes of a process and its children."""
    pids = process.pids
    return descriptors(pids), threads(pids), resident_bytes(pids)


def is_within(now: tuple[int, int, int], before: tuple[int, int, int]) -> bool:
    return now[0] <= before[0] + LAZY and now[1] <= before[1] + LAZY


async def test_no_task_stays_of_viewers_that_came_and_went(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"a first line\n" * 100)
    house = House(path)
    chance = random.Random(7)
    stays = house.join()
    await stays.until(lambda: stays.bytes)
    before = len(asyncio.all_tasks())

    for _ in range(ROUNDS):
        takers = [house.join(lines=chance.choice([0, 5, 90])) for _ in range(chance.randrange(1, 5))]
        house.append(b"a line like others\n")
        for taker in takers:
            if chance.random() < 0.5:
                await taker.until(lambda taker=taker: taker.place)
            house.relay.feeds.leave(taker.viewer)
    house.append(b"the last one\n")
    await stays.until(lambda: stays.bytes.endswith(b"the last one\n"))
    deadline = asyncio.get_running_loop().time() + 5
    reader, _ = house.readers[0]
    while len(reader.flows) > 1 and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)
    after = len(asyncio.all_tasks())
    flows, feeds = len(reader.flows), len(house.relay.feeds.by_member)
    await house.close()

    assert (after, flows, feeds) == (before, 1, 1)
