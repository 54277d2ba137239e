-- Gives a node a snapshot of a session whose stream it holds, after it missed dispatches (G3).
--
-- Libraries: keys, dispatch, members, snapshots, takeovers
--
-- ARGV[1]  the peer
-- ARGV[2]  the node
-- ARGV[3]  the stream
-- ARGV[4]  the cursor of the last message that the stream was given
-- ARGV[5]  when the stream was opened, in ms
--
-- Reply, one of:
--   {'snapshot', n, rooms without members, logs}
--   {'replaced'}: the session has a newer stream.
--   {'lost'}: the session was given up or has ended, or entries are gone that the stream did not get.

local peer, node, stream, after, opened = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local at = redis.call('HMGET', session_key(peer), 'stream', 'opened', 'start')
if at[1] ~= stream then
  -- If the stream that Redis names is the older one, Redis has lost the newer.
  return { at[1] and tonumber(at[2]) > opened and 'replaced' or 'lost' }
end
sender = redis.call('HGET', node_key(node), 'run') or ''
local rooms = rooms_of(peer)
-- A client may have made this cursor up, if it opened the stream with it and nothing has come since. What the node itself
-- knows of a loss, its beats tell.
local logs = vouched(peer, rooms, at[3], after)
if not logs then return { 'lost' } end
-- Members are not needed: the stream has had them already, or their entries are in the logs.
local now = snapshot(node, rooms, logs, room_id)
return { 'snapshot', now[1], now[2], now[3] }
