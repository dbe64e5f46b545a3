-- Ends a turn without a state.
-- KEYS: lease. ARGV: claim, PUBLISH, SPUBLISH, or nothing where whoever asks says the hint; channel, hint.
-- Returns which hint is said: 0 none, 2 of an end without a state.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  if ARGV[2] ~= '' then
    redis.call(ARGV[2], ARGV[3], ARGV[4])
  end
  return 2
end
return 0
