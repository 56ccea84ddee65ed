-- Add to what a user has spent in a window of time, unless that has reached the limit.
--
--     KEYS[1] logtail:<ns>:{limits}:spent:<what>:<user>  string  the sum; expires with the window
--     KEYS[2] logtail:<ns>:{limits}:users                zset    users by when they last read something
--     ARGV    the amount; the most, or -1; milliseconds of a new window, and of the longest one; the user, if they are
--             to be listed; how many users are
--
-- Returns whether it was added, the sum, and the milliseconds to the end of the window.

for key, kind in pairs({[KEYS[1]] = 'string', [KEYS[2]] = 'zset'}) do
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end
local text = redis.call('GET', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
local amount, most, sum = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
if text and string.match(text, '^%d+$') and #text < 16 and left > 0 and left <= tonumber(ARGV[4]) then
  sum = tonumber(text)
else
  left = tonumber(ARGV[3])
end
if most >= 0 and sum >= most then return {0, sum, left} end
if amount > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', sum + amount), 'PX', left)
  if ARGV[5] ~= '' then
    local clock = redis.call('TIME')
    redis.call('ZADD', KEYS[2], clock[1] * 1000 + math.floor(clock[2] / 1000), ARGV[5])
    redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - ARGV[6])
    redis.call('PEXPIRE', KEYS[2], ARGV[4])
  end
end
return {1, sum + amount, left}
