-- Ends a turn with a state, unless a later turn has published or the state is beyond its use.
-- KEYS: state, lease. ARGV: version, token, when it is beyond its use (microseconds), state,
-- PUBLISH, SPUBLISH, or nothing where whoever asks says the hint; channel, beginning of the hint, how much of the state the hint carries, hint of an end without a state, claim.
-- Returns which hint is said: 0 none, 1 of the state, 2 of an end without.
local function say(hint)
  if ARGV[5] ~= '' then
    redis.call(ARGV[5], ARGV[6], hint)
  end
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local mine = redis.call('GET', KEYS[2]) == ARGV[10]
if mine then
  redis.call('DEL', KEYS[2])
end
local head = redis.call('GETRANGE', KEYS[1], 0, 8)
local overtaken = #head == 9 and head:byte(1) == tonumber(ARGV[1]) and struct.unpack('>I8', head, 2) >= tonumber(ARGV[2])
local left = math.floor((tonumber(ARGV[3]) - now) / 1000) -- milliseconds
if overtaken or left < 1 then
  if mine then
    say(ARGV[9])
    return 2
  end
  return 0
end
redis.call('SET', KEYS[1], ARGV[4], 'PX', left)
say(ARGV[7] .. ARGV[4]:sub(1, tonumber(ARGV[8])))
return 1
