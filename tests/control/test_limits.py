"""What users have at a time and have spent: the same rules in Redis, for all web processes, and in memory for one."""

import subprocess
import sys

import pytest

from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.in_redis import RedisControl
from tests.control.test_control import server  # noqa: F401 - a fixture

PREFIX = "logtail:shop:{limits}:"
DAY = 86_400.0


@pytest.fixture(autouse=True)
def namespace(settings):
    settings.LOGTAIL = {"NAMESPACE": "shop"}


class OnRedis:
    def __init__(self, client):
        self.client = client
        client.flushall()
        self.limits = RedisControl(client).limits

    def pass_by(self, what, user, seconds):
        """Redis' clock can't be set, its expiries can."""
        key = f"{PREFIX}spent:{what}:{user}"
        left = self.client.pttl(key) - int(seconds * 1000)
        if left > 0:
            self.client.pexpire(key, left)
        else:
            self.client.delete(key)


class InMemory:
    def __init__(self, _):
        self.now = 1000.0
        self.limits = MemoryControl(lambda: self.now).limits

    def pass_by(self, what, user, seconds):
        self.now += seconds


@pytest.fixture(params=[OnRedis, InMemory])
def place(request, server):  # noqa: F811
    return request.param(server)


@pytest.fixture
def limits(place):
    return place.limits


@pytest.fixture
def redis_limits(server):  # noqa: F811
    return OnRedis(server).limits


def take(limits, *names, process="p1", kind="viewers", user="7", most=3):
    return [limits.take(process, kind, user, name, most).is_taken for name in names]


def test_a_user_gets_as_many_places_as_the_limit_and_one_more_when_one_is_free(limits):
    assert take(limits, "a", "b", "c", "d") == [True, True, True, False]

    limits.free("p1", "viewers", "7", "b")
    limits.free("p1", "viewers", "7", "b")

    assert take(limits, "e", "f") == [True, False]


def test_kinds_and_users_are_counted_apart(limits):
    assert take(limits, "a", most=1) == [True]

    assert take(limits, "b", most=1) == [False]
    assert take(limits, "c", kind="searches", most=1) == [True]
    assert take(limits, "d", user="8", most=1) == [True]
    assert take(limits, "e", user="", most=1) == [True]
    assert limits.held(["viewers", "searches"], ["7", "9"]) == {
        ("viewers", "7"): 1,
        ("searches", "7"): 1,
        ("viewers", "9"): 0,
        ("searches", "9"): 0,
    }


def test_two_processes_count_together(redis_limits):
    assert take(redis_limits, "a", "b", process="p1") == [True, True]
    assert take(redis_limits, "a", "b", process="p2") == [True, False]

    assert redis_limits.held(["viewers"], ["7"]) == {("viewers", "7"): 3}
    redis_limits.free("p1", "viewers", "7", "a")
    assert take(redis_limits, "b", process="p2") == [True]


def test_the_places_of_a_process_that_lapsed_are_free_and_those_of_others_are_not(redis_limits, server):  # noqa: F811
    take(redis_limits, "a", "b", process="p1")
    take(redis_limits, "a", process="p2")
    assert redis_limits.take("p3", "viewers", "7", "a", 3).is_taken is False

    server.zadd(f"{PREFIX}processes", {"p1": 1})

    assert redis_limits.held(["viewers"], ["7"]) == {("viewers", "7"): 1}
    assert take(redis_limits, "a", "b", "c", process="p3") == [True, True, False]


