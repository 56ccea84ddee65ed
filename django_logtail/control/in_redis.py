"""`Control` in Redis: the keys that `keys` describes, read and written.

A call that cannot be answered raises `ControlUnavailable`, whatever the client library called it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import redis

from django_logtail.control import (
    MOST_NOTES,
    READER_LEASE_MS,
    VIEWERS_LEASE_MS,
    ControlUnavailable,
    Note,
    Posted,
    ReaderLease,
    Seen,
    Tick,
    ViewerFacts,
    keys,
)
from django_logtail.control.wants import WANT_LEASE_MS, Want


class RedisControl:
    """`Control` in Redis. One object a process; safe to call from any thread."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._post = client.register_script(keys.POST)
        self._tick = client.register_script(keys.TICK)
        self._hand_over = client.register_script(keys.HAND_OVER)

    def post(
        self, queue: str, wants: Iterable[Want], renewed: Iterable[str], dropped: Iterable[str]
    ) -> Posted:
        """Write changed wants, renew unchanged ones, delete dropped ones; all or nothing."""
        wants, renewed, dropped = list(wants), list(renewed), list(dropped)
        arguments: list[str | int] = [
            keys.FAMILY_LEASE_MS,
            WANT_LEASE_MS,
            len(wants),
            len(renewed),
            len(dropped),
        ]
        for want in wants:
            arguments += [want.member, want.to_json()]
        arguments += [*renewed, *dropped]
        lease, wake, missing = self._call(self._post, keys=keys.family(queue), args=arguments)
        return Posted(
            ReaderLease.from_text(_text(lease)) if lease else None,
            bool(wake),
            tuple(_text(member) for member in missing),
        )

    def tick(self, queue: str, lease: ReaderLease, seen: Seen, *, may_end: bool, starting: bool) -> Tick:
        """Claim or renew the reader's lease and return what changed since `seen`."""
        answer = self._call(
            self._tick,
            keys=keys.family(queue),
            args=[
                keys.FAMILY_LEASE_MS,
                READER_LEASE_MS,
                lease.token,
                lease.to_text(),
                int(starting),
                int(may_end),
                seen.epoch,
                seen.version,
            ],
        )
        match _text(answer[0]):
            case "lost":
                return Tick(holds=False, holder=ReaderLease.from_text(_text(answer[1])))
            case "ended":
                return Tick(holds=False, ended=True)
        _, epoch, version, full, found, stops, notes = answer
        pairs = _pairs(found)
        return Tick(
            holds=True,
            seen=Seen(_text(epoch), int(version)),
            is_full=bool(full),
            changed={
                member: Want.from_json(member, text) if text else None for member, text in pairs.items()
            },
            stops=_pairs(stops),
            notes=tuple(Note(**json.loads(note)) for note in notes),
        )

    def hand_over(self, queue: str, lease: ReaderLease) -> int:
        """Free the lease; how many wants wait for the next reader. The caller sends the wake-up."""
        return int(
            self._call(self._hand_over, keys=keys.family(queue), args=[keys.FAMILY_LEASE_MS, lease.token])
        )

    def report(self, queue: str, status: Mapping[str, object]) -> None:
        text = json.dumps(status, separators=(",", ":"))
        self._call(self._client.set, keys.key(queue, "status"), text, px=keys.STATUS_LEASE_MS)

    def status(self, queue: str) -> dict[str, Any] | None:
        """What the queue's reader last reported, or None when there is none."""
        text = self._call(self._client.get, keys.key(queue, "status"))
        return None if text is None else json.loads(text)

    def reader(self, queue: str) -> ReaderLease | None:
        text = self._call(self._client.get, keys.key(queue, "reader"))
        return None if text is None else ReaderLease.from_text(_text(text))

    def set_stop(self, queue: str, log: str, reason: str) -> None:
        """Set the stop flag of one log, or of all with "*". The reader obeys at its next tick."""
        self._call(self._client.hset, keys.key(queue, "stop"), log, reason)

    def clear_stop(self, queue: str, log: str) -> bool:
        """Clear it; viewers that are still there continue. Was it set?"""
        return bool(self._call(self._client.hdel, keys.key(queue, "stop"), log))

    def stops(self, queue: str) -> dict[str, str]:
        found = self._call(self._client.hgetall, keys.key(queue, "stop"))
        return {_text(log): _text(reason) for log, reason in found.items()}

    def add_note(self, queue: str, note: Note) -> None:
        """Leave a note for the queue's reader, which takes it at its next tick; without a reader it lapses."""
        key = keys.key(queue, "notes")
        pipeline = self._client.pipeline()
        pipeline.rpush(key, json.dumps(asdict(note), separators=(",", ":")))
        pipeline.ltrim(key, -MOST_NOTES, -1)
        pipeline.pexpire(key, keys.FAMILY_LEASE_MS)
        self._call(pipeline.execute)

    def report_viewers(self, process: str, viewers: list[ViewerFacts]) -> None:
        """Say who watches through this web process; to be repeated every VIEWERS_SECONDS."""
        key = keys.viewers_key(process)
        pipeline = self._client.pipeline()
        if viewers:
            text = json.dumps([asdict(viewer) for viewer in viewers], separators=(",", ":"))
            pipeline.set(key, text, px=VIEWERS_LEASE_MS)
            pipeline.sadd(keys.VIEWERS, process)
            pipeline.pexpire(keys.VIEWERS, keys.FAMILY_LEASE_MS)
        else:
            pipeline.delete(key)
            pipeline.srem(keys.VIEWERS, process)
        self._call(pipeline.execute)

    def viewers(self) -> list[ViewerFacts]:
        """Who watches now, through any web process; up to VIEWERS_SECONDS old."""
        processes = [_text(process) for process in self._call(self._client.smembers, keys.VIEWERS)]
        names = map(keys.viewers_key, processes)
        texts = self._call(self._client.mget, list(names)) if processes else []
        if dead := [process for process, text in zip(processes, texts, strict=True) if text is None]:
            self._call(self._client.srem, keys.VIEWERS, *dead)  # one that lives says so again soon
        return [ViewerFacts(**fields) for text in texts if text is not None for fields in json.loads(text)]

    def ping(self) -> str:
        """The server's version; proves that it can be reached."""
        found = self._call(self._client.info, "server")
        return str(found.get("redis_version", "unknown"))

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (redis.RedisError, OSError) as error:
            raise ControlUnavailable(str(error) or type(error).__name__) from error


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _pairs(flat: list[bytes | str]) -> dict[str, str]:
    texts = [_text(item) for item in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))
