-- Announce that a project uses this Redis, and return the others that do.
--
--     KEYS[1] logtail:projects  zset  JSON of each project, by the time of its last announcement; at most 100
--     ARGV                            milliseconds after which a silent project is forgotten, the announcement
--
-- Returns every project's announcement.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -101)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)
