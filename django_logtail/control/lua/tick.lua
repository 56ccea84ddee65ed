-- Claim or renew the reader's lease, and return what changed. `family.lua` comes before it.
--
--     ARGV  family lease, reader lease, token, lease text, starting, may end, epoch, version
--
-- Returns {'lost', lease of the reader}, {'ended', ''}, or {'holds', epoch, version, whether these are all wants,
-- member and text ("": it is gone) of each want, log and reason of each stop, notes}.

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
