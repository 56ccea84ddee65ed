"""Others overwrite a queue's keys in Redis with junk: no call fails because of it, and none of it lasts."""

import pytest
import redis

from django_logtail.control import Busy, ControlUnavailable, Note, ReaderLease, Seen, Server, ViewerFacts
from django_logtail.control.connection import _with_timeouts, redis_client
from django_logtail.control.in_redis import RedisControl
from django_logtail.control.wants import Want
from tests.control.test_control import server  # noqa: F401 - a fixture

WANT = Want("p1", "7", "", "mailbox", 1, 1000, lines=500)
PREFIX = "logtail:shop:{q}:"
KEYS = {
    "reader": "string",
    "wants": "hash",
    "expiry": "zset",
    "changed": "zset",
    "version": "hash",
    "wake": "string",
    "wakes": "string",
    "waiting": "string",
    "servers": "zset",
    "busy": "zset",
    "stop": "hash",
    "notes": "list",
    "status": "string",
}
OTHERS = {
    "logtail:shop:viewers": "set",
    "logtail:shop:viewers:web": "string",
    "logtail:projects": "zset",
    "logtail:shop:bell": "stream",
}
ALL = {PREFIX + name: kind for name, kind in KEYS.items()} | OTHERS


@pytest.fixture(autouse=True)
def namespace(settings):
    settings.LOGTAIL = {"NAMESPACE": "shop"}


def alter(client, key, kind):
    """Another last byte, and something that is not UTF-8 beside what is there."""
    if kind == "string":
        client.set(key, b"{junk\xff")
    elif kind == "hash":
        for name, value in client.hgetall(key).items():
            client.hset(key, name, value[:-1] + b"\x01")
        client.hset(key, b"zz", b"\xff\x00junk")
    elif kind == "zset":
        client.zadd(key, {b"junk\xff": 1.7e9, b"more\xff": 1e300})
    elif kind == "list":
        client.rpush(key, b"\xff\x00junk")
    elif kind == "stream":  # no entry can follow this one
        client.xadd(key, {b"\xff": b"\xff"}, id=f"{2**64 - 1}-{2**64 - 1}")
    else:
        client.sadd(key, b"junk\xff")


def retype(client, key, kind):
    client.delete(key)
    if kind == "list":
        client.set(key, b"\xff")
    else:
        client.rpush(key, b"\xff")


def shrink(client, key, kind):
    """A count that went back, or an answer that no reader could have left."""
    if kind == "hash":
        client.hset(key, mapping={"n": "0"})
    elif kind == "string":
        client.set(key, b"-7")
    else:
        alter(client, key, kind)


def empty(client, key, kind):
    if kind == "string":
        client.set(key, b"")
    elif kind == "hash":
        client.hset(key, mapping=dict.fromkeys(client.hkeys(key), b"") or {"": b""})
    else:
        alter(client, key, kind)


def use_all(control, lease, seen):
    """Everything that processes ask; the tick's answer."""
    control.post("q", [WANT], [], [])
    tick = control.tick("q", lease, seen, may_end=False, starting=False)
    control.status("q"), control.reader("q"), control.stops("q"), control.waiting("q"), control.wanted("q")
    control.viewers(), control.ignored(), control.failures(), control.introduce(), control.servers("q")
    control.busy("q")
    control.set_stop("q", "9", "a reason")
    control.clear_stop("q", "9")
    control.add_note("q", Note("7", "a text", "info", 5.0))
    control.report("q", {"host": "h"})
    control.report_viewers("web", [ViewerFacts("s", "1", "7", 5.0, "::1")])
    control.serve("q", Server("h", 5, True))
    control.say_busy("q", Busy("h", 5, 2))
    control.set_waiting("q", "name")
    control.ring("q")
    assert control.heard("1-0", 0.01)[1] >= {"q"}
    return tick


