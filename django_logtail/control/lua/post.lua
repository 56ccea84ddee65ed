-- Write changed wants, renew unchanged ones, delete dropped ones. `family.lua` comes before it.
--
--     ARGV  family lease, want lease, number of wants, of renewed, of dropped;
--           then member and text of each want, members to renew, members to drop
--
-- Returns the reader, whether the caller must send a wake-up, and which renewed wants are missing.

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
