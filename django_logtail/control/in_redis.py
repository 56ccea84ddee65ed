"""`Control` in Redis: the keys that `keys` and `lua/family.lua` describe, read and written.

A call that fails raises `ControlUnavailable`, whatever the client library raised.
"""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

import redis
from django.conf import settings

from django_logtail.conf import conf
from django_logtail.control import (
    MOST_NOTES,
    READER_LEASE_MS,
    VIEWERS_LEASE_MS,
    Busy,
    ControlUnavailable,
    FailedTask,
    Lacking,
    Note,
    Posted,
    Project,
    ReaderLease,
    Seen,
    Server,
    Tick,
    ViewerFacts,
    WrongServer,
    keys,
    messages,
    rights,
    scripts,
)
from django_logtail.control.connection import address_of, is_answer, is_wrong_connection, said_by, trouble_of
from django_logtail.control.failed import failed_here
from django_logtail.control.limits_in_redis import RedisLimits
from django_logtail.control.wants import WANT_LEASE_MS, Want
from django_logtail.control.wire import Malformed, TooNew, Unreadable, ignored
from django_logtail.tailing.reasons import is_coded

#: Characters of a stop flag's reason: more than `stop_flag` writes, which encodes 200 characters and a user's name.
MOST_REASON_CHARACTERS: Final = 500
MOST_CODED_CHARACTERS: Final = 5_000
#: What Redis says of a key of another type, and of a stream whose last entry has the highest number that there is.
_SPOILT: Final = ("WRONGTYPE", "exhausted the last possible ID")


