-- A stream is lost: its session's grace period begins (G4).
--
-- ARGV[5]  peer
-- ARGV[6]  stream; where the session has gone on with another, nothing happens
--
-- Returns 1 where the session was waiting for this.

local peer, stream = ARGV[5], ARGV[6]
local at = redis.call('HMGET', key.session(peer), 'stream', 'given_up')
local deadline = now_ms() + grace_ms
if at[1] == stream then
  detach(peer, deadline)
elseif at[2] == stream then
  -- It was given up with its node, which lives: the stream was lost only now.
  redis.call('HDEL', key.session(peer), 'given_up')
  redis.call('ZADD', key.detached, deadline, peer)
else
  return 0
end
return 1
