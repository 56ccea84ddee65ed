-- Delete wants that the reader cannot use. `family.lua` stands before it.
--
--     ARGV  family lease; then member and text of each. One that was posted anew in between has another text, and stays

for at = 2, #ARGV, 2 do
  if redis.call('HGET', wants, ARGV[at]) == ARGV[at + 1] then
    redis.call('HDEL', wants, ARGV[at])
    redis.call('ZREM', expiry, ARGV[at])
  end
end
