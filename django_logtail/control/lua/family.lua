-- A queue's keys. This text is put before every script of a queue.
--
-- The keys share a hash tag, so that a script touches one slot. All times are from Redis's own clock. `<ns>` is the
-- project's namespace.
--
--     KEYS[1] logtail:<ns>:{queue}:reader   string  "<token>|" and, signed, the reader's identity, mailbox and version
--                                                   of messages; 2.5 s. It saves work but isn't a lock: two readers at
--                                                   once do no harm, because a feed accepts only what continues exactly
--                                                   at its place
--     KEYS[2] logtail:<ns>:{queue}:wants    hash    "<process>|<log>|<flow>" -> the want, signed
--     KEYS[3] logtail:<ns>:{queue}:expiry   zset    the same members by expiry time (15 s after the last renewal)
--     KEYS[4] logtail:<ns>:{queue}:changed  zset    the same members by the version of their last change, so that a
--                                                   tick's cost depends on what changed, not on what is watched
--     KEYS[5] logtail:<ns>:{queue}:version  hash    n: counts changes; epoch: when the family was created (Redis may
--                                                   lose its data)
--     KEYS[6] logtail:<ns>:{queue}:wake     string  at most one wake-up in flight: 2, 4, 8, 16, 30 s
--     KEYS[7] logtail:<ns>:{queue}:wakes    string  unanswered wake-ups; deleted when a reader starts
--     KEYS[8] logtail:<ns>:{queue}:stop     hash    "<log>" or "*" -> reason: the stop flag. The only key without an
--                                                   expiry: it stays until somebody clears it or deletes the log
--     KEYS[9] logtail:<ns>:{queue}:notes    list    notes from outside that the reader has not yet taken, signed; at
--                                                   most 100
--
--     ARGV[1] milliseconds after which an unused family expires
--
-- If others overwrite our keys, scripts don't fail, and the damage doesn't last: a key of another type, or with text
-- that can't be ours, is treated as missing, and no lease outlives its longest possible duration.

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
