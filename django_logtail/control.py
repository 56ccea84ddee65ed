"""What is wanted, who reads it and what must stop: the only module that talks to Redis.

One hash-tagged key family a queue, so that each script touches one slot. All times are Redis' own clock.

    logtail:{queue}:reader    string  "<token>|<host>|<pid>|<version>|<mailbox>" of the running reader; 2.5 s.
                                      An economy, not a fence: two readers at once do no harm, because a feed takes
                                      only what continues exactly where it stands
    logtail:{queue}:wants     hash    "<process>|<log>|<flow>" -> JSON of the want
    logtail:{queue}:expiry    zset    the same members by when they lapse (15 s after the last renewal)
    logtail:{queue}:changed   zset    the same members by the version of their last change, so that a tick costs what
                                      changed and not what is watched
    logtail:{queue}:version   hash    n: counts changes; epoch: when the family was created (Redis may lose its data)
    logtail:{queue}:wake      string  at most one wake-up in flight: 2, 4, 8, 16, 30 s
    logtail:{queue}:wakes     string  wake-ups without an answer; deleted by a reader that starts
    logtail:{queue}:stop      hash    "<log>" or "*" -> reason: the stop flag. The only key without an expiry: it
                                      stays until somebody clears it or deletes the log
    logtail:{queue}:notes     list    JSON of notes from outside that the reader has not yet taken; at most 100
    logtail:{queue}:status    string  JSON of what the reader last reported; lapses after 10 s
    logtail:viewers:<process> string  JSON of one web process' viewers; lapses after 30 s

Calls are synchronous and short; code in an event loop runs them in a thread (`in_thread`). A call that cannot be
answered raises `ControlUnavailable`, whatever the client library called it.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol, TypeVar

import redis
from redis.sentinel import SentinelConnectionPool

from django_logtail import __version__
from django_logtail.conf import conf
from django_logtail.tailing.events import Position

#: Milliseconds a reader's lease lives unless renewed: 25 missed ticks; a false take-over is harmless.
READER_LEASE_MS: Final = 2_500
#: Milliseconds a want lives unless renewed, and the seconds between renewals: two may be lost.
WANT_LEASE_MS: Final = 15_000
WANT_RENEWAL_SECONDS: Final = 5.0
#: Milliseconds a reader's report lives; it is renewed each second, and every four while nothing moves.
STATUS_LEASE_MS: Final = 10_000
#: Milliseconds a web process' list of viewers lives, and the seconds between renewals.
VIEWERS_LEASE_MS: Final = 30_000
VIEWERS_SECONDS: Final = 10.0
#: Milliseconds after which an unused key family is gone.
FAMILY_LEASE_MS: Final = 60_000
#: Notes that may wait for a reader.
MOST_NOTES: Final = 100
#: Seconds a Redis call may take. redis-py 8's own default of 5 s is longer than the reader's lease.
CALL_SECONDS: Final = 2.0
#: What makes a client of redis-py ask up to ten times more, each for CALL_SECONDS. Who calls tries again anyway.
_RETRIES: Final = frozenset({"retry", "retry_on_error", "retry_on_timeout"})

Result = TypeVar("Result")


class ControlUnavailable(Exception):
    """Redis did not answer. The text is the client library's."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What lines are searched for: a text, or with `regex` an expression; `case` tells upper from lower case."""

    pattern: str
    regex: bool = False
    case: bool = False


