"""Why a queue has no reader: what viewers are told, given what workers announce and what the broker says."""

import pytest

from django_logtail.control import Busy, ControlUnavailable, Server
from django_logtail.control.mailboxes import MailboxUnavailable
from django_logtail.tailing.reasons import code_of, in_full, in_short, reason
from tests.relay.test_relay import LEASE, asyncio, now, on_stage

__all__ = ["on_stage"]

NAMED = Server("web-1", 1, True)
PLAIN = Server("web-2", 2, False)


def told(on_stage, *, seconds=3.5, **redis):
    """State and reason of a log that has been watched for so long, and how often Redis was asked for workers."""

    async def scene(stage):
        looked = []
        stage.redis.holder = None
        for name, value in {"where": "redis.example:6379/0", "servers": [], "busy": [], **redis}.items():
            found = (
                value if isinstance(value, str) else lambda queue, value=value: looked.append(queue) or value
            )
            setattr(stage.redis, name, found)
        viewer = stage.join()
        await asyncio.sleep(seconds)
        return viewer.feed.state, viewer.feed.reason, looked

    return on_stage(scene)


def test_without_any_worker_on_this_redis_its_address_is_told(on_stage):
    state, why, looked = told(on_stage)

    assert state == "no-reader"
    assert in_full(why) == "no worker serves queue “q” on the Redis at redis.example:6379/0"
    assert in_short(why) == "no worker is running for this log"
    assert looked == ["q"]


def test_before_three_seconds_nobody_is_asked(on_stage):
    assert told(on_stage, seconds=2.9) == ("waiting", "", [])


def test_it_is_looked_for_every_two_seconds_while_nobody_reads(on_stage):
    once, twice = told(on_stage, seconds=5.0)[2], told(on_stage, seconds=5.8)[2]

    assert (once, twice) == (["q"], ["q", "q"])


def test_a_worker_whose_threads_are_busy_is_told_with_its_tasks_and_since_when_the_log_waits(
    on_stage, monkeypatch
):
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)

    _, why, _ = told(on_stage, servers=[NAMED], busy=[Busy("web-1", 1, 2)])

    assert why == "reason:worker-busy?host=web-1&count=2&since=1799999997"
    assert in_full(why) == (
        "the worker on web-1 is busy with other tasks (2); this log's wake-up has been waiting since 01:59:57"
    )
    assert in_short(why) == "the worker is busy with other tasks; this log has been waiting since 01:59:57"


def test_a_log_that_is_opened_again_waits_since_then(on_stage, monkeypatch):
    async def scene(stage):
        stage.redis.holder, stage.redis.where = None, "redis.example:6379/0"
        stage.redis.servers, stage.redis.busy = lambda queue: [NAMED], lambda queue: [Busy("web-1", 1, 2)]
        monkeypatch.setattr("time.time", lambda: 1_800_000_000.0 + now())
        first = stage.join()
        await asyncio.sleep(30)
        before = first.feed.reason
        stage.relay.feeds.leave(first)
        await asyncio.sleep(30)
        second = stage.join()
        await asyncio.sleep(10)
        return before, second.feed.reason

    before, after = on_stage(scene)

    assert before == "reason:worker-busy?host=web-1&count=2&since=1800000000"
    assert after == "reason:worker-busy?host=web-1&count=2&since=1800000060"


@pytest.mark.parametrize(
    ("servers", "busy", "code"),
    [
        ([NAMED], [], "worker-silent"),
        ([NAMED, PLAIN], [Busy("web-2", 2, 8)], "worker-silent"),
        ([NAMED, Server("web-1", 9, True)], [Busy("web-1", 1, 2)], "worker-busy"),
        ([PLAIN], [Busy("web-2", 2, 8)], "worker-busy"),
        ([], [Busy("web-2", 2, 8)], "no-worker"),
    ],
    ids=[
        "idle",
        "an ordinary one besides a named one",
        "one just ended",
        "an ordinary one",
        "ended while busy",
    ],
)
def test_only_workers_that_would_answer_count(on_stage, servers, busy, code):
    assert code_of(told(on_stage, servers=servers, busy=busy)[1]) == code


