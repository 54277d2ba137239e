-- Brings a node up to date with a session whose stream it holds, after it missed dispatches (G3).
--
-- ARGV[7]  peer
-- ARGV[8]  node
-- ARGV[9]  stream
-- ARGV[10]  after, the last id that the node has of it
-- ARGV[11]  when it was opened, in ms
--
-- Returns {n, rooms (their ids alone), logs}; nil where the session has been given up, or some of it is gone.
-- Error: REPLACED, where it has gone on with another stream.

local peer, node, stream, after, opened = ARGV[7], ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11])
local at = redis.call('HMGET', key.session(peer), 'stream', 'opened')
if at[1] ~= stream then
  -- An older one is what a Redis tells that has lost the newer.
  if at[1] and tonumber(at[2]) > opened then return redis.error_reply('REPLACED') end
  return false
end
if not vouched(tonumber(after)) then return false end
local logs = missed(peer, after)
if not logs then return false end
-- Who else is in a room has been told, or is in its log.
return snapshot(peer, node, logs, room_id)
