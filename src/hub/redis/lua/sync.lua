-- Brings a node up to date with a session whose stream it holds, after it missed dispatches (G3).
--
-- ARGV[7]  peer
-- ARGV[8]  node
-- ARGV[9]  stream
-- ARGV[10]  after, the last id that the node has of it
--
-- Returns {n, rooms (their ids alone), logs}; nil where the session has been given up, or some of it is gone.
-- Error: REPLACED, where it has gone on with another stream.

local peer, node, stream, after = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local at = redis.call('HGET', key.session(peer), 'stream')
if at and at ~= stream then return redis.error_reply('REPLACED') end
if not at or not vouched(tonumber(after)) then return false end
local logs = missed(peer, after)
if not logs then return false end
-- Who else is in a room has been told, or is in its log.
return snapshot(peer, node, logs, room_id)
