-- Tells Redis that a stream is closed: its session's grace period begins (G4).
--
-- Libraries: keys, clock, sessions
--
-- ARGV[1]  the peer
-- ARGV[2]  the stream; nothing happens if the session has another one by now
-- ARGV[3]  how long ago the stream closed, in ms
--
-- Reply: 1 if this changed the session, else 0.

local peer, stream, age = ARGV[1], ARGV[2], tonumber(ARGV[3])
local at = redis.call('HMGET', session_key(peer), 'stream', 'given_up')
-- If Redis's clock was set back just now, no beat has noticed it yet. But the time is not before the last beat.
local now = math.max(steady_ms(), newest_beat() or 0)
if at[1] == stream then
  -- If the node is late to tell, Redis or the node was away. That time does not count.
  detach(peer, now + grace_ms)
elseif not at[1] and at[2] == stream then
  -- The node was given up with this stream. But the node lives, and held the stream until now.
  local deadline = tonumber(redis.call('ZSCORE', detached_key, peer) or '0')
  redis.call('HDEL', session_key(peer), 'given_up')
  redis.call('ZADD', detached_key, math.max(deadline, now - age + grace_ms), peer)
  keep(detached_key)
else
  return 0
end
return 1
