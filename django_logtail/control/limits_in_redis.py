"""`LimitCounts` in Redis, for all web processes of the project."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import redis

from django_logtail.control import keys, scripts
from django_logtail.control.limits import (
    LONGEST_WINDOW_MS,
    MOST_USERS,
    PLACES_LEASE_MS,
    PROCESS_LEASE_MS,
    Spent,
    Taken,
)

#: Keys that one pipeline writes or reads at most.
MOST_AT_A_TIME: Final = 500


class RedisLimits:
    """The counts.

    `call` calls a function of the client, and raises `ControlUnavailable` if that fails. `at` calls it with a key, and
    replaces what others have put there.
    """

    def __init__(self, client: redis.Redis, call: Callable[..., Any], at: Callable[..., Any]) -> None:
        self._client = client
        self._call = call
        self._at = at
        self._take = client.register_script(scripts.TAKE)
        self._spend = client.register_script(scripts.SPEND)

    def take(self, process: str, kind: str, user: str, name: str, most: int) -> Taken:
        taken, late = self._call(
            self._take,
            keys=[keys.held(kind, user), keys.processes()],
            args=[PLACES_LEASE_MS, PROCESS_LEASE_MS, most, process, name],
        )
        return Taken(bool(taken), bool(late))

    def free(self, process: str, kind: str, user: str, name: str) -> None:
        self._at(keys.held(kind, user), self._client.srem, f"{process}|{name}")

    def beat(self, process: str) -> None:
        now = self._now_ms()

        def beat(key: str) -> None:
            pipeline = self._client.pipeline()
            pipeline.zremrangebyscore(key, "-inf", now)
            pipeline.zadd(key, {process: now + PROCESS_LEASE_MS})
            pipeline.pexpire(key, PROCESS_LEASE_MS)
            pipeline.execute()

        self._at(keys.processes(), beat)

    def say(self, process: str, places: Mapping[tuple[str, str], Collection[str]]) -> None:
        for some in _parts(list(places.items())):
            pipeline = self._client.pipeline(transaction=False)
            for (kind, user), names in some:
                pipeline.sadd(keys.held(kind, user), *(f"{process}|{name}" for name in names))
                pipeline.pexpire(keys.held(kind, user), PLACES_LEASE_MS)
            self._call(pipeline.execute, raise_on_error=False)

    def spend(self, what: str, user: str, amount: int, most: int | None, window_seconds: float) -> Spent:
        added, total, left = self._call(
            self._spend,
            keys=[keys.spent(what, user), keys.users()],
            args=[
                amount,
                -1 if most is None else most,
                int(window_seconds * 1000),
                LONGEST_WINDOW_MS,
                user if what == "bytes" else "",
                MOST_USERS,
            ],
        )
        return Spent(bool(added), int(total), float(left) / 1000)

    def held(self, kinds: Collection[str], users: Collection[str]) -> dict[tuple[str, str], int]:
        names = [(kind, user) for kind in kinds for user in users]
        beats = self._at(keys.processes(), self._client.zrangebyscore, self._now_ms(), "+inf")
        running = {_text(process) for process in beats}
        found: list[Any] = []
        for some in _parts(names):
            pipeline = self._client.pipeline(transaction=False)
            for kind, user in some:
                pipeline.smembers(keys.held(kind, user))
            found += self._call(pipeline.execute, raise_on_error=False)
        # What others have put in a set's place counts as nothing.
        return {
            name: sum(_text(member).partition("|")[0] in running for member in members)
            if isinstance(members, set)
            else 0
            for name, members in zip(names, found, strict=True)
        }

    def totals(self, what: str, users: Collection[str]) -> dict[str, int]:
        names = list(users)
        found = self._call(self._client.mget, [keys.spent(what, user) for user in names]) if names else []
        return {
            user: int(text) if text is not None and _text(text).isdecimal() else 0
            for user, text in zip(names, found, strict=True)
        }

    def readers(self) -> list[str]:
        since = self._now_ms() - LONGEST_WINDOW_MS
        found = self._at(keys.users(), self._client.zrangebyscore, since, "+inf")
        return [_text(user) for user in reversed(found)]

    def _now_ms(self) -> float:
        seconds, microseconds = self._call(self._client.time)
        return float(seconds) * 1000 + float(microseconds) // 1000


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    return (items[at : at + MOST_AT_A_TIME] for at in range(0, len(items), MOST_AT_A_TIME))


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