@dataclass(frozen=True, slots=True)
class Want:
    """ "Process P wants log L from a position on, up to `credit` bytes more than it has taken, to mailbox C."

    `position` None: from the last `lines` lines. `taken` counts the bytes accepted since `serial` was posted; the
    reader may have sent `taken + credit` of this serial. A new serial rewinds to `position`.
    `late` are the bytes taken of older generations, which writers may still append to.
    `end` or `before_lines` make it a one-time request for history: bytes [position.offset, end), or the
    `before_lines` lines that end at position.offset. `search` makes it one for the lines from position.offset on that
    match.
    """

    process: str
    log: str
    flow: str
    mailbox: str
    serial: int
    credit: int
    lines: int = 0
    position: Position | None = None
    taken: int = 0
    end: int | None = None
    before_lines: int | None = None
    search: Sought | None = None
    late: Mapping[str, int] = field(default_factory=dict)

    @property
    def member(self) -> str:
        return f"{self.process}|{self.log}|{self.flow}"

    @property
    def is_history(self) -> bool:
        """Whether it asks once, for what is in a file already."""
        return self.end is not None or self.before_lines is not None or self.search is not None

    def to_json(self) -> str:
        fields: dict[str, object] = {"mailbox": self.mailbox, "serial": self.serial, "credit": self.credit}
        if self.position is not None:
            fields["file"] = self.position.file
            fields["offset"] = self.position.offset
        for name in ("lines", "taken", "end", "before_lines", "late"):
            if getattr(self, name):
                fields[name] = getattr(self, name)
        if self.search is not None:
            fields["search"] = asdict(self.search)
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, member: str, text: str) -> Want:
        process, log, flow = member.split("|")
        fields = json.loads(text)
        position = Position(fields["file"], fields["offset"]) if "file" in fields else None
        return cls(
            process,
            log,
            flow,
            fields["mailbox"],
            fields["serial"],
            fields["credit"],
            lines=fields.get("lines", 0),
            position=position,
            taken=fields.get("taken", 0),
            end=fields.get("end"),
            before_lines=fields.get("before_lines"),
            search=Sought(**fields["search"]) if "search" in fields else None,
            late=fields.get("late", {}),
        )


@dataclass(frozen=True, slots=True)
class ReaderLease:
    """Who reads a queue now. A message to its mailbox makes it look at the wants at once."""

    token: str
    host: str
    pid: int
    version: str
    mailbox: str = ""

    def to_text(self) -> str:
        return f"{self.token}|{self.host}|{self.pid}|{self.version}|{self.mailbox}"

    @classmethod
    def from_text(cls, text: str) -> ReaderLease:
        token, host, pid, version, mailbox = text.split("|")
        return cls(token, host, int(pid), version, mailbox)

    @classmethod
    def new(cls) -> ReaderLease:
        host = socket.gethostname().replace("|", "_") or "unknown"
        return cls(uuid.uuid4().hex, host, os.getpid(), __version__)


@dataclass(frozen=True, slots=True)
class Note:
    """A mark from outside for everyone who watches `log` ("*": any log): "deploy 4.2 started". `at`: Unix seconds."""

    log: str
    text: str
    level: str
    at: float


@dataclass(frozen=True, slots=True)
class ViewerFacts:
    """One viewer, for who looks after the host. `since`: Unix seconds; `user`: primary key; `address`: the peer's."""

    session: str
    user: str
    log: str
    since: float
    address: str


@dataclass(frozen=True, slots=True)
class Posted:
    """Answer to a post: who reads, must the caller send a wake-up, which renewed wants Redis no longer has."""

    reader: ReaderLease | None
    wake: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Up to where a reader knows the wants. Hand it to the next tick."""

    epoch: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """Answer to a tick.

    `holds`: the caller is the reader. `ended`: it was, nothing was wanted, and the lease is freed. `changed` maps
    members to their want, or to None when it lapsed or was deleted; with `is_full` every other want is gone.
    `stops` is the stop flag: log id or "*" -> reason. `notes` are handed out once.
    """

    holds: bool
    ended: bool = False
    holder: ReaderLease | None = None
    seen: Seen = Seen()
    is_full: bool = False
    changed: Mapping[str, Want | None] = field(default_factory=dict)
    stops: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


class Control(Protocol):
    """The same for a reader behind Redis and for one in this process."""

    def post(
        self, queue: str, wants: Iterable[Want], renewed: Iterable[str], dropped: Iterable[str]
    ) -> Posted: ...
    def tick(self, queue: str, lease: ReaderLease, seen: Seen, *, may_end: bool, starting: bool) -> Tick: ...
    def hand_over(self, queue: str, lease: ReaderLease) -> int: ...
    def report(self, queue: str, status: Mapping[str, object]) -> None: ...
    def status(self, queue: str) -> dict[str, Any] | None: ...
    def reader(self, queue: str) -> ReaderLease | None: ...
    def set_stop(self, queue: str, log: str, reason: str) -> None: ...
    def clear_stop(self, queue: str, log: str) -> bool: ...
    def stops(self, queue: str) -> dict[str, str]: ...
    def add_note(self, queue: str, note: Note) -> None: ...
    def report_viewers(self, process: str, viewers: list[ViewerFacts]) -> None: ...
    def viewers(self) -> list[ViewerFacts]: ...
    def ping(self) -> str: ...


_FAMILY = ("reader", "wants", "expiry", "changed", "version", "wake", "wakes", "stop", "notes")

_LUA_PRELUDE = """
local reader, wants, expiry, changed, version, wake, wakes, stop, notes = unpack(KEYS)
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if redis.call('EXISTS', version) == 0 then
  redis.call('HSET', version, 'n', 0, 'epoch', clock[1] .. '.' .. clock[2])
