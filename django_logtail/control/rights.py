"""Which rights the Redis user of a client lacks. `docs/howto/redis.md` lists those that it needs.

An error from inside a script doesn't name the command. So each command is queued alone in a transaction, which Redis
refuses at once if the user lacks a right for it, and the connection is closed: nothing runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from django_logtail.control.connection import CONNECTION_ERRORS, trouble_of

#: By number of arguments after the key, the commands that have as many.
_ARGUMENTS: Final = {
    0: "get mget type pttl exists del hgetall hkeys hlen hvals llen lpop rpop scard smembers spop strlen ttl zcard",
    1: "hget hmget hdel hexists lindex lpos lpush pexpire expire rpush sadd sismember srem zrem zscore set",
    2: "hset hincrby lrange lrem ltrim psetex zadd zcount zincrby zrange zrangebyscore zremrangebyrank "
    "zremrangebyscore",
    3: "xadd",
}
#: Commands without a key, or whose key isn't their first argument, with all their arguments.
_KEYLESS: Final[dict[str, tuple[str, ...]]] = {
    "time": (),
    "keys": ("logtail",),
    "evalsha": ("0" * 40, "0"),
    "script|load": ("return 1",),
    "xread": ("STREAMS", "logtail:probe", "0"),
}
_FORMS: Final = {name: count for count, names in _ARGUMENTS.items() for name in names.split()}
#: What `in_redis` calls itself, apart from its scripts.
OWN: Final = frozenset(
    {
        *(
            "set",
            "get",
            "mget",
            "del",
            "pexpire",
            "hset",
            "hdel",
            "hgetall",
            "rpush",
            "ltrim",
            "sadd",
            "srem",
        ),
        *(
            "smembers",
            "zadd",
            "zrem",
            "zrangebyscore",
            "zremrangebyscore",
            "time",
            "evalsha",
            "script|load",
            "multi",
            "exec",
            "xadd",
            "xread",
        ),
    }
)
#: What is called on the broker's client, apart from Dramatiq's scripts.
BROKERS: Final = frozenset({"lpos", "evalsha", "script|load"})
_CALL: Final = re.compile(r"redis\.p?call\(\s*['\"](\w+)")
_COMMAND: Final = re.compile(r"run the '([\w|]+)' command")


def called_in(scripts: Iterable[str | bytes]) -> set[str]:
    """The commands that the texts of scripts call."""
    texts = (text.decode() if isinstance(text, bytes) else text for text in scripts)
    return {name.lower() for text in texts for name in _CALL.findall(text)}


def missing(client: Any, commands: Iterable[str], prefix: str) -> list[str]:
    """The rights that the client's user lacks for these commands on keys with this prefix, as `ACL SETUSER` takes them.

    Raises what the client does if Redis can't be reached.
    """
    found: set[str] = set()
    with client.client() as single:
        try:
            _send(single.connection, ["MULTI"])
            for name in sorted(commands):
                if (command := _form(name, f"{prefix}probe")) is not None:
                    found.add(_lacked_by(single.connection, command, prefix))
        except CONNECTION_ERRORS as error:
            found.add(_right(error, prefix))
        finally:
            # Not DISCARD, which the user may not be allowed to call: then the next call would be queued too.
            single.connection.disconnect()
    return sorted(found - {""})


def lacked(text: str, prefix: str) -> str:
    """The right that an error of Redis names; "" if it names none. `prefix`: of the keys and channels."""
    if (command := _COMMAND.search(text)) is not None:
        return f"+{command[1]}"
    if "channels" in text:
        return f"&{prefix}*"
    return f"~{prefix}*" if "keys" in text else ""


def user_of(client: Any) -> str:
    """The name of the client's user."""
    try:
        name = client.execute_command("ACL", "WHOAMI")
    except CONNECTION_ERRORS:
        return str(client.connection_pool.connection_kwargs.get("username") or "default")
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


def _form(name: str, key: str) -> list[str] | None:
    """A call of the command with as many arguments as it takes; None if that is unknown."""
    if name in _KEYLESS:
        return [*name.split("|"), *_KEYLESS[name]]
    return [name, key, *["1"] * _FORMS[name]] if name in _FORMS else None


def _lacked_by(connection: Any, command: list[str], prefix: str) -> str:
    try:
        _send(connection, command)
    except CONNECTION_ERRORS as error:
        return _right(error, prefix)
    return ""


def _right(error: BaseException, prefix: str) -> str:
    """The right that it names. Raises any other error."""
    if trouble_of(error) == "right":
        return lacked(str(error), prefix)
    if trouble_of(error):  # full or read-only: the right isn't what is missing
        return ""
    raise error


def _send(connection: Any, command: list[str]) -> None:
    connection.send_command(*command)
    connection.read_response()
