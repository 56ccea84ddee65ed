"""The connection to Redis: from the broker or a URL, of every kind, but with our own timeouts."""

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
import redis
from channels_redis.utils import create_pool, decode_hosts
from django.core.checks import ERROR
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from redis.sentinel import Sentinel, SentinelManagedSSLConnection

from django_logtail.checks.channel_layer import check_channel_layer
from django_logtail.control import ControlUnavailable, connection
from django_logtail.control.connection import CALL_SECONDS, redis_client
from django_logtail.control.in_redis import RedisControl
from django_logtail.control.keys import key
from tests.conftest import absent
from tests.redis_servers import KINDS, RedisServer, broker_options, client
from tests.stack import CHECKOUT, PUBSUB_LAYER, has_redis

TIMEOUTS = {"socket_timeout": CALL_SECONDS, "socket_connect_timeout": CALL_SECONDS}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not has_redis():
        absent("a redis-server")
    with KINDS[request.param](tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def host_broker(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Callable[[Any], None]:
    """Make a broker the host's; without a `LOGTAIL["REDIS_URL"]`."""
    settings.LOGTAIL = {"READER": "dramatiq"}

    def use(broker: dramatiq.Broker) -> None:
        monkeypatch.setattr(dramatiq, "get_broker", lambda: broker)

    return use


def stops_through(made: redis.Redis) -> dict[str, str]:
    """What a stop flag set through `made` reads as there; it stays set."""
    with made:
        control = RedisControl(made)
        control.set_stop("q", "7", "why")
        return control.stops("q")


@pytest.mark.redis
def test_control_uses_the_brokers_server_and_database_whatever_its_kind(
    server: RedisServer, host_broker: Callable[[Any], None]
) -> None:
    broker = RedisBroker(**broker_options(server.broker))
    host_broker(broker)

    found = stops_through(redis_client())

    assert found == {"7": "why"}
    assert broker.client.hgetall(key("q", "stop")) == {b"7": b"why"}
    broker.close()
    broker.client.close()


@pytest.mark.redis
@pytest.mark.parametrize("server", ["password", "tls", "unix-socket"], indirect=True)
def test_control_uses_the_server_and_database_of_its_own_url_whatever_its_kind(
    server: RedisServer, settings: Any
) -> None:
    settings.LOGTAIL = {"READER": "dramatiq", "REDIS_URL": server.broker["url"]}

    found = stops_through(redis_client())

    assert found == {"7": "why"}
    with client(server) as other:
        assert other.hgetall(key("q", "stop")) == {b"7": b"why"}


@pytest.mark.parametrize(
    "options",
    [
        {"host": "redis.example", "port": 6380, "db": 3, "username": "app", "password": "secret"},
        {"host": "redis.example", "ssl": True, "ssl_ca_certs": "/ca.pem", "ssl_certfile": "/my.pem"},
        {"unix_socket_path": "/run/redis.sock", "db": 3},
        {"url": "redis://app:secret@redis.example:6380/3"},
        {"url": "rediss://redis.example/3?ssl_ca_certs=/ca.pem&ssl_check_hostname=no"},
        {"url": "unix://app@/run/redis.sock?db=3&password=secret"},
        {"host": "redis.example", "socket_timeout": 60, "socket_connect_timeout": 60},
    ],
    ids=["password", "tls", "socket", "url", "tls-url", "socket-url", "patient"],
)
def test_what_a_broker_connects_with_is_kept_but_for_the_time_outs(
    options: dict[str, Any], host_broker: Callable[[Any], None]
) -> None:
    broker = RedisBroker(**options)
    host_broker(broker)
    theirs = dict(broker.client.connection_pool.connection_kwargs)

    ours = redis_client().connection_pool

    assert ours is not broker.client.connection_pool
    assert ours.connection_class is broker.client.connection_pool.connection_class
    assert told(ours.connection_kwargs) == {**told(theirs), **TIMEOUTS}
    assert broker.client.connection_pool.connection_kwargs == theirs


def told(options: dict[str, Any]) -> dict[str, Any]:
    """The options that say where to connect, and how long to wait."""
    named = ("host", "port", "path", "db", "username", "password", *TIMEOUTS)
    return {name: value for name, value in options.items() if name in named or name.startswith("ssl_")}


def test_a_sentinels_master_is_asked_for_with_the_options_of_the_master_and_of_the_sentinels(
    host_broker: Callable[[Any], None],
) -> None:
    sentinels = Sentinel(
        [("one.example", 26379), ("two.example", 26380)],
        min_other_sentinels=1,
        sentinel_kwargs={"password": "of-sentinels", "ssl": True, "ssl_ca_certs": "/ca.pem"},
        username="app",
    )
    options = {"password": "of-master", "db": 3, "ssl": True, "ssl_ca_certs": "/ca.pem"}
    broker = RedisBroker(client=sentinels.master_for("mymaster", check_connection=True, **options))
    host_broker(broker)

    ours = redis_client().connection_pool

    assert (ours.service_name, ours.is_master, ours.check_connection) == ("mymaster", True, True)
    assert ours.connection_class is SentinelManagedSSLConnection
    assert told(ours.connection_kwargs) == {
        "username": "app",
        "password": "of-master",
        "db": 3,
        "ssl_ca_certs": "/ca.pem",
        **TIMEOUTS,
    }
    assert ours.sentinel_manager.min_other_sentinels == 1
    for mine, theirs in zip(ours.sentinel_manager.sentinels, sentinels.sentinels, strict=True):
        expected = {**told(theirs.connection_pool.connection_kwargs), **TIMEOUTS}
        assert told(mine.connection_pool.connection_kwargs) == expected
        assert mine.connection_pool is not theirs.connection_pool


def test_a_connection_that_looks_for_a_master_asks_our_own_pool_and_not_the_brokers(
    host_broker: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = RedisBroker(client=Sentinel([("one.example", 26379)]).master_for("mymaster"))
    host_broker(broker)
    ours = redis_client().connection_pool
    monkeypatch.setattr(ours.sentinel_manager, "discover_master", lambda name: (f"{name}.example", 6379))

    found = ours.make_connection().connection_pool.get_master_address()

    assert found == ("mymaster.example", 6379)
    assert ours.master_address == found
    assert broker.client.connection_pool.master_address is None


@pytest.mark.parametrize("made", ["url", "client"])
def test_a_redis_that_is_silent_is_asked_once_though_the_brokers_client_asks_again(
    made: str, host_broker: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CALL_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0), backlog=20) as silent:
        port = silent.getsockname()[1]
        options = {"url": f"redis://127.0.0.1:{port}"} if made == "url" else {"port": port}
        host_broker(RedisBroker(**options))
        with redis_client() as asking, pytest.raises(ControlUnavailable):
            RedisControl(asking).ping()

        assert count_waiting(silent) == 1


def count_waiting(listening: socket.socket) -> int:
    """How many connections nobody has accepted yet."""
    listening.setblocking(False)
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_a_broker_without_a_redis_client_is_told_with_what_to_do(
    host_broker: Callable[[Any], None],
) -> None:
    host_broker(StubBroker())

    with pytest.raises(ControlUnavailable) as caught:
        redis_client()

    assert str(caught.value) == (
        'the Dramatiq broker has no Redis client; set LOGTAIL["REDIS_URL"], or use '
        "dramatiq.brokers.redis.RedisBroker"
    )


def settings_of_the_how_to() -> dict[str, dict[str, Any]]:
    """What each block of docs/howto/redis.md makes of a project's settings, by its name there."""
    text = (CHECKOUT / "docs" / "howto" / "redis.md").read_text()
    made = {}
    for name, code in re.findall(
        r"<!-- redis: (.+?) -->\n```python\n(.+?)^```$", text, re.DOTALL | re.MULTILINE
    ):
        made[name] = {
            "CHANNEL_LAYERS": {"default": {"BACKEND": PUBSUB_LAYER, "CONFIG": {"hosts": []}}},
            "DRAMATIQ_BROKER": {"OPTIONS": {"url": "redis://broker.example/0"}},
            "LOGTAIL": {"READER": "dramatiq"},
        }
        exec(code, made[name])
    return made


HOW_TO = settings_of_the_how_to()


@pytest.mark.parametrize("name", ["password", "tls", "sentinel", "unix-socket", "core"])
def test_settings_of_the_how_to_lead_layer_and_control_to_the_same_server(
    name: str, host_broker: Callable[[Any], None], settings: Any
) -> None:
    settings.CHANNEL_LAYERS = HOW_TO[name]["CHANNEL_LAYERS"]
    host_broker(RedisBroker(**HOW_TO[name]["DRAMATIQ_BROKER"]["OPTIONS"]))

    ours = redis_client().connection_pool
    (host,) = decode_hosts(settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"])
    layers = create_pool(host)

    places = [
        {name: value for name, value in told(pool.connection_kwargs).items() if name not in TIMEOUTS}
        for pool in (ours, layers)
    ]
    assert places[0] == places[1] != {}
    assert getattr(ours, "service_name", None) == getattr(layers, "service_name", None)
    assert [found for found in check_channel_layer(None) if found.level >= ERROR] == []


def test_settings_of_the_how_to_lead_the_wants_to_another_server(settings: Any) -> None:
    settings.LOGTAIL = HOW_TO["wants"]["LOGTAIL"]

    found = told(redis_client().connection_pool.connection_kwargs)

    assert found == {
        "host": "other.example.org",
        "port": 6379,
        "db": 3,
        "password": "p@ssword",
        **TIMEOUTS,
    }


HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("error", "said", "trouble", "is_answer"),
    [
        (
            redis.exceptions.OutOfMemoryError(
                f"command not allowed when used memory > 'maxmemory'. script: {HASH}, on @user_script:8."
            ),
            "command not allowed when used memory > 'maxmemory'.",
            "full",
            True,
        ),
        (
            redis.ResponseError(
                f"Error running script (call to f_{HASH}): @user_script:8: @user_script: 8: "
                "-OOM command not allowed when used memory > 'maxmemory'."
            ),
            "OOM command not allowed when used memory > 'maxmemory'.",
            "full",
            True,
        ),
        (
            redis.ReadOnlyError(
                f"You can't write against a read only replica. script: {HASH}, on @user_script:3."
            ),
            "You can't write against a read only replica.",
            "read-only",
            True,
        ),
        (
            redis.AuthenticationError("invalid username-password pair"),
            "invalid username-password pair",
            "password",
            True,
        ),
        (redis.AuthenticationError("Authentication required."), "Authentication required.", "password", True),
        (
            redis.exceptions.NoPermissionError("this user has no permissions to run the 'set' command"),
            "this user has no permissions to run the 'set' command",
            "right",
            True,
        ),
        (redis.BusyLoadingError("Redis is loading"), "Redis is loading", "starting", True),
        (
            redis.ConnectionError("max number of clients reached"),
            "max number of clients reached",
            "clients",
            True,
        ),
        (redis.ResponseError("unknown command"), "unknown command", "", True),
        (redis.ConnectionError("Connection refused."), "Connection refused.", "", False),
        (redis.TimeoutError("Timeout reading from socket"), "Timeout reading from socket", "", False),
    ],
)
def test_an_error_is_told_without_the_script_and_with_what_is_wrong(
    error: redis.RedisError, said: str, trouble: str, is_answer: bool
) -> None:
    assert connection.said_by(error) == said
    assert connection.trouble_of(error) == trouble
    assert connection.is_answer(error) is is_answer
