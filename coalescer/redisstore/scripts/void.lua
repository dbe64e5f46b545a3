-- Notes that what an identity was told until now is void.
-- KEYS: void. ARGV: for how long that is to be known (milliseconds).
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before = tonumber(redis.call('GET', KEYS[1]) or 0)
redis.call('SET', KEYS[1], string.format('%.0f', math.max(now, before)), 'PX', ARGV[1])
return 0
