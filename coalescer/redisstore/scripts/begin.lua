-- Takes the turn of a name, unless what is known of it is fresh or somebody has the turn.
-- KEYS: state, lease, and of what is of one identity: since when what it was told is void. ARGV: version, fresh (microseconds), lease (milliseconds), claim, and until when whoever
-- asks waits for the answer (microseconds; 0: not known), and how long a state may be (bytes): what is longer is
-- nobody's of the fleet, and as good as none.
-- Returns what, the time (microseconds), and: 0 nothing (busy), 1 the state, 2 the token of the turn.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local token = now
local head = redis.call('GETRANGE', KEYS[1], 0, 16)
if #head == 17 and head:byte(1) == tonumber(ARGV[1]) then
  local last, asked = struct.unpack('>I8I8', head, 2)
  local void = KEYS[3] and redis.call('GET', KEYS[3])
  local age = now - asked -- below 0 after a failover to another clock: then it is not known
  if age >= 0 and age < tonumber(ARGV[2]) and not (void and asked <= tonumber(void)) and redis.call('GETRANGE', KEYS[1], ARGV[6], ARGV[6]) == '' then
    return {1, now, redis.call('GET', KEYS[1])}
  end
  token = math.max(now, last + 1)
end
local latest = tonumber(ARGV[5])
local holder = redis.call('GET', KEYS[2])
local taken = holder and holder ~= ARGV[4] -- the same claim comes twice where the connection broke
if taken or latest > 0 and now > latest then
  return {0, now}
end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3])
return {2, now, token}
