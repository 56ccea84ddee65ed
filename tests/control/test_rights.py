"""Which rights a Redis user lacks, with a real Redis."""

from collections.abc import Iterator

import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker

from django_logtail.control import ControlUnavailable, Lacking, broker, rights, scripts
from django_logtail.control.in_redis import RedisControl
from tests.commands.test_doctor import REDIS_PAGE, listed_commands
from tests.conftest import absent
from tests.ports import free_port
from tests.redis_servers import answers, running
from tests.stack import has_redis, wait_until

pytestmark = pytest.mark.redis

ALL = "~* &* +@all"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    if not has_redis():
        absent("a redis-server")
    port = free_port()
    with running(tmp_path_factory.mktemp("redis"), port), redis.Redis(port=port) as client:
        wait_until(lambda: answers(client), what="Redis")
        yield client


def user(server: redis.Redis, allowed: str) -> redis.Redis:
    """A client of a user with these rights."""
    server.execute_command(*f"ACL SETUSER ann reset on >p {allowed}".split())
    port = server.connection_pool.connection_kwargs["port"]
    return redis.Redis(port=port, username="ann", password="p")


@pytest.mark.parametrize(
    ("allowed", "lacking"),
    [
        (ALL, []),
        (f"{ALL} -@dangerous", []),
        (f"{ALL} -hset -evalsha", ["+evalsha", "+hset"]),
        (f"{ALL} -script|load", ["+script|load"]),
        (f"{ALL} -multi", ["+multi"]),
        (f"{ALL} resetkeys", ["~logtail:*"]),
        (f"{ALL} resetkeys ~dramatiq* -time", ["+time", "~logtail:*"]),
        ("resetchannels ~logtail:* +@all", []),
    ],
)
def test_the_wants_name_each_right_that_is_missing_and_write_nothing(
    server: redis.Redis, allowed: str, lacking: list[str]
) -> None:
    with user(server, allowed) as client:
        found = RedisControl(client).lacks()
        if lacking:  # what the doctor says to run mends it
            server.execute_command("ACL", "SETUSER", found.user, *found.rights)
        mended = RedisControl(client).lacks()

    assert (found.user, list(found.rights)) == ("ann", lacking)
    assert mended == Lacking("ann", ())
    assert server.keys() == []


@pytest.mark.parametrize(
    ("allowed", "lacking"),
    [
        (ALL, ()),
        (f"{ALL} -@dangerous", ("+keys",)),
        (f"{ALL} resetkeys ~logtail:*", ("~dramatiq*",)),
        (f"{ALL} resetkeys ~dramatiq:*", ("~dramatiq*",)),
        (f"{ALL} -lpos -rpush", ("+lpos", "+rpush")),
    ],
)
def test_the_broker_names_each_right_that_is_missing(
    server: redis.Redis, allowed: str, lacking: tuple[str, ...]
) -> None:
    with user(server, allowed) as client:
        assert broker.lacks(RedisBroker(client=client)) == Lacking("ann", lacking)


def test_a_user_who_may_not_discard_a_transaction_is_not_left_in_one(server: redis.Redis) -> None:
    with user(server, f"{ALL} -discard") as client:
        control = RedisControl(client)
        assert control.lacks().rights == ()
        assert control.post("q", [], [], []).missing == ()
    server.flushall()


def test_what_the_line_in_the_documentation_gives_is_enough(server: redis.Redis) -> None:
    (line,) = [line for line in REDIS_PAGE.read_text().splitlines() if line.startswith("ACL SETUSER mysite")]
    server.execute_command(*line.split())
    port = server.connection_pool.connection_kwargs["port"]
    with redis.Redis(port=port, username="mysite", password="p@ssword") as client:
        assert RedisControl(client).lacks() == Lacking("mysite", ())
        assert broker.lacks(RedisBroker(client=client)) == Lacking("mysite", ())
        assert client.publish("asgispecific.1", "x") == 0
    server.execute_command("ACL", "DELUSER", "mysite")


def test_the_documentation_lists_exactly_what_the_wants_and_the_broker_call() -> None:
    of_dramatiq = rights.called_in(
        script.script for script in RedisBroker(client=redis.Redis()).scripts.values()
    )
    called = {*rights.OWN, *rights.BROKERS, *rights.called_in(scripts.TEXTS), *of_dramatiq}
    others = {"subscribe", "unsubscribe", "publish", "hello", "auth", "select", "ping"}

    assert listed_commands() == called | others


def test_every_command_that_is_called_can_be_tried() -> None:
    called = {*rights.OWN, *rights.BROKERS, *rights.called_in(scripts.TEXTS)} - {"multi", "exec"}

    assert [name for name in called if rights._form(name, "key") is None] == []


def test_a_broker_that_is_full_or_gone_is_told_as_such(server: redis.Redis) -> None:
    with user(server, ALL) as client:
        used = RedisBroker(client=client)
        broker.look(used, "q")
        server.config_set("maxmemory", 1)
        with pytest.raises(ControlUnavailable) as full:
            broker.look(used, "q")
        server.config_set("maxmemory", 0)
    server.flushall()
    with redis.Redis(port=free_port()) as nobody, pytest.raises(ControlUnavailable) as gone:
        broker.lacks(RedisBroker(client=nobody))

    assert (full.value.trouble, full.value.is_answer) == ("full", True)
    assert (gone.value.trouble, gone.value.is_answer) == ("", False)


def test_a_broker_without_redis_has_no_address(server: redis.Redis) -> None:
    port = server.connection_pool.connection_kwargs["port"]

    assert broker.address(StubBroker()) == ""
    assert broker.address(RedisBroker(url=f"redis://ann:secret@localhost:{port}/3")) == f"localhost:{port}/3"
    assert broker.address(RedisBroker(url="unix:///run/redis.sock?db=2")) == "/run/redis.sock/2"