end
local function mark(member)
  redis.call('ZADD', changed, redis.call('HINCRBY', version, 'n', 1), member)
end
local function drop(member)
  redis.call('HDEL', wants, member)
  redis.call('ZREM', expiry, member)
  mark(member)
end
local function keep()
  for _, key in ipairs({wants, expiry, changed, version}) do redis.call('PEXPIRE', key, ARGV[1]) end
end
"""

# ARGV: family lease, want lease, number of wants, of renewed, of dropped; then member, JSON pairs; members; members
_LUA_POST = (
    _LUA_PRELUDE
    + """
local at, missing = 5, {}
for _ = 1, tonumber(ARGV[3]) do
  redis.call('HSET', wants, ARGV[at + 1], ARGV[at + 2])
  redis.call('ZADD', expiry, now + ARGV[2], ARGV[at + 1])
  mark(ARGV[at + 1])
  at = at + 2
end
for _ = 1, tonumber(ARGV[4]) do
  at = at + 1
  if redis.call('HEXISTS', wants, ARGV[at]) == 1 then
    redis.call('ZADD', expiry, now + ARGV[2], ARGV[at])
  else
    missing[#missing + 1] = ARGV[at]
  end
end
for _ = 1, tonumber(ARGV[5]) do
  at = at + 1
  if redis.call('HEXISTS', wants, ARGV[at]) == 1 then drop(ARGV[at]) end
end
keep()
local lease = redis.call('GET', reader)
local must_wake = 0
if not lease and redis.call('HLEN', wants) > 0 then
  local tries = tonumber(redis.call('GET', wakes) or '0')
  local pause = ({2000, 4000, 8000, 16000, 30000})[math.min(tries, 4) + 1]
  if redis.call('SET', wake, '1', 'NX', 'PX', pause) then
    redis.call('SET', wakes, tries + 1, 'PX', 120000)
    must_wake = 1
  end
end
return {lease or '', must_wake, missing}
"""
)

# ARGV: family lease, reader lease, token, lease text, starting, may end, epoch, version
_LUA_TICK = (
    _LUA_PRELUDE
    + """
local lease = redis.call('GET', reader)
if lease and string.sub(lease, 1, #ARGV[3] + 1) ~= ARGV[3] .. '|' then return {'lost', lease} end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now)) do drop(member) end
if ARGV[6] == '1' and redis.call('HLEN', wants) == 0 then
  redis.call('DEL', reader)
  return {'ended', ''}
end
redis.call('SET', reader, ARGV[4], 'PX', ARGV[2])
if ARGV[5] == '1' then redis.call('DEL', wake, wakes) end
local n = tonumber(redis.call('HGET', version, 'n'))
local epoch = redis.call('HGET', version, 'epoch')
local seen, full, found = tonumber(ARGV[8]), 0, {}
if epoch ~= ARGV[7] then
  full = 1
  found = redis.call('HGETALL', wants)
elseif n > seen then
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', changed, '(' .. seen, '+inf')) do
    found[#found + 1] = member
    found[#found + 1] = redis.call('HGET', wants, member) or ''
  end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', changed, '-inf', seen, 'LIMIT', 0, 100)) do
  redis.call('ZREM', changed, member)
end
local said = redis.call('LRANGE', notes, 0, -1)
if #said > 0 then redis.call('DEL', notes) end
keep()
return {'holds', epoch, n, full, found, redis.call('HGETALL', stop), said}
"""
)

# ARGV: family lease, token. The lock keeps others from sending a second wake-up beside the hand-over's own.
_LUA_HAND_OVER = (
    _LUA_PRELUDE
    + """
local lease = redis.call('GET', reader)
if not lease or string.sub(lease, 1, #ARGV[2] + 1) ~= ARGV[2] .. '|' then return 0 end
redis.call('DEL', reader)
local waiting = redis.call('HLEN', wants)
if waiting > 0 then redis.call('SET', wake, '1', 'PX', 2000) end
return waiting
"""
)


class RedisControl:
    """`Control` in Redis. One object a process; safe to call from any thread."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._post = client.register_script(_LUA_POST)
        self._tick = client.register_script(_LUA_TICK)
        self._hand_over = client.register_script(_LUA_HAND_OVER)

    def post(
        self, queue: str, wants: Iterable[Want], renewed: Iterable[str], dropped: Iterable[str]
    ) -> Posted:
        """Write changed wants, renew unchanged ones, delete dropped ones; all or nothing."""
        wants, renewed, dropped = list(wants), list(renewed), list(dropped)
        arguments: list[str | int] = [FAMILY_LEASE_MS, WANT_LEASE_MS, len(wants), len(renewed), len(dropped)]
        for want in wants:
            arguments += [want.member, want.to_json()]
        arguments += [*renewed, *dropped]
        lease, wake, missing = self._call(self._post, keys=_keys(queue), args=arguments)
        return Posted(
            ReaderLease.from_text(_text(lease)) if lease else None,
            bool(wake),
            tuple(_text(member) for member in missing),
        )

    def tick(self, queue: str, lease: ReaderLease, seen: Seen, *, may_end: bool, starting: bool) -> Tick:
        """Claim or renew the reader's lease and return what changed since `seen`."""
        answer = self._call(
            self._tick,
            keys=_keys(queue),
            args=[
                FAMILY_LEASE_MS,
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
        return int(self._call(self._hand_over, keys=_keys(queue), args=[FAMILY_LEASE_MS, lease.token]))

    def report(self, queue: str, status: Mapping[str, object]) -> None:
        text = json.dumps(status, separators=(",", ":"))
        self._call(self._client.set, f"logtail:{{{queue}}}:status", text, px=STATUS_LEASE_MS)

    def status(self, queue: str) -> dict[str, Any] | None:
        """What the queue's reader last reported, or None when there is none."""
        text = self._call(self._client.get, f"logtail:{{{queue}}}:status")
        return None if text is None else json.loads(text)

    def reader(self, queue: str) -> ReaderLease | None:
        text = self._call(self._client.get, f"logtail:{{{queue}}}:reader")
        return None if text is None else ReaderLease.from_text(_text(text))

    def set_stop(self, queue: str, log: str, reason: str) -> None:
        """Set the stop flag of one log, or of all with "*". The reader obeys at its next tick."""
        self._call(self._client.hset, f"logtail:{{{queue}}}:stop", log, reason)

    def clear_stop(self, queue: str, log: str) -> bool:
        """Clear it; viewers that are still there continue. Was it set?"""
        return bool(self._call(self._client.hdel, f"logtail:{{{queue}}}:stop", log))

    def stops(self, queue: str) -> dict[str, str]:
        found = self._call(self._client.hgetall, f"logtail:{{{queue}}}:stop")
        return {_text(log): _text(reason) for log, reason in found.items()}

    def add_note(self, queue: str, note: Note) -> None:
        """Leave a note for the queue's reader, which takes it at its next tick; without a reader it lapses."""
        key = f"logtail:{{{queue}}}:notes"
        pipeline = self._client.pipeline()
        pipeline.rpush(key, json.dumps(asdict(note), separators=(",", ":")))
        pipeline.ltrim(key, -MOST_NOTES, -1)
        pipeline.pexpire(key, FAMILY_LEASE_MS)
        self._call(pipeline.execute)

    def report_viewers(self, process: str, viewers: list[ViewerFacts]) -> None:
        """Say who watches through this web process; to be repeated every VIEWERS_SECONDS."""
        key = f"logtail:viewers:{process}"
        if viewers:
            text = json.dumps([asdict(viewer) for viewer in viewers], separators=(",", ":"))
            self._call(self._client.set, key, text, px=VIEWERS_LEASE_MS)
        else:
            self._call(self._client.delete, key)

    def viewers(self) -> list[ViewerFacts]:
        """Who watches now, through any web process; up to VIEWERS_SECONDS old."""
        keys = self._call(lambda: list(self._client.scan_iter("logtail:viewers:*", count=1000)))
        texts = self._call(self._client.mget, keys) if keys else []
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


class MemoryControl:
    """`Control` for a reader in this process: the same rules, without a server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._queues: dict[str, _Family] = {}
        self._viewers: dict[str, list[ViewerFacts]] = {}

    def post(
        self, queue: str, wants: Iterable[Want], renewed: Iterable[str], dropped: Iterable[str]
    ) -> Posted:
        with self._lock:
            family, now = self._family(queue), self._clock()
            missing = []
            for want in wants:
                family.wants[want.member] = want
                family.expiry[want.member] = now + WANT_LEASE_MS / 1000
                family.mark(want.member)
            for member in renewed:
                if member in family.wants:
                    family.expiry[member] = now + WANT_LEASE_MS / 1000
                else:
                    missing.append(member)
            for member in dropped:
                family.drop(member)
            reader = family.live_reader(now)
            wake = reader is None and bool(family.wants) and now >= family.wake_after
            if wake:
                family.wake_after = now + 2.0
            return Posted(reader, wake, tuple(missing))

    def tick(self, queue: str, lease: ReaderLease, seen: Seen, *, may_end: bool, starting: bool) -> Tick:
        with self._lock:
            family, now = self._family(queue), self._clock()
            holder = family.live_reader(now)
            if holder is not None and holder.token != lease.token:
                return Tick(holds=False, holder=holder)
            for member in [member for member, until in family.expiry.items() if until <= now]:
                family.drop(member)
            if may_end and not family.wants:
                family.reader = None
                return Tick(holds=False, ended=True)
            family.reader, family.reader_until = lease, now + READER_LEASE_MS / 1000
            if starting:
                family.wake_after = 0.0
            is_full = seen.epoch != family.epoch
            members = (
                list(family.wants)
                if is_full
                else [m for m, at in family.changed.items() if at > seen.version]
            )
            family.changed = {m: at for m, at in family.changed.items() if at > seen.version}
            return Tick(
                holds=True,
                seen=Seen(family.epoch, family.version),
                is_full=is_full,
                changed={member: family.wants.get(member) for member in members},
                stops=dict(family.stop),
                notes=family.taken_notes(),
            )

    def hand_over(self, queue: str, lease: ReaderLease) -> int:
        with self._lock:
            family = self._family(queue)
            if family.reader is None or family.reader.token != lease.token:
                return 0
            family.reader = None
            return len(family.wants)

    def report(self, queue: str, status: Mapping[str, object]) -> None:
        with self._lock:
            self._family(queue).status = dict(status)

    def status(self, queue: str) -> dict[str, Any] | None:
        with self._lock:
            family = self._family(queue)
            return family.status if family.live_reader(self._clock()) else None

    def reader(self, queue: str) -> ReaderLease | None:
        with self._lock:
            return self._family(queue).live_reader(self._clock())

    def set_stop(self, queue: str, log: str, reason: str) -> None:
        with self._lock:
            self._family(queue).stop[log] = reason

    def clear_stop(self, queue: str, log: str) -> bool:
        with self._lock:
            return self._family(queue).stop.pop(log, None) is not None

    def stops(self, queue: str) -> dict[str, str]:
        with self._lock:
            return dict(self._family(queue).stop)

    def add_note(self, queue: str, note: Note) -> None:
        with self._lock:
            self._family(queue).notes = [*self._family(queue).notes, note][-MOST_NOTES:]

    def report_viewers(self, process: str, viewers: list[ViewerFacts]) -> None:
        with self._lock:
            self._viewers[process] = list(viewers)

    def viewers(self) -> list[ViewerFacts]:
        with self._lock:
            return [viewer for viewers in self._viewers.values() for viewer in viewers]

    def ping(self) -> str:
        return "in this process"

    def _family(self, queue: str) -> _Family:
        return self._queues.setdefault(queue, _Family())


@dataclass
class _Family:
    """One queue's keys, in memory."""

    epoch: str = field(default_factory=lambda: uuid.uuid4().hex)
    version: int = 0
    wants: dict[str, Want] = field(default_factory=dict)
    expiry: dict[str, float] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    reader: ReaderLease | None = None
    reader_until: float = 0.0
    wake_after: float = 0.0
    stop: dict[str, str] = field(default_factory=dict)
    status: dict[str, Any] | None = None
    notes: list[Note] = field(default_factory=list)

    def taken_notes(self) -> tuple[Note, ...]:
        taken, self.notes = tuple(self.notes), []
        return taken

    def mark(self, member: str) -> None:
        self.version += 1
        self.changed[member] = self.version

    def drop(self, member: str) -> None:
        self.expiry.pop(member, None)
        if self.wants.pop(member, None) is not None:
            self.mark(member)

    def live_reader(self, now: float) -> ReaderLease | None:
        return self.reader if self.reader is not None and now < self.reader_until else None


_control: Control | None = None
_control_lock = threading.Lock()


def control() -> Control:
    """The process' one `Control`, made from the settings on first use. Connects lazily."""
    global _control
    with _control_lock:
        if _control is None:
            _control = MemoryControl() if conf.READER == "local" else RedisControl(_client())
        return _control


def use(replacement: Control | None) -> None:
    """Replace the process' control, or have it made again on next use (tests, changed settings)."""
    global _control
    with _control_lock:
        _control = replacement


def _client() -> redis.Redis:
    url = conf.REDIS_URL
    if url is not None:
        return redis.Redis.from_url(url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS)
    import dramatiq  # not at the top: dramatiq must not make a default broker before the apps are loaded

    client = getattr(dramatiq.get_broker(), "client", None)
    if not isinstance(client, redis.Redis):
        raise ControlUnavailable(
            'the Dramatiq broker has no Redis client; set LOGTAIL["REDIS_URL"], or use '
            "dramatiq.brokers.redis.RedisBroker"
        )
    return _with_timeouts(client)


def _with_timeouts(client: redis.Redis) -> redis.Redis:
    """A client like the broker's (server, TLS, password, database, Sentinel), with our own time-outs and no retries."""
    pool = client.connection_pool
    options = {name: value for name, value in pool.connection_kwargs.items() if name not in _RETRIES}
    options |= {"socket_timeout": CALL_SECONDS, "socket_connect_timeout": CALL_SECONDS}
    if not isinstance(pool, SentinelConnectionPool):
        return redis.Redis(
            connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **options)
        )
    del options["connection_pool"]  # the broker's own pool; the new one sets itself
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


_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="logtail-control")


async def in_thread(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """`function` of a Control, without holding up the event loop. One in memory is called as it is."""
    if isinstance(getattr(function, "__self__", None), MemoryControl):
        return function(*args, **kwargs)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, lambda: function(*args, **kwargs))


def _keys(queue: str) -> list[str]:
    return [f"logtail:{{{queue}}}:{name}" for name in _FAMILY]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _pairs(flat: list[bytes | str]) -> dict[str, str]:
    texts = [_text(item) for item in flat]
    return dict(zip(texts[::2], texts[1::2], strict=True))