class RedisControl:
    """`Control` in Redis. One object a process; safe to call from any thread."""

    def __init__(self, client: redis.Redis) -> None:
        self.losses = 0
        self._client = client
        self._post = client.register_script(scripts.POST)
        self._tick = client.register_script(scripts.TICK)
        self._hand_over = client.register_script(scripts.HAND_OVER)
        self._forget = client.register_script(scripts.FORGET)
        self._projects = client.register_script(scripts.PROJECTS)
        self.limits = RedisLimits(client, self._call, self._at)

    @property
    def where(self) -> str:
        return address_of(self._client)

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
            arguments += [want.member, messages.want_text(queue, want)]
        arguments += [*renewed, *dropped]
        lease, wake, missing = self._call(self._post, keys=keys.family(queue), args=arguments)
        return Posted(
            messages.read_lease(queue, _text(lease)) if lease else None,
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
                messages.lease_text(queue, lease),
                int(starting),
                int(may_end),
                seen.epoch,
                seen.version,
            ],
        )
        match _text(answer[0]):
            case "lost":
                return Tick(holds=False, holder=messages.read_lease(queue, _text(answer[1])))
            case "ended":
                return Tick(holds=False, ended=True)
            case _:
                _, epoch, version, full, found, stops, notes = answer
        wants, useless = _wants(queue, found)
        if useless:
            # So that its owner, on renewing it, learns that it is gone and posts it again.
            self._call(self._forget, keys=keys.family(queue), args=[keys.FAMILY_LEASE_MS, *useless])
        return Tick(
            holds=True,
            seen=Seen(_text(epoch), int(version)),
            is_full=bool(full),
            changed=wants,
            stops=_stops(zip(stops[::2], stops[1::2], strict=True)),
            notes=tuple(_notes(queue, notes)),
        )

    def hand_over(self, queue: str, lease: ReaderLease) -> int:
        """Free the lease; return how many wants wait for the next reader. The caller sends the wake-up."""
        return int(
            self._call(self._hand_over, keys=keys.family(queue), args=[keys.FAMILY_LEASE_MS, lease.token])
        )

    def report(self, queue: str, status: Mapping[str, object]) -> None:
        text = messages.report_text(queue, status)
        self._call(self._client.set, keys.key(queue, "status"), text, px=keys.STATUS_LEASE_MS)

    def status(self, queue: str) -> dict[str, Any] | None:
        """The last report of the queue's reader, or None if there is none."""
        text = self._at(keys.key(queue, "status"), self._client.get)
        return None if text is None else messages.read_report(queue, _text(text))

    def reader(self, queue: str) -> ReaderLease | None:
        text = self._at(keys.key(queue, "reader"), self._client.get)
        return None if text is None else messages.read_lease(queue, _text(text))

    def set_stop(self, queue: str, log: str, reason: str) -> None:
        """Set the stop flag of one log, or of all with "*". The reader sees it at its next tick."""
        self._at(keys.key(queue, "stop"), self._client.hset, log, reason)

    def clear_stop(self, queue: str, log: str) -> bool:
        """Clear it, so that viewers still connected continue; return whether it was set."""
        return bool(self._at(keys.key(queue, "stop"), self._client.hdel, log))

    def stops(self, queue: str) -> dict[str, str]:
        found = self._at(keys.key(queue, "stop"), self._client.hgetall)
        return _stops(found.items())

    def add_note(self, queue: str, note: Note) -> None:
        """Leave a note for the queue's reader, which takes it at its next tick; without a reader it expires."""

        def add(key: str) -> None:
            pipeline = self._client.pipeline()
            pipeline.rpush(key, messages.note_text(queue, note))
            pipeline.ltrim(key, -MOST_NOTES, -1)
            pipeline.pexpire(key, keys.FAMILY_LEASE_MS)
            pipeline.execute()

        self._at(keys.key(queue, "notes"), add)

    def report_viewers(self, process: str, viewers: list[ViewerFacts]) -> None:
        """List the viewers of this web process; repeat every VIEWERS_SECONDS."""
        key = keys.viewers_of(process)
        counts, failed = ignored.counts, failed_here()

        def say(processes: str) -> None:
            pipeline = self._client.pipeline()
            if viewers or counts or failed:
                text = messages.viewers_text(process, viewers, counts, failed)
                pipeline.set(key, text, px=VIEWERS_LEASE_MS)
                pipeline.sadd(processes, process)
                pipeline.pexpire(processes, keys.FAMILY_LEASE_MS)
            else:
                pipeline.delete(key)
                pipeline.srem(processes, process)
            pipeline.execute()

        self._at(keys.viewers(), say)

    def viewers(self) -> list[ViewerFacts]:
        """The current viewers of all web processes; up to VIEWERS_SECONDS old."""
        return [viewer for viewers, _ in self._lists_of_viewers() for viewer in viewers]

    def ignored(self) -> dict[str, int]:
        """Messages that web processes with viewers could not use, by kind."""
        return dict(sum((Counter(counts) for _, counts in self._lists_of_viewers()), Counter()))

    def failures(self) -> list[FailedTask]:
        """Failures in web processes."""
        return [
            failure
            for process, text in self._texts_of_viewers()
            for failure in messages.read_failures(process, text)
        ]

    def _lists_of_viewers(self) -> list[tuple[list[ViewerFacts], dict[str, int]]]:
        return [messages.read_viewers(process, text) for process, text in self._texts_of_viewers()]

    def _texts_of_viewers(self) -> list[tuple[str, str]]:
        """Each process with its list of viewers, as text."""
        processes = list(self._at(keys.viewers(), self._client.smembers))
        names = [keys.viewers_of(_text(process)) for process in processes]
        texts = self._call(self._client.mget, names) if processes else []
        pairs = list(zip(processes, texts, strict=True))
        if dead := [process for process, text in pairs if text is None]:
            self._call(self._client.srem, keys.viewers(), *dead)  # a live process adds itself again soon
        return [(_text(process), _text(text)) for process, text in pairs if text is not None]

    def introduce(self) -> list[Project]:
        """Announce that this project uses this Redis; return the other projects that do."""
        label = getattr(settings, "SETTINGS_MODULE", None) or "a project"
        mine = Project(conf.NAMESPACE, label, socket.gethostname(), conf.QUEUE)
        said = json.dumps(asdict(mine), separators=(",", ":"))
        found = self._call(self._projects, keys=[keys.PROJECTS], args=[keys.PROJECT_LEASE_MS, said])
        others = (_project(_text(text)) for text in found)
        return [other for other in others if other is not None and other.namespace != mine.namespace]

    def clock(self) -> float:
        """Seconds by Redis's clock, which all hosts share."""
        seconds, microseconds = self._call(self._client.time)
        return float(seconds) + float(microseconds) / 1e6

    def wanted(self, queue: str) -> set[str]:
        """The logs of this queue that are wanted."""
        members = self._lasting(keys.key(queue, "expiry"))
        return {parts[1] for parts in (member.split("|") for member in members) if len(parts) == 3}

    def serve(self, queue: str, server: Server) -> None:
        """Announce that this worker process serves the queue; repeat every 20 s."""
        self._announce(keys.key(queue, "servers"), _server_text(server), keys.SERVER_LEASE_MS)

    def _announce(self, key: str, member: str, lease_ms: int) -> None:
        until = self.clock() * 1000 + lease_ms

        def say(key: str) -> None:
            pipeline = self._client.pipeline()
            pipeline.zadd(key, {member: until})
            pipeline.pexpire(key, lease_ms)
            pipeline.execute()

        self._at(key, say)

    def serve_no_more(self, queue: str, server: Server) -> None:
        self._at(keys.key(queue, "servers"), self._client.zrem, _server_text(server))

    def servers(self, queue: str) -> list[Server]:
        """The worker processes that serve the queue."""
        found = map(_server, self._lasting(keys.key(queue, "servers")))
        return [server for server in found if server is not None]

    def say_busy(self, queue: str, busy: Busy) -> None:
        """Announce that all threads of a worker process are busy; repeat every other second."""
        self._announce(keys.key(queue, "busy"), f"{busy.host}|{busy.pid}|{busy.tasks}", keys.BUSY_LEASE_MS)

    def busy(self, queue: str) -> list[Busy]:
        """The worker processes that serve the queue and can't take anything now."""
        found = map(_busy, self._lasting(keys.key(queue, "busy")))
        return [busy for busy in found if busy is not None]

    def _lasting(self, key: str) -> list[str]:
        """The members of a sorted set that have not expired."""
        found = self._at(key, self._client.zrangebyscore, self.clock() * 1000, "+inf")
        return [_text(member) for member in found]

    def waiting(self, queue: str) -> str:
        """The broker's id of the last wake-up for this queue; "" if unknown."""
        return _text(self._at(keys.key(queue, "waiting"), self._client.get) or "")

    def set_waiting(self, queue: str, name: str) -> None:
        self._call(self._client.set, keys.key(queue, "waiting"), name, px=keys.WAITING_LEASE_MS)

    def ring(self, queue: str) -> None:
        """Make the queue's idle workers fetch at once what was put into it."""

        def ring(key: str) -> None:
            pipeline = self._client.pipeline()
            pipeline.xadd(key, {"queue": queue}, maxlen=keys.MOST_RINGS, approximate=False)
            pipeline.pexpire(key, keys.FAMILY_LEASE_MS)
            pipeline.execute()

        self._at(keys.bell(), ring)

    def heard(self, since: str, seconds: float) -> tuple[str, set[str]]:
        """Wait up to that long until somebody rings; return where to go on, and the queues that were rung for.

        `since`: where to go on after the last call; "" is now. `seconds`: less than CALL_SECONDS.
        """

        def wait(key: str) -> Any:
            milliseconds = int(seconds * 1000)
            return self._client.xread({key: since or "$"}, count=keys.MOST_RINGS, block=milliseconds)

        rings = _rings(self._at(keys.bell(), wait))
        # After silence from now on: others may have left an entry that none of ours will ever follow.
        return (rings[-1][0] if rings else ""), {queue for _, queue in rings}

    def take_turn(self, queue: str, seconds: float) -> bool:
        """Whether no web process has asked for this queue's members within the last `seconds`."""
        px = int(seconds * 1000)
        return bool(self._call(self._client.set, keys.key(queue, "members"), "1", px=px, nx=True))

    def use_ticket(self, digest: str, seconds: float) -> bool:
        """Whether no web process has used the ticket with this digest before. `seconds`: how long it is valid."""
        px = int(seconds * 1000)
        return bool(self._call(self._client.set, keys.ticket(digest), "1", px=px, nx=True))

    def answer(self, queue: str, question: str, text: str) -> None:
        """Store the answer to the question with this id, for a minute."""
        self._call(self._client.set, keys.answer(queue, question), text, px=keys.ANSWER_LEASE_MS)

    def take_answer(self, queue: str, question: str) -> str:
        """The answer to the question with this id, which is then deleted; "" if there is none."""
        key = keys.answer(queue, question)
        if (found := self._at(key, self._client.get)) is None:
            return ""
        self._call(self._client.delete, key)
        return _text(found)

    def tell_changes(self, concerned: Collection[str]) -> None:
        """Tell all web processes whose access has changed: "user|7", "log|app", or "all"."""
        now = self.clock() * 1000

        def tell(key: str) -> None:
            pipeline = self._client.pipeline()
            pipeline.zremrangebyscore(key, "-inf", now)
            pipeline.zadd(key, dict.fromkeys(concerned, now + keys.CHANGE_LEASE_MS))
            pipeline.pexpire(key, keys.CHANGE_LEASE_MS)
            pipeline.execute()

        self._at(keys.changes(), tell)

    def changes(self) -> dict[str, float]:
        """The changes of the last minute, and a number that grows when one is told again."""
        find = partial(self._client.zrangebyscore, withscores=True)
        found = self._at(keys.changes(), find, "-inf", "+inf")
        return {_text(member): float(score) for member, score in found}

    def ping(self) -> str:
        """The server's version; proves that it can be reached and stores data."""
        found: dict[str, Any] = {}
        try:
            found = self._call(self._client.info, "server")
        except ControlUnavailable as error:
            if error.trouble != "right":  # many Redis users have every permission but this one
                raise
        # A replica or a full server would answer the call above.
        self._call(self._client.set, keys.key(conf.QUEUE, "probe"), "1", px=keys.PROBE_LEASE_MS)
        return str(found.get("redis_version", "unknown"))

    def lacks(self) -> Lacking:
        """The rights that this client's user lacks. Tries each command that is needed."""
        commands = {*rights.OWN, *rights.called_in(scripts.TEXTS)}
        return Lacking(
            rights.user_of(self._client), tuple(rights.missing(self._client, commands, "logtail:"))
        )

    def _at(self, key: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call the function with the key. If others made the key unusable, delete it and start over."""
        try:
            return self._call(function, key, *args)
        except ControlUnavailable as error:
            if not any(word in str(error) for word in _SPOILT):
                raise
            ignored.add("a key in Redis", Malformed(f"{key} is of another type"))
        self._call(self._client.delete, key)
        return self._call(function, key, *args)

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (redis.RedisError, OSError) as error:
            is_said = is_answer(error)
            if is_wrong_connection(error) or isinstance(error, redis.ConnectionError):
                self.losses += 1
            if is_wrong_connection(error):
                # Including idle connections in the pool, which lead to the same server. The next call reconnects.
                self._client.connection_pool.disconnect(inuse_connections=False)
                raise WrongServer(said_by(error), trouble_of(error), is_answer=is_said) from error
            raise ControlUnavailable(
                said_by(error) or type(error).__name__, trouble_of(error), is_answer=is_said
            ) from error


def _rings(found: Any) -> list[tuple[str, str]]:
    """Id and queue of each entry that Redis returned of one stream; "" for a queue that others wrote."""
    streams = found.values() if isinstance(found, dict) else [entries for _, entries in found or ()]
    entries = [entry for entries in streams for entry in entries]
    if isinstance(found, dict):  # the newer protocol has one more list
        entries = [entry for inner in entries for entry in inner]
    return [(_text(name), _text(fields.get(b"queue", b""))) for name, fields in entries]


def _wants(queue: str, flat: list[bytes | str]) -> tuple[dict[str, Want | None], list[bytes | str]]:
    """The usable wants, and member and text of the unusable ones, except those that a later release could use.

    An unusable want is treated as if it were gone.
    """
    wants: dict[str, Want | None] = {}
    useless: list[bytes | str] = []
    for member, text in zip(flat[::2], flat[1::2], strict=True):
        name = _text(member)
        try:
            wants[name] = messages.read_want(queue, name, _text(text)) if text else None
        except Unreadable as error:
            ignored.add("a want", error)
            wants[name] = None
            if not isinstance(error, TooNew):
                useless += [member, text]
    return wants, useless


def _notes(queue: str, texts: Iterable[bytes | str]) -> Iterator[Note]:
    for text in texts:
        try:
            yield messages.read_note(queue, _text(text))
        except Unreadable as error:
            ignored.add("a note", error)


def _server_text(server: Server) -> str:
    return f"{server.host}|{server.pid}|{int(server.is_named)}"


def _server(text: str) -> Server | None:
    try:
        host, pid, is_named = text.rsplit("|", 2)
        return Server(host, int(pid), is_named == "1")
    except ValueError:
        return None


def _busy(text: str) -> Busy | None:
    try:
        host, pid, tasks = text.rsplit("|", 2)
        return Busy(host, int(pid), int(tasks))
    except ValueError:
        return None


def _project(text: str) -> Project | None:
    """A project's description of itself, without control characters, because people see it."""
    try:
        fields = json.loads(text)
        words = [str(fields[name])[:80] for name in ("namespace", "label", "host", "queue")]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Project(*("".join(letter for letter in word if letter.isprintable()) for word in words))


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _stops(found: Iterable[tuple[bytes | str, bytes | str]]) -> dict[str, str]:
    """The stop flag. It isn't signed, and its reason appears on pages, on terminals and in the project's log."""
    return {_text(log): _printable(_shortened(_text(reason))) for log, reason in found}


def _shortened(reason: str) -> str:
    return reason[: MOST_CODED_CHARACTERS if is_coded(reason) else MOST_REASON_CHARACTERS]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
