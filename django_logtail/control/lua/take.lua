-- Take a place for a user, unless they have as many as they may have in all web processes.
--
--     KEYS[1] logtail:<ns>:{limits}:held:<kind>:<user>  set   the places, as "<process>|<name>"
--     KEYS[2] logtail:<ns>:{limits}:processes           zset  the web processes, by when they lapse
--     ARGV    milliseconds for which places, and a process, are kept unless renewed; the most places; process, name
--
-- Returns whether it was taken; if not, whether a process that holds some has missed a beat. Places of processes that
-- have lapsed are dropped first. No process lasts longer than its lease, whatever others wrote.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lease = tonumber(ARGV[2])
for key, kind in pairs({[KEYS[1]] = 'set', [KEYS[2]] = 'zset'}) do
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end
redis.call('ZADD', KEYS[2], now + lease, ARGV[4])
redis.call('PEXPIRE', KEYS[2], lease)
local late = 0
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  local count = 0
  for _, member in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    local left = tonumber(redis.call('ZSCORE', KEYS[2], string.match(member, '^[^|]*')) or '0') - now
    if left <= 0 or left > lease then
      redis.call('SREM', KEYS[1], member)
    else
      count = count + 1
      if left < lease / 2 then late = 1 end
    end
  end
  if count >= tonumber(ARGV[3]) then return {0, late} end
end
redis.call('SADD', KEYS[1], ARGV[4] .. '|' .. ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {1, 0}
