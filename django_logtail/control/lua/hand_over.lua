-- Free the reader's lease. `family.lua` comes before it.
--
--     ARGV  family lease, token
--
-- Returns how many wants wait for the next reader. The key `wake` keeps others from sending another wake-up besides the
-- one for the hand-over.

local lease = redis.call('GET', reader)
if not lease or string.sub(lease, 1, #ARGV[2] + 1) ~= ARGV[2] .. '|' then return 0 end
redis.call('DEL', reader)
local waiting = redis.call('HLEN', wants)
if waiting > 0 then redis.call('SET', wake, '1', 'PX', 2000) end
return waiting
