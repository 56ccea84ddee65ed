"""Every key in Redis, and the scripts that change a queue's. `in_redis` sends them.

`<ns>` is the project's namespace. One hash-tagged key family a queue, so that each script touches one slot. All times
are Redis' own clock.

    logtail:<ns>:{queue}:reader    string  "<token>|", and signed who it is, its mailbox and the version of its words;
                                           1.8 s. An economy, not a fence: two readers at once do no harm, because a
                                           feed takes only what continues exactly where it stands
    logtail:<ns>:{queue}:wants     hash    "<process>|<log>|<flow>" -> the want, signed
    logtail:<ns>:{queue}:expiry    zset    the same members by when they lapse (15 s after the last renewal)
    logtail:<ns>:{queue}:changed   zset    the same members by the version of their last change, so that a tick costs
                                           what changed and not what is watched
    logtail:<ns>:{queue}:version   hash    n: counts changes; epoch: when the family was created (Redis may lose its
                                           data)
    logtail:<ns>:{queue}:wake      string  at most one wake-up in flight: 2, 4, 8, 16, 30 s
    logtail:<ns>:{queue}:wakes     string  wake-ups without an answer; deleted by a reader that starts
    logtail:<ns>:{queue}:waiting   string  what the broker calls the wake-up that was sent last
    logtail:<ns>:{queue}:servers   zset    "<host>|<pid>|<named>" of the workers that serve it, by when that lapses
                                           (60 s)
    logtail:<ns>:{queue}:stop      hash    "<log>" or "*" -> reason: the stop flag. The only key without an expiry: it
                                           stays until somebody clears it or deletes the log
    logtail:<ns>:{queue}:notes     list    notes from outside that the reader has not yet taken, signed; at most 100
    logtail:<ns>:{queue}:status    string  what the reader last reported, signed; lapses after 10 s
    logtail:<ns>:{queue}:probe     string  what `ping` wrote to see whether it can; lapses after a second
    logtail:<ns>:viewers:<process> string  one web process' viewers, signed; lapses after 30 s
    logtail:<ns>:viewers           set     the processes that have such a key, or had one: to scan for them could take
                                           Redis, which may hold millions of others' keys, half a minute
    logtail:projects               zset    outside every namespace: JSON of each project that uses this Redis, by when
                                           it last said so; forgotten after an hour
"""

from __future__ import annotations

from typing import Final

from django_logtail.conf import conf

#: Milliseconds after which an unused key family is gone.
FAMILY_LEASE_MS: Final = 60_000
#: Milliseconds a reader's report lives; it is renewed each second, and every four while nothing moves.
STATUS_LEASE_MS: Final = 10_000

#: Milliseconds that a worker's word counts that it serves a queue.
SERVER_LEASE_MS: Final = 60_000
#: Milliseconds that what `ping` writes lasts.
PROBE_LEASE_MS: Final = 1_000
#: Milliseconds that a wake-up which nobody takes is remembered.
WAITING_LEASE_MS: Final = 7 * 24 * 3_600_000

#: What every script gets as KEYS, in the order in which the prelude takes them.
_FAMILY: Final = ("reader", "wants", "expiry", "changed", "version", "wake", "wakes", "stop", "notes")


def family(queue: str) -> list[str]:
    return [key(queue, name) for name in _FAMILY]


def key(queue: str, name: str) -> str:
    return f"logtail:{conf.NAMESPACE}:{{{queue}}}:{name}"


def viewers() -> str:
    """The names of processes."""
    return f"logtail:{conf.NAMESPACE}:viewers"


def viewers_of(process: str) -> str:
    return f"{viewers()}:{process}"


#: Of every project on this Redis, whatever its namespace.
PROJECTS: Final = "logtail:projects"
#: Milliseconds after which a project that said nothing is forgotten.
PROJECT_LEASE_MS: Final = 3_600_000


# What somebody else wrote over our keys never makes a script fail, and never lasts: a key of another type, or whose
# text none of ours could be, is as if it were gone, and no lease outlives the longest that it may have.
_PRELUDE = """
local reader, wants, expiry, changed, version, wake, wakes, stop, notes = unpack(KEYS)
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for key, kind in pairs({
  [reader] = 'string', [wake] = 'string', [wakes] = 'string', [notes] = 'list', [stop] = 'hash',
  [wants] = 'hash', [version] = 'hash', [expiry] = 'zset', [changed] = 'zset',
}) do
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end
local function not_ours(key, form, most)
  local text = redis.call('GET', key)
  if text and not string.match(text, form) then redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  if left == -1 or left > most then redis.call('PEXPIRE', key, most) end
end
not_ours(reader, '^%w+|', 10000)
not_ours(wake, '^1$', 30000)
not_ours(wakes, '^%d%d?%d?%d?%d?%d?$', 120000)
local count, began = unpack(redis.call('HMGET', version, 'n', 'epoch'))
if not (count and began and #count < 15 and string.match(count, '^%d+$') and string.match(began, '^%d+%.%d+$')) then
  redis.call('DEL', changed, version)
  redis.call('HSET', version, 'n', 0, 'epoch', clock[1] .. '.' .. clock[2])
else
  redis.call('ZREMRANGEBYSCORE', changed, '(' .. count, '+inf')
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
POST = (
    _PRELUDE
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
TICK = (
    _PRELUDE
    + """
local lease = redis.call('GET', reader)
if lease and string.sub(lease, 1, #ARGV[3] + 1) ~= ARGV[3] .. '|' then return {'lost', lease} end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now)) do drop(member) end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', expiry, '(' .. (now + ARGV[1]), '+inf')) do
  redis.call('ZADD', expiry, now + ARGV[1], member)
end
if ARGV[6] == '1' then
  for _, member in ipairs(redis.call('HKEYS', wants)) do
    if not redis.call('ZSCORE', expiry, member) then drop(member) end
  end
end
if ARGV[6] == '1' and redis.call('HLEN', wants) == 0 then
  redis.call('DEL', reader)
  return {'ended', ''}
end
redis.call('SET', reader, ARGV[4], 'PX', ARGV[2])
if ARGV[5] == '1' then redis.call('DEL', wake, wakes) end
local n = tonumber(redis.call('HGET', version, 'n'))
local epoch = redis.call('HGET', version, 'epoch')
local seen, full, found = tonumber(ARGV[8]), 0, {}
if epoch ~= ARGV[7] or n < seen then
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
HAND_OVER = (
    _PRELUDE
    + """
local lease = redis.call('GET', reader)
if not lease or string.sub(lease, 1, #ARGV[2] + 1) ~= ARGV[2] .. '|' then return 0 end
redis.call('DEL', reader)
local waiting = redis.call('HLEN', wants)
if waiting > 0 then redis.call('SET', wake, '1', 'PX', 2000) end
return waiting
"""
)

# ARGV: family lease; then member, text pairs. One that was posted anew in between has another text, and stays.
FORGET = (
    _PRELUDE
    + """
for at = 2, #ARGV, 2 do
  if redis.call('HGET', wants, ARGV[at]) == ARGV[at + 1] then
    redis.call('HDEL', wants, ARGV[at])
    redis.call('ZREM', expiry, ARGV[at])
  end
end
"""
)

# ARGV: lease, what to say. At most 100 are kept. Returns what every project said.
PROJECTS_SAY = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -101)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""
