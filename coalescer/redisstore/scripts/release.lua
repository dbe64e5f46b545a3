-- Ends a turn without a state.
-- KEYS: lease. ARGV: claim, PUBLISH or SPUBLISH, channel, hint.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call(ARGV[2], ARGV[3], ARGV[4])
end
return 0
