-- A stream is lost: its session's grace period begins (G4).
--
-- ARGV[7]  peer
-- ARGV[8]  stream; where the session has gone on with another, nothing happens
-- ARGV[9]  how long it is gone, in ms
--
-- Returns 1 where the session was waiting for this.

local peer, stream, age = ARGV[7], ARGV[8], tonumber(ARGV[9])
local at = redis.call('HMGET', key.session(peer), 'stream', 'given_up')
if at[1] == stream then
  -- While Redis could not be told, it was away, or the node was, and that time does not count.
  detach(peer, now_ms() + grace_ms)
elseif not at[1] and at[2] == stream then
  -- It was given up with its node, which lives, and held the stream until it was gone.
  local deadline = tonumber(redis.call('ZSCORE', key.detached, peer) or '0')
  redis.call('HDEL', key.session(peer), 'given_up')
  redis.call('ZADD', key.detached, math.max(deadline, now_ms() - age + grace_ms), peer)
else
  return 0
end
return 1