def test_who_is_refused_learns_that_a_process_missed_a_beat(redis_limits, server):  # noqa: F811
    take(redis_limits, "a", "b", "c", process="p1")
    early = redis_limits.take("p2", "viewers", "7", "a", 3)
    seconds, microseconds = server.time()
    server.zadd(f"{PREFIX}processes", {"p1": seconds * 1000 + microseconds // 1000 + 1_000})

    late = redis_limits.take("p2", "viewers", "7", "a", 3)
    redis_limits.beat("p1")
    again = redis_limits.take("p2", "viewers", "7", "a", 3)

    assert [(one.is_taken, one.is_late) for one in (early, late, again)] == [
        (False, False),
        (False, True),
        (False, False),
    ]


def test_a_process_says_again_what_redis_has_lost(redis_limits, server):  # noqa: F811
    take(redis_limits, "a", "b", process="p1")
    server.flushall()
    assert redis_limits.held(["viewers"], ["7"]) == {("viewers", "7"): 0}

    redis_limits.beat("p1")
    redis_limits.say("p1", {("viewers", "7"): {"a", "b"}, ("searches", "8"): {"c"}})

    assert redis_limits.held(["viewers", "searches"], ["7", "8"]) == {
        ("viewers", "7"): 2,
        ("viewers", "8"): 0,
        ("searches", "7"): 0,
        ("searches", "8"): 1,
    }
    assert take(redis_limits, "c", "d", process="p2") == [True, False]


def test_everything_in_redis_expires_in_one_slot(redis_limits, server):  # noqa: F811
    take(redis_limits, "a", process="p1")
    redis_limits.beat("p1")
    redis_limits.spend("bytes", "7", 5, None, DAY)
    redis_limits.spend("connects", "7", 1, 2, 60.0)

    left = {key.decode().removeprefix(PREFIX): server.pttl(key) for key in server.keys(f"{PREFIX}*")}

    longest = {
        "processes": 3_000,
        "held:viewers:7": 60_000,
        "spent:bytes:7": 86_400_000,
        "spent:connects:7": 60_000,
        "users": 90_000_000,
    }
    assert left.keys() == longest.keys()
    assert all(0 < left[name] <= most for name, most in longest.items())
    assert server.keys("*") == [key for key in server.keys("*") if key.startswith(PREFIX.encode())]


def test_what_is_spent_adds_up_until_the_limit_and_again_after_the_window(place, limits):
    said = [limits.spend("connects", "7", 1, 3, 60.0) for _ in range(4)]

    assert [(one.is_added, one.total) for one in said] == [(True, 1), (True, 2), (True, 3), (False, 3)]
    assert all(50 < one.seconds_left <= 60 for one in said)
    assert limits.spend("connects", "8", 1, 3, 60.0).is_added
    place.pass_by("connects", "7", 30)
    assert limits.spend("connects", "7", 1, 3, 60.0).is_added is False
    place.pass_by("connects", "7", 30.001)
    assert limits.spend("connects", "7", 1, 3, 60.0).total == 1


def test_a_window_ends_when_it_was_going_to_however_often_something_is_added(place, limits):
    limits.spend("connects", "7", 1, None, 60.0)
    place.pass_by("connects", "7", 40)

    for _ in range(2):
        assert 10 < limits.spend("connects", "7", 1, None, 60.0).seconds_left <= 20


def test_an_amount_beyond_the_limit_is_added_and_nothing_after_it(limits):
    assert limits.spend("bytes", "7", 999, 1_000, DAY).is_added
    over = limits.spend("bytes", "7", 10**13, 1_000, DAY)

    assert (over.is_added, over.total) == (True, 10**13 + 999)
    assert limits.spend("bytes", "7", 1, 1_000, DAY).is_added is False
    assert limits.spend("bytes", "7", 1, None, DAY).total == 10**13 + 1_000


def test_asking_for_a_sum_adds_nothing_and_begins_no_window(limits):
    assert limits.spend("bytes", "7", 0, 1_000, DAY).total == 0
    assert limits.readers() == []

    limits.spend("bytes", "7", 12, 1_000, 60.0)

    assert limits.spend("bytes", "7", 0, 1_000, DAY).seconds_left <= 60
    assert limits.totals("bytes", ["7", "8"]) == {"7": 12, "8": 0}


def test_who_read_something_is_listed_and_who_only_connected_is_not(limits):
    limits.spend("connects", "9", 1, None, 60.0)
    for user in ("7", "8", "7"):
        limits.spend("bytes", user, 1, None, DAY)

    assert sorted(limits.readers()) == ["7", "8"]


def test_at_most_a_thousand_users_are_listed(redis_limits, server):  # noqa: F811
    server.zadd(f"{PREFIX}users", {f"u{number}": number for number in range(1_500)})

    redis_limits.spend("bytes", "7", 1, None, DAY)

    assert server.zcard(f"{PREFIX}users") == 1_000


@pytest.mark.parametrize("junk", ["string", "list"])
def test_what_others_wrote_in_their_place_harms_nothing_and_does_not_last(redis_limits, server, junk):  # noqa: F811
    names = ["processes", "held:viewers:7", "spent:bytes:7", "users"]
    for name in names:
        if junk == "string":
            server.set(PREFIX + name, b"\xff")
        else:
            server.rpush(PREFIX + name, b"\xff")

    assert redis_limits.held(["viewers"], ["7"]) == {("viewers", "7"): 0}
    redis_limits.beat("p1")
    redis_limits.say("p1", {("viewers", "7"): {"z"}})
    redis_limits.free("p1", "viewers", "7", "z")
    assert take(redis_limits, "a", "b", "c", "d") == [True, True, True, False]
    assert redis_limits.spend("bytes", "7", 5, 9, DAY).total == 5
    assert redis_limits.readers() == ["7"]


@pytest.mark.parametrize("text", ["99999999999999999", "-5", "1e9", "\xff"])
def test_a_sum_without_a_window_or_of_another_s_making_counts_for_nothing(redis_limits, server, text):  # noqa: F811
    server.set(f"{PREFIX}spent:bytes:7", text)
    forever = redis_limits.spend("bytes", "7", 5, 9, DAY)
    server.set(f"{PREFIX}spent:bytes:7", text, px=60_000)
    other = redis_limits.spend("bytes", "7", 5, 9, DAY)

    assert (forever.total, other.total) == (5, 5)
    assert server.pttl(f"{PREFIX}spent:bytes:7") > 0


def test_a_process_that_would_last_forever_is_taken_for_gone(redis_limits, server):  # noqa: F811
    take(redis_limits, "a", "b", "c", process="forged")
    server.zadd(f"{PREFIX}processes", {"forged": 9e15})

    assert take(redis_limits, "a", process="p1") == [True]


def test_a_user_s_name_can_be_any_text(limits):
    for user in ("a:b", "{x}", "ü|*", "x" * 200):
        assert take(limits, "a", "b", user=user, most=1) == [True, False]
        assert limits.held(["viewers"], [user]) == {("viewers", user): 1}


TAKER = """
import sys, redis
from django.conf import settings
settings.configure(LOGTAIL={"NAMESPACE": "shop"}, SECRET_KEY="x", INSTALLED_APPS=[])
from django_logtail.control.in_redis import RedisControl
limits = RedisControl(redis.Redis(port=int(sys.argv[1]))).limits
print(sum(limits.take(sys.argv[2], "viewers", "7", str(n), 50).is_taken for n in range(50)), flush=True)
"""


def test_four_processes_at_once_get_exactly_the_limit(redis_limits, server):  # noqa: F811
    port = str(server.connection_pool.connection_kwargs["port"])
    takers = [
        subprocess.Popen([sys.executable, "-c", TAKER, port, f"p{n}"], stdout=subprocess.PIPE, text=True)
        for n in range(4)
    ]

    assert sum(int(taker.communicate()[0]) for taker in takers) == 50