def test_tasks_of_several_busy_workers_are_added_up(on_stage):
    busy = [Busy("web-1", 1, 2), Busy("web-1", 9, 3)]

    why = told(on_stage, servers=[NAMED, Server("web-1", 9, True)], busy=busy)[1]

    assert "count=5" in why


def test_a_local_reader_has_no_workers(on_stage):
    assert told(on_stage, where="") == ("no-reader", "", [])


def test_a_broker_that_refuses_the_wake_up_is_told_until_one_is_sent(on_stage):
    async def scene(stage):
        stage.redis.holder, stage.redis.wake, stage.redis.where = None, True, "redis.example:6379/0"
        failures = ["reason:broker-refuses?error=NOPERM"]

        async def wake(queue):
            return failures[0] if failures else None

        stage.relay._wake = wake
        viewer = stage.join()
        await asyncio.sleep(3.5)
        refused = viewer.feed.reason
        failures.clear()
        await asyncio.sleep(1)
        return refused, viewer.feed.reason

    refused, sent = on_stage(scene)

    assert in_full(refused) == (
        "the server can't wake the reader, because the broker's Redis refused a command: NOPERM"
    )
    assert code_of(sent) == "no-worker"


def unheard(on_stage, *, send=None, status=None):
    """The reason that viewers are told while a reader has the lease but nothing of it arrives."""

    async def scene(stage):
        stage.redis.status = lambda queue: status
        if send is not None:

            async def fail(mailbox, message):
                raise send

            stage.mailboxes.send = fail
        viewer = stage.join()
        await asyncio.sleep(3.5)
        unheard = viewer.feed.state, viewer.feed.reason
        await stage.live(1, viewer)
        return *unheard, viewer.feed.state

    return on_stage(scene)


def test_a_reader_that_can_not_send_is_told_with_its_error(on_stage):
    state, why, after = unheard(on_stage, status={"host": "web-1", "unsent": "this user has no permissions"})

    assert (state, after) == ("no-reader", "live")
    assert in_full(why) == "the reader on web-1 can't send what it reads: this user has no permissions"
    assert in_short(why) == "the reader can't send what it reads"


@pytest.mark.parametrize("status", [None, {"host": "web-1", "unsent": ""}])
def test_a_reader_that_can_send_is_told_as_unheard(on_stage, status):
    assert code_of(unheard(on_stage, status=status)[1]) == "unheard"


def test_a_layer_that_refuses_us_is_told_before_what_the_reader_says(on_stage):
    error = MailboxUnavailable("no permissions to access one of the channels", "right", is_answer=True)

    _, why, after = unheard(on_stage, send=error, status={"host": "web-1", "unsent": "other"})

    assert why == reason(
        "channel-layer-refuses", error="no permissions to access one of the channels", trouble="right"
    )
    assert after == "live"


def test_a_redis_that_stores_nothing_any_more_is_told_instead_of_an_unheard_reader(on_stage):
    async def scene(stage):
        def full():
            raise ControlUnavailable("command not allowed.", "full", is_answer=True)

        stage.redis.ping = full
        viewer = stage.join()
        await asyncio.sleep(3.5)
        return viewer.feed.state, viewer.feed.reason

    assert on_stage(scene) == ("no-reader", "reason:redis-refuses?error=command+not+allowed&trouble=full")


def test_redis_that_fails_while_workers_are_looked_for_changes_nothing(on_stage):
    async def scene(stage):
        def fail(queue):
            raise ControlUnavailable("gone")

        stage.redis.holder, stage.redis.where, stage.redis.servers = None, "redis.example:6379/0", fail
        viewer = stage.join()
        await asyncio.sleep(3.5)
        return viewer.feed.state, viewer.feed.reason

    assert on_stage(scene) == ("no-reader", "")


def test_why_there_was_none_is_forgotten_once_a_reader_is_heard(on_stage):
    async def scene(stage):
        stage.redis.holder, stage.redis.where = None, "redis.example:6379/0"
        viewer = stage.join()
        await asyncio.sleep(3.5)
        stage.redis.holder = LEASE
        await stage.live(1, viewer)
        return viewer.feed.state, stage.relay._absences.why("q")

    assert on_stage(scene) == ("live", "")
