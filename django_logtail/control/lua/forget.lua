-- Delete wants that the reader can't use. `family.lua` comes before it.
--
--     ARGV  family lease; then member and text of each. A want posted again in between has another text, and stays

for at = 2, #ARGV, 2 do
  if redis.call('HGET', wants, ARGV[at]) == ARGV[at + 1] then
    redis.call('HDEL', wants, ARGV[at])
    redis.call('ZREM', expiry, ARGV[at])
  end
end
