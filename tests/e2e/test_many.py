"""Many viewers, and as many logs, on one worker process with two threads: a thousand in `make check-long`."""

import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.length import at_length
from tests.plain import Door, PlainViewer, cpu_seconds, resident_bytes, serve
from tests.stack import Running, Stack, Web, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

VIEWERS = at_length(1_000, short=200)
#: In one run they share logs, in the other each has its own.
FEWER_LOGS = VIEWERS // 10
MIB = 1024 * 1024
#: Seconds over which idle CPU is measured, and before, until the last beats of a start are over.
IDLE_SECONDS = at_length(8.0, short=0.5)
SETTLE_SECONDS = at_length(3.0, short=0.0)
#: Descriptors that both ends of so many sockets need in one process or another.
DESCRIPTORS = 4_096


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Web, Running]]:
    if not has_redis():
        absent("a redis-server")
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    if old[1] != resource.RLIM_INFINITY and old[1] < DESCRIPTORS:
        pytest.skip(f"{DESCRIPTORS} descriptors are not allowed here")
    if old[0] != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(old[0], DESCRIPTORS), old[1]))
    limits = {"MAX_VIEWERS_PER_USER": 10_000}
    with Stack(tmp_path_factory.mktemp("crowd") / "stack", logtail=limits, is_forked=False) as stack:
        stack.start_redis()
        worker = stack.start_worker()
        web = stack.start_web()
        print(f"\n  the worker before it reads anything: {idle_share(worker):.1%} CPU")
        yield stack, web, worker
    resource.setrlimit(resource.RLIMIT_NOFILE, old)


def idle_share(worker: Running, viewers: Sequence[PlainViewer] = ()) -> float:
    """The worker's share of one processor while nothing is written."""
    used, began = cpu_seconds(worker.pids), time.monotonic()
    serve(viewers, lambda: False, IDLE_SECONDS)
    return (cpu_seconds(worker.pids) - used) / (time.monotonic() - began)


@pytest.mark.parametrize("count", at_length([FEWER_LOGS, VIEWERS], short=[VIEWERS]))
def test_many_viewers_are_live_and_each_gets_its_line(
    crowd: tuple[Stack, Web, Running], count: int, tmp_path: Path
) -> None:
    stack, web, worker = crowd
    paths = [stack.add_log(f"log-{number}") for number in range(count)]

    with Door(stack, web, stack.make_user(f"member-{count}")) as door:
        for number in range(VIEWERS):
            door.open(f"log-{number % count}")
            if number % 50 == 49:
                serve(door.viewers, lambda: False, 0.05)
        viewers = door.viewers
        assert serve(viewers, lambda: all(viewer.state == "live" for viewer in viewers), 60)
        serve(viewers, lambda: False, SETTLE_SECONDS)
        share = idle_share(worker, viewers)
        print(
            f"\n  {VIEWERS} viewers on {count} logs, idle: reader {share:.1%} CPU, "
            f"{resident_bytes(worker.pids) / MIB:.0f} MiB; web {resident_bytes(web.pids) / MIB:.0f} MiB"
        )
        written_at = time.monotonic()
        for number, path in enumerate(paths):
            path.write_bytes(f"line of log-{number}\n".encode())
        assert serve(viewers, lambda: all(viewer.text for viewer in viewers), 60)
        print(f"  every viewer had its line after {time.monotonic() - written_at:.2f} s")
        stack.call("send", "touch_file", str(tmp_path / "sign"))
        wait_until((tmp_path / "sign").exists, 20, "the host's own actor")
        assert not any(viewer.is_closed for viewer in viewers)

    stack.remove_logs()
    assert [bytes(viewer.text).decode() for viewer in viewers] == [
        f"line of log-{number % count}\n" for number in range(VIEWERS)
    ]
