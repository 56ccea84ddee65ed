"""The connection to Redis, from the settings or the broker, with our own timeouts."""

from __future__ import annotations

import asyncio
import copy
import re
from typing import Any, Final

import redis
from redis.sentinel import SentinelConnectionPool

from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable

#: Seconds a Redis call may take. redis-py 8's own default of 5 s is longer than the reader's lease.
CALL_SECONDS: Final = 2.0
#: Options that make redis-py retry up to ten times, each for CALL_SECONDS. Our callers retry anyway.
_RETRIES: Final = frozenset({"retry", "retry_on_error", "retry_on_timeout"})

#: The errors of calls to a server that is lost, starting, full or the wrong one, in any thread or event loop.
CONNECTION_ERRORS: Final = (redis.RedisError, OSError, asyncio.TimeoutError)
#: How an error begins if Redis is the wrong server: it was demoted, is starting or has lost its master, has given the
#: keys away, or requires another password. A pool would keep using it forever.
_WRONG: Final = (
    "READONLY",
    "LOADING",
    "MASTERDOWN",
    "MOVED",
    "CLUSTERDOWN",
    "NOAUTH",
    "WRONGPASS",
    "UNBLOCKED",
)
_WRONG_KINDS: Final = (
    redis.ReadOnlyError,
    redis.BusyLoadingError,
    redis.AuthenticationError,
    redis.exceptions.ClusterError,
)
_ANSWERS: Final = (redis.ResponseError, redis.AuthenticationError, redis.BusyLoadingError)
_NO_MORE_CLIENTS: Final = "max number of clients reached"
#: What Redis adds to errors from scripts: version 7 at the end, "script: <hash>, on @user_script:8."; older versions at
#: the beginning.
_OF_SCRIPTS: Final = re.compile(
    r" *script: [0-9a-f]{40}, on @user_script: ?\d+\.?"
    r"|(?:ERR )?Error running script \(call to f_[0-9a-f]{40}\): (?:@user_script: ?\d+: )*-?"
)


def is_wrong_connection(error: BaseException) -> bool:
    """Whether the error shows that this connection leads to the wrong server, so that only a new one can help."""
    if isinstance(error, _WRONG_KINDS):
        return True
    if not isinstance(error, redis.ResponseError):
        return False
    text = str(error)
    # Before Redis 7, an error inside a script comes later in the text: "ERR Error running script …: -READONLY You can't
    # …".
    return text.startswith(_WRONG) or any(f"-{word} " in text for word in _WRONG)


def is_answer(error: BaseException) -> bool:
    """Whether Redis was reached and answered this. redis-py classes some answers as lost connections."""
    return isinstance(error, _ANSWERS) or _NO_MORE_CLIENTS in str(error)


def trouble_of(error: BaseException) -> str:
    """What is wrong with the server, if an operator can fix it: as in `ControlUnavailable`."""
    text = str(error)
    if isinstance(error, redis.exceptions.NoPermissionError) or text.startswith("NOPERM"):
        return "right"
    if "The user executing the script can't" in text or "-NOPERM " in text:
        return "right"
    if isinstance(error, redis.BusyLoadingError) or text.startswith("LOADING"):
        return "starting"
    if _NO_MORE_CLIENTS in text:
        return "clients"
    if isinstance(error, redis.ReadOnlyError) or "-READONLY " in text or text.startswith("READONLY"):
        return "read-only"
    if isinstance(error, redis.exceptions.OutOfMemoryError) or "-OOM " in text or text.startswith("OOM "):
        return "full"
    is_refused = isinstance(error, redis.AuthenticationError) or text.startswith(("NOAUTH", "WRONGPASS"))
    return "password" if is_refused else ""


def said_by(error: BaseException) -> str:
    """The text of an error, without what Redis adds about the script."""
    return _OF_SCRIPTS.sub("", str(error)).strip()


def words_of(error: BaseException) -> str:
    """The kind of error, and its text if any."""
    said = said_by(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def mend_client_of(broker: object) -> None:
    """Make the broker's pool drop a connection that turns out to lead to the wrong server.

    A Sentinel's pool does this by itself. Dramatiq sees a lost connection and reconnects.
    """
    client = getattr(broker, "client", None)
    if not isinstance(client, redis.Redis):
        return
    pool = client.connection_pool
    kind = pool.connection_class
    if not issubclass(kind, _Leaving):
        pool.connection_class = type(f"Leaving{kind.__name__}", (_Leaving, kind), {})
        pool.disconnect(inuse_connections=False)


def waits_in(broker: object, queue: str, name: str) -> bool:
    """Whether the broker's message with that id still waits in its queue. False if unknown."""
    client, namespace = getattr(broker, "client", None), getattr(broker, "namespace", None)
    if not name or not isinstance(client, redis.Redis) or not isinstance(namespace, str):
        return False
    try:
        return client.lpos(f"{namespace}:{queue}", name) is not None
    except redis.ResponseError:  # Redis before 6.0.6 can't tell
        return False


class _Leaving:
    """A connection that closes when it turns out to lead to the wrong server."""

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except redis.RedisError as error:
            if is_wrong_connection(error) and not isinstance(error, redis.ConnectionError):
                self.disconnect()  # type: ignore[attr-defined]
                raise redis.ConnectionError(words_of(error)) from error
            raise


def address_of(client: redis.Redis) -> str:
    """Where a client connects, without its password: `redis.example:6379/0`."""
    pool = client.connection_pool
    options = pool.connection_kwargs
    if isinstance(pool, SentinelConnectionPool):
        return f"{pool.service_name} (Sentinel)/{options.get('db') or 0}"
    place = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    return f"{place}/{options.get('db') or 0}"


def redis_client() -> redis.Redis:
    """A client of `LOGTAIL["REDIS_URL"]`, or else of the Dramatiq broker's Redis. Connects lazily."""
    url = conf.REDIS_URL
    if url is not None:
        ours = redis.Redis.from_url(url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS)
        ours.connection_pool.connection_kwargs["decode_responses"] = False  # whatever the URL says
        return ours
    import dramatiq  # not at the top: dramatiq must not create a default broker before the apps are loaded

    client = getattr(dramatiq.get_broker(), "client", None)
    if not isinstance(client, redis.Redis):
        raise ControlUnavailable(
            'the Dramatiq broker has no Redis client; set LOGTAIL["REDIS_URL"], or use '
            "dramatiq.brokers.redis.RedisBroker"
        )
    return _with_timeouts(client)


def _with_timeouts(client: redis.Redis) -> redis.Redis:
    """A client like the broker's (server, TLS, password, database, Sentinel), with our own timeouts and no retries."""
    pool = client.connection_pool
    options = {name: value for name, value in pool.connection_kwargs.items() if name not in _RETRIES}
    # Replies remain bytes: others may have written bytes that are not text, which would make the whole reply fail.
    options |= {
        "socket_timeout": CALL_SECONDS,
        "socket_connect_timeout": CALL_SECONDS,
        "decode_responses": False,
    }
    if not isinstance(pool, SentinelConnectionPool):
        return redis.Redis(
            connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **options)
        )
    del options["connection_pool"]  # the broker's own pool; the new client sets its own
    manager = copy.copy(pool.sentinel_manager)
    manager.sentinels = [_with_timeouts(sentinel) for sentinel in manager.sentinels]
    return redis.Redis(
        connection_pool=SentinelConnectionPool(  # type: ignore[no-untyped-call]
            pool.service_name,
            manager,
            connection_class=pool.connection_class,
            is_master=pool.is_master,
            check_connection=pool.check_connection,
            **options,
        )
    )
