"""Wants, leases and the stop flag: the same rules in Redis and in memory."""

import subprocess
from dataclasses import replace
from threading import Thread

import pytest
import redis

from django_logtail.control import Busy, ControlUnavailable, Note, ReaderLease, Seen, ViewerFacts
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.in_redis import RedisControl
from django_logtail.control.keys import key
from django_logtail.control.messages import read_want, want_text
from django_logtail.control.wants import WANT_LEASE_MS, Want
from django_logtail.control.wire import VERSION, Ignored
from django_logtail.place import Place
from django_logtail.timing import failures
from example_project.demo.redis_server import redis_command
from tests.ports import free_port
from tests.stack import is_listening, wait_until

WANT = Want("p1", "7", "", "mailbox", 1, 1000, lines=500)


@pytest.fixture(autouse=True)
def namespace(settings):
    settings.LOGTAIL = {"NAMESPACE": "shop"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port = free_port()
    process = subprocess.Popen(
        redis_command(port, tmp_path_factory.mktemp("redis")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: is_listening(port), what="Redis")
    client = redis.Redis(port=port)
    yield client
    client.close()
    process.kill()
    process.wait()


class OnRedis:
    def __init__(self, client):
        self.client = client
        client.flushall()
        self.control = RedisControl(client)

    def lapse(self, name, milliseconds):
        """Let time pass for one kind of lease: Redis' clock can't be set, its expiries can."""
        if name == "wants":
            for member in self.client.zrange(key("q", "expiry"), 0, -1):
                self.client.zincrby(key("q", "expiry"), -milliseconds, member)
        else:
            left = self.client.pttl(key("q", name))
            if left > milliseconds:
                self.client.pexpire(key("q", name), left - milliseconds)
            elif left > 0:
                self.client.delete(key("q", name))


class InMemory:
    def __init__(self, _):
        self.now = 1000.0
        self.control = MemoryControl(lambda: self.now)

    def lapse(self, name, milliseconds):
        self.now += milliseconds / 1000


@pytest.fixture(params=[OnRedis, InMemory])
def place(request, server):
    return request.param(server)


@pytest.fixture
def control(place):
    return place.control


@pytest.fixture
def lease():
    return ReaderLease.new()


def tick(control, lease, seen=Seen(), may_end=False, starting=False):  # noqa: B008
    return control.tick("q", lease, seen, may_end=may_end, starting=starting)


def test_the_first_want_asks_for_one_wake_up_only(control):
    first = control.post("q", [WANT], [], [])
    second = control.post("q", [replace(WANT, process="p2")], [], [])

    assert (first.reader, first.wake) == (None, True)
    assert (second.reader, second.wake) == (None, False)


def test_a_wake_up_that_nobody_answers_is_repeated(place, control):
    control.post("q", [WANT], [], [])
    place.lapse("wake", 2_500)

    assert control.post("q", [], [WANT.member], []).wake


def test_nothing_wanted_wakes_nobody(control):
    assert not control.post("q", [], [], [WANT.member]).wake


def test_a_reader_gets_every_want_first_and_then_what_changed(control, lease):
    control.post("q", [WANT], [], [])
    first = tick(control, lease, starting=True)
    more = replace(WANT, process="p2", position=Place("f", 12), taken=5)
    control.post("q", [more], [], [])
    second = tick(control, lease, first.seen)
    third = tick(control, lease, second.seen)

    assert first.holds
    assert first.is_full
    assert first.changed == {WANT.member: WANT}
    assert not second.is_full
    assert second.changed == {more.member: more}
    assert third.changed == {}


def test_a_dropped_want_is_told_as_none(control, lease):
    control.post("q", [WANT], [], [])
    seen = tick(control, lease).seen
    control.post("q", [], [], [WANT.member])

    assert tick(control, lease, seen).changed == {WANT.member: None}


def test_a_want_lapses_unless_it_is_renewed(place, control, lease):
    other = replace(WANT, process="p2")
    control.post("q", [WANT, other], [], [])
    seen = tick(control, lease).seen
    place.lapse("wants", WANT_LEASE_MS - 1_000)
    control.post("q", [], [WANT.member], [])
    place.lapse("wants", 2_000)

    assert tick(control, lease, seen).changed == {other.member: None}


def test_renewing_a_want_that_is_gone_says_so(control):
    assert control.post("q", [], [WANT.member], []).missing == (WANT.member,)


def test_a_second_reader_is_turned_away_with_who_reads(control, lease):
    tick(control, lease)

    found = tick(control, ReaderLease.new())

    assert not found.holds
    assert found.holder == lease


def test_the_reader_is_known_to_speak_as_this_process_does(control, lease):
    """Otherwise viewers are told that their reader is older."""
    tick(control, lease)

    reader = control.post("q", [WANT], [], []).reader

    assert reader is not None
    assert (reader.token, reader.speaks) == (lease.token, VERSION)


def test_a_lease_that_lapsed_is_free_for_the_next_reader(place, control, lease):
    tick(control, lease)
    other = ReaderLease.new()
    place.lapse("reader", 2_200)
    assert not tick(control, other).holds
    place.lapse("reader", 400)

    assert tick(control, other).holds
    assert tick(control, lease).holder == other


def test_a_reader_ends_only_when_nothing_is_wanted(control, lease):
    control.post("q", [WANT], [], [])
    kept = tick(control, lease, may_end=True, starting=True)
    control.post("q", [], [], [WANT.member])
    ended = tick(control, lease, kept.seen, may_end=True)

    assert kept.holds
    assert ended.ended
    assert control.reader("q") is None
    assert control.post("q", [WANT], [], []).wake


def test_a_hand_over_frees_the_lease_and_counts_what_waits(control, lease):
    control.post("q", [WANT], [], [])
    tick(control, lease, starting=True)

    assert control.hand_over("q", ReaderLease.new()) == 0
    assert control.hand_over("q", lease) == 1
    assert control.reader("q") is None


def test_the_stop_flag_reaches_the_reader_until_it_is_cleared(control, lease):
    control.set_stop("q", "7", "maintenance")
    stopped = tick(control, lease)
    cleared = control.clear_stop("q", "7")
    after = tick(control, lease, stopped.seen)

    assert stopped.stops == {"7": "maintenance"}
    assert cleared
    assert after.stops == {}
    assert not control.clear_stop("q", "7")


def test_what_a_reader_reports_can_be_read(control, lease):
    tick(control, lease)
    control.report("q", {"host": "web-2"})

    assert control.status("q")["host"] == "web-2"
    assert control.status("other") is None


def test_viewers_are_listed_until_their_process_has_none(control):
    viewer = ViewerFacts("s", "1", "7", 12.5, "10.0.0.1")
    control.report_viewers("p1", [viewer])
    control.report_viewers("p2", [viewer])
    both = control.viewers()
    control.report_viewers("p1", [])

    assert both == [viewer, viewer]
    assert control.viewers() == [viewer]


def test_queues_do_not_see_each_other(control, lease):
    control.post("q", [WANT], [], [])

    assert control.tick("r", lease, Seen(), may_end=False, starting=True).changed == {}


@pytest.mark.parametrize(("milliseconds", "is_wanted"), [(14_000, True), (15_500, False)])
def test_a_want_lasts_for_15_s_and_renewing_it_is_no_change(place, control, lease, milliseconds, is_wanted):
    control.post("q", [WANT], [], [])
    seen = tick(control, lease).seen
    control.post("q", [], [WANT.member], [])

    place.lapse("wants", milliseconds)
    found = tick(control, lease, seen)

    assert found.changed == ({} if is_wanted else {WANT.member: None})
    assert control.wanted("q") == ({"7"} if is_wanted else set())


def test_a_wake_up_is_repeated_after_2_s_and_not_before(place, control):
    control.post("q", [WANT], [], [])
    place.lapse("wake", 1_000)
    early = control.post("q", [], [WANT.member], []).wake
    place.lapse("wake", 1_100)

    assert not early
    assert control.post("q", [], [WANT.member], []).wake


def test_while_somebody_reads_nobody_is_woken_and_whoever_reads_is_named(control, lease):
    tick(control, lease, starting=True)

    posted = control.post("q", [WANT], [], [])

    assert posted.reader is not None
    assert (posted.reader.token, posted.wake, posted.missing) == (lease.token, False, ())


def test_a_note_is_given_to_the_reader_of_its_queue_once(control, lease):
    note = Note("7", "deploy", "info", 1.5)
    control.add_note("q", note)
    other = control.tick("other", ReaderLease.new(), Seen(), may_end=False, starting=True)

    first, second = tick(control, lease), tick(control, lease)

    assert (other.notes, first.notes, second.notes) == ((), (note,), ())


def test_the_last_hundred_notes_wait_for_a_reader_in_their_order(control, lease):
    for number in range(101):
        control.add_note("q", Note("*", str(number), "info", 1.0))

    assert [note.text for note in tick(control, lease).notes] == [str(number) for number in range(1, 101)]


def test_stop_flags_are_listed_by_queue_and_cleared_one_by_one(control):
    control.set_stop("q", "7", "one")
    control.set_stop("q", "*", "all")
    control.set_stop("other", "7", "theirs")
    control.clear_stop("q", "7")

    assert (control.stops("q"), control.stops("other")) == ({"*": "all"}, {"7": "theirs"})


def test_what_was_dropped_twice_is_told_once(control, lease):
    control.post("q", [WANT], [], [])
    control.post("q", [], [], [WANT.member])
    seen = tick(control, lease).seen
    control.post("q", [], [], [WANT.member])

    assert tick(control, lease, seen).changed == {}


def test_a_reader_that_begins_is_told_all_whatever_others_had_seen(control, lease):
    control.post("q", [WANT], [], [])
    seen = tick(control, lease).seen
    control.hand_over("q", lease)
    control.post("q", [], [], [WANT.member])
    other = replace(WANT, process="p2")
    control.post("q", [other], [], [])

    found = tick(control, ReaderLease.new())

    assert (found.is_full, found.changed) == (True, {other.member: other})
    assert seen.version != found.seen.version


@pytest.mark.redis
def test_a_reader_notices_that_redis_lost_its_data(server, lease):
    control = OnRedis(server).control
    control.post("q", [WANT, replace(WANT, process="p2")], [], [])
    seen = tick(control, lease).seen
    server.flushall()
    control.post("q", [WANT], [], [])

    found = tick(control, lease, seen)

    assert found.is_full
    assert found.changed == {WANT.member: WANT}


@pytest.mark.redis
def test_every_key_but_the_stop_flag_lapses(server, lease):
    control = OnRedis(server).control
    control.post("q", [WANT], [], [])
    control.post("q", [], [], [WANT.member])
    control.post("q", [WANT], [], [])
    tick(control, lease)
    control.report("q", {})
    control.report_viewers("p", [ViewerFacts("s", "1", "7", 12.5, "")])
    control.add_note("q", Note("*", "deploy", "info", 1.0))
    control.set_stop("q", "7", "why")
    control.ring("q")

    lasting = {key.decode() for key in server.keys("*") if server.ttl(key) < 0}

    assert lasting == {"logtail:shop:{q}:stop"}


@pytest.mark.redis
def test_a_web_process_that_died_is_forgotten(server):
    control = OnRedis(server).control
    viewer = ViewerFacts("s", "1", "7", 12.5, "")
    control.report_viewers("dead", [viewer])
    control.report_viewers("alive", [viewer])
    server.delete("logtail:shop:viewers:dead")  # as it lapses

    assert control.viewers() == [viewer]
    assert server.smembers("logtail:shop:viewers") == {b"alive"}


@pytest.mark.redis
def test_who_watches_is_found_without_a_look_at_every_key(server):
    control = OnRedis(server).control
    control.report_viewers("p", [ViewerFacts("s", "1", "7", 12.5, "")])
    server.config_resetstat()

    control.viewers()

    assert "cmdstat_scan" not in server.info("commandstats")


@pytest.mark.redis
def test_a_redis_that_does_not_answer_is_one_kind_of_error():
    client = redis.Redis(port=free_port(), socket_connect_timeout=1)

    with pytest.raises(ControlUnavailable):
        RedisControl(client).ping()
    client.close()


@pytest.mark.parametrize(
    ("error", "losses"),
    [
        (redis.ConnectionError("gone"), 1),
        (redis.ReadOnlyError("You can't write against a read only replica."), 1),
        (redis.TimeoutError("silent"), 0),
        (redis.ResponseError("OOM command not allowed"), 0),
        (OSError("no route"), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_server_that_was_lost_is_counted_and_one_that_only_refuses_is_not(monkeypatch, error, losses):
    client = redis.Redis(port=1)
    monkeypatch.setattr(client, "get", lambda key: (_ for _ in ()).throw(error))
    control = RedisControl(client)

    for _ in range(2):
        with pytest.raises(ControlUnavailable):
            control.reader("q")

    assert control.losses == 2 * losses
    client.close()


@pytest.mark.redis
def test_what_failed_in_a_process_is_told_although_nobody_watches_there(server, monkeypatch):
    control = OnRedis(server).control
    # Other tests of this process may have had messages that it could not use.
    monkeypatch.setattr("django_logtail.control.in_redis.ignored", Ignored())
    failures.add("relay: posting", ValueError("boom"))

    control.report_viewers("p", [])
    told = [(failed.task, failed.count, failed.error) for failed in control.failures()]
    failures.forget()
    control.report_viewers("p", [])

    assert told == [("relay: posting", 1, "ValueError: boom")]
    assert (control.failures(), server.keys("*viewers*")) == ([], [])


@pytest.mark.parametrize(
    "want",
    [
        WANT,
        replace(WANT, position=Place("f", 0), taken=3, lines=0),
        replace(WANT, position=Place("f", 9), end=20),
        replace(WANT, position=Place("f", 9), late={"e": 700}),
        replace(WANT, position=Place("f", 9), before_lines=20),
    ],
)
def test_a_want_survives_its_journey(want):
    assert read_want("q", want.member, want_text("q", want)) == want


def test_a_worker_that_is_busy_is_told_for_six_seconds_and_others_keys_do_no_harm(server):
    place = OnRedis(server)
    control = place.control
    control.say_busy("q", Busy("web|1", 7, 4))
    server.zadd(key("q", "busy"), {"junk": 10**15})
    told = control.busy("q"), control.busy("other")
    left = server.pttl(key("q", "busy"))
    for member in server.zrange(key("q", "busy"), 0, -1):
        server.zincrby(key("q", "busy"), -6_000, member)
    server.zrem(key("q", "busy"), "junk")

    assert told == ([Busy("web|1", 7, 4)], [])
    assert 5_000 < left <= 6_000
    assert control.busy("q") == []


def test_the_address_of_the_server_is_known_to_operators_without_its_password(server):
    port = server.connection_pool.connection_kwargs["port"]
    other = redis.Redis.from_url("rediss://ann:secret@redis.example/3")

    assert (RedisControl(server).where, MemoryControl().where) == (f"localhost:{port}/0", "")
    assert RedisControl(other).where == "redis.example:6379/3"


def test_a_ticket_is_used_once_and_another_for_itself(control):
    assert [control.use_ticket(name, 60.0) for name in ("a", "a", "b", "a")] == [True, False, True, False]


@pytest.mark.parametrize(("milliseconds", "is_forgotten"), [(59_000, False), (60_500, True)])
def test_a_used_ticket_is_forgotten_when_it_is_not_valid_any_more(place, server, milliseconds, is_forgotten):
    place.control.use_ticket("a", 60.0)

    if isinstance(place, OnRedis):
        left = server.pttl("logtail:shop:ticket:a") - milliseconds
        assert (left <= 0) is is_forgotten
    else:
        place.lapse("", milliseconds)
        assert place.control.use_ticket("a", 60.0) is is_forgotten


@pytest.mark.redis
def test_changes_of_access_are_told_to_other_processes_for_a_minute(server):
    teller, hearer = OnRedis(server).control, RedisControl(server)

    teller.tell_changes(["user|7", "log|app"])
    first = hearer.changes()
    teller.tell_changes(["user|7"])
    second = hearer.changes()
    server.zincrby("logtail:shop:changes", -60_000, "log|app")  # as time passes
    teller.tell_changes(["all"])
    third = hearer.changes()

    assert set(first) == set(second) == {"user|7", "log|app"}
    assert (second["user|7"] > first["user|7"], second["log|app"]) == (True, first["log|app"])
    assert set(third) == {"user|7", "all"}
    assert 0 < server.pttl("logtail:shop:changes") <= 60_000


def test_a_reader_in_this_process_has_nobody_to_tell():
    control = MemoryControl()

    control.tell_changes(["user|7"])

    assert control.changes() == {}


def test_a_queue_s_members_are_asked_for_by_one_process_at_a_time(control):
    turns = [control.take_turn(queue, 60.0) for queue in ("a", "a", "b")]

    assert turns == [True, False, True]


@pytest.mark.redis
def test_a_ring_is_heard_by_all_who_listen_and_by_none_who_listens_later(server):
    control = OnRedis(server).control
    control.ring("q")
    since, heard = control.heard("1-0", 0.01)
    control.ring("web-1")
    control.ring("web-2")

    assert heard == {"q"}
    assert [control.heard(since, 0.01)[1] for _ in range(2)] == [{"web-1", "web-2"}] * 2
    assert control.heard("", 0.01) == ("", set())
    assert control.heard(control.heard(since, 0.01)[0], 0.01) == ("", set())


@pytest.mark.redis
@pytest.mark.parametrize("protocol", [2, 3])
def test_whoever_waits_for_a_ring_hears_it_when_it_comes(server, protocol):
    client = redis.Redis(port=server.connection_pool.connection_kwargs["port"], protocol=protocol)
    server.flushall()
    heard = []
    with client:
        listening = Thread(target=lambda: heard.append(RedisControl(client).heard("", 60)[1]))
        listening.start()
        wait_until(lambda: server.info("clients")["blocked_clients"] == 1, what="somebody who waits")
        RedisControl(server).ring("q")
        listening.join(30)

    assert heard == [{"q"}]


@pytest.mark.redis
def test_the_last_64_rings_are_kept(server):
    control = OnRedis(server).control
    for number in range(66):
        control.ring(f"q{number}")

    assert server.xlen("logtail:shop:bell") == 64
    assert control.heard("1-0", 0.01)[1] == {f"q{number}" for number in range(2, 66)}