@pytest.mark.parametrize("spoil", [alter, retype, shrink, empty])
@pytest.mark.parametrize("spoilt", [*ALL, "all"])
def test_junk_in_a_key_makes_no_call_fail_and_does_not_last(server, spoil, spoilt):  # noqa: F811
    server.flushall()
    control, lease = RedisControl(server), ReaderLease.new()
    seen = use_all(control, lease, Seen()).seen
    control.set_stop("q", "8", "kept")
    for key in ALL if spoilt == "all" else [spoilt]:
        spoil(server, key, ALL[key])

    control.post("q", [], [WANT.member], [])
    use_all(control, lease, seen)
    # A lease that was overwritten is free again, and the reader, or the next one, has everything that is wanted.
    first = use_all(control, lease, Seen())
    again = use_all(control, lease, first.seen)

    assert first.holds
    assert first.changed[WANT.member] == WANT
    assert again.changed == {WANT.member: WANT}
    assert [note.text for note in again.notes] == ["a text"]
    assert control.status("q")["host"] == "h"
    assert control.reader("q") == lease
    assert control.waiting("q") == "name"
    assert [viewer.log for viewer in control.viewers()] == ["7"]
    assert Server("h", 5, True) in control.servers("q")
    assert Busy("h", 5, 2) in control.busy("q")
    assert control.wanted("q") == {"7"}


def test_a_want_that_was_altered_is_posted_again(server):  # noqa: F811
    server.flushall()
    control, lease = RedisControl(server), ReaderLease.new()
    control.post("q", [WANT], [], [])
    server.hset(PREFIX + "wants", WANT.member, b"\xff")

    tick = control.tick("q", lease, Seen(), may_end=False, starting=True)
    posted = control.post("q", [], [WANT.member], [])

    assert tick.changed == {"p1|7|": None}
    assert posted.missing == ("p1|7|",)


@pytest.mark.parametrize("name", ["reader", "wake"])
def test_junk_that_never_lapses_keeps_no_reader_away(server, name):  # noqa: F811
    server.flushall()
    server.set(PREFIX + name, b"{junk")

    assert RedisControl(server).post("q", [WANT], [], []).wake


@pytest.mark.parametrize(("name", "text", "most"), [("reader", b"abc|{}", 10_000), ("wake", b"1", 30_000)])
def test_a_lease_without_an_end_is_given_one(server, name, text, most):  # noqa: F811
    server.flushall()
    server.set(PREFIX + name, text)

    RedisControl(server).post("q", [WANT], [], [])

    assert 0 < server.pttl(PREFIX + name) <= most


def test_a_reader_ends_although_somebody_left_junk_among_the_wants(server):  # noqa: F811
    server.flushall()
    control, lease = RedisControl(server), ReaderLease.new()
    control.tick("q", lease, Seen(), may_end=False, starting=True)
    server.hset(PREFIX + "wants", b"zz\xff", b"junk")

    assert control.tick("q", lease, Seen(), may_end=True, starting=False).ended


def test_a_count_of_changes_that_went_back_hides_no_want(server):  # noqa: F811
    server.flushall()
    control, lease = RedisControl(server), ReaderLease.new()
    control.post("q", [WANT, Want("p1", "8", "", "mailbox", 1, 1000)], [], [])
    seen = control.tick("q", lease, Seen(), may_end=False, starting=True).seen
    server.hset(PREFIX + "version", "n", "0")
    control.post("q", [WANT], [], [])

    assert WANT.member in control.tick("q", lease, seen, may_end=False, starting=False).changed


def test_what_is_no_text_is_read_whatever_the_url_or_the_broker_says_of_replies(server, settings):  # noqa: F811
    server.flushall()
    server.hset(PREFIX + "stop", "7", b"why \xff")
    port = server.connection_pool.connection_kwargs["port"]
    url = f"redis://localhost:{port}?decode_responses=1"
    settings.LOGTAIL = {"NAMESPACE": "shop", "REDIS_URL": url}

    with redis_client() as by_url, _with_timeouts(redis.Redis.from_url(url)) as by_broker:
        assert RedisControl(by_url).stops("q") == {"7": "why \ufffd"}
        assert RedisControl(by_broker).stops("q") == {"7": "why \ufffd"}


def test_an_error_that_redis_answers_is_no_redis_out_of_reach(server):  # noqa: F811
    control = RedisControl(server)
    control._tick = server.register_script("return redis.error_reply('ERR no')")

    with pytest.raises(ControlUnavailable, match=r"^no$") as answered:
        control.tick("q", ReaderLease.new(), Seen(), may_end=False, starting=True)
    with pytest.raises(ControlUnavailable) as silent:
        RedisControl(redis.Redis(port=1)).status("q")

    assert (answered.value.is_answer, silent.value.is_answer) == (True, False)
