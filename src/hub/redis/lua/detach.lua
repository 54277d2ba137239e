-- A stream is lost: its session's grace period begins (G4).
--
-- ARGV[5]  peer
-- ARGV[6]  stream; where the session has gone on with another, nothing happens
--
-- Returns 1 where the session was waiting for this.

local peer, stream = ARGV[5], ARGV[6]
if redis.call('HGET', key.session(peer), 'stream') ~= stream then return 0 end
detach(peer, now_ms() + grace_ms)
return 1
